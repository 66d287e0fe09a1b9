package expression_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/weir-fraud/weir/features/expression"
)

// evaluator returns source as a function of amount and mean_30d.
func evaluator(t testing.TB, source string) func(x, y float64) float64 {
	p := compile(t, source, expression.Number)
	return func(x, y float64) float64 { return p.Number(&expression.Env{Numbers: []float64{x, y}}) }
}

// These bits are the same on every platform.
func TestElementaryBits(t *testing.T) {
	for _, c := range []struct {
		source string
		x, y   float64
		want   uint64
	}{
		{"exp(amount)", 1, 0, 0x4005bf0a8b145769},
		{"exp(amount)", -0.1, 0, 0x3fecf46d99d52b3a},
		{"exp(amount)", 123.456, 0, 0x4b11428e1cbc0143},
		{"exp(amount)", -740, 0, 0x55},
		{"log(amount)", 3, 0, 0x3ff193ea7aad030a},
		{"log(amount)", 0.7, 0, 0xbfd6d3c324e13f50},
		{"log(amount)", 1.0000001, 0, 0x3e7ad7f2847b6492},
		{"log(amount)", 5e-324, 0, 0xc0874385446d71c3},
		{"log1p(amount)", 1e-9, 0, 0x3e112e0be801f1da},
		{"log1p(amount)", 120.55, 0, 0x40133388949bafc3},
		{"log10(amount)", 120.55, 0, 0x4000a63aff259d3c},
		{"amount ** mean_30d", 1.1, 30, 0x4031730c06ef9d90},
		{"amount ** mean_30d", 7.3, -1.7, 0x3fa171683b6b5e01},
		{"amount ** mean_30d", 0.999, 1e5, 0x36e940747bb853cb},
		{"amount * mean_30d + 0.3", 3.3, 0.7, 0x4004e147ae147ae0}, // a fused multiply-add gives 2.61
	} {
		if got := math.Float64bits(evaluator(t, c.source)(c.x, c.y)); got != c.want {
			t.Errorf("%s of %v, %v has the bits %#x, not %#x", c.source, c.x, c.y, got, c.want)
		}
	}
}

// distance returns how many units in the last place lie between two numbers of one sign.
func distance(a, b float64) uint64 {
	x, y := math.Float64bits(a), math.Float64bits(b)
	return max(x, y) - min(x, y)
}

func TestElementaryAccuracy(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	wide := func() float64 { return math.Exp(rng.Float64()*1400 - 700) }
	for _, c := range []struct {
		source string
		oracle func(x, y float64) float64
		x, y   func() float64
		most   uint64
	}{
		{"exp(amount)", func(x, _ float64) float64 { return math.Exp(x) }, func() float64 { return rng.Float64()*1400 - 700 }, nil, 2},
		{"exp(amount)", func(x, _ float64) float64 { return math.Exp(x) }, func() float64 { return rng.Float64()*4 - 2 }, nil, 2},
		{"log(amount)", func(x, _ float64) float64 { return math.Log(x) }, wide, nil, 2},
		{"log(amount)", func(x, _ float64) float64 { return math.Log(x) }, func() float64 { return 0.5 + rng.Float64() }, nil, 2},
		{"log1p(amount)", func(x, _ float64) float64 { return math.Log1p(x) }, wide, nil, 4},
		{"log1p(amount)", func(x, _ float64) float64 { return math.Log1p(x) }, func() float64 { return rng.Float64()*1.9 - 0.9 }, nil, 4},
		{"log10(amount)", func(x, _ float64) float64 { return math.Log10(x) }, wide, nil, 4},
		{"amount ** mean_30d", math.Pow, func() float64 { return rng.Float64() * 10 }, func() float64 { return math.Floor(rng.Float64()*8 - 4) }, 8},
		{"amount ** mean_30d", math.Pow, func() float64 { return 0.5 + rng.Float64() }, func() float64 { return rng.Float64()*6 - 3 }, 8},
		{"amount ** mean_30d", math.Pow, func() float64 { return rng.Float64() * 10 }, func() float64 { return rng.Float64()*500 - 250 }, 1000},
	} {
		f := evaluator(t, c.source)
		worst := uint64(0)
		for range 20000 {
			x, y := c.x(), 0.0
			if c.y != nil {
				y = c.y()
			}
			want := c.oracle(x, y)
			if want == 0 || math.IsInf(want, 0) || math.Abs(want) < 1e-300 {
				continue
			}
			d := distance(f(x, y), want)
			if worst = max(worst, d); d > c.most {
				t.Fatalf("%s of %v, %v is %v, and %v by package math", c.source, x, y, f(x, y), want)
			}
		}
		t.Logf("%s: at most %d units in the last place from package math", c.source, worst)
	}
}

func TestPowersOfTen(t *testing.T) {
	f := evaluator(t, "log10(amount)")
	for n := -300; n <= 300; n++ {
		if got := f(math.Pow10(n), 0); got != float64(n) {
			t.Errorf("log10 of 1e%d is %v", n, got)
		}
	}
}

// Whole powers that a float64 holds are exact.
func TestExactPowers(t *testing.T) {
	f := evaluator(t, "amount ** mean_30d")
	for x := int64(-12); x <= 12; x++ {
		for n := int64(0); n <= 14; n++ {
			want, _ := new(big.Float).SetInt(new(big.Int).Exp(big.NewInt(x), big.NewInt(n), nil)).Float64()
			if got := f(float64(x), float64(n)); got != want {
				t.Errorf("%d ** %d is %v, not %v", x, n, got, want)
			}
		}
	}
	if got := f(2, -60); got != math.Ldexp(1, -60) {
		t.Errorf("2 ** -60 is %v", got)
	}
	if got, minus := f(-1, 1e9), f(-1, 1e9+1); got != 1 || minus != -1 {
		t.Errorf("(-1) ** 1e9 is %v, and the next power %v", got, minus)
	}
}
