package payment_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/payment"
)

// TestDecodeLikeTheSlowDecoder compares the two decoders on documents that are mostly legal, each with a few of the
// oddities that matter: other orders, escapes, white space, repetition, limits just met and just missed.
func TestDecodeLikeTheSlowDecoder(t *testing.T) {
	rounds := 15_000
	if testing.Short() {
		rounds = 5_000
	}
	w := &writer{rng: rand.New(rand.NewPCG(1, 2))}
	var d payment.Decoder
	var tx payment.Transaction
	accepted := 0
	kinds := map[payment.Kind]int{}
	for range rounds {
		data := w.document()
		err := checkAgainstOracle(t, &d, &tx, data)
		var ferr *payment.FieldError
		switch {
		case err == nil:
			accepted++
		case errors.As(err, &ferr):
			kinds[ferr.Kind]++
		default:
			t.Fatalf("%T is not a FieldError", err)
		}
	}
	t.Logf("%d of %d accepted; refused: %v", accepted, rounds, kinds)
	if accepted < rounds/10 || accepted > rounds*9/10 {
		t.Errorf("%d of %d accepted: the test looks at one side only", accepted, rounds)
	}
	for _, k := range payment.Kinds() {
		if kinds[k] == 0 {
			t.Errorf("no document was refused for its %s", k)
		}
	}
}

// checkAgainstOracle decodes data both ways and returns the fast decoder's error.
func checkAgainstOracle(t *testing.T, d *payment.Decoder, tx *payment.Transaction, data []byte) error {
	t.Helper()
	given := slices.Clone(data)
	err := d.Decode(given, tx)
	if string(given) != string(data) {
		t.Fatalf("Decode changed its input\n%q", data)
	}
	want, wantErr := slowDecode(data)
	switch {
	case err == nil && wantErr != nil:
		t.Fatalf("accepted, though %v\n%q", wantErr, data)
	case err != nil && wantErr == nil:
		t.Fatalf("refused: %v\n%q", err, data)
	case err != nil:
		return err
	}
	if !same(tx, &want) {
		t.Fatalf("got  %+v\nwant %+v\nfrom %q", *tx, want, data)
	}
	checkRoundTrip(t, &want)
	return nil
}

// checkRoundTrip takes a legal transaction through its JSON.
func checkRoundTrip(t *testing.T, tx *payment.Transaction) {
	t.Helper()
	if err := tx.Validate(); err != nil {
		t.Fatalf("%+v is legal, but %v", *tx, err)
	}
	data := payment.AppendJSON(nil, tx)
	var d payment.Decoder
	var again payment.Transaction
	if err := d.Decode(data, &again); err != nil {
		t.Fatalf("own JSON refused: %v\n%s", err, data)
	}
	if !same(tx, &again) {
		t.Fatalf("changed by its own JSON %s\nfrom %+v\nto   %+v", data, *tx, again)
	}
	slices.Reverse(again.Attributes)
	id1, body1 := tx.Fingerprint()
	id2, body2 := again.Fingerprint()
	if id1 != id2 || body1 != body2 {
		t.Fatalf("fingerprint differs when read again from %s", data)
	}
}

func same(a, b *payment.Transaction) bool {
	return a.ID == b.ID && a.Time == b.Time && a.AccountID == b.AccountID && a.Type == b.Type && a.Amount == b.Amount &&
		a.Currency == b.Currency && a.Merchant == b.Merchant && slices.Equal(a.Attributes, b.Attributes)
}

// writer writes random documents.
type writer struct {
	rng *rand.Rand
	buf []byte
}

func (w *writer) chance(p float64) bool { return w.rng.Float64() < p }

func pick[T any](w *writer, from ...T) T { return from[w.rng.IntN(len(from))] }

func (w *writer) document() []byte {
	w.buf = w.buf[:0]
	w.space()
	w.members(w.fields(), []string{"x", "Amount", "transaction_Id", "name", "latitude", "", "é"})
	w.space()
	switch {
	case w.chance(0.02):
		w.buf = append(w.buf, pick(w, "x", "{}", ",", "\x00", "\"")...)
	case w.chance(0.02):
		w.buf = w.buf[:w.rng.IntN(len(w.buf))]
	case w.chance(0.05):
		w.buf[w.rng.IntN(len(w.buf))] = byte(w.rng.Uint32())
	case w.chance(0.002):
		w.buf = append(w.buf, strings.Repeat(" ", 65536-len(w.buf)+w.rng.IntN(2))...)
	}
	return w.buf
}

// value writes one value of a field.
type value func()

type fieldValue struct {
	key   string
	write value
}

func (w *writer) fields() []fieldValue {
	return []fieldValue{
		{"transaction_id", func() { w.string(w.text(128)) }},
		{"timestamp", func() { w.string(w.time()) }},
		{"account_id", func() { w.string(w.text(128)) }},
		{"transaction_type", func() { w.string(w.usually("purchase", "withdrawal", "deposit", "Purchase", "refund")) }},
		{"amount", func() { w.buf = append(w.buf, w.number(19)...) }},
		{"currency", func() { w.string(w.usually("USD", "JPY", "KWD", "CLF", "XAU", "usd", "US", "USDX")) }},
		{"merchant", w.merchant},
		{"attributes", w.attributes},
	}
}

