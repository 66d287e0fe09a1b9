package features

import (
	"math"
	"math/big"
	"math/bits"
)

// moments holds the count, sum and sum of squares of amounts, as integers: what has entered and left again leaves no
// trace, however long the stream.
type moments struct {
	n       int
	unknown int // events without an amount: while one is inside, no sum is right
	sum     int128
	squares int128
	scale   float64
}

func (m *moments) enter(e *event, _ uint64) {
	if e.flags&noAmount != 0 {
		m.unknown++
		return
	}
	m.n++
	m.sum.add(e.amount)
	m.squares.addSquare(e.amount)
}

func (m *moments) leave(e *event, _ uint64) {
	if e.flags&noAmount != 0 {
		m.unknown--
		return
	}
	m.n--
	m.sum.add(-e.amount)
	m.squares.subtractSquare(e.amount)
}

func (m *moments) reset() { *m = moments{scale: m.scale} }

func (m *moments) value(s statistic) float64 {
	switch {
	case m.unknown > 0:
		return nan
	case s == statSum:
		return m.sum.float() / m.scale
	case m.n == 0:
		return nan
	case s == statMean:
		return m.sum.float() / float64(m.n) / m.scale
	case s == statStd:
		return math.Sqrt(m.spread()) / float64(m.n) / m.scale
	}
	return nan
}

// spread returns n·Σx² − (Σx)², which is n² times the population variance: a difference of integers, so that large
// equal amounts give exactly zero.
func (m *moments) spread() float64 {
	n := uint64(m.n)
	// Both products fit 127 bits when Σx² < 2^127 / n, since (Σx)² ≤ n·Σx².
	if m.squares.hi >= 0 && bits.Len64(uint64(m.squares.hi))+64+bits.Len64(n) <= 126 {
		if sum, ok := m.sum.int64(); ok {
			d := m.squares.times(n)
			d.subtractSquare(sum)
			return d.float()
		}
	}
	d := m.squares.big()
	d.Mul(d, new(big.Int).SetUint64(n))
	sum := m.sum.big()
	d.Sub(d, sum.Mul(sum, sum))
	f, _ := new(big.Float).SetInt(d).Float64()
	return f
}
