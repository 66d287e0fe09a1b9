package evaluation

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/weir-fraud/weir/history"
)

// ByLabel holds a count for each history.Label.
type ByLabel [history.Fraud + 1]int64

// Total returns the sum of the counts.
func (b ByLabel) Total() int64 {
	return b[history.Unlabelled] + b[history.Legitimate] + b[history.Fraud]
}

// Labelled returns the count of what is known to be legitimate or fraud.
func (b ByLabel) Labelled() int64 { return b[history.Legitimate] + b[history.Fraud] }

// FraudShare returns the share of fraud among the labelled, NaN where there are none.
func (b ByLabel) FraudShare() float64 { return ratio(b[history.Fraud], b.Labelled()) }

// ratio is NaN where there is nothing to divide by.
func ratio(part, whole int64) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return float64(part) / float64(whole)
}

// key is a score and a label in one number that orders as the score does. The bits of a float64 from 0 to 1 order like
// an integer, and leave the two highest unused.
type key uint64

const labelBits = 2

// keyOf panics on a score that is no probability: no scorer gives one.
func keyOf(score float64, label history.Label) key {
	if !(score >= 0 && score <= 1) {
		panic(fmt.Sprintf("evaluation: the score %v is not within 0 to 1", score))
	}
	return key(math.Float64bits(score)<<labelBits) | key(label) // -0 loses its sign here, and is 0
}

func (k key) score() float64       { return math.Float64frombits(uint64(k >> labelBits)) }
func (k key) label() history.Label { return history.Label(k & (1<<labelBits - 1)) }

// Ranking holds scores, each from 0 to 1, and their labels, in order of score.
type Ranking struct {
	keys []key // ascending
}

// newRanking takes keys over.
func newRanking(keys []key) *Ranking {
	slices.Sort(keys)
	return &Ranking{keys}
}

// Level is one distinct score, and how many transactions lie at or above it.
type Level struct {
	Score float64
	Rows  ByLabel
}

// Precision returns the share of fraud among the labelled transactions at or above the level.
func (l Level) Precision() float64 { return l.Rows.FraudShare() }

// Levels returns the distinct scores, greatest first.
func (r *Ranking) Levels() iter.Seq[Level] {
	return func(yield func(Level) bool) {
		var l Level
		for i := len(r.keys) - 1; i >= 0; i-- {
			k := r.keys[i]
			l.Rows[k.label()]++
			if i > 0 && r.keys[i-1]>>labelBits == k>>labelBits {
				continue
			}
			if l.Score = k.score(); !yield(l) {
				return
			}
		}
	}
}

// Totals returns the counts of all that is ranked.
func (r *Ranking) Totals() ByLabel {
	var all ByLabel
	for _, k := range r.keys {
		all[k.label()]++
	}
	return all
}

// AveragePrecision returns Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores n from the greatest down, with precision Pₙ and
// recall Rₙ of what lies at or above n: average_precision_score of scikit-learn, "without interpolation", over the
// labelled transactions. A random score has the share of fraud. It is NaN without fraud.
func (r *Ranking) AveragePrecision() float64 {
	var sum float64
	var frauds int64
	for l := range r.Levels() {
		if found := l.Rows[history.Fraud] - frauds; found > 0 {
			sum += float64(found) * l.Precision()
			frauds += found
		}
	}
	return sum / float64(frauds) // 0/0 is NaN
}

// ROCAUC returns the chance that a fraud scores above a legitimate transaction, a tie counting half: roc_auc_score of
// scikit-learn, and the Mann-Whitney U statistic over the number of pairs (J. A. Hanley, B. J. McNeil, "The meaning and
// use of the area under a receiver operating characteristic curve", Radiology 143, 1982). It is NaN unless there are
// both.
func (r *Ranking) ROCAUC() float64 {
	all := r.Totals()
	frauds, legitimate := all[history.Fraud], all[history.Legitimate]
	var above, twice int64 // twice the pairs in the right order: a tie is half of one
	var before ByLabel
	for l := range r.Levels() {
		tied := l.Rows[history.Legitimate] - before[history.Legitimate]
		above = l.Rows[history.Legitimate]
		twice += (l.Rows[history.Fraud] - before[history.Fraud]) * (2*(legitimate-above) + tied)
		before = l.Rows
	}
	return float64(twice) / 2 / (float64(frauds) * float64(legitimate))
}

// Within returns the lowest level that no more than the given number of transactions reach, or false where even the
// greatest score is reached by more.
func (r *Ranking) Within(rows int64) (Level, bool) {
	var found Level
	ok := false
	for l := range r.Levels() {
		if l.Rows.Total() > rows {
			break
		}
		found, ok = l, true
	}
	return found, ok
}

// quantile returns the score that the share q of all lies below, 0 ≤ q ≤ 1, for a ranking that is not empty.
func (r *Ranking) quantile(q float64) float64 {
	return r.keys[min(int(q*float64(len(r.keys))), len(r.keys)-1)].score()
}
