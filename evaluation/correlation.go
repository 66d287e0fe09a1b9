package evaluation

import (
	"cmp"
	"math"
	"slices"
)

// ranks holds the place of each score among all of them, twice as far from the middle as it is, which makes the mean
// place of equal scores a whole number.
type ranks []int64

// newRanks ranks the scores of keys.
func newRanks(keys *column[key]) ranks {
	all := keys.flat()
	order := make([]uint32, len(all))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Compare(all[a]>>labelBits, all[b]>>labelBits) })
	r := make(ranks, len(all))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && all[order[to]]>>labelBits == all[order[from]]>>labelBits {
			to++
		}
		// The places from+1 … to have the mean (from+1+to)/2; the middle of all is (n+1)/2.
		place := int64(from+1+to) - int64(len(all)+1)
		for _, i := range order[from:to] {
			r[i] = place
		}
		from = to
	}
	return r
}

// correlation returns Spearman's rank correlation: Pearson's of the ranks, equal scores sharing the mean of theirs (C.
// Spearman, "The proof and measurement of association between two things", American Journal of Psychology 15, 1904). It
// is 1 where both rank alike, and NaN where one of them ranks nothing.
func (r ranks) correlation(other ranks) float64 {
	var both, own, others float64
	for i := range r {
		x, y := float64(r[i]), float64(other[i])
		both += x * y
		own += x * x
		others += y * y
	}
	if own == 0 || others == 0 {
		return math.NaN()
	}
	return both / (math.Sqrt(own) * math.Sqrt(others))
}
