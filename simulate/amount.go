package simulate

import "math"

// ending is how prices of a category end.
type ending uint8

const (
	endAny     ending = iota // any cents: weighed, pumped or taxed
	endNine                  // mostly .99, some .95 and .00
	endRound                 // often whole or half
	endQuarter               // quarters
	endPoint                 // price points: 0.99, 1.99, 4.99, 9.99 …
	endTens                  // multiples of ten
)

// price turns a price in major units into minor ones, with cents such as the category's merchants charge. The result
// is at least 0.50.
func price(r *rng, major float64, end ending) int64 {
	whole := math.Floor(major)
	cents := math.Round(major * 100)
	switch u := r.float(); end {
	case endNine:
		switch {
		case u < 0.5:
			cents = whole*100 + 99
		case u < 0.62:
			cents = whole*100 + 95
		case u < 0.7:
			cents = whole*100 + 49
		case u < 0.82:
			cents = math.Round(major) * 100
		}
	case endRound:
		switch {
		case u < 0.2:
			cents = math.Round(major) * 100
		case u < 0.4:
			cents = math.Round(major*2) * 50
		}
	case endQuarter:
		cents = math.Round(major*4) * 25
	case endPoint:
		cents = pricePoint(major)
	case endTens:
		cents = max(10, math.Round(major/10)*10) * 100
	}
	return int64(max(50, cents))
}

func pricePoint(major float64) float64 {
	for _, p := range [...]float64{99, 199, 299, 499, 699, 999, 1499, 1999, 2999, 5999} {
		if major*100 <= p {
			return p
		}
	}
	return math.Floor(major)*100 + 99
}

// notes rounds a sum in minor units down to what a cash machine hands out, multiples of 20.00.
func notes(minor int64) int64 { return max(2000, minor/2000*2000) }
