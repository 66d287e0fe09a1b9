package alerts

import "math"

// incomparable is the deviation of a figure that there is nothing to compare with.
var incomparable = math.NaN()

// inside is the deviation of a figure at or below the usual one.
const inside = 0.0

// excess returns by how many deviations n events are more than the expected number, 0 where they are not: the signed
// root of the Poisson deviance. It needs no tail probability, which would underflow for a real burst.
func excess(n, expected float64) float64 {
	if n <= expected {
		return inside
	}
	// Rounding can take the difference below 0 where n is next to expected.
	return math.Sqrt(max(0, 2*(n*math.Log(n/expected)-(n-expected))))
}

// shortfall returns by how many deviations no event at all is less than the expected number, by the same measure.
func shortfall(expected float64) float64 { return math.Sqrt(2 * expected) }

// surprise returns the deviations of something that happened though its chance was p.
func surprise(p float64) float64 { return math.Sqrt(-2 * math.Log(p)) }

// beyond returns the deviations of x against a fixed limit.
func beyond(x, limit float64) float64 { return outside + math.Log2(x/limit) }

// spread returns the standard deviation of a sum of amounts with the given mean and standard deviation, as many as a
// Poisson process gives that is expected to reach the given sum: E[N]·E[X²] is its variance.
func spread(expectedSum, mean, std float64) float64 {
	return math.Sqrt(expectedSum / mean * (mean*mean + std*std))
}

// perDay returns how many transactions a day are usual for an account that made n in the given days. One that made
// too few to tell is taken to make one a day, which is more than most do.
func perDay(n, days float64) float64 {
	if n < enough {
		return max(n/days, 1)
	}
	return n / days
}
