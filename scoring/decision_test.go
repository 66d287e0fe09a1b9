package scoring_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

func at(t testing.TB, text string) payment.Time {
	t.Helper()
	v, err := payment.ParseTime(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func full(t testing.TB) *scoring.Decision {
	return &scoring.Decision{
		TransactionID: "abcd1234", AccountID: "A78901", Timestamp: at(t, "2023-10-18T14:10:00Z"), Content: 0xbeef01, Action: scoring.Review, Score: 0.97,
		Model: "cards/2023-10-01", Policy: "2023-10-02.1", Rules: []string{"R12"},
		Challengers: []scoring.Challenger{{"cards/2023-10-15", 0.91}, {"cards/2023-10-08", 1e-7}},
		Policies:    []scoring.ShadowAction{{"2023-10-02.2", scoring.Decline}, {"2023-09-30", scoring.Approve}},
		Marks:       []string{"unusual_amount"}, Flags: []string{"late", "incomplete"}, AlertID: "alert5678",
		Vector: features.Vector{1, math.NaN(), math.Copysign(0, -1), math.Inf(1)},
	}
}

func TestAppendJSON(t *testing.T) {
	bare := &scoring.Decision{TransactionID: "t\"1\n", AccountID: "a", Timestamp: at(t, "2026-11-24T00:00:00.25Z"), Model: "m", Policy: "p"}
	for _, c := range []struct {
		decision *scoring.Decision
		want     string
	}{
		{full(t), `{"transaction_id":"abcd1234","account_id":"A78901","timestamp":"2023-10-18T14:10:00Z","content":"00beef01","action":"review","score":0.97,` +
			`"model":"cards/2023-10-01","policy":"2023-10-02.1","rules":["R12"],"challengers":{"cards/2023-10-15":0.91,"cards/2023-10-08":1e-07},` +
			`"challenger_policies":{"2023-10-02.2":"decline","2023-09-30":"approve"},"marks":["unusual_amount"],"flags":["late","incomplete"],"alert_id":"alert5678",` +
			`"vector":"AAAAAAAA8D8BAAAAAAD4fwAAAAAAAACAAAAAAAAA8H8="}`},
		{bare, `{"transaction_id":"t\"1\n","account_id":"a","timestamp":"2026-11-24T00:00:00.250Z","action":"approve","score":0,` +
			`"model":"m","policy":"p","rules":[],"challengers":{},"marks":[],"flags":[]}`},
	} {
		if got := string(c.decision.AppendJSON([]byte("x"))); got != "x"+c.want {
			t.Errorf("\n%s\ninstead of\n%s", got[1:], c.want)
		}
	}
}

func TestEveryNaNHasOneForm(t *testing.T) {
	want := string(scoring.AppendVector(nil, features.Vector{math.NaN()}))
	for _, bits := range []uint64{0x7ff8000000000000, 0xfff8000000000000, 0x7ff8000000000001, 0x7fffffffffffffff, 0x7ff0000000000001} {
		if got := string(scoring.AppendVector(nil, features.Vector{math.Float64frombits(bits)})); got != want {
			t.Errorf("%#x: %s instead of %s", bits, got, want)
		}
	}
	v, err := scoring.ParseVector(want)
	if err != nil || math.Float64bits(v[0]) != 0x7ff8000000000001 {
		t.Errorf("%v: %v", v, err)
	}
}

func TestVectorReadsBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := range 100 {
		v := make(features.Vector, n)
		for i := range v {
			v[i] = math.Float64frombits(rng.Uint64())
			if i%7 == 0 {
				v[i] = math.NaN()
			}
		}
		back, err := scoring.ParseVector(string(scoring.AppendVector(nil, v)))
		if err != nil || len(back) != n {
			t.Fatalf("%d values: %d, %v", n, len(back), err)
		}
		for i := range v {
			if math.Float64bits(back[i]) != math.Float64bits(v[i]) && !(math.IsNaN(back[i]) && math.IsNaN(v[i])) {
				t.Fatalf("value %d of %d: %v instead of %v", i, n, back[i], v[i])
			}
		}
	}
}

// No value makes illegal JSON, and a score reads back to the same bits.
func TestAppendJSONIsAlwaysJSON(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	scores := []float64{0, 1, 0.5, 5e-324, 1e-300, 1e-7, math.Nextafter(1, 0), math.NaN(), math.Inf(1), -1, 2}
	for range 2000 {
		scores = append(scores, scoring.Probability(rng.NormFloat64()*20))
	}
	for _, score := range scores {
		d := full(t)
		d.Score, d.Challengers[0].Score = score, score
		d.Action = scoring.Action(rng.IntN(5))
		d.Rules = append(d.Rules, "\x00\xff\u2028\"\\")
		var back struct {
			Score       *float64
			Challengers map[string]*float64
		}
		if err := json.Unmarshal(d.AppendJSON(nil), &back); err != nil {
			t.Fatalf("%v: %v", score, err)
		}
		if !(score >= 0 && score <= 1) {
			if back.Score != nil {
				t.Errorf("%v was written as %v", score, *back.Score)
			}
			continue
		}
		if *back.Score != score || *back.Challengers["cards/2023-10-15"] != score {
			t.Errorf("%v reads back as %v", score, *back.Score)
		}
	}
}

func TestAppendJSONDoesNotAllocate(t *testing.T) {
	d, buffer := full(t), make([]byte, 0, 4096)
	d.Vector = make(features.Vector, 40)
	if n := testing.AllocsPerRun(1000, func() { buffer = d.AppendJSON(buffer[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDecisionReadsBack(t *testing.T) {
	want := full(t)
	want.Vector = features.Vector{1, 2} // NaN never equals
	want.AccountID = want.TransactionID // equal values are no repeated keys
	got, err := scoring.ParseDecision(want.AppendJSON(nil))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v instead of %+v: %v", got, want, err)
	}
}

func TestParseDecisionRefuses(t *testing.T) {
	text := string(full(t).AppendJSON(nil))
	for name, c := range map[string]struct{ old, with, want string }{
		"unknown field":      {`"score":0.97`, `"score":0.97,"scores":1`, `decision: json: unknown field "scores"`},
		"field twice":        {`"score":0.97`, `"score":0.97,"score":0.1`, `the key "score" stands there twice`},
		"challenger twice":   {`"cards/2023-10-08"`, `"cards/2023-10-15"`, `the key "cards/2023-10-15" stands there twice`},
		"no id":              {`"transaction_id":"abcd1234",`, ``, "decision: transaction_id is missing or null"},
		"score null":         {`"score":0.97`, `"score":null`, "score is missing or null"},
		"score above 1":      {`"score":0.97`, `"score":1.5`, "score is 1.5, not from 0 to 1"},
		"score a string":     {`"score":0.97`, `"score":"0.97"`, "cannot unmarshal string"},
		"rules null":         {`"rules":["R12"]`, `"rules":null`, "rules is missing or null"},
		"marks missing":      {`"marks":["unusual_amount"],`, ``, "marks is missing or null"},
		"challengers a list": {`{"cards/2023-10-15":0.91,"cards/2023-10-08":1e-07}`, `[]`, "challengers is not an object"},
		"challengers null":   {`{"cards/2023-10-15":0.91,"cards/2023-10-08":1e-07}`, `null`, "challengers is missing or null"},
		"challenger null":    {`:0.91`, `:null`, `challenger "cards/2023-10-15" is NaN, not from 0 to 1`},
		"challenger above":   {`:0.91`, `:91`, `challenger "cards/2023-10-15" is 91, not from 0 to 1`},
		"policies a list":    {`{"2023-10-02.2":"decline","2023-09-30":"approve"}`, `[]`, "challenger_policies is not an object"},
		"policies empty":     {`{"2023-10-02.2":"decline","2023-09-30":"approve"}`, `{}`, "challenger_policies is empty; it stands only where there are any"},
		"policy twice":       {`"2023-09-30"`, `"2023-10-02.2"`, `the key "2023-10-02.2" stands there twice`},
		"policy's action":    {`"2023-09-30":"approve"`, `"2023-09-30":"hold"`, `challenger policy "2023-09-30" has the action "hold" instead of approve, review or decline`},
		"policy's number":    {`"2023-09-30":"approve"`, `"2023-09-30":0.5`, "cannot unmarshal number"},
		"action":             {`"review"`, `"hold"`, `action is "hold" instead of approve, review or decline`},
		"content too short":  {`"00beef01"`, `"beef01"`, `content is "beef01" instead of eight hexadecimal digits`},
		"content of nothing": {`"00beef01"`, `"00000000"`, `content is "00000000" instead of`},
		"time":               {`2023-10-18T`, `2023-13-18T`, "timestamp"},
		"alert id empty":     {`"alert5678"`, `""`, "alert_id is empty"},
		"vector no base64":   {`"vector":"`, `"vector":"!`, "vector is not base64"},
		"vector cut":         {`AAAAAAAA8D8B`, `AAAAAAAA`, "vector has 29 bytes, not a multiple of 8"},
		"text after it":      {`8H8="}`, `8H8="} {}`, "there is text after the JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(text, c.old) {
				t.Fatalf("no %s in %s", c.old, text)
			}
			_, err := scoring.ParseDecision([]byte(strings.Replace(text, c.old, c.with, 1)))
			wantError(t, err, c.want)
		})
	}
}

// FuzzParseDecision holds that what is read is written so that it reads back equal, and writes equal bytes again.
func FuzzParseDecision(f *testing.F) {
	f.Add(full(f).AppendJSON(nil))
	f.Add([]byte(`{"transaction_id":"t","account_id":"a","timestamp":"2026-11-24T00:00:00+02:00","action":"approve","score":1E-3,` +
		`"model":"m","policy":"p","rules":[],"challengers":{},"marks":[],"flags":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := scoring.ParseDecision(data)
		if err != nil {
			return
		}
		text := d.AppendJSON(nil)
		back, err := scoring.ParseDecision(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if again := back.AppendJSON(nil); !slices.Equal(again, text) {
			t.Fatalf("%s, and then\n%s", text, again)
		}
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	d, buffer := full(b), []byte(nil)
	d.Vector = make(features.Vector, 40)
	b.ReportAllocs()
	for b.Loop() {
		buffer = d.AppendJSON(buffer[:0])
	}
}
