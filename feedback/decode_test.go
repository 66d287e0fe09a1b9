package feedback_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

const typical = `{"feedback_id":"f-1","timestamp":"2023-10-19T08:00:00Z","transaction_id":"abcd1234","account_id":"A78901",` +
	`"transaction_timestamp":"2023-10-18T14:10:00Z","amount":500.00,"currency":"USD",` +
	`"entities":{"device":"d-17","merchant":"ElectronicsStore"},"marks":["unusual_amount","night"],` +
	`"label":"fraud","source":"analyst","by":"kim","alert_id":"alert5678","note":"card at two places"}`

// with returns a legal document in which the fields named are given as JSON instead; an empty value leaves one out.
// A name that the document lacks is added at its end.
func with(changes ...string) string {
	fields := []string{
		"feedback_id", `"f-1"`, "timestamp", `"2023-10-19T08:00:00Z"`, "transaction_id", `"abcd1234"`,
		"account_id", `"A78901"`, "transaction_timestamp", `"2023-10-18T14:10:00Z"`, "amount", "500.00",
		"currency", `"USD"`, "label", `"fraud"`, "source", `"analyst"`,
	}
changes:
	for i := 0; i < len(changes); i += 2 {
		for j := 0; j < len(fields); j += 2 {
			if fields[j] == changes[i] {
				fields[j+1] = changes[i+1]
				continue changes
			}
		}
		fields = append(fields, changes[i], changes[i+1])
	}
	var members []string
	for j := 0; j < len(fields); j += 2 {
		if fields[j+1] != "" {
			members = append(members, fmt.Sprintf("%q:%s", fields[j], fields[j+1]))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

func decoded(t testing.TB, doc string) feedback.Label {
	t.Helper()
	l, err := feedback.Decode([]byte(doc))
	if err != nil {
		t.Fatalf("%v, from %s", err, doc)
	}
	return l
}

func currency(t testing.TB, code string) payment.Currency {
	t.Helper()
	c, ok := payment.ParseCurrency(code)
	if !ok {
		t.Fatalf("no currency %q", code)
	}
	return c
}

func TestDecode(t *testing.T) {
	want := feedback.Label{
		ID: "f-1", Time: 1697702400000, TransactionID: "abcd1234", AccountID: "A78901", TransactionTime: 1697638200000,
		Amount: 50000, Currency: currency(t, "USD"),
		Entities: map[string]string{"merchant": "ElectronicsStore", "device": "d-17"},
		Marks:    []string{"unusual_amount", "night"},
		Verdict:  feedback.Fraud, Source: feedback.Analyst, By: "kim", AlertID: "alert5678", Note: "card at two places",
	}
	got := decoded(t, typical)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if again := string(got.AppendJSON(nil)); again != typical {
		t.Errorf("got  %s\nwant %s", again, typical)
	}
}

// A label must not change when the buffer it was read from is used again.
func TestDecodeKeepsNothingOfItsInput(t *testing.T) {
	data := []byte(typical)
	l, err := feedback.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	if again := string(l.AppendJSON(nil)); again != typical {
		t.Errorf("got  %s\nwant %s", again, typical)
	}
}

func TestDecodeAccepts(t *testing.T) {
	amount := func(l feedback.Label) any { return l.Amount }
	entities := func(l feedback.Label) any { return l.Entities }
	marks := func(l feedback.Label) any { return l.Marks }
	note := func(l feedback.Label) any { return l.Note }
	statement := func(l feedback.Label) any { return fmt.Sprint(l.Verdict, " ", l.Source) }
	rest := func(l feedback.Label) any {
		return l.By + l.AlertID + l.Note + fmt.Sprint(len(l.Entities)+len(l.Marks))
	}
	deep := strings.Repeat("[", 31) + strings.Repeat("]", 31)
	tests := []struct {
		what string
		doc  string
		get  func(feedback.Label) any
		want string
	}{
		{"an exponent", with("amount", "5e2"), amount, "50000"},
		{"more than a float holds", with("amount", "9007199254740.93"), amount, "900719925474093"},
		{"a refund", with("amount", "-0.01"), amount, "-1"},
		{"no minor unit", with("amount", "500.0", "currency", `"JPY"`), amount, "500"},
		{"three digits, the currency last", with("currency", "", "amount", "0.001", "x", "1", "currency", `"KWD"`), amount, "1"},
		{"white space", " \t\r\n" + strings.ReplaceAll(with(), ",", " ,\n") + "\r\n", amount, "50000"},
		{"unknown members", with("x", `{"a":[1,{"b":null}],"a":"\ud83d\ude00"}`, "Amount", `"7"`, "y", deep, "x", "2"), amount, "50000"},
		{"an escaped key", strings.Replace(with(), "amount", `\u0061mount`, 1), amount, "50000"},
		{"all the verdicts", with("label", `"legitimate"`, "source", `"chargeback"`), statement, "legitimate chargeback"},
		{"unsure", with("label", `"unsure"`, "source", `"customer"`), statement, "unsure customer"},
		{"withdrawn", with("label", `"withdrawn"`, "source", `"import"`), statement, "withdrawn import"},
		{"nothing optional", with("by", "null", "alert_id", `""`, "note", `""`, "entities", "null", "marks", "null"), rest, "0"},
		{"empty containers", with("entities", "{}", "marks", "[]"), rest, "0"},
		{"entities without a key", with("entities", `{"a":null,"b":"x","c":"","d":"y\n"}`), entities, "map[b:x d:y\n]"},
		{"marks in their order", with("marks", `[ "b" , "a" ]`), marks, "[b a]"},
		{"escapes", with("note", `"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00é"`), note, "\"\\/\b\f\n\r\té😀é"},
		{"the replacement character itself", with("note", "\"\uFFFD\\ufffd\""), note, "\uFFFD\uFFFD"},
		{"brackets in a string", with("note", `"\"`+strings.Repeat("[", 40)+`"`), note, `"` + strings.Repeat("[", 40)},
		{"a long note", with("note", `"`+strings.Repeat("ü", 2048)+`"`), note, strings.Repeat("ü", 2048)},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			if got := fmt.Sprint(test.get(decoded(t, test.doc))); got != test.want {
				t.Errorf("got %s, want %s, from %s", got, test.want, test.doc)
			}
		})
	}
}

func text(n int) string { return `"` + strings.Repeat("x", n) + `"` }

// list returns n members or elements, made by format from their number.
func list(opening, closing, format string, n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(format, i))
	}
	return opening + strings.Join(all, ",") + closing
}

