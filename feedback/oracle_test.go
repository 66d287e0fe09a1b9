package feedback_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

// slowDecode is a second decoder, written from the rules in docs/events.md. It shares nothing with the first but
// encoding/json and the table of currencies. A number with an exponent of more than three digits it does not judge.
func slowDecode(data []byte) (l feedback.Label, err error) {
	defer func() {
		if r := recover(); r != nil {
			refused, ok := r.(refusal)
			if !ok {
				panic(r)
			}
			err = refused.error
		}
	}()
	demand(len(data) <= 65536, "too long")
	demand(utf8.Valid(data), "not UTF-8")
	demand(json.Valid(data), "not JSON")
	demand(!halfPair.Match(unpaired.ReplaceAllFunc(data, blank)), "half a surrogate pair")
	o, ok := tree(data).(object)
	demand(ok, "not an object")
	return slowLabel(o), nil
}

// unpaired matches, from left to right, escapes that are no half pair; what halfPair then still finds is one.
var (
	unpaired = regexp.MustCompile(`(?i)\\[^u]|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\u([0-9a-ce-f][0-9a-f]|d[0-7])[0-9a-f]{2}`)
	halfPair = regexp.MustCompile(`(?i)\\ud[89a-f]`)
)

func blank([]byte) []byte { return []byte(" ") }

type refusal struct{ error }

func demand(ok bool, format string, args ...any) {
	if !ok {
		panic(refusal{fmt.Errorf(format, args...)})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// object keeps what encoding/json's maps lose: order and repetition.
type object []struct {
	key   string
	value any
}

// tree reads valid JSON into object, []any, string, json.Number, bool and nil.
func tree(data []byte) any {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return subtree(d, 1)
}

func subtree(d *json.Decoder, depth int) any {
	token := must(d.Token())
	delim, ok := token.(json.Delim)
	if !ok {
		return token
	}
	demand(depth <= 32, "nested too deep")
	o, elements := object{}, []any{}
	for d.More() {
		if delim == '[' {
			elements = append(elements, subtree(d, depth+1))
			continue
		}
		key := must(d.Token()).(string)
		o = append(o, struct {
			key   string
			value any
		}{key, subtree(d, depth+1)})
	}
	must(d.Token())
	if delim == '[' {
		return elements
	}
	return o
}

// get returns the value under key, or the zero T, and refuses a second one and one of another type.
func get[T any](o object, key string) (found T) {
	times := 0
	for _, m := range o {
		if m.key != key {
			continue
		}
		times++
		if m.value != nil {
			v, ok := m.value.(T)
			demand(ok, "%s is not a %T", key, found)
			found = v
		}
	}
	demand(times <= 1, "%s twice", key)
	return found
}

func slowLabel(o object) feedback.Label {
	l := feedback.Label{
		ID: slowName(get[string](o, "feedback_id"), 128), Time: slowTime(get[string](o, "timestamp")),
		TransactionID: slowName(get[string](o, "transaction_id"), 128), AccountID: slowName(get[string](o, "account_id"), 128),
		TransactionTime: slowTime(get[string](o, "transaction_timestamp")),
		By:              get[string](o, "by"), AlertID: get[string](o, "alert_id"), Note: slowText(get[string](o, "note"), 4096),
	}
	var ok bool
	l.Currency, ok = payment.ParseCurrency(get[string](o, "currency"))
	demand(ok, "currency")
	l.Amount = slowAmount(string(get[json.Number](o, "amount")), l.Currency)
	l.Verdict, ok = map[string]feedback.Verdict{
		"fraud": feedback.Fraud, "legitimate": feedback.Legitimate, "unsure": feedback.Unsure, "withdrawn": feedback.Withdrawn,
	}[get[string](o, "label")]
	demand(ok, "label")
	l.Source, ok = map[string]feedback.Source{
		"analyst": feedback.Analyst, "chargeback": feedback.Chargeback, "customer": feedback.Customer, "import": feedback.Import,
	}[get[string](o, "source")]
	demand(ok, "source")
	demand(l.By == "" || slowName(l.By, 256) != "", "by")
	demand(l.AlertID == "" || slowName(l.AlertID, 128) != "", "alert_id")
	slowEntities(get[object](o, "entities"), &l)
	slowMarks(get[[]any](o, "marks"), &l)
	return l
}

func slowEntities(o object, l *feedback.Label) {
	demand(len(o) <= 32, "too many entities")
	for _, m := range o {
		slowName(m.key, 64)
		if key := slowText(get[string](o, m.key), 512); key != "" {
			if l.Entities == nil {
				l.Entities = map[string]string{}
			}
			l.Entities[m.key] = key
		}
	}
}

func slowMarks(elements []any, l *feedback.Label) {
	demand(len(elements) <= 64, "too many marks")
	seen := map[string]bool{}
	for _, e := range elements {
		mark, ok := e.(string)
		demand(ok && !seen[slowName(mark, 64)], "mark %v", e)
		seen[mark] = true
		l.Marks = append(l.Marks, mark)
	}
}

func slowName(s string, most int) string {
	demand(s != "" && len(s) <= most && !strings.ContainsFunc(s, unicode.IsControl), "name %q", s)
	return s
}

func slowText(s string, most int) string {
	demand(len(s) <= most && !strings.Contains(s, "\x00"), "text %q", s)
	return s
}

var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func slowTime(s string) payment.Time {
	demand(rfc3339.MatchString(s), "form of time %q", s)
	t, err := time.Parse(time.RFC3339Nano, strings.ToUpper(s))
	demand(err == nil, "time %q: %v", s, err)
	demand(t.Unix() >= 0 && t.UTC().Year() < 2200, "time %q out of range", s)
	return payment.Time(t.UnixMilli())
}

var (
	longExponent = regexp.MustCompile(`[eE][+-]?0*[1-9]\d{3}`)
	errUnjudged  = fmt.Errorf("not judged")
)

func slowAmount(s string, c payment.Currency) int64 {
	if longExponent.MatchString(s) {
		panic(refusal{errUnjudged})
	}
	r, ok := new(big.Rat).SetString(s)
	demand(ok, "amount %q", s)
	exponent, _ := c.Exponent()
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil)))
	demand(r.IsInt() && r.Num().CmpAbs(big.NewInt(1e15)) <= 0, "amount %q", s)
	return r.Num().Int64()
}
