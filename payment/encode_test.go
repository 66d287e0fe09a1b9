package payment_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/payment"
)

func TestAppendJSON(t *testing.T) {
	tests := []struct{ doc, want string }{
		{typical, strings.Replace(typical, "40.730610", "40.73061", 1)},
		{minimal, strings.Replace(minimal, `:1,`, `:1.00,`, 1)},
		{with("timestamp", `"2023-10-18T16:10:00.0259+02:00"`, "amount", "-5e-1", "merchant", `{"category":"a\/b\u2028"}`,
			"attributes", `{"n":1e3,"b":true,"none":null}`),
			with("timestamp", `"2023-10-18T14:10:00.025Z"`, "amount", "-0.50", "merchant", `{"category":"a/b\u2028"}`,
				"attributes", `{"n":"1e3","b":"true"}`)},
		{at("-0.5", "180.0"), at("-0.5", "180")},
	}
	for _, test := range tests {
		tx := decoded(t, test.doc)
		if got := string(payment.AppendJSON([]byte("> "), &tx)); got != "> "+test.want {
			t.Errorf("got  %s\nwant > %s", got, test.want)
		}
	}
}

// Every transaction that Validate accepts survives its JSON; every other one is refused there for the same field and
// kind of reason, as far as JSON can say it.
func TestValidateAndDecodeAgree(t *testing.T) {
	w := &writer{rng: rand.New(rand.NewPCG(11, 12))}
	valid := 0
	const rounds = 20_000
	for range rounds {
		tx := w.transaction(t)
		err := tx.Validate()
		if err == nil {
			valid++
			checkRoundTrip(t, &tx)
			continue
		}
		var invalid, refused *payment.FieldError
		if !errors.As(err, &invalid) {
			t.Fatalf("%T is not a FieldError", err)
		}
		var d payment.Decoder
		var again payment.Transaction
		if !errors.As(d.Decode(payment.AppendJSON(nil, &tx), &again), &refused) {
			t.Fatalf("Decode accepts what is not valid: %v\n%+v", err, tx)
		}
		if invalid.Kind != refused.Kind && invalid.Field == refused.Field {
			t.Fatalf("Validate: %v\nDecode: %v", invalid, refused)
		}
	}
	if valid < rounds/4 || valid > rounds*3/4 {
		t.Errorf("%d of %d were valid", valid, rounds)
	}
}

