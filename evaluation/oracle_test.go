package evaluation_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
)

const day = 24 * 60 * 60 * 1000

// randomSamples makes samples over some days with many equal scores and labels of all kinds, not in order of time.
func randomSamples(rng *rand.Rand, n int) []evaluation.Sample {
	accounts, steps := 1+rng.IntN(2*n+1), 1+rng.IntN(20)
	labels := []history.Label{history.Fraud, history.Legitimate, history.Legitimate, history.Unlabelled}[rng.IntN(3):]
	labels = labels[:1+rng.IntN(len(labels))]
	samples := make([]evaluation.Sample, n)
	for i := range samples {
		s := &samples[i]
		s.Time = payment.Time(rng.IntN(5 * day))
		s.Account = uint32(rng.IntN(accounts))
		s.Score = float64(rng.IntN(steps+1)) / float64(steps)
		s.Alerted = s.Score >= 0.7
		s.Declined = s.Score >= 0.9
		s.Label = labels[rng.IntN(len(labels))]
		s.Amount, s.Priced = rng.Int64N(10000)-500, rng.IntN(10) > 0
		if s.Label == history.Fraud {
			s.Pattern = []string{"", "testing", "takeover"}[rng.IntN(3)]
		}
	}
	return samples
}

func collect(k int, samples []evaluation.Sample) *evaluation.Result {
	c := evaluation.NewCollector(k)
	for i := range samples {
		c.Add(&samples[i])
	}
	return c.Result()
}

// count counts the samples that match.
func count(samples []evaluation.Sample, match func(*evaluation.Sample) bool) float64 {
	n := 0
	for i := range samples {
		if match(&samples[i]) {
			n++
		}
	}
	return float64(n)
}

func isFraud(s *evaluation.Sample) bool  { return s.Label == history.Fraud }
func labelled(s *evaluation.Sample) bool { return s.Label != history.Unlabelled }

// averagePrecision is the mean over the frauds of the precision at each one's score.
func averagePrecision(samples []evaluation.Sample) float64 {
	var sum, n float64
	for i := range samples {
		if !isFraud(&samples[i]) {
			continue
		}
		above := func(s *evaluation.Sample) bool { return s.Score >= samples[i].Score }
		sum += count(samples, func(s *evaluation.Sample) bool { return above(s) && isFraud(s) }) /
			count(samples, func(s *evaluation.Sample) bool { return above(s) && labelled(s) })
		n++
	}
	return sum / n
}

// rocAUC looks at every pair.
func rocAUC(samples []evaluation.Sample) float64 {
	var right, pairs float64
	for i := range samples {
		for j := range samples {
			if f, l := &samples[i], &samples[j]; f.Label == history.Fraud && l.Label == history.Legitimate {
				right += float64(cmp.Compare(f.Score, l.Score)+1) / 2
				pairs++
			}
		}
	}
	return right / pairs
}

// cardPrecision follows the definition day by day, and chooses the first k by looking for the best one k times.
func cardPrecision(samples []evaluation.Sample, k int) float64 {
	blocked := make(map[uint32]bool)
	var hits, days float64
	for d := range 5 {
		var left []evaluation.Sample
		counts := false
		for _, s := range samples {
			if labelled(&s) && int(s.Time)/day == d {
				counts = true
				if !blocked[s.Account] {
					left = append(left, s)
				}
			}
		}
		if counts {
			days++
		}
		for range k {
			best := -1
			for i := range left {
				if best < 0 || left[i].Score > left[best].Score {
					best = i
				}
			}
			if best < 0 {
				break
			}
			card := left[best].Account
			if slices.ContainsFunc(left, func(s evaluation.Sample) bool { return s.Account == card && isFraud(&s) }) {
				hits++
				blocked[card] = true
			}
			left = slices.DeleteFunc(left, func(s evaluation.Sample) bool { return s.Account == card })
		}
	}
	return hits / float64(k) / days
}