// usually returns the first of its arguments most often.
func (w *writer) usually(first string, others ...string) string {
	if w.chance(0.85) {
		return first
	}
	return pick(w, others...)
}

func (w *writer) merchant() {
	w.members([]fieldValue{
		{"name", func() { w.string(w.text(256)) }},
		{"category", func() { w.string(w.text(128)) }},
		{"location", func() {
			w.members([]fieldValue{
				{"latitude", func() { w.buf = append(w.buf, w.coordinate(90)...) }},
				{"longitude", func() { w.buf = append(w.buf, w.coordinate(180)...) }},
			}, []string{"altitude", "Latitude"})
		}},
	}, []string{"mcc", "amount"})
}

func (w *writer) attributes() {
	n := w.rng.IntN(5)
	if w.chance(0.02) {
		n = 31 + w.rng.IntN(3)
	}
	list := make([]fieldValue, n)
	for i := range list {
		key := fmt.Sprint("k", i)
		if w.chance(0.1) {
			key = w.text(64)
		}
		list[i] = fieldValue{key, func() {
			switch w.rng.IntN(8) {
			case 0:
				w.buf = append(w.buf, pick(w, "true", "false", "null")...)
			case 1:
				w.buf = append(w.buf, w.number(30)...)
			case 2:
				w.buf = append(w.buf, pick(w, `""`, "0", `"0"`, "1.50")...)
			default:
				w.string(w.text(512))
			}
		}}
	}
	w.members(list, nil)
}

// members writes an object: the fields, most often all of them once and in order, and some of other keys.
func (w *writer) members(fields []fieldValue, others []string) {
	fields = slices.Clone(fields)
	for _, key := range others {
		if w.chance(0.05) {
			fields = append(fields, fieldValue{key, func() { w.any(1) }})
		}
	}
	if w.chance(0.3) {
		w.rng.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	}
	if len(fields) > 0 && w.chance(0.03) {
		fields = append(fields, fields[w.rng.IntN(len(fields))])
	}
	if len(fields) > 0 && w.chance(0.03) {
		i := w.rng.IntN(len(fields))
		fields = slices.Delete(fields, i, i+1)
	}
	w.buf = append(w.buf, '{')
	w.space()
	for i, f := range fields {
		if i > 0 {
			w.buf = append(w.buf, ',')
			w.space()
		}
		w.string(f.key)
		w.space()
		w.buf = append(w.buf, ':')
		w.space()
		switch {
		case w.chance(0.01):
			w.any(2)
		case w.chance(0.01):
			w.buf = append(w.buf, "null"...)
		default:
			f.write()
		}
		w.space()
	}
	w.buf = append(w.buf, '}')
}

func (w *writer) space() {
	for w.chance(0.1) {
		w.buf = append(w.buf, pick(w, " ", "\t", "\n", "\r")...)
	}
	if w.chance(0.0005) {
		w.buf = append(w.buf, pick(w, "\v", "\u00a0", "\x00", ",")...)
	}
}

// any writes any value.
func (w *writer) any(depth int) {
	switch w.rng.IntN(9) {
	case 0:
		w.buf = append(w.buf, pick(w, "null", "true", "false", "nul", "True")...)
	case 1:
		w.buf = append(w.buf, w.number(40)...)
	case 2:
		levels := 25 + w.rng.IntN(9)
		w.buf = append(w.buf, strings.Repeat("[", levels)+strings.Repeat("]", levels)...)
	case 3, 4:
		w.buf = append(w.buf, '[')
		for i := range w.rng.IntN(3) {
			if i > 0 {
				w.buf = append(w.buf, ',')
			}
			w.space()
			w.any(depth + 1)
		}
		w.space()
		w.buf = append(w.buf, ']')
	case 5, 6:
		var fields []fieldValue
		for i := range w.rng.IntN(3) {
			fields = append(fields, fieldValue{fmt.Sprint(i % 2), func() { w.any(depth + 1) }})
		}
		w.members(fields, nil)
	default:
		w.string(w.text(64))
	}
}

// text returns some text, at times near or over the limit.
func (w *writer) text(limit int) string {
	switch {
	case w.chance(0.02):
		return strings.Repeat(pick(w, "a", "ü", "\\"), limit-1+w.rng.IntN(3))
	case w.chance(0.01):
		return pick(w, "", "\x00", "a\x1fb", "\x7f", "\u0080", "\u009f", "\u00a0", "\u2028", "\ufffd", "\U0010ffff")
	case w.chance(0.2):
		return pick(w, "Café", "日本", "a\"b", "a\\b", "tab\there", "😀", "line\nend", "\b\f\r/", "e\u0301")
	}
	return strings.Repeat("abcdefghij0123456789-_.", 2)[:1+w.rng.IntN(40)]
}

