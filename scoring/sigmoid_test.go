package scoring_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/weir-fraud/weir/scoring"
)

func TestProbabilityIsTheSigmoid(t *testing.T) {
	for m := -720.0; m <= 720; m += 0.0137 {
		want := 1 / (1 + math.Exp(-m))
		if got := scoring.Probability(m); math.Abs(got-want) > 4e-16*want+1e-307 {
			t.Fatalf("at %v: %v instead of %v", m, got, want)
		}
	}
}

// The oracle is the series of e**x in 200 bits.
func TestProbabilityIsExactToTheLastBits(t *testing.T) {
	for m := -30.0; m <= 30; m += 0.377 {
		sum, term := big.NewFloat(1).SetPrec(400), big.NewFloat(1).SetPrec(400)
		for n := int64(1); n < 400; n++ {
			term.Mul(term, big.NewFloat(-m))
			term.Quo(term, new(big.Float).SetInt64(n))
			sum.Add(sum, term)
		}
		sum.Add(sum, big.NewFloat(1))
		exact, _ := sum.Quo(big.NewFloat(1).SetPrec(400), sum).Float64()
		if got := scoring.Probability(m); math.Abs(got-exact) > 3e-16*exact {
			t.Errorf("at %v: %v instead of %v", m, got, exact)
		}
	}
}

func TestProbabilityRises(t *testing.T) {
	before := -1.0
	for m := -40.0; m <= 40; m += 1.0 / 1024 {
		p := scoring.Probability(m)
		if p < before {
			t.Fatalf("falls at %v: %v after %v", m, p, before)
		}
		before = p
	}
	for m, want := range map[float64]float64{
		0: 0.5, math.Copysign(0, -1): 0.5, math.Inf(1): 1, math.Inf(-1): 0, math.MaxFloat64: 1, -math.MaxFloat64: 0, 709: 1, -709: 0,
	} {
		if got := scoring.Probability(m); got != want {
			t.Errorf("at %v: %v instead of %v", m, got, want)
		}
	}
}

// These bits hold on every processor; a failure elsewhere means that a product was fused with a sum.
func TestProbabilityHasTheSameBitsEverywhere(t *testing.T) {
	sum := uint64(0)
	for i := range 200_000 {
		sum = sum*31 + math.Float64bits(scoring.Probability(float64(i)/1999-50))
	}
	if want := uint64(0x9186af9d391ab5a1); sum != want {
		t.Errorf("the probabilities hash to %#x instead of %#x", sum, want)
	}
}

func BenchmarkProbability(b *testing.B) {
	sum := 0.0
	for i := 0; b.Loop(); i++ {
		sum += scoring.Probability(float64(i%64) - 32)
	}
	if math.IsNaN(sum) {
		b.Fatal(sum)
	}
}