func TestDecodeRefuses(t *testing.T) {
	type kind = payment.Kind
	const (
		syntax, missing, wrong = payment.KindSyntax, payment.KindMissing, payment.KindType
		size, duplicate, utf8  = payment.KindSize, payment.KindDuplicate, payment.KindUTF8
	)
	tests := []struct {
		doc   string
		field string
		kind  kind
	}{
		{"", "", syntax},
		{"x", "", syntax},
		{"[]", "", wrong},
		{"null", "", wrong},
		{with() + "x", "", syntax},
		{with() + with(), "", syntax},
		{strings.TrimSuffix(with(), "}"), "", syntax},
		{strings.TrimSuffix(with(), "}") + ",}", "", syntax},
		{with("x", "01"), "", syntax},
		{with("amount", "NaN"), "", syntax},
		{with("amount", "Infinity"), "", syntax},
		{with("amount", "-"), "", syntax},
		{with("x", strings.Repeat("[", 32)+strings.Repeat("]", 32)), "", size},
		{strings.Repeat("[", 60000), "", size},
		{with() + strings.Repeat(" ", 65536), "", size},
		{with("x", "\"\xff\""), "", utf8},
		{with("x", `"\ud800"`), "", utf8},
		{strings.Replace(with(), `"label"`, "\"x\xff\":1,\"label\"", 1), "", utf8},

		{with("feedback_id", ""), "feedback_id", missing},
		{with("feedback_id", "null"), "feedback_id", missing},
		{with("feedback_id", `""`), "feedback_id", missing},
		{with("feedback_id", "7"), "feedback_id", wrong},
		{with("feedback_id", text(129)), "feedback_id", size},
		{with("feedback_id", `"a\u0000"`), "feedback_id", payment.KindControl},
		{with("feedback_id", `"a\u0085"`), "feedback_id", payment.KindControl},
		{with("feedback_id", "\"\xc3\""), "feedback_id", utf8},
		{with("feedback_id", `"\udc00x"`), "feedback_id", utf8},
		{with("feedback_id", `"\ud800\u0041"`), "feedback_id", utf8},
		{with("transaction_id", ""), "transaction_id", missing},
		{with("transaction_id", text(129)), "transaction_id", size},
		{with("account_id", `""`), "account_id", missing},
		{with("account_id", `"\n"`), "account_id", payment.KindControl},
		{with("feedback_id", `"a","feedback_id":"a"`), "feedback_id", duplicate},
		{with("note", "null", "x", `1,"\u006eote":"a"`), "note", duplicate},

		{with("timestamp", ""), "timestamp", missing},
		{with("timestamp", `""`), "timestamp", missing},
		{with("timestamp", "1697702400"), "timestamp", wrong},
		{with("timestamp", `"2023-10-19"`), "timestamp", payment.KindFormat},
		{with("timestamp", `"2023-10-19T08:00:00"`), "timestamp", payment.KindFormat},
		{with("timestamp", `"2023-02-29T08:00:00Z"`), "timestamp", payment.KindRange},
		{with("timestamp", `"2200-01-01T00:00:00Z"`), "timestamp", payment.KindRange},
		{with("transaction_timestamp", "null"), "transaction_timestamp", missing},
		{with("transaction_timestamp", `"1969-12-31T23:59:59Z"`), "transaction_timestamp", payment.KindRange},
		{with("transaction_timestamp", `"yesterday"`), "transaction_timestamp", payment.KindFormat},

		{with("amount", ""), "amount", missing},
		{with("amount", `"500.00"`), "amount", wrong},
		{with("amount", `"NaN"`), "amount", wrong},
		{with("amount", "true"), "amount", wrong},
		{with("amount", "0.001"), "amount", payment.KindPrecision},
		{with("amount", "10000000000000.01"), "amount", payment.KindRange},
		{with("amount", "1e400"), "amount", payment.KindRange},
		{with("currency", ""), "currency", missing},
		{with("currency", `""`), "currency", missing},
		{with("currency", `"usd"`), "currency", payment.KindValue},
		{with("currency", `["USD"]`), "currency", wrong},

		{with("entities", `["merchant"]`), "entities", wrong},
		{with("entities", `{"":"x"}`), "entities", missing},
		{with("entities", `{`+text(65)+`:"x"}`), "entities", size},
		{with("entities", `{"a\u0001":"x"}`), "entities", payment.KindControl},
		{with("entities", `{"merchant":7}`), "entities.merchant", wrong},
		{with("entities", `{"merchant":{}}`), "entities.merchant", wrong},
		{with("entities", `{"merchant":`+text(513)+`}`), "entities.merchant", size},
		{with("entities", `{"merchant":"a\u0000"}`), "entities.merchant", payment.KindControl},
		{with("entities", "{\"merchant\":\"\xff\"}"), "entities.merchant", utf8},
		{with("entities", `{"merchant":null,"merchant":"x"}`), "entities.merchant", duplicate},
		{with("entities", list("{", "}", `"e%d":null`, 33)), "entities", size},
		{with("marks", `"night"`), "marks", wrong},
		{with("marks", `{"night":true}`), "marks", wrong},
		{with("marks", `["a",null]`), "marks[1]", wrong},
		{with("marks", `[true]`), "marks[0]", wrong},
		{with("marks", `[""]`), "marks", missing},
		{with("marks", `["a","b","\u0061"]`), "marks", duplicate},
		{with("marks", `[`+text(65)+`]`), "marks", size},
		{with("marks", `["a\t"]`), "marks", payment.KindControl},
		{with("marks", list("[", "]", `"m%d"`, 65)), "marks", size},

		{with("label", ""), "label", missing},
		{with("label", `""`), "label", missing},
		{with("label", `"Fraud"`), "label", payment.KindValue},
		{with("label", `"unknown"`), "label", payment.KindValue},
		{with("label", "1"), "label", wrong},
		{with("source", "null"), "source", missing},
		{with("source", `"bank"`), "source", payment.KindValue},
		{with("by", text(257)), "by", size},
		{with("by", `"\u001b"`), "by", payment.KindControl},
		{with("by", "[]"), "by", wrong},
		{with("alert_id", text(129)), "alert_id", size},
		{with("note", text(4097)), "note", size},
		{with("note", `"\u0000"`), "note", payment.KindControl},
		{with("note", "false"), "note", wrong},
	}
	for _, test := range tests {
		l, err := feedback.Decode([]byte(test.doc))
		var own *feedback.FieldError
		var ferr *payment.FieldError
		if !errors.As(err, &own) || !errors.As(err, &ferr) {
			t.Errorf("%.300q: %v is not a FieldError", test.doc, err)
			continue
		}
		if ferr.Field != test.field || ferr.Kind != test.kind {
			t.Errorf("%.300q: %v, a fault of %q by its %s, want %q, %s", test.doc, err, ferr.Field, ferr.Kind, test.field, test.kind)
		}
		if want := strings.TrimSuffix("feedback: "+test.field, " "); !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q does not begin with %q", err, want)
		}
		if !reflect.DeepEqual(l, feedback.Label{}) {
			t.Errorf("%.300q: refused, yet %+v", test.doc, l)
		}
	}
}