func TestAgainstBruteForce(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 400 {
		samples := randomSamples(rng, rng.IntN(60))
		k := 1 + rng.IntN(6)
		r := collect(k, samples)
		perfect := slices.Clone(samples)
		for i := range perfect {
			perfect[i].Score = 0
			if isFraud(&perfect[i]) {
				perfect[i].Score = 1
			}
		}
		alerted := func(s *evaluation.Sample) bool { return s.Alerted }
		both := func(a, b func(*evaluation.Sample) bool) float64 {
			return count(samples, func(s *evaluation.Sample) bool { return a(s) && b(s) })
		}
		for _, c := range []struct {
			name      string
			got, want float64
		}{
			{"average precision", r.AveragePrecision, averagePrecision(samples)},
			{"ROC AUC", r.ROCAUC, rocAUC(samples)},
			{fmt.Sprintf("card precision@%d", k), r.Card.Mean, cardPrecision(samples, k)},
			{"perfect card precision", r.Card.Perfect, cardPrecision(perfect, k)},
			{"precision", r.Review.Precision(), both(isFraud, alerted) / both(labelled, alerted)},
			{"recall", r.Review.Recall(), both(isFraud, alerted) / count(samples, isFraud)},
			{"alerts", float64(r.Review.Alerts.Total()), count(samples, alerted)},
			{"rows", float64(r.Review.Rows.Total()), float64(len(samples))},
		} {
			if !near(c.got, c.want) {
				t.Fatalf("round %d, %d samples: %s is %v, want %v", round, len(samples), c.name, c.got, c.want)
			}
		}
		checkDays(t, r)
		checkShape(t, r, samples)
	}
}

// checkDays holds that days and patterns add up to the whole.
func checkDays(t *testing.T, r *evaluation.Result) {
	t.Helper()
	var sum evaluation.Tally
	for i, d := range r.Days {
		sum.Add(d.Tally)
		if d.Start%day != 0 || d.Rows.Total() == 0 || i > 0 && d.Start <= r.Days[i-1].Start {
			t.Fatalf("day %d begins at %s with %d rows", i, d.Start, d.Rows.Total())
		}
	}
	if sum != r.Review {
		t.Fatalf("the days add up to %v, not %v", sum, r.Review)
	}
	if len(r.Patterns) == 0 {
		return
	}
	var frauds, found int64
	var money evaluation.Money
	for _, p := range r.Patterns {
		frauds, found = frauds+p.Frauds, found+p.Alerted
		money.Fraud, money.Alerted, money.Unpriced = money.Fraud+p.Money.Fraud, money.Alerted+p.Money.Alerted, money.Unpriced+p.Money.Unpriced
	}
	if frauds != r.Review.Rows[history.Fraud] || found != r.Review.Alerts[history.Fraud] || money != r.Money {
		t.Fatalf("patterns %+v do not add up to %+v and %+v", r.Patterns, r.Review, r.Money)
	}
}

// checkShape holds what the pictures rest on against the samples themselves.
func checkShape(t *testing.T, r *evaluation.Result, samples []evaluation.Sample) {
	t.Helper()
	var inBins evaluation.ByLabel
	for _, b := range r.Bins {
		for l, n := range b.Rows {
			inBins[l] += n
		}
	}
	if inBins != r.Review.Rows {
		t.Fatalf("the bins hold %v of %v", inBins, r.Review.Rows)
	}
	frauds := count(samples, isFraud)
	for i, p := range r.Curve {
		above := slices.DeleteFunc(slices.Clone(samples), func(s evaluation.Sample) bool { return s.Score < p.Score })
		found := count(above, isFraud)
		if !near(p.Recall, found/frauds) || !near(p.Precision, found/count(above, labelled)) {
			t.Fatalf("point %d of the curve is %+v, the samples say otherwise", i, p)
		}
		if i > 0 && p.Recall <= r.Curve[i-1].Recall {
			t.Fatalf("recall falls from %v to %v", r.Curve[i-1].Recall, p.Recall)
		}
	}
	if n := len(r.Curve); frauds > 0 && (n == 0 || r.Curve[n-1].Recall != 1) {
		t.Fatalf("the curve of %v frauds does not end at recall 1: %v", frauds, r.Curve)
	}
	for _, b := range r.Budgets {
		reach := func(score float64) float64 {
			return count(samples, func(s *evaluation.Sample) bool { return s.Score >= score })
		}
		if n := reach(b.Score); n != float64(b.Rows.Total()) || n > b.PerDay*r.Span() {
			t.Fatalf("%v rows reach %v, the budget says %+v over %v days", n, b.Score, b, r.Span())
		}
		for i := range samples {
			if lower := samples[i].Score; lower < b.Score && reach(lower) <= math.Floor(b.PerDay*r.Span()) {
				t.Fatalf("%v keeps within the budget too, and is lower than %+v over %v days", lower, b, r.Span())
			}
		}
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	samples := randomSamples(rng, 2000)
	want := collect(5, samples)
	rng.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
	got := collect(5, samples)
	got.Card = want.Card // the one figure that has an order among equal scores
	if a, b := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); a != b {
		t.Errorf("after shuffling\n%s\nbefore\n%s", a, b)
	}
}

