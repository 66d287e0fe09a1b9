package scoring

import "math"

// Probability returns 1/(1+exp(-margin)), the transform of LightGBM's binary objective, in [0, 1]. Its result has
// the same bits on every processor, which math.Exp does not promise.
func Probability(margin float64) float64 { return 1 / (1 + exp(-margin)) }

// exp is e**x by x = k·ln2 + r with |r| ≤ ln2/2. Beyond ±708 the result is 0 or +Inf, which moves no probability by more
// than 1e-307.
func exp(x float64) float64 {
	const (
		ln2High = 0x1.62e42fee00000p-1 // k·ln2High is exact for every k below 2**20
		ln2Low  = 0x1.a39ef35793c76p-33
	)
	switch {
	case math.IsNaN(x):
		return x
	case x > 708:
		return math.Inf(1)
	case x < -708:
		return 0
	}
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	return scaled(float64(x-float64(k*ln2High))-float64(k*ln2Low), k)
}

// exp2 is 2**x by x = k + r with |r| ≤ 1/2, and within ±1020 alone: below is 0, above +Inf.
func exp2(x float64) float64 {
	switch {
	case math.IsNaN(x):
		return x
	case x > 1020:
		return math.Inf(1)
	case x < -1020:
		return 0
	}
	k := math.Floor(x + 0.5)
	return scaled(float64((x-k)*math.Ln2), k)
}

// scaled is e**r · 2**k for |r| ≤ ln2/2, by the Taylor series of e**r. The first left-out term, r**14/14!, is under 2**-57.
// Every product is converted explicitly, which forbids the compiler to fuse it with a sum: that would round differently
// where the processor can.
func scaled(r, k float64) float64 {
	sum := 0.0
	for _, c := range &taylor {
		sum = float64(sum*r) + c
	}
	return float64(sum * math.Float64frombits(uint64(1023+int64(k))<<52))
}

// taylor holds 1/n! for n = 13 … 0.
var taylor = [...]float64{
	1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
	1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1, 1,
}
