package evaluation_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/history"
)

// compared is a transaction with what each contender says of it.
type compared struct {
	evaluation.Sample
	opinions []evaluation.Opinion
}

func randomCompared(rng *rand.Rand, n, contenders int) []compared {
	var list []compared
	steps := 1 + rng.IntN(20)
	for _, s := range randomSamples(rng, n) {
		c := compared{Sample: s}
		for range contenders {
			score := float64(rng.IntN(steps+1)) / float64(steps)
			if rng.IntN(2) == 0 {
				score = s.Score // alike
			}
			c.opinions = append(c.opinions, evaluation.Opinion{Score: score, Alerted: score >= 0.6, Declined: score >= 0.8})
		}
		list = append(list, c)
	}
	return list
}

func compare(k, contenders int, list []compared) *evaluation.Comparison {
	c := evaluation.NewComparer(contenders, k)
	for i := range list {
		c.Add(&list[i].Sample, list[i].opinions)
	}
	return c.Result()
}

// spearman ranks by counting how many are lesser and how many are equal, and correlates by the definition.
func spearman(a, b []float64) float64 {
	rank := func(x []float64) []float64 {
		r := make([]float64, len(x))
		for i := range x {
			lesser, equal := 0, 0
			for j := range x {
				if x[j] < x[i] {
					lesser++
				}
				if x[j] == x[i] {
					equal++
				}
			}
			r[i] = float64(lesser) + float64(equal+1)/2
		}
		return r
	}
	mean := func(x []float64) (m float64) {
		for i := range x {
			m += x[i] / float64(len(x))
		}
		return m
	}
	ra, rb := rank(a), rank(b)
	ma, mb := mean(ra), mean(rb)
	var cov, va, vb float64
	for i := range ra {
		cov += (ra[i] - ma) * (rb[i] - mb)
		va += (ra[i] - ma) * (ra[i] - ma)
		vb += (rb[i] - mb) * (rb[i] - mb)
	}
	if va < 1e-9 || vb < 1e-9 {
		return math.NaN()
	}
	return cov / math.Sqrt(va*vb)
}

func TestComparisonAgainstBruteForce(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for round := range 300 {
		contenders, k := 2+rng.IntN(3), 1+rng.IntN(5)
		list := randomCompared(rng, rng.IntN(50), contenders)
		got := compare(k, contenders, list)
		for i := range contenders {
			var alone []evaluation.Sample
			for _, c := range list {
				s := c.Sample
				s.Score, s.Alerted, s.Declined = c.opinions[i].Score, c.opinions[i].Alerted, c.opinions[i].Declined
				alone = append(alone, s)
			}
			if a, b := fmt.Sprintf("%+v", got.Alone[i]), fmt.Sprintf("%+v", collect(k, alone)); a != b {
				t.Fatalf("round %d: contender %d is\n%s\nand alone\n%s", round, i, a, b)
			}
		}
		for i := range got.Pairs {
			checkPair(t, &got.Pairs[i], list, i+1)
		}
	}
}

func checkPair(t *testing.T, p *evaluation.Pair, list []compared, challenger int) {
	t.Helper()
	var first, second []float64
	var same float64
	alerted := map[[2]bool]map[history.Label]int64{}
	money := map[[2]bool]int64{}
	var alerts int
	for _, c := range list {
		a, b := c.opinions[0], c.opinions[challenger]
		first, second = append(first, a.Score), append(second, b.Score)
		if a.Alerted == b.Alerted && a.Declined == b.Declined {
			same++
		}
		if a.Alerted {
			alerts++
		}
		who := [2]bool{a.Alerted, b.Alerted}
		if alerted[who] == nil {
			alerted[who] = map[history.Label]int64{}
		}
		alerted[who][c.Label]++
		if c.Label == history.Fraud && c.Priced {
			money[who] += max(0, c.Amount)
		}
	}
	if want := same / float64(len(list)); !near(p.Agreement(), want) {
		t.Fatalf("agreement %v, want %v", p.Agreement(), want)
	}
	if want := spearman(first, second); !near(p.RankCorrelation, want) {
		t.Fatalf("rank correlation %v of\n%v\n%v\nwant %v", p.RankCorrelation, first, second, want)
	}
	for _, label := range []history.Label{history.Unlabelled, history.Legitimate, history.Fraud} {
		want := evaluation.Split{
			Both: alerted[[2]bool{true, true}][label], Champion: alerted[[2]bool{true, false}][label],
			Challenger: alerted[[2]bool{false, true}][label], Neither: alerted[[2]bool{false, false}][label],
		}
		if got := p.Alerted(label); got != want {
			t.Fatalf("%s: %+v, want %+v", label, got, want)
		}
	}
	if want := (evaluation.Split{
		Both: money[[2]bool{true, true}], Champion: money[[2]bool{true, false}],
		Challenger: money[[2]bool{false, true}], Neither: money[[2]bool{false, false}],
	}); p.Money != want {
		t.Fatalf("money %+v, want %+v", p.Money, want)
	}
	checkAsMany(t, p, list, challenger, alerts)
}

