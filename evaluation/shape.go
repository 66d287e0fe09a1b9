package evaluation

import (
	"math"

	"github.com/weir-fraud/weir/history"
)

// Point is one point of the precision-recall curve.
type Point struct {
	Recall    float64
	Precision float64
	Score     float64 // the threshold
}

const curveSteps = 500

// curve returns the precision-recall curve: where recall first reaches each of curveSteps equal steps, which is every
// point if there are fewer frauds than that.
func (r *Ranking) curve() []Point {
	frauds := r.Totals()[history.Fraud]
	var points []Point
	step := int64(0)
	for l := range r.Levels() {
		found := l.Rows[history.Fraud]
		if found == 0 || found*curveSteps < step*frauds {
			continue
		}
		if n := len(points); n > 0 && points[n-1].Recall == ratio(found, frauds) {
			continue // a lower level that finds no more
		}
		points = append(points, Point{Recall: ratio(found, frauds), Precision: l.Precision(), Score: l.Score})
		step = found*curveSteps/frauds + 1
	}
	return points
}

// Bin is a range of scores, of equal width in log-odds.
type Bin struct {
	From, To float64 // log-odds; the first bin also holds what is below, and the last what is above
	Rows     ByLabel
	ScoreSum float64 // of the labelled
}

// LogOdds returns ln(p/(1-p)), the scale on which a model adds up its trees.
func LogOdds(p float64) float64 { return math.Log(p) - math.Log1p(-p) }

const (
	binCount = 64
	// Beyond these log-odds, 2e-9 and 1 less as much, the scale ends.
	maxLogOdds = 20
	// The outermost scores would stretch the scale to where nothing is to be seen.
	lowestShare, highestShare = 0.001, 0.9999
)

// bins returns the distribution of the scores.
func (r *Ranking) bins() []Bin {
	if len(r.keys) == 0 {
		return nil
	}
	low := math.Floor(max(-maxLogOdds, LogOdds(r.quantile(lowestShare))))
	high := math.Ceil(min(maxLogOdds, LogOdds(r.quantile(highestShare))))
	low, high = min(low, maxLogOdds-4), max(high, 4-maxLogOdds) // a single score, at an end
	if high-low < 4 {
		high = low + 4
	}
	width := (high - low) / binCount
	bins := make([]Bin, binCount)
	for i := range bins {
		bins[i].From, bins[i].To = low+float64(i)*width, low+float64(i+1)*width
	}
	for _, k := range r.keys {
		at := (LogOdds(k.score()) - low) / width
		b := &bins[int(max(0, min(at, binCount-1)))]
		b.Rows[k.label()]++
		if k.label() != history.Unlabelled {
			b.ScoreSum += k.score()
		}
	}
	return bins
}

// Budget is what the lowest threshold does that keeps within so many alerts a day.
type Budget struct {
	PerDay float64 // the budget
	Level          // the threshold, and what lies at or above it
}

// budgets returns round budgets around the present one, as far as there are transactions for them.
func (r *Ranking) budgets(days, perDay float64) []Budget {
	scale := 1.0
	for perDay > 1000*scale {
		scale *= 10
	}
	for perDay > 0 && perDay < 20*scale {
		scale /= 10
	}
	var budgets []Budget
	for _, b := range []float64{10, 20, 50, 100, 200, 500, 1000} {
		rows := b * scale * days
		if rows > float64(len(r.keys)) {
			break
		}
		if l, ok := r.Within(int64(rows)); ok {
			budgets = append(budgets, Budget{b * scale, l})
		}
	}
	return budgets
}

// Wilson returns the 95 % confidence interval of a share of which hits in n were seen (E. B. Wilson, "Probable inference,
// the law of succession, and statistical inference", JASA 22, 1927). For n = 0 it is 0 to 1.
func Wilson(hits, n int64) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	p, m := float64(hits)/float64(n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, middle-half), min(1, middle+half)
}
