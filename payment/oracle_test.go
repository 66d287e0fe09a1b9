package payment_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/weir-fraud/weir/payment"
)

// slowDecode is a second, slow decoder, written from the rules in docs/events.md on top of encoding/json, math/big and
// time.Parse. It shares nothing with the fast one but the table of currencies.
func slowDecode(data []byte) (tx payment.Transaction, err error) {
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
	demand(!hasLoneSurrogate(data), "lone surrogate")
	return slowTransaction(tree(data)), nil
}

type refusal struct{ error }

func demand(ok bool, format string, args ...any) {
	if !ok {
		panic(refusal{fmt.Errorf(format, args...)})
	}
}

// object keeps what encoding/json's maps lose: order and repetition.
type object []member

type member struct {
	key   string
	value any
}

// tree reads valid JSON into object, []any, string, json.Number, bool and nil.
func tree(data []byte) any {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return subtree(dec, 1)
}

func subtree(dec *json.Decoder, depth int) any {
	token := must(dec.Token())
	delim, ok := token.(json.Delim)
	if !ok {
		return token
	}
	demand(depth <= 32, "nested too deep")
	var o object
	var list []any
	for dec.More() {
		if delim == '[' {
			list = append(list, subtree(dec, depth+1))
			continue
		}
		key := must(dec.Token()).(string)
		o = append(o, member{key, subtree(dec, depth+1)})
	}
	must(dec.Token())
	if delim == '[' {
		return list
	}
	return o
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// hasLoneSurrogate looks at the escapes of valid JSON.
func hasLoneSurrogate(data []byte) bool {
	var units []uint16 // of adjacent \u escapes
	for i := 0; i < len(data); i++ {
		if data[i] == '\\' && data[i+1] == 'u' {
			var unit uint16
			must(fmt.Sscanf(string(data[i+2:i+6]), "%04x", &unit))
			units = append(units, unit)
			i += 5
			continue
		}
		if lone(units) {
			return true
		}
		units = nil
		if data[i] == '\\' {
			i++
		}
	}
	return lone(units)
}

func lone(units []uint16) bool {
	for i := 0; i < len(units); i++ {
		if !utf16.IsSurrogate(rune(units[i])) {
			continue
		}
		if i+1 == len(units) || utf16.DecodeRune(rune(units[i]), rune(units[i+1])) == utf8.RuneError {
			return true
		}
		i++
	}
	return false
}

// get returns the value under key, or nil, and refuses a second one.
func (o object) get(key string) any {
	var found any
	times := 0
	for _, m := range o {
		if m.key == key {
			found = m.value
			times++
		}
	}
	demand(times <= 1, "%s twice", key)
	return found
}

func (o object) text(key string) string {
	v := o.get(key)
	if v == nil {
		return ""
	}
	s, ok := v.(string)
	demand(ok, "%s is not a string", key)
	return s
}

func (o object) object(key string) object {
	v := o.get(key)
	if v == nil {
		return nil
	}
	sub, ok := v.(object)
	demand(ok, "%s is not an object", key)
	return sub
}

func slowTransaction(root any) payment.Transaction {
	o, ok := root.(object)
	demand(ok, "not an object")
	var tx payment.Transaction
	tx.ID = slowID(o.text("transaction_id"))
	tx.AccountID = slowID(o.text("account_id"))
	tx.Time = slowTime(o.text("timestamp"))
	switch o.text("transaction_type") {
	case "purchase":
		tx.Type = payment.Purchase
	case "withdrawal":
		tx.Type = payment.Withdrawal
	case "deposit":
		tx.Type = payment.Deposit
	default:
		demand(false, "transaction_type")
	}
	tx.Currency, ok = payment.ParseCurrency(o.text("currency"))
	demand(ok, "currency")
	number, ok := o.get("amount").(json.Number)
	demand(ok, "amount is not a number")
	tx.Amount = slowAmount(string(number), tx.Currency)
	demand(tx.Amount >= 0 || tx.Type == payment.Purchase, "negative")
	tx.Merchant = slowMerchant(o.object("merchant"))
	tx.Attributes = slowAttributes(o.object("attributes"))
	return tx
}

func slowMerchant(o object) payment.Merchant {
	m := payment.Merchant{Name: slowText(o.text("name"), 256), Category: slowText(o.text("category"), 128)}
	l := o.object("location")
	if o.get("location") == nil {
		return m
	}
	latitude, ok1 := l.get("latitude").(json.Number)
	longitude, ok2 := l.get("longitude").(json.Number)
	demand(ok1 && ok2, "location lacks a number")
	m.Location = payment.Location{
		LatitudeE7:  slowE7(string(latitude), 90),
		LongitudeE7: slowE7(string(longitude), 180),
		Known:       true,
	}
	return m
}

func slowAttributes(o object) []payment.Attribute {
	demand(len(o) <= 32, "too many attributes")
	var list []payment.Attribute
	for _, m := range o {
		o.get(m.key) // refuses a second one
		demand(m.key != "" && len(m.key) <= 64 && !strings.ContainsFunc(m.key, unicode.IsControl), "key")
		var value string
		switch v := m.value.(type) {
		case nil:
			continue
		case string:
			value = v
		case json.Number, bool:
			value = fmt.Sprint(v)
		default:
			demand(false, "attribute is neither string, number nor boolean")
		}
		if slowText(value, 512) != "" {
			list = append(list, payment.Attribute{Key: m.key, Value: value})
		}
	}
	return list
}

func slowID(s string) string {
	demand(s != "" && len(s) <= 128 && !strings.ContainsFunc(s, unicode.IsControl), "id %q", s)
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
	demand(t.Unix() >= 0 && t.Year() < 2201 && t.UTC().Year() < 2200, "time %q out of range", s)
	return payment.Time(t.UnixMilli())
}

var jsonNumber = regexp.MustCompile(`^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$`)

var errTooLarge = errors.New("too large")

// slowNumber returns the exact value of a JSON number, or errTooLarge. A number nearer to zero than 1e-60 is returned
// as ±1e-60, since big.Rat would write out all its zeros.
func slowNumber(s string) (*big.Rat, error) {
	m := jsonNumber.FindStringSubmatch(s)
	demand(m != nil, "%q is not a number", s)
	digits := strings.TrimLeft(m[2]+m[3], "0")
	if digits == "" {
		return new(big.Rat), nil
	}
	exp := new(big.Int)
	if m[4] != "" {
		_, ok := exp.SetString(m[4], 10)
		demand(ok, "exponent %q", m[4])
	}
	exp.Sub(exp, big.NewInt(int64(len(m[3])))) // of the last digit
	first := new(big.Int).Add(exp, big.NewInt(int64(len(digits))))
	if first.Cmp(big.NewInt(60)) > 0 {
		return nil, errTooLarge
	}
	if first.Cmp(big.NewInt(-60)) < 0 {
		digits, exp = "1", big.NewInt(-60)
	}
	r, ok := new(big.Rat).SetString(m[1] + digits + "e" + exp.String())
	demand(ok, "number %q", s)
	return r, nil
}

func slowAmount(s string, c payment.Currency) int64 {
	r, err := slowNumber(s)
	demand(err == nil, "amount: %v", err)
	exponent, ok := c.Exponent()
	demand(ok, "currency")
	r.Mul(r, tenTo(exponent))
	demand(r.IsInt(), "amount %q has too many digits", s)
	limit := big.NewInt(1_000_000_000_000_000)
	demand(r.Num().CmpAbs(limit) <= 0, "amount %q is too large", s)
	return r.Num().Int64()
}

func slowE7(s string, limit int64) int32 {
	r, err := slowNumber(s)
	demand(err == nil, "coordinate: %v", err)
	demand(new(big.Rat).Abs(r).Cmp(big.NewRat(limit, 1)) <= 0, "coordinate %q is out of range", s)
	r.Mul(r, tenTo(7))
	floor := new(big.Int).Div(r.Num(), r.Denom()) // Euclidean; the denominator is positive
	rest := new(big.Rat).Sub(r, new(big.Rat).SetInt(floor))
	n := floor.Int64()
	switch rest.Cmp(big.NewRat(1, 2)) {
	case 1:
		n++
	case 0:
		n += n & 1
	}
	return int32(n)
}

func tenTo(n int) *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil))
}