// string writes s, with escapes where they must be and at times where they may.
func (w *writer) string(s string) {
	eager := w.chance(0.05)
	w.buf = append(w.buf, '"')
	for _, r := range s {
		switch {
		case r < ' ' || r == '"' || r == '\\' || eager && r < 0x10000 && w.chance(0.5):
			w.buf = fmt.Appendf(w.buf, pick(w, "\\u%04x", "\\u%04X"), r)
		case eager && r >= 0x10000:
			r -= 0x10000
			w.buf = fmt.Appendf(w.buf, "\\u%04x\\u%04x", 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			w.buf = append(w.buf, string(r)...)
		}
	}
	if w.chance(0.004) {
		w.buf = append(w.buf, pick(w, `\ud800`, `\udc00\ud800`, `\ud83d\u0041`, `\x`, `\u12g4`, "\xff", "\xed\xa0\x80",
			"\xc0\x80", "\t", "\n", "\x00", `\n`, `\/`, `\"`, "\\", "\\\"", `\ud83d\ude00`, `\u0000`)...)
	}
	w.buf = append(w.buf, '"')
}

func (w *writer) time() string {
	if w.chance(0.1) {
		return pick(w, "1970-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "2200-01-01T00:00:00Z", "2199-12-31T23:59:59.9999Z",
			"2016-12-31T23:59:60Z", "2023-10-18T14:10:00", "2023-10-18 14:10:00Z", "2023-10-18", "1697638200", "0000-00-00T00:00:00Z",
			"2023-10-18T14:10:00.Z", "2023-10-18T14:10:00,5Z", "2023-10-18T14:10:00.1234567891Z", "2023-10-18T24:00:00Z",
			"2100-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2023-10-18T14:10:00z", "2023-10-18t14:10:00-00:00", "")
	}
	s := fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d", 1969+w.rng.IntN(232), 1+w.rng.IntN(12), 1+w.rng.IntN(29), w.rng.IntN(24),
		w.rng.IntN(60), w.rng.IntN(60))
	if w.chance(0.3) {
		s += "." + fmt.Sprintf("%09d", w.rng.IntN(1e9))[:1+w.rng.IntN(9)]
	}
	if w.chance(0.3) {
		return s + fmt.Sprintf("%c%02d:%02d", pick(w, '+', '-'), w.rng.IntN(24), w.rng.IntN(60))
	}
	return s + "Z"
}

// number returns a number of at most the given number of digits, each spelling being as likely.
func (w *writer) number(digits int) string {
	switch w.rng.IntN(12) {
	case 0:
		return pick(w, "0", "-0", "-0.0e-5", "0e999999999", "1e999999999", "1e-999999999", "1000000000000000", "-10000000000000.00",
			"10000000000000.01", "1e13", "1E+13", "0.00000000000000000001e22", "123456789012345678901234567890e-28")
	case 1:
		if w.chance(0.9) {
			return "500.00"
		}
		return pick(w, "01", "+1", ".5", "1.", "1e", "1e+", "-", "--1", "NaN", "Infinity", "0x10", "1_000", `"1"`)
	case 2:
		s := w.digits(1 + w.rng.IntN(digits))
		return s + pick(w, "0", "00", "000000000000000000000000") + pick(w, "e-2", "e-1", "e-20", "E-25")
	case 3:
		return "-" + w.digits(1+w.rng.IntN(5)) + ".00"
	case 4:
		return w.digits(1+w.rng.IntN(digits)) + "." + w.digits(1+w.rng.IntN(digits))
	}
	return w.digits(1+w.rng.IntN(6)) + "." + fmt.Sprint(w.rng.IntN(100)) + pick(w, "", "", "0", "000000000000000000000")
}

func (w *writer) digits(n int) string {
	s := make([]byte, n)
	for i := range s {
		s[i] = '0' + byte(w.rng.IntN(10))
	}
	if n > 1 && s[0] == '0' {
		s[0] = '1'
	}
	return string(s)
}

func (w *writer) coordinate(limit int) string {
	sign := pick(w, "", "-")
	whole := fmt.Sprint(w.rng.IntN(limit))
	switch w.rng.IntN(8) {
	case 0:
		return sign + pick(w, fmt.Sprint(limit), fmt.Sprint(limit, ".0000000"), fmt.Sprint(limit, ".00000001"), "0", "1e-999999999",
			"1e1", "9.0000000e1", "1e999999999", fmt.Sprint(limit+1), "0.00000005", "0.00000015", "0.000000049999999999999999999")
	case 1: // on and near a half of the last digit
		return sign + whole + "." + w.digits(7) + pick(w, "5", "50", "4999999999999", "5000000000000000000000001", "49", "51")
	case 2:
		return sign + w.digits(4) + "e-" + fmt.Sprint(w.rng.IntN(12))
	}
	return sign + whole + "." + w.digits(1+w.rng.IntN(9))
}
