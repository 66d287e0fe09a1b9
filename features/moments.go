package features

import "github.com/weir-fraud/weir/features/exact"

// moments holds what sums, means and deviations of amounts are read off.
type moments struct {
	known   exact.Moments
	unknown int // events without an amount: while one is inside, no sum is right
	scale   float64
}

func (m *moments) enter(e *event, _ uint64) {
	if e.flags&noAmount != 0 {
		m.unknown++
		return
	}
	m.known.Add(e.amount)
}

func (m *moments) leave(e *event, _ uint64) {
	if e.flags&noAmount != 0 {
		m.unknown--
		return
	}
	m.known.Remove(e.amount)
}

func (m *moments) reset() { *m = moments{scale: m.scale} }

func (m *moments) value(s statistic) float64 {
	switch {
	case m.unknown > 0:
		return nan
	case s == statSum:
		return m.known.Sum(m.scale)
	case s == statMean:
		return m.known.Mean(m.scale)
	case s == statStd:
		return m.known.Std(m.scale)
	}
	return nan
}
