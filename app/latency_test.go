package app

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestLatencies compares quantiles with those of the sorted durations.
func TestLatencies(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var l latencies
	var first, second []float64
	var before histogram
	for i := range 5000 {
		ms := math.Exp(3 * r.NormFloat64())
		l.add(time.Duration(ms * 1e6))
		if i < 3000 {
			first = append(first, ms)
		} else {
			second = append(second, ms)
		}
		if i == 2999 {
			before = l.soFar()
		}
	}
	check := func(name string, h histogram, want []float64) {
		slices.Sort(want)
		if h.total() != int64(len(want)) {
			t.Errorf("%s: %d durations, want %d", name, h.total(), len(want))
		}
		for _, q := range []float64{0.01, 0.5, 0.99, 1} {
			exact := want[int(math.Ceil(q*float64(len(want))))-1]
			if got := h.milliseconds(q); got < exact*0.999-0.001 || got > exact*bucketWidth+0.001 {
				t.Errorf("%s: quantile %v is %v ms, want %v", name, q, got, exact)
			}
		}
	}
	check("first part", before, first)
	check("second part", l.soFar().since(before), second)
	check("all", l.soFar(), append(first, second...))
	if got := (histogram)(nil).milliseconds(0.5); got != 0 {
		t.Errorf("the median of nothing is %v", got)
	}
}
