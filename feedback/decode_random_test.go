package feedback_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

// TestDecodeLikeTheSlowDecoder compares the two decoders on documents that are mostly legal, each with a few of the
// oddities that matter.
func TestDecodeLikeTheSlowDecoder(t *testing.T) {
	rounds := 6_000
	if testing.Short() {
		rounds = 2_000
	}
	w := &writer{rng: rand.New(rand.NewPCG(1, 2))}
	accepted, kinds := 0, map[payment.Kind]int{}
	for range rounds {
		err := checkAgainstOracle(t, w.document())
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

// checkAgainstOracle decodes data both ways and returns Decode's error.
func checkAgainstOracle(t *testing.T, data []byte) error {
	t.Helper()
	got, err := feedback.Decode(data)
	want, wantErr := slowDecode(data)
	switch {
	case errors.Is(wantErr, errUnjudged):
	case err == nil && wantErr != nil:
		t.Fatalf("accepted, though %v\n%q", wantErr, data)
	case err != nil && wantErr == nil:
		// Only the length of the canonical form is not the slow decoder's business.
		if n := len(want.AppendJSON(nil)); n <= feedback.MaxDocumentBytes {
			t.Fatalf("refused: %v\n%q", err, data)
		}
	case err == nil && !reflect.DeepEqual(got, want):
		t.Fatalf("got  %+v\nwant %+v\nfrom %q", got, want, data)
	}
	if err == nil {
		checkRoundTrip(t, &got)
	}
	return err
}

// writer writes random documents.
type writer struct{ rng *rand.Rand }

func (w *writer) chance(p float64) bool { return w.rng.Float64() < p }

func (w *writer) pick(from ...string) string { return from[w.rng.IntN(len(from))] }

// usually returns the first of its arguments most often.
func (w *writer) usually(first string, others ...string) string {
	if w.chance(0.97) {
		return first
	}
	return w.pick(others...)
}

func (w *writer) document() []byte {
	members := []string{
		`"feedback_id":` + w.string(128), `"transaction_id":` + w.string(128), `"account_id":` + w.string(128),
		`"timestamp":` + w.time(), `"transaction_timestamp":` + w.time(), `"amount":` + w.amount(),
		`"currency":` + w.usually(w.pick(`"USD"`, `"JPY"`, `"KWD"`), `"usd"`, `""`, "null", "7"),
		`"label":` + w.usually(w.pick(`"fraud"`, `"legitimate"`, `"unsure"`, `"withdrawn"`), `"FRAUD"`, `""`, "true"),
		`"source":` + w.usually(w.pick(`"analyst"`, `"chargeback"`, `"customer"`, `"import"`), `"bank"`, "null", "{}"),
	}
	for _, optional := range []string{
		`"by":` + w.optional(256), `"alert_id":` + w.optional(128), `"note":` + w.optional(4096),
		`"entities":` + w.usually(w.entities(), "null", "[]", `""`), `"marks":` + w.usually(w.marks(), "null", "{}", `[null]`),
		`"x":` + w.pick("1e999", `"\ud800"`, "[[],{}]", `{"a":1,"a":2}`), `"\u006eote":""`, `"Label":7`,
	} {
		if w.chance(0.4) {
			members = append(members, optional)
		}
	}
	w.rng.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	if w.chance(0.05) {
		members = members[1:]
	}
	if w.chance(0.05) {
		members = append(members, members[0])
	}
	doc := []byte("{" + strings.Join(members, w.pick(",", ", ", "\n,")) + "}")
	switch {
	case w.chance(0.02):
		doc = append(doc, w.pick("x", "{}", ",", "\x00", " ")...)
	case w.chance(0.02):
		doc = doc[:w.rng.IntN(len(doc))]
	case w.chance(0.05):
		doc[w.rng.IntN(len(doc))] = byte(w.rng.Uint32())
	}
	return doc
}

// string returns a string, most often of a legal length.
func (w *writer) string(most int) string {
	if w.chance(0.02) {
		return text(most + w.rng.IntN(2))
	}
	var b strings.Builder
	for range 1 + w.rng.IntN(6) {
		b.WriteString(w.usually(w.pick("a", "B", "7", "é", `\u00e9`, "😀", `\ud83d\ude00`, `\"`, `\\`, `\/`, "\u2028"),
			`\n`, `\u0000`, `\u0085`, "\xff", `\ud83d`, `\ude00`, `\q`, "\x01", ""))
	}
	return `"` + b.String() + `"`
}

func (w *writer) optional(most int) string { return w.usually(w.string(most), "null", `""`, "[]", "0") }

func (w *writer) time() string {
	return w.usually(fmt.Sprintf(`"20%02d-%02d-%02dT%02d:%02d:%02d%s"`, w.rng.IntN(100), 1+w.rng.IntN(12), 1+w.rng.IntN(28), w.rng.IntN(24),
		w.rng.IntN(60), w.rng.IntN(60), w.pick("Z", "z", ".25Z", ".123456789+02:00", "-23:59")),
		`"2023-02-29T00:00:00Z"`, `"2200-01-01T00:00:00+00:01"`, `"1970-01-01T00:00:00+00:01"`, `"2023-10-19T08:00:00"`, "7", "null", `""`)
}

func (w *writer) amount() string {
	return w.usually(w.pick("500", "-12", "5e2", "0", "-0.0", "1.0", "9007199254740993", "1e12"),
		"0.01", "0.001", "1e16", "-1e13", "1e-999", `"5"`, "null", "01", "+1", "NaN", "10000000000000.01")
}

func (w *writer) entities() string {
	var members []string
	for i := range w.count(5, 32) {
		name := fmt.Sprintf(`"e%d"`, i)
		if w.chance(0.05) {
			name = w.string(64)
		}
		members = append(members, name+":"+w.optional(512))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (w *writer) marks() string {
	var elements []string
	for i := range w.count(5, 64) {
		elements = append(elements, w.usually(fmt.Sprintf(`"m%d"`, i), `"m0"`, "null", `""`, w.string(64)))
	}
	return "[" + strings.Join(elements, ",") + "]"
}

// count returns a small number, and now and then one about the limit.
func (w *writer) count(few, limit int) int {
	if w.chance(0.02) {
		return limit - 1 + w.rng.IntN(3)
	}
	return w.rng.IntN(few)
}
