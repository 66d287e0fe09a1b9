package forest

import "math"

// quadrature integrates polynomials from 0 to 1: the rule of Gauss and Legendre, which is exact up to the degree of
// twice its points less one.
type quadrature struct {
	points  []float64 // t
	rests   []float64 // 1-t, as exact as t
	weights []float64
}

// newQuadrature returns the rule of n points, the roots of the Legendre polynomial of degree n, found by Newton's method.
func newQuadrature(n int) quadrature {
	q := quadrature{}
	for i := range n {
		x := math.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5))
		slope := 0.0
		for range 8 { // from this start the third step is already at the last bits
			var value float64
			value, slope = legendre(n, x)
			x -= value / slope
		}
		_, slope = legendre(n, x)
		q.points = append(q.points, (1-x)/2)
		q.rests = append(q.rests, (1+x)/2)
		q.weights = append(q.weights, 1/(float64((1-x)*(1+x))*float64(slope*slope)))
	}
	return q
}

// part returns some of the points.
func (q quadrature) part(from, to int) quadrature {
	return quadrature{points: q.points[from:to], rests: q.rests[from:to], weights: q.weights[from:to]}
}

// legendre returns the Legendre polynomial of degree n at x, -1 < x < 1, and its slope there.
func legendre(n int, x float64) (value, slope float64) {
	before, value := 0.0, 1.0
	for k := 1; k <= n; k++ {
		next := (float64(float64(2*k-1)*float64(x*value)) - float64(float64(k-1)*before)) / float64(k)
		before, value = value, next
	}
	return value, float64(n) * (float64(x*value) - before) / float64((x-1)*(x+1))
}
