package report_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/evaluation/report"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// tuningOf chooses thresholds for n transactions over ten days, a tenth of them fraud with high scores.
func tuningOf(t *testing.T, n int, budget float64, change func(*evaluation.Candidate)) *report.Tuning {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 8))
	var tuning evaluation.Tuning
	start, err := payment.ParseTime("2026-03-01T00:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		c := evaluation.Candidate{Time: start + payment.Time(i*10*24*3_600_000/n), Label: history.Legitimate, Score: rng.Float64() * rng.Float64(), Priced: true}
		if i%10 == 0 {
			c.Label, c.Score, c.Amount = history.Fraud, 1-0.5*rng.Float64()*rng.Float64(), 10000
		}
		c.Now = c.Score >= 0.9
		change(&c)
		tuning.Add(&c)
	}
	usd, _ := payment.ParseCurrency("USD")
	m := &scoring.Manifest{ID: "cards/1"}
	m.Training.From, m.Training.To = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	return &report.Tuning{
		Inputs: []string{"<payments>.csv"}, Model: m, Policy: "v1", Segment: "default", Budget: budget, Precision: 0.8, Currency: usd, Result: tuning.Choose(budget, 0.8),
	}
}

func write(t *testing.T, x *report.Tuning) (text, page string) {
	t.Helper()
	var a, b, again bytes.Buffer
	if err := x.WriteText(&a); err != nil {
		t.Fatal(err)
	}
	if err := x.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	if err := x.WriteHTML(&again); err != nil || again.String() != b.String() {
		t.Errorf("the page is not the same again: %v", err)
	}
	return a.String(), b.String()
}

func TestTuning(t *testing.T) {
	x := tuningOf(t, 2000, 20, func(*evaluation.Candidate) {})
	text, page := write(t, x)
	for _, want := range []string{"* up to 20 ", "  up to 5.0 ", "  now  ", "{name: default, review: 0.", "decline: 0."} {
		if !strings.Contains(text, want) {
			t.Errorf("the text has no %q:\n%s", want, text)
		}
	}
	for _, want := range []string{"&lt;payments&gt;.csv", "<svg", `class="outline precision"`, `class="outline money"`, "chosen", "review: 0."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, never := range []string{"NaN", "Inf", "http://", "https://", "<payments>"} {
		if strings.Contains(page, never) || strings.Contains(text, never) {
			t.Errorf("there is %q", never)
		}
	}
}

func TestTuningWarns(t *testing.T) {
	unlabelled, _ := write(t, tuningOf(t, 500, 20, func(c *evaluation.Candidate) { c.Label = history.Unlabelled }))
	fixed, _ := write(t, tuningOf(t, 500, 2, func(c *evaluation.Candidate) { c.Fixed, c.Alerts = true, true }))
	seen := tuningOf(t, 500, 20, func(*evaluation.Candidate) {})
	seen.Model.Training.To = time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)
	flattering, page := write(t, seen)
	for _, c := range []struct{ text, want string }{
		{unlabelled, "No transaction is labelled fraud"}, {unlabelled, "decline: never"}, {fixed, "Rules and lists alone make 50 alerts a day"},
		{fixed, "review: never"}, {flattering, "The model has seen payments up to 5 Mar 2026"}, {page, "The model has seen payments up to 5 Mar 2026"},
	} {
		if !strings.Contains(c.text, c.want) {
			t.Errorf("no %q in\n%s", c.want, c.text)
		}
	}
}