// TestManyRows goes beyond one chunk of memory: half of the rows are fraud and score above the rest.
func TestManyRows(t *testing.T) {
	const n = 200_000
	c := evaluation.NewCollector(100)
	for i := range n {
		s := evaluation.Sample{Time: payment.Time(i), Account: uint32(i % 1000), Score: float64(i) / n, Label: history.Legitimate}
		if i >= n/2 {
			s.Label, s.Alerted = history.Fraud, true
		}
		c.Add(&s)
	}
	r := c.Result()
	if r.AveragePrecision != 1 || r.ROCAUC != 1 || r.Review.Precision() != 1 || r.Review.Recall() != 1 || r.Card.Mean != 1 {
		t.Errorf("figures of a perfect ranking: %+v", r)
	}
	if r.Review.Rows.Total() != n || len(r.Curve) < 400 || len(r.Curve) > 600 {
		t.Errorf("%d rows, %d points", r.Review.Rows.Total(), len(r.Curve))
	}
}

func TestWithoutLabels(t *testing.T) {
	r := collect(100, []evaluation.Sample{{Score: 0.2}, {Score: 1, Alerted: true}, {Score: 0}})
	for name, x := range map[string]float64{
		"average precision": r.AveragePrecision, "ROC AUC": r.ROCAUC, "card precision": r.Card.Mean, "perfect": r.Card.Perfect,
		"precision": r.Review.Precision(), "recall": r.Review.Recall(), "money": r.Money.Caught(), "share": r.Review.Rows.FraudShare(),
	} {
		if !math.IsNaN(x) {
			t.Errorf("%s is %v without labels", name, x)
		}
	}
	if r.Review.Alerts.Total() != 1 || len(r.Bins) == 0 || len(r.Curve) != 0 {
		t.Errorf("counts without labels: %+v", r)
	}
}

func TestOneClass(t *testing.T) {
	all := func(l history.Label) *evaluation.Result {
		return collect(2, []evaluation.Sample{{Score: 0.2, Label: l}, {Score: 0.9, Label: l, Account: 1}})
	}
	if r := all(history.Fraud); r.AveragePrecision != 1 || !math.IsNaN(r.ROCAUC) || r.Card.Mean != 1 {
		t.Errorf("nothing but fraud: %+v", r)
	}
	if r := all(history.Legitimate); !math.IsNaN(r.AveragePrecision) || !math.IsNaN(r.ROCAUC) || r.Card.Mean != 0 {
		t.Errorf("no fraud: %+v", r)
	}
}

func TestEmpty(t *testing.T) {
	r := evaluation.NewCollector(100).Result()
	if !math.IsNaN(r.AveragePrecision) || r.Review.Rows.Total() != 0 || len(r.Days) != 0 || len(r.Bins) != 0 || r.AlertsPerDay() != 0 {
		t.Errorf("figures of nothing: %+v", r)
	}
}