// transaction returns a transaction as something other than the decoder might build it, with faults that its JSON has
// too.
func (w *writer) transaction(tb testing.TB) payment.Transaction {
	text := func(limit int) string {
		switch {
		case w.chance(0.02):
			return strings.Repeat("x", limit+w.rng.IntN(2))
		case w.chance(0.02):
			return pick(w, "\x00", "a\x7f", "\u0080", "\n")
		case w.chance(0.3):
			return pick(w, "é", "日本\u2028", `"\`, "\u2029<&>", "😀", "a\tb")
		}
		return "plain text"
	}
	id := func() string {
		if w.chance(0.03) {
			return pick(w, "", "\n", "\u0085", strings.Repeat("é", 65))
		}
		return pick(w, "a", "é", `"`, strings.Repeat("é", 64))
	}
	usually := func(usual, other int64) int64 {
		if w.chance(0.97) {
			return usual
		}
		return other
	}
	tx := payment.Transaction{
		ID: id(), AccountID: id(),
		Time:     payment.Time(usually(w.rng.Int64N(int64(payment.MaxTime)), pick(w, -1, int64(payment.MaxTime)))),
		Type:     payment.Type(usually(1+w.rng.Int64N(3), 4)),
		Amount:   usually(w.rng.Int64N(payment.MaxAmount+1), pick(w, -payment.MaxAmount, -1, payment.MaxAmount+1, math.MinInt64)),
		Currency: currency(tb, pick(w, "USD", "JPY", "KWD", "CLF")),
	}
	if w.chance(0.02) {
		tx.Currency = pick[payment.Currency](w, 0, 1)
	}
	if w.chance(0.6) {
		tx.Merchant.Name, tx.Merchant.Category = text(256), text(128)
	}
	if w.chance(0.6) {
		tx.Merchant.Location = payment.Location{
			LatitudeE7:  int32(usually(w.rng.Int64N(1800000001)-900000000, 900000001)),
			LongitudeE7: int32(usually(w.rng.Int64N(2147483647)-1073741823, -1800000001)),
			Known:       true,
		}
	}
	for i := range w.rng.IntN(3) + 31*w.rng.IntN(50)/49 {
		key := string(rune('a' + i))
		if w.chance(0.02) {
			key = pick(w, "", "a", "\n", strings.Repeat("k", 64), strings.Repeat("k", 65))
		}
		tx.Attributes = append(tx.Attributes, payment.Attribute{Key: key, Value: text(512)})
	}
	return tx
}

func attributes(n int) []payment.Attribute {
	list := make([]payment.Attribute, n)
	for i := range list {
		list[i] = payment.Attribute{Key: fmt.Sprint("k", i), Value: "x"}
	}
	return list
}

// What only a Transaction built by hand can have.
func TestValidateRefuses(t *testing.T) {
	tests := []struct {
		change func(*payment.Transaction)
		want   string
	}{
		{func(tx *payment.Transaction) { tx.ID = "" }, "transaction: transaction_id: is missing"},
		{func(tx *payment.Transaction) { tx.AccountID = "a\xff" }, "transaction: account_id: is not valid UTF-8"},
		{func(tx *payment.Transaction) { tx.Time = -1 },
			"transaction: timestamp: 1969-12-31T23:59:59.999Z is outside 1970-01-01T00:00:00Z … 2200-01-01T00:00:00Z (exclusive)"},
		{func(tx *payment.Transaction) { tx.Type = 0 }, "transaction: transaction_type: is missing"},
		{func(tx *payment.Transaction) { tx.Type = 4 }, "transaction: transaction_type: 4 is not a transaction type"},
		{func(tx *payment.Transaction) { tx.Currency = 0 }, "transaction: currency: is missing"},
		{func(tx *payment.Transaction) { tx.Currency = 1 }, "transaction: currency: 1 is not a currency"},
		{func(tx *payment.Transaction) { tx.Amount = math.MinInt64 },
			"transaction: amount: is beyond 10000000000000.00 USD, the largest magnitude allowed"},
		{func(tx *payment.Transaction) { tx.Type, tx.Amount = payment.Deposit, -1 },
			"transaction: amount: is negative, which a deposit cannot be"},
		{func(tx *payment.Transaction) { tx.Merchant.Name = "\xff" }, "transaction: merchant.name: is not valid UTF-8"},
		{func(tx *payment.Transaction) { tx.Merchant.Location.Known = false },
			"transaction: merchant.location: has coordinates, yet is marked as not known"},
		{func(tx *payment.Transaction) { tx.Merchant.Location.LatitudeE7 = -900000001 },
			"transaction: merchant.location.latitude: is outside -90 … 90 degrees"},
		{func(tx *payment.Transaction) { tx.Attributes[1].Value = "" }, "transaction: attributes.channel: is empty: leave it out"},
		{func(tx *payment.Transaction) { tx.Attributes[1].Value = "\xff" }, "transaction: attributes.channel: is not valid UTF-8"},
		{func(tx *payment.Transaction) { tx.Attributes[1].Key = "device_id" }, "transaction: attributes.device_id: is given twice"},
		{func(tx *payment.Transaction) { tx.Attributes = attributes(33) }, "transaction: attributes: are more than 32"},
	}
	for _, test := range tests {
		tx := decoded(t, typical)
		if err := tx.Validate(); err != nil {
			t.Fatal(err)
		}
		test.change(&tx)
		if err := tx.Validate(); err == nil || err.Error() != test.want {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
	}
}

func TestAppendString(t *testing.T) {
	tests := []struct{ s, want string }{
		{"", `""`},
		{"plain", `"plain"`},
		{"\"\\/\b\f\n\r\t\x00\x1f\x7f", `"\"\\/\b\f\n\r\t\u0000\u001f` + "\x7f\""},
		{"<a&b>é😀", `"<a&b>é😀"`},
		{"a\u2028\u2029b", `"a\u2028\u2029b"`},
		{"a\xffb\xe2\x80", "\"a\ufffdb\ufffd\ufffd\""},
	}
	for _, test := range tests {
		if got := string(payment.AppendString(nil, test.s)); got != test.want {
			t.Errorf("%q becomes %s, want %s", test.s, got, test.want)
		}
	}
	for r := rune(0); r < 0x3000; r++ {
		s := "x" + string(r) + "y"
		var back string
		if err := json.Unmarshal(payment.AppendString(nil, s), &back); err != nil || back != s {
			t.Errorf("%q comes back as %q, %v", s, back, err)
		}
	}
}
