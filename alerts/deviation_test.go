package alerts

import (
	"math"
	"testing"
)

// poissonTail returns the chance of n events or more.
func poissonTail(n int, expected float64) float64 {
	term, sum := math.Exp(-expected), 0.0
	for k := range n + 200 {
		if k >= n {
			sum += term
		}
		term *= expected / float64(k+1)
	}
	return sum
}

// TestExcessIsNearTheExactTail compares the deviance with the deviations of a normal distribution that has the exact
// Poisson tail.
func TestExcessIsNearTheExactTail(t *testing.T) {
	for _, expected := range []float64{0.001, 0.02, 0.3, 1, 4, 20} {
		for n := 2; n < 40; n++ {
			got := excess(float64(n), expected)
			if float64(n) <= expected {
				if got != 0 {
					t.Errorf("excess(%d, %v) = %v, want 0", n, expected, got)
				}
				continue
			}
			exact := math.Sqrt2 * math.Erfcinv(2*poissonTail(n, expected))
			if math.IsInf(exact, 1) {
				break // the tail has come near the last bit of 1
			}
			if math.Abs(got-exact) > 0.55 {
				t.Errorf("excess(%d, %v) = %.2f, the exact tail gives %.2f", n, expected, got, exact)
			}
		}
	}
}

func TestShortfallAgreesWithExcess(t *testing.T) {
	for _, expected := range []float64{0.5, 4.5, 40} {
		// Of nothing, where something is expected, the chance is exp(-expected).
		if got, want := shortfall(expected), surprise(math.Exp(-expected)); math.Abs(got-want) > 1e-9 {
			t.Errorf("shortfall(%v) = %v, want %v", expected, got, want)
		}
	}
	if got := shortfall(4.5); got != outside {
		t.Errorf("shortfall(4.5) = %v, want 3", got)
	}
}

// TestSpread takes a sum of a Poisson number of amounts apart: 4 amounts of 10 ± 0 spread like 10 times a Poisson
// number of 4.
func TestSpread(t *testing.T) {
	if got := spread(40, 10, 0); got != 20 {
		t.Errorf("got %v, want 20", got)
	}
	if got := spread(10, 10, 10); math.Abs(got-math.Sqrt(200)) > 1e-9 {
		t.Errorf("got %v, want √200", got)
	}
}
