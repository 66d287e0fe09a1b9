package telemetry

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// A quantile is never below the exact one, and above it by no more than the buckets' factor.
func TestQuantile(t *testing.T) {
	const factor = 1.02
	rng := rand.New(rand.NewPCG(1, 2))
	h := NewHistogram(Exponential(1e-9, 1e9, factor))
	values := make([]float64, 10_000)
	for i := range values {
		values[i] = math.Exp(rng.NormFloat64() * 3)
		h.Add(values[i])
	}
	slices.Sort(values)
	s := h.Snapshot()
	for _, q := range []float64{0, 0.001, 0.5, 0.9, 0.99, 0.999, 1} {
		exact := values[max(0, int(math.Ceil(q*float64(len(values))))-1)]
		if got := s.Quantile(q); got < exact || got > exact*factor*(1+1e-12) {
			t.Errorf("quantile %v is %v, exactly %v", q, got, exact)
		}
	}
}

func TestQuantileOfNothingAndOfTooMuch(t *testing.T) {
	h := NewHistogram(Linear(0, 1, 11))
	if q := h.Snapshot().Quantile(0.5); !math.IsNaN(q) {
		t.Errorf("of nothing: %v", q)
	}
	h.Add(2)
	if q := h.Snapshot().Quantile(0.5); !math.IsInf(q, 1) {
		t.Errorf("above all bounds: %v", q)
	}
}

func TestBoundsAreInclusive(t *testing.T) {
	h := NewHistogram([]float64{1, 2})
	for _, v := range []float64{1, 1.5, 2, 3} {
		h.Add(v)
	}
	if got, want := h.Snapshot().Counts, []int64{1, 2, 1}; !slices.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
}

func TestConcurrentAddsAndSince(t *testing.T) {
	h := NewHistogram(Linear(0, 10, 11))
	h.AddN(3, 5)
	before := h.Snapshot()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				h.Add(2)
			}
		})
	}
	wg.Wait()
	if d := h.Snapshot().Since(before); d.Count != 4000 || d.Sum != 8000 || d.Counts[2] != 4000 {
		t.Errorf("since the first snapshot: %+v", d)
	}
}

func BenchmarkHistogramAdd(b *testing.B) {
	h := NewHistogram(Exponential(1e-4, 100, 1.5))
	b.ReportAllocs()
	for b.Loop() {
		h.Add(0.02)
	}
}
