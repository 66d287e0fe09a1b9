package telemetry

import (
	"math"
	"sort"
	"sync/atomic"
)

// Histogram counts values in buckets with fixed upper bounds. It is safe for concurrent use and never allocates after
// its creation.
type Histogram struct {
	bounds []float64      // ascending; a value belongs to the first bound that is not below it
	counts []atomic.Int64 // one more than bounds: the last counts what is above all of them
	sum    atomic.Uint64  // bits of a float64
}

// NewHistogram returns a histogram with the given ascending upper bounds.
func NewHistogram(bounds []float64) *Histogram {
	return &Histogram{bounds: bounds, counts: make([]atomic.Int64, len(bounds)+1)}
}

// Exponential returns upper bounds from low to at least high, each a factor above the one before it. A quantile read
// off such buckets is too high by at most that factor.
func Exponential(low, high, factor float64) []float64 {
	bounds := []float64{low}
	for bounds[len(bounds)-1] < high {
		bounds = append(bounds, bounds[len(bounds)-1]*factor)
	}
	return bounds
}

// Linear returns n upper bounds, low first, high last.
func Linear(low, high float64, n int) []float64 {
	bounds := make([]float64, n)
	for i := range bounds {
		bounds[i] = low + (high-low)*float64(i)/float64(n-1)
	}
	return bounds
}

// Add counts a value.
func (h *Histogram) Add(v float64) { h.AddN(v, 1) }

// AddN counts a value n times.
func (h *Histogram) AddN(v float64, n int64) {
	h.counts[sort.SearchFloat64s(h.bounds, v)].Add(n)
	for {
		old := h.sum.Load()
		if h.sum.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+v*float64(n))) {
			return
		}
	}
}

// Snapshot is a histogram at one moment.
type Snapshot struct {
	Bounds []float64 // upper bounds
	Counts []int64   // per bucket, the last one above all bounds
	Count  int64
	Sum    float64
}

// Snapshot returns what has been counted so far.
func (h *Histogram) Snapshot() Snapshot {
	s := Snapshot{Bounds: h.bounds, Counts: make([]int64, len(h.counts)), Sum: math.Float64frombits(h.sum.Load())}
	for i := range h.counts {
		s.Counts[i] = h.counts[i].Load()
		s.Count += s.Counts[i]
	}
	return s
}

// Since returns what was counted between an earlier snapshot and this one.
func (s Snapshot) Since(earlier Snapshot) Snapshot {
	d := Snapshot{Bounds: s.Bounds, Counts: make([]int64, len(s.Counts)), Count: s.Count - earlier.Count, Sum: s.Sum - earlier.Sum}
	for i := range d.Counts {
		d.Counts[i] = s.Counts[i] - earlier.Counts[i]
	}
	return d
}

// Quantile returns the upper bound of the bucket that holds the q-quantile, 0 ≤ q ≤ 1: NaN where nothing was counted,
// +Inf above all bounds.
func (s Snapshot) Quantile(q float64) float64 {
	if s.Count == 0 {
		return math.NaN()
	}
	rank := max(1, int64(math.Ceil(q*float64(s.Count))))
	for i, c := range s.Counts {
		if rank -= c; rank <= 0 {
			if i == len(s.Bounds) {
				break
			}
			return s.Bounds[i]
		}
	}
	return math.Inf(1)
}
