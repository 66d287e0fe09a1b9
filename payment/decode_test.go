package payment_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/payment"
)

// with returns a legal document in which the fields named are given as JSON instead; an empty value leaves one out.
// A name that the document lacks is added at its end.
func with(changes ...string) string {
	fields := []string{
		"transaction_id", `"abcd1234"`, "timestamp", `"2023-10-18T14:10:00Z"`, "account_id", `"A78901"`,
		"transaction_type", `"purchase"`, "amount", "500.00", "currency", `"USD"`,
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

func at(lat, lon string) string {
	return with("merchant", fmt.Sprintf(`{"location":{"latitude":%s,"longitude":%s}}`, lat, lon))
}

func TestDecode(t *testing.T) {
	tx := decoded(t, typical)
	usd, _ := payment.ParseCurrency("USD")
	want := payment.Transaction{
		ID: "abcd1234", Time: 1697638200000, AccountID: "A78901", Type: payment.Purchase, Amount: 50000, Currency: usd,
		Merchant: payment.Merchant{
			Name: "ElectronicsStore", Category: "Electronics",
			Location: payment.Location{LatitudeE7: 407306100, LongitudeE7: -739352420, Known: true},
		},
		Attributes: []payment.Attribute{{Key: "device_id", Value: "d-17"}, {Key: "channel", Value: "online"}},
	}
	if !same(&tx, &want) {
		t.Errorf("got  %+v\nwant %+v", tx, want)
	}
}

func TestDecodeAccepts(t *testing.T) {
	amount := func(tx payment.Transaction) any { return tx.Amount }
	attributes := func(tx payment.Transaction) any { return tx.Attributes }
	merchant := func(tx payment.Transaction) any { return tx.Merchant }
	name := func(tx payment.Transaction) any { return tx.Merchant.Name }
	place := func(tx payment.Transaction) any {
		return [2]int32{tx.Merchant.Location.LatitudeE7, tx.Merchant.Location.LongitudeE7}
	}
	deep := strings.Repeat("[", 31) + strings.Repeat("]", 31)
	tests := []struct {
		what string
		doc  string
		get  func(payment.Transaction) any
		want string
	}{
		{"an integer", with("amount", "500"), amount, "50000"},
		{"one digit", with("amount", "500.0"), amount, "50000"},
		{"an exponent", with("amount", "5e2"), amount, "50000"},
		{"an exponent with a plus", with("amount", "5.0e+2"), amount, "50000"},
		{"a negative exponent", with("amount", "50000000E-5"), amount, "50000"},
		{"many zeros", with("amount", "500."+strings.Repeat("0", 1000)), amount, "50000"},
		{"more digits than a machine word has", with("amount", "12345678901230000000000000e-15"), amount, "1234567890123"},
		{"a huge exponent of zero", with("amount", "0e999999999"), amount, "0"},
		{"a refund", with("amount", "-0.01"), amount, "-1"},
		{"negative zero", with("transaction_type", `"deposit"`, "amount", "-0.00"), amount, "0"},
		{"the largest amount", with("amount", "10000000000000.00"), amount, "1000000000000000"},
		{"the smallest amount", with("amount", "-1e13"), amount, "-1000000000000000"},
		{"no minor unit", with("amount", "500.0", "currency", `"JPY"`), amount, "500"},
		{"three digits", with("amount", "0.001", "currency", `"KWD"`), amount, "1"},
		{"four digits", with("amount", "0.0001", "currency", `"UYW"`), amount, "1"},
		{"amount, currency and type in any order",
			`{"amount":-1.5,"currency":"KWD","transaction_type":"purchase","account_id":"a","timestamp":"2023-10-18T14:10:00Z","transaction_id":"t"}`,
			amount, "-1500"},
		{"white space", " \t\r\n" + strings.ReplaceAll(strings.ReplaceAll(with(), ":", " :\n"), "T14 :\n10 :\n00", "T14:10:00") + "\r\n", amount, "50000"},
		{"unknown fields", with("x", `{"a":[1,{"b":null}],"a":"\ud83d\ude00"}`, "Amount", `"7"`, "y", deep), amount, "50000"},
		{"an escaped key", strings.Replace(with(), "amount", `\u0061mount`, 1), amount, "50000"},

		{"no merchant", with("merchant", "null"), merchant, "{  {0 0 false}}"},
		{"an empty merchant", with("merchant", "{}"), merchant, "{  {0 0 false}}"},
		{"a merchant of nothing", with("merchant", `{"name":"","category":null,"location":null,"mcc":5411}`), merchant, "{  {0 0 false}}"},
		{"a place at zero", at("0", "-0.0"), merchant, "{  {0 0 true}}"},
		{"escapes", with("merchant", `{"name":"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00é"}`), name, "\"\\/\b\f\n\r\té😀é"},
		{"a long name", with("merchant", `{"name":"`+strings.Repeat("ü", 128)+`"}`), name, strings.Repeat("ü", 128)},

		{"the poles and the date line", at("-90.000", "1.8e2"), place, "[-900000000 1800000000]"},
		{"half to even, down", at("0.00000005", "-0.00000025"), place, "[0 -2]"},
		{"half to even, up", at("0.00000015", "-0.00000035"), place, "[2 -4]"},
		{"just above half", at("0.000000050000000000000000001", "0.00000025000000000000000000001"), place, "[1 3]"},
		{"just below half", at("0.00000014999999999999999999", "0"), place, "[1 0]"},
		{"nearly nothing", at("1e-999999999", "-0.00000000000000000000000001"), place, "[0 0]"},

		{"no attributes", with("attributes", "null"), attributes, "[]"},
		{"attributes of every kind", with("attributes", `{"s":"x","n":-1.50E+2,"t":true,"f":false,"z":0}`), attributes,
			"[{s x} {n -1.50E+2} {t true} {f false} {z 0}]"},
		{"attributes without a value", with("attributes", `{"a":null,"b":"x","c":"","d":"y"}`), attributes, "[{b x} {d y}]"},
		{"an escaped attribute", with("attributes", `{"\u0061b":"\u00e9"}`), attributes, "[{ab é}]"},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			if got := fmt.Sprint(test.get(decoded(t, test.doc))); got != test.want {
				t.Errorf("got %s, want %s, from %s", got, test.want, test.doc)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	attributes := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"k%d":null`, i))
		}
		return "{" + strings.Join(list, ",") + "}"
	}
	tests := []struct {
		doc   string
		field string
		kind  payment.Kind
		want  string
	}{
		// The document.
		{"", "", payment.KindSyntax, "not valid JSON at byte 0: the document ends, expected a value"},
		{"abc", "", payment.KindSyntax, `not valid JSON at byte 0: found "a", expected a value`},
		{"\xef\xbb\xbf{}", "", payment.KindSyntax, `not valid JSON at byte 0: found "\xef", expected a value`},
		{"[1]", "", payment.KindType, "must be a JSON object, is an array"},
		{"null", "", payment.KindType, "must be a JSON object, is null"},
		{"{", "", payment.KindSyntax, "not valid JSON at byte 1: the document ends, expected a key in quotation marks"},
		{`{"x":1,}`, "", payment.KindSyntax, `not valid JSON at byte 7: found "}", expected a key in quotation marks`},
		{`{"x" 1}`, "", payment.KindSyntax, `not valid JSON at byte 5: found "1", expected a colon`},
		{`{"x":1 "y":2}`, "", payment.KindSyntax, `not valid JSON at byte 7: found "\"", expected a comma or }`},
		{`{"x":[1 2]}`, "", payment.KindSyntax, `not valid JSON at byte 8: found "2", expected a comma or ]`},
		{`{"x":nul}`, "", payment.KindSyntax, `not valid JSON at byte 8: found "}", expected null`},
		{`{"x":01}`, "", payment.KindSyntax, `not valid JSON at byte 6: found "1", expected a number`},
		{`{"x":1.}`, "", payment.KindSyntax, `not valid JSON at byte 7: found "}", expected a number`},
		{`{"x":-}`, "", payment.KindSyntax, `not valid JSON at byte 6: found "}", expected a number`},
		{`{"x":NaN}`, "", payment.KindSyntax, `not valid JSON at byte 5: found "N", expected a value`},
		{`{"x":"\q"}`, "", payment.KindSyntax, `not valid JSON at byte 7: found "q", expected an escape`},
		{`{"x":"\u12g4"}`, "", payment.KindSyntax, `not valid JSON at byte 10: found "g", expected four hexadecimal digits`},
		{"{\"x\":\"a\nb\"}", "", payment.KindSyntax, `not valid JSON at byte 7: found "\n", expected no control character inside a string`},
		{`{"x":"abc`, "", payment.KindSyntax, "not valid JSON at byte 9: the document ends, expected the end of a string"},
		{with() + "{}", "", payment.KindSyntax, `not valid JSON at byte 149: found "{", expected nothing after the document`},
		{with() + "\x00", "", payment.KindSyntax, `not valid JSON at byte 149: found "\x00", expected nothing after the document`},
		{with() + strings.Repeat(" ", 65536), "", payment.KindSize, "has 65685 bytes, at most 65536 are allowed"},
		{`{"x":` + strings.Repeat("[", 32), "", payment.KindSize, "is nested more than 32 levels deep at byte 36"},
		{"{\"x\":\"\xff\"}", "", payment.KindUTF8, "is not valid UTF-8 at byte 6"},
		{`{"\ud800":1}`, "", payment.KindUTF8, `has half a surrogate pair, \ud800, at byte 2`},

		// Presence.
		{"{}", "transaction_id", payment.KindMissing, "is missing"},
		{with("timestamp", ""), "timestamp", payment.KindMissing, "is missing"},
		{with("account_id", "null"), "account_id", payment.KindMissing, "is missing"},
		{with("transaction_type", `""`), "transaction_type", payment.KindMissing, "is empty"},
		{with("amount", "null"), "amount", payment.KindMissing, "is missing"},
		{with("currency", ""), "currency", payment.KindMissing, "is missing"},
		{strings.Replace(with(), "amount", "Amount", 1), "amount", payment.KindMissing, "is missing"},
		{with("merchant", `{"location":{}}`), "merchant.location.latitude", payment.KindMissing, "is missing"},
		{with("merchant", `{"location":{"latitude":1,"longitude":null}}`), "merchant.location.longitude", payment.KindMissing, "is missing"},

		// Repetition.
		{strings.Replace(with("x", "1"), `"x"`, `"am\u006funt"`, 1), "amount", payment.KindDuplicate, "is given twice"},
		{strings.Replace(with("merchant", "null", "x", "{}"), `"x"`, `"merchant"`, 1), "merchant", payment.KindDuplicate, "is given twice"},
		{with("merchant", `{"name":"a","name":"a"}`), "merchant.name", payment.KindDuplicate, "is given twice"},
		{with("merchant", `{"location":{"latitude":1,"latitude":1}}`), "merchant.location.latitude", payment.KindDuplicate, "is given twice"},
		{with("attributes", `{"ab":null,"\u0061b":"x"}`), "attributes.ab", payment.KindDuplicate, "is given twice"},

		// Types.
		{with("transaction_id", "1"), "transaction_id", payment.KindType, "must be a string, is a number"},
		{with("timestamp", "1697638200"), "timestamp", payment.KindType, "must be a string, is a number"},
		{with("amount", `"500.00"`), "amount", payment.KindType, "must be a number, is a string: write it without quotation marks"},
		{with("amount", "true"), "amount", payment.KindType, "must be a number, is a boolean"},
		{with("currency", "[]"), "currency", payment.KindType, "must be a string, is an array"},
		{with("merchant", `"Shop"`), "merchant", payment.KindType, "must be an object, is a string"},
		{with("merchant", `{"location":[1,2]}`), "merchant.location", payment.KindType, "must be an object, is an array"},
		{at(`"1"`, "1"), "merchant.location.latitude", payment.KindType, "must be a number, is a string: write it without quotation marks"},
		{with("attributes", "[]"), "attributes", payment.KindType, "must be an object, is an array"},
		{with("attributes", `{"a":{}}`), "attributes.a", payment.KindType, "must be a string, a number or a boolean, is an object"},

		// Values.
		{with("transaction_type", `"refund"`), "transaction_type", payment.KindValue, `"refund" is not purchase, withdrawal or deposit`},
		{with("currency", `"usd"`), "currency", payment.KindValue, `"usd" is not an ISO 4217 code in upper case`},
		{with("currency", `"XAU"`), "currency", payment.KindValue, `"XAU" is not an ISO 4217 code in upper case`},
		{with("currency", `"`+strings.Repeat("é", 50)+`"`), "currency", payment.KindValue,
			`"` + strings.Repeat("é", 20) + `"… is not an ISO 4217 code in upper case`},
		{with("amount", "500.001"), "amount", payment.KindPrecision, "has 3 decimal digits, USD has 2"},
		{with("amount", "500.10", "currency", `"JPY"`), "amount", payment.KindPrecision, "has 1 decimal digit, JPY has 0"},
		{with("amount", "1e-999999999"), "amount", payment.KindPrecision, "has 999999999 decimal digits, USD has 2"},
		{with("amount", "0.00000000000000000000012300"), "amount", payment.KindPrecision, "has 24 decimal digits, USD has 2"},
		{with("amount", "10000000000000.01"), "amount", payment.KindRange, "is beyond 10000000000000.00 USD, the largest magnitude allowed"},
		{with("amount", "-1e999999999"), "amount", payment.KindRange, "is beyond 10000000000000.00 USD, the largest magnitude allowed"},
		{with("amount", "18446744073709552116"), "amount", payment.KindRange, // 2^64 + 500
			"is beyond 10000000000000.00 USD, the largest magnitude allowed"},
		{with("amount", "-1", "transaction_type", `"withdrawal"`), "amount", payment.KindRange, "is negative, which a withdrawal cannot be"},
		{at("90.00000001", "1"), "merchant.location.latitude", payment.KindRange, "is outside -90 … 90 degrees"},
		{at("1", "-180.0000000000000000000001"), "merchant.location.longitude", payment.KindRange, "is outside -180 … 180 degrees"},

		// Texts.
		{with("transaction_id", `"`+strings.Repeat("x", 129)+`"`), "transaction_id", payment.KindSize, "has 129 bytes, at most 128 are allowed"},
		{with("account_id", `"a\u0000b"`), "account_id", payment.KindControl, "has the control character U+0000 at byte 1"},
		{with("account_id", "\"ab\x7f\""), "account_id", payment.KindControl, "has the control character U+007F at byte 2"},
		{with("account_id", "\"\u0085\""), "account_id", payment.KindControl, "has the control character U+0085 at byte 0"},
		{with("account_id", "\"\xed\xa0\x80\""), "account_id", payment.KindUTF8, "is not valid UTF-8 at byte 78"},
		{with("merchant", `{"name":"\udc00"}`), "merchant.name", payment.KindUTF8, `has half a surrogate pair, \udc00, at byte 169`},
		{with("merchant", `{"name":"a\u0000"}`), "merchant.name", payment.KindControl, "has the control character U+0000 at byte 1"},
		{with("merchant", `{"name":"`+strings.Repeat("x", 257)+`"}`), "merchant.name", payment.KindSize, "has 257 bytes, at most 256 are allowed"},
		{with("merchant", `{"category":"`+strings.Repeat("x", 129)+`"}`), "merchant.category", payment.KindSize, "has 129 bytes, at most 128 are allowed"},
		{with("attributes", attributes(33)), "attributes", payment.KindSize, "are more than 32"},
		{with("attributes", `{"":1}`), "attributes", payment.KindMissing, "has an empty key"},
		{with("attributes", `{"a\nb":1}`), "attributes", payment.KindControl, `has the key "a\nb", which has the control character U+000A at byte 1`},
		{with("attributes", `{"`+strings.Repeat("k", 65)+`":1}`), "attributes", payment.KindSize,
			`has the key "` + strings.Repeat("k", 40) + `"… of 65 bytes, at most 64 are allowed`},
		{with("attributes", `{"a":"`+strings.Repeat("x", 513)+`"}`), "attributes.a", payment.KindSize, "has 513 bytes, at most 512 are allowed"},
		{with("attributes", `{"a":`+strings.Repeat("1", 513)+`}`), "attributes.a", payment.KindSize, "has 513 bytes, at most 512 are allowed"},
		{with("attributes", `{"a":"\u0000"}`), "attributes.a", payment.KindControl, "has the control character U+0000 at byte 0"},
		{with("attributes", `{"a":"\ud800x"}`), "attributes.a", payment.KindUTF8, `has half a surrogate pair, \ud800, at byte 168`},
	}
	var d payment.Decoder
	for _, test := range tests {
		var tx payment.Transaction
		err := d.Decode([]byte(test.doc), &tx)
		var ferr *payment.FieldError
		if !errors.As(err, &ferr) {
			t.Errorf("%.200s: error is %v", test.doc, err)
			continue
		}
		if ferr.Field != test.field || ferr.Kind != test.kind || ferr.Reason != test.want {
			t.Errorf("%.200s\ngot  %q %s %s\nwant %q %s %s", test.doc, ferr.Field, ferr.Kind, ferr.Reason, test.field, test.kind, test.want)
		}
	}
}

func TestFieldErrorNamesTheField(t *testing.T) {
	err := payment.FieldError{Field: "amount", Kind: payment.KindPrecision, Reason: "has 3 decimal digits, USD has 2"}
	if got, want := err.Error(), "transaction: amount: has 3 decimal digits, USD has 2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	err = payment.FieldError{Kind: payment.KindSyntax, Reason: "not valid JSON at byte 17"}
	if got, want := err.Error(), "transaction: not valid JSON at byte 17"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	var d payment.Decoder
	var tx payment.Transaction
	for _, doc := range []string{typical, minimal, with("merchant", `{"name":"Café"}`, "x", `["\u00e9"]`)} {
		data := []byte(doc)
		allocs := testing.AllocsPerRun(100, func() {
			if err := d.Decode(data, &tx); err != nil {
				t.Fatal(err)
			}
		})
		if allocs != 0 {
			t.Errorf("%g allocations for %s", allocs, doc)
		}
	}
}

// A Transaction that is decoded into again keeps nothing of what it was.
func TestDecodeForgets(t *testing.T) {
	var d payment.Decoder
	var tx payment.Transaction
	for _, doc := range []string{typical, minimal} {
		if err := d.Decode([]byte(doc), &tx); err != nil {
			t.Fatal(err)
		}
	}
	if want := decoded(t, minimal); !same(&tx, &want) {
		t.Errorf("got %+v, want %+v", tx, want)
	}
}

func TestCloneOutlivesTheInput(t *testing.T) {
	var d payment.Decoder
	var tx payment.Transaction
	data := []byte(typical)
	if err := d.Decode(data, &tx); err != nil {
		t.Fatal(err)
	}
	clone := tx.Clone()
	for i := range data {
		data[i] = '#'
	}
	tx.Attributes[0] = payment.Attribute{}
	if want := decoded(t, typical); !same(&clone, &want) {
		t.Errorf("got %+v, want %+v", clone, want)
	}
}