// The limits themselves are legal.
func TestDecodeAtTheLimits(t *testing.T) {
	doc := with("feedback_id", text(128), "transaction_id", text(128), "account_id", text(128), "alert_id", text(128),
		"by", text(256), "note", text(4096), "amount", "1e13",
		"entities", list("{", "}", `"%064d":`+text(512), 32), "marks", list("[", "]", `"%064d"`, 64))
	l := decoded(t, doc)
	if len(l.Entities) != feedback.MaxEntities || len(l.Marks) != feedback.MaxMarks {
		t.Errorf("%d entities, %d marks", len(l.Entities), len(l.Marks))
	}
	checkRoundTrip(t, &l)
}

func TestValidate(t *testing.T) {
	tests := []struct {
		change func(*feedback.Label)
		field  string
		kind   payment.Kind
	}{
		{func(l *feedback.Label) { l.ID = "" }, "feedback_id", payment.KindMissing},
		{func(l *feedback.Label) { l.TransactionID = "\xff" }, "transaction_id", payment.KindUTF8},
		{func(l *feedback.Label) { l.AccountID = "" }, "account_id", payment.KindMissing},
		{func(l *feedback.Label) { l.Time = payment.MaxTime }, "timestamp", payment.KindRange},
		{func(l *feedback.Label) { l.Time = -1 }, "timestamp", payment.KindRange},
		{func(l *feedback.Label) { l.TransactionTime = payment.MaxTime }, "transaction_timestamp", payment.KindRange},
		{func(l *feedback.Label) { l.Amount = payment.MaxAmount + 1 }, "amount", payment.KindRange},
		{func(l *feedback.Label) { l.Amount = -payment.MaxAmount - 1 }, "amount", payment.KindRange},
		{func(l *feedback.Label) { l.Currency = 0 }, "currency", payment.KindMissing},
		{func(l *feedback.Label) { l.Currency = 1 }, "currency", payment.KindValue},
		{func(l *feedback.Label) { l.Entities = map[string]string{"a": ""} }, "entities.a", payment.KindMissing},
		{func(l *feedback.Label) { l.Entities = map[string]string{"b": "\xff", "c": "\xff"} }, "entities.b", payment.KindUTF8},
		{func(l *feedback.Label) { l.Marks = []string{"a", "a"} }, "marks", payment.KindDuplicate},
		{func(l *feedback.Label) { l.Verdict = 0 }, "label", payment.KindMissing},
		{func(l *feedback.Label) { l.Verdict = feedback.Withdrawn + 1 }, "label", payment.KindValue},
		{func(l *feedback.Label) { l.Source = 0 }, "source", payment.KindMissing},
		{func(l *feedback.Label) { l.Source = feedback.Chargeback + 1 }, "source", payment.KindValue},
		{func(l *feedback.Label) { l.Note = "\xff" }, "note", payment.KindUTF8},
		{func(l *feedback.Label) { // each within its limit, and together too long once they are escaped
			l.Entities = map[string]string{}
			for i := range feedback.MaxEntities {
				l.Entities[fmt.Sprint(i)] = strings.Repeat("\x01", feedback.MaxEntityKeyBytes)
			}
		}, "", payment.KindSize},
	}
	for _, test := range tests {
		l := decoded(t, with())
		if err := l.Validate(); err != nil {
			t.Fatal(err)
		}
		test.change(&l)
		var ferr *feedback.FieldError
		if err := l.Validate(); !errors.As(err, &ferr) || ferr.Field != test.field || ferr.Kind != test.kind {
			t.Errorf("%v, want a fault of %q by its %s", err, test.field, test.kind)
		}
	}
}

// checkRoundTrip takes a legal label through its JSON.
func checkRoundTrip(t *testing.T, l *feedback.Label) {
	t.Helper()
	if err := l.Validate(); err != nil {
		t.Fatalf("%+v is legal, but %v", *l, err)
	}
	data := l.AppendJSON(nil)
	again, err := feedback.Decode(data)
	if err != nil {
		t.Fatalf("own JSON refused: %v\n%s", err, data)
	}
	if !reflect.DeepEqual(*l, again) {
		t.Fatalf("changed by its own JSON %s\nfrom %+v\nto   %+v", data, *l, again)
	}
	if twice := again.AppendJSON(nil); string(twice) != string(data) {
		t.Fatalf("encodes as %s, then as %s", data, twice)
	}
}
