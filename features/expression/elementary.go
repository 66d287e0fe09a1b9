package expression

import "math"

// The functions of this file give the same bits on every platform, which those of package math do not: some have them in
// assembly, and some fuse a product with a sum where the source does not round in between. Here each product that a sum
// follows is rounded by a conversion. What of package math is used is exact or rounded correctly everywhere.

// ln2High and ln2Low are ln 2 in two parts; a product of the first with an exponent is exact.
const (
	ln2High = 0x162E42FEEp-33
	ln2Low  = math.Ln2 - ln2High
)

// expTerms are 1/n! from n = 2, of the series of exp; the first that is left out is below 2^-57 of the sum.
var expTerms = [...]float64{
	1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800,
	1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800,
}

// exp returns e to the x, within one unit in the last place.
func exp(x float64) float64 {
	const overflow, underflow = 709.8, -745.2
	switch {
	case !(x <= overflow):
		return math.NaN()
	case x < underflow:
		return 0
	}
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	r := x - float64(k*ln2High)
	low := float64(k * ln2Low)
	rest := r - low
	low = (r - rest) - low // what the subtraction lost
	sum := 0.0
	for i := len(expTerms) - 1; i >= 0; i-- {
		sum = float64(sum*rest) + expTerms[i]
	}
	head := 1 + rest
	tail := rest - (head - 1) // what the sum lost
	return math.Ldexp(head+(float64(sum*float64(rest*rest))+(tail+low)), int(k))
}

// logTerms are 2/(2n+1) from n = 1, of the series of log((1+s)/(1-s)) = 2s + s·Σ 2/(2n+1)·s^2n.
var logTerms = [...]float64{2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23}

// log returns the natural logarithm, within one unit in the last place.
func log(x float64) float64 {
	if !(x > 0) {
		return math.NaN()
	}
	m, exponent := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, exponent = 2*m, exponent-1
	}
	f, k := m-1, float64(exponent)
	s := f / (2 + f)
	square := float64(s * s)
	sum := 0.0
	for i := len(logTerms) - 1; i >= 0; i-- {
		sum = float64(sum*square) + logTerms[i]
	}
	sum = float64(sum * square)
	// log m = f - s·(f - sum) = f - (f²/2 - s·(f²/2 + sum)), the latter with the smaller error.
	half := float64(float64(f*f) / 2)
	return float64(k*ln2High) - ((half - (float64(s*(half+sum)) + float64(k*ln2Low))) - f)
}

// log1p returns log(1 + x), also where x is small.
func log1p(x float64) float64 {
	u := 1 + x
	if u == 1 {
		return x
	}
	return float64(log(u)*x) / (u - 1) // the ratio makes up for what 1+x lost
}

// Log1p returns log(1 + x) as expressions have it, with the same bits on every platform; NaN where it is no number.
func Log1p(x float64) float64 { return log1p(x) }

// log10 returns the decimal logarithm, of a power of ten exactly.
func log10(x float64) float64 {
	y := log(x) / math.Ln10
	if n := math.Round(y); n == n && math.Pow10(int(n)) == x {
		return n
	}
	return y
}

// power returns x to the y: a product for small whole exponents, exact where a float64 holds it, and otherwise by way of
// the logarithm, within some units in the last place, which grow to a thousand where the result is huge or tiny.
func power(x, y float64) float64 {
	const mostFactors = 64
	whole := math.Floor(y) == y
	switch {
	case x != x || y != y:
		return math.NaN()
	case whole && math.Abs(y) <= mostFactors:
		p := product(x, int(math.Abs(y)))
		if y < 0 {
			return 1 / p
		}
		return p
	case y == 0.5:
		return math.Sqrt(x)
	case x == 0 && y > 0:
		return 0
	case x < 0 && !whole:
		return math.NaN()
	}
	p := exp(float64(y * log(math.Abs(x))))
	if x < 0 && math.Mod(y, 2) != 0 {
		return -p
	}
	return p
}

// product multiplies n factors x.
func product(x float64, n int) float64 {
	p := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			p = float64(p * x)
		}
		x = float64(x * x)
	}
	return p
}