// checkAsMany tries every score for the lowest that gives no more alerts than the champion.
func checkAsMany(t *testing.T, p *evaluation.Pair, list []compared, challenger, alerts int) {
	t.Helper()
	var want evaluation.Level
	for _, c := range list {
		l := evaluation.Level{Score: c.opinions[challenger].Score}
		for _, other := range list {
			if other.opinions[challenger].Score >= l.Score {
				l.Rows[other.Label]++
			}
		}
		if l.Rows.Total() <= int64(alerts) && l.Rows.Total() > want.Rows.Total() {
			want = l
		}
	}
	if p.AsManyAlerts != want {
		t.Fatalf("within %d alerts %+v, want %+v", alerts, p.AsManyAlerts, want)
	}
}

func TestRankCorrelationOfKnownRankings(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		want float64
	}{
		{[]float64{0.1, 0.2, 0.3}, []float64{0.5, 0.6, 0.9}, 1},
		{[]float64{0.1, 0.2, 0.3}, []float64{0.9, 0.6, 0.5}, -1},
		{[]float64{0.1, 0.2, 0.3, 0.4, 0.5}, []float64{0.2, 0.1, 0.4, 0.3, 0.5}, 0.8},
		{[]float64{0.1, 0.2, 0.3}, []float64{0.5, 0.5, 0.5}, math.NaN()},
		{[]float64{0.1}, []float64{0.2}, math.NaN()},
		{nil, nil, math.NaN()},
	} {
		var list []compared
		for i := range c.a {
			list = append(list, compared{opinions: []evaluation.Opinion{{Score: c.a[i]}, {Score: c.b[i]}}})
		}
		if got := compare(1, 2, list).Pairs[0].RankCorrelation; !near(got, c.want) {
			t.Errorf("%v with %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// TestRankCorrelationOfMany goes beyond one chunk of memory.
func TestRankCorrelationOfMany(t *testing.T) {
	const n = 400_000
	c := evaluation.NewComparer(3, 1)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		score := float64(i) / n
		c.Add(&evaluation.Sample{}, []evaluation.Opinion{{Score: score}, {Score: score * score}, {Score: rng.Float64()}})
	}
	r := c.Result()
	if got := r.Pairs[0].RankCorrelation; math.Abs(got-1) > 1e-12 {
		t.Errorf("the same ranking correlates by %v", got)
	}
	if got := r.Pairs[1].RankCorrelation; math.Abs(got) > 0.01 {
		t.Errorf("chance correlates by %v", got)
	}
}

func TestComparisonOfAChampionWithItself(t *testing.T) {
	list := randomCompared(rand.New(rand.NewPCG(5, 5)), 500, 2)
	for i := range list {
		list[i].opinions[1] = list[i].opinions[0]
	}
	r := compare(3, 2, list)
	p := r.Pairs[0]
	if p.Agreement() != 1 || !near(p.RankCorrelation, 1) || p.Money.Champion != 0 || p.Money.Challenger != 0 {
		t.Errorf("%+v", p)
	}
	if a, b := fmt.Sprint(r.Alone[0]), fmt.Sprint(r.Alone[1]); a != b {
		t.Errorf("%s\n%s", a, b)
	}
	if slices.ContainsFunc([]history.Label{history.Fraud, history.Legitimate}, func(l history.Label) bool {
		s := p.Alerted(l)
		return s.Champion != 0 || s.Challenger != 0
	}) {
		t.Error("it alerts on other transactions than itself")
	}
}
