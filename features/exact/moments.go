package exact

import (
	"math"
	"math/big"
	"math/bits"
)

// Moments holds the number, the sum and the sum of squares of values, as integers: what was added and removed again
// leaves no trace, however long the stream. The zero value holds nothing.
//
// A statistic is read in units of which a value has scale.
type Moments struct {
	N       int64
	Total   Int128
	Squares Int128
}

// Add takes in x.
func (m *Moments) Add(x int64) {
	m.N++
	m.Total.Add(x)
	m.Squares.AddSquare(x)
}

// Remove takes out x, which was added before.
func (m *Moments) Remove(x int64) {
	m.N--
	m.Total.Add(-x)
	m.Squares.SubtractSquare(x)
}

// AddTimes takes in x n times.
func (m *Moments) AddTimes(x, n int64) {
	var sum, square Int128
	sum.Add(x)
	square.AddSquare(x)
	m.Join(&Moments{N: n, Total: sum.Times(uint64(n)), Squares: square.Times(uint64(n))})
}

// Join takes in all values of o.
func (m *Moments) Join(o *Moments) {
	m.N += o.N
	m.Total.AddInt128(o.Total)
	m.Squares.AddInt128(o.Squares)
}

// Take takes out all values of o, which were taken in before.
func (m *Moments) Take(o *Moments) {
	m.N -= o.N
	m.Total = m.Total.Sub(o.Total)
	m.Squares = m.Squares.Sub(o.Squares)
}

// Sum returns the sum.
func (m *Moments) Sum(scale float64) float64 { return m.Total.Float() / scale }

// Mean returns the mean, NaN where there is no value.
func (m *Moments) Mean(scale float64) float64 {
	if m.N <= 0 {
		return math.NaN()
	}
	return m.Total.Float() / float64(m.N) / scale
}

// Std returns the standard deviation of the values as a population, NaN where there is none: without a value, and where
// more was taken out than was added, so that what is left are the moments of no values at all.
func (m *Moments) Std(scale float64) float64 {
	if m.N <= 0 {
		return math.NaN()
	}
	spread := m.spread()
	if spread < 0 {
		return math.NaN() // The one bit pattern, which math.Sqrt does not return.
	}
	return math.Sqrt(spread) / float64(m.N) / scale
}

// spread returns N·Σx² − (Σx)², which is N² times the population variance: a difference of integers, so that large
// equal values give exactly zero.
func (m *Moments) spread() float64 {
	n := uint64(m.N)
	// N·Σx² then fits 126 bits, and a square of 64 bits as well.
	if m.Squares.hi >= 0 && bits.Len64(uint64(m.Squares.hi))+64+bits.Len64(n) <= 126 {
		if sum, ok := m.Total.Int64(); ok {
			d := m.Squares.Times(n)
			d.SubtractSquare(sum)
			return d.Float()
		}
	}
	d := m.Squares.Big()
	d.Mul(d, new(big.Int).SetUint64(n))
	sum := m.Total.Big()
	d.Sub(d, sum.Mul(sum, sum))
	f, _ := new(big.Float).SetInt(d).Float64()
	return f
}
