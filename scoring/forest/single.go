package forest

import "math"

// justBelow returns the largest number that is below t once it is rounded to float32.
//
// XGBoost rounds every input to float32, and sends it left if it is then below the threshold t. Rounding never swaps two
// numbers, so this is the same as comparing the input itself with the one number at which rounding passes from what is
// below t to t: with that for a threshold a forest needs no rounding, and evaluators need not know where it came from.
func justBelow(t float32) float64 {
	below := math.Nextafter32(t, float32(math.Inf(-1)))
	middle := (spread(below) + spread(t)) / 2 // exact: it has one bit more than a float32
	if float32(middle) <= below {             // a tie goes to the even one
		return middle
	}
	return math.Nextafter(middle, math.Inf(-1))
}

// spread is the number x, and for an infinity the one that would follow the largest if exponents had no end, since
// rounding to float32 takes it so.
func spread(x float32) float64 {
	if math.IsInf(float64(x), 0) {
		return math.Copysign(0x1p128, float64(x))
	}
	return float64(x)
}
