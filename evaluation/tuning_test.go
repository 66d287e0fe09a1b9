package evaluation_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
)

func randomCandidates(rng *rand.Rand, n int) []evaluation.Candidate {
	steps := 1 + rng.IntN(40)
	all := make([]evaluation.Candidate, n)
	for i := range all {
		c := &all[i]
		c.Time, c.Score = payment.Time(rng.IntN(6*day)), float64(rng.IntN(steps+1))/float64(steps)
		c.Label = []history.Label{history.Fraud, history.Legitimate, history.Unlabelled}[rng.IntN(3)]
		c.Amount, c.Priced = rng.Int64N(10000)-500, rng.IntN(10) > 0
		c.Fixed, c.Alerts, c.Now = rng.IntN(5) == 0, rng.IntN(2) == 0, rng.IntN(4) == 0
	}
	return all
}

// brute counts what a threshold does.
func brute(all []evaluation.Candidate, threshold float64) (alerts evaluation.ByLabel, saved int64, byDay [6]int64) {
	for _, c := range all {
		if !(c.Fixed && c.Alerts || !c.Fixed && c.Score >= threshold) {
			continue
		}
		alerts[c.Label]++
		byDay[int(c.Time)/day]++
		if c.Label == history.Fraud && c.Priced && c.Amount > 0 {
			saved += c.Amount
		}
	}
	return alerts, saved, byDay
}

func TestChooseAgainstBruteForce(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		all := randomCandidates(rng, 1+rng.IntN(120))
		var tuning evaluation.Tuning
		for i := range all {
			tuning.Add(&all[i])
		}
		perDay := 1 + float64(rng.IntN(10))
		r := tuning.Choose(perDay, 0.3)
		if len(r.Choices) == 0 || r.Chosen.BudgetTimes != 1 {
			t.Fatalf("choices %+v", r.Choices)
		}
		for _, c := range r.Choices {
			alerts, saved, byDay := brute(all, c.Score)
			if alerts != c.Alerts || saved != c.Saved || slices.Max(byDay[:]) != c.Busiest {
				t.Fatalf("at %v: %+v instead of %v, %d, %v", c.Score, c, alerts, saved, byDay)
			}
			if float64(alerts.Total()) > c.BudgetTimes*perDay*r.Span() && !math.IsInf(c.Score, 1) {
				t.Fatalf("%d alerts do not keep within %v a day over %v days", alerts.Total(), c.BudgetTimes*perDay, r.Span())
			}
			queue, longest := 0.0, 0.0
			for _, n := range byDay {
				queue = max(0, queue+float64(n)-perDay)
				longest = max(longest, queue)
			}
			if int64(math.Ceil(longest)) != c.Queue {
				t.Fatalf("queue %d instead of %v of %v", c.Queue, longest, byDay)
			}
			for _, lower := range all { // no lower threshold keeps within
				if n, _, _ := brute(all, lower.Score); lower.Score < c.Score && !lower.Fixed && float64(n.Total()) <= c.BudgetTimes*perDay*r.Span() {
					t.Fatalf("%v keeps within the budget too, and is lower than %v", lower.Score, c.Score)
				}
			}
		}
		checkDecline(t, all, r)
	}
}

func checkDecline(t *testing.T, all []evaluation.Candidate, r *evaluation.Tuned) {
	t.Helper()
	precise := func(threshold float64) (rows evaluation.ByLabel, ok bool) {
		for _, c := range all {
			if !c.Fixed && c.Score >= threshold {
				rows[c.Label]++
			}
		}
		low, _ := evaluation.Wilson(rows[history.Fraud], rows.Labelled())
		return rows, rows.Labelled() > 0 && low >= 0.3
	}
	if d := r.Decline; !math.IsNaN(d.Score) {
		if rows, ok := precise(d.Score); !ok || rows != d.Rows || d.Score < r.Chosen.Score {
			t.Fatalf("decline %+v: %v, review from %v", d, rows, r.Chosen.Score)
		}
	}
	for _, c := range all {
		if _, ok := precise(c.Score); ok && c.Score >= r.Chosen.Score && !(r.Decline.Score <= c.Score) {
			t.Fatalf("%v is precise enough, and lower than %v", c.Score, r.Decline.Score)
		}
	}
}
