package features

import "github.com/weir-fraud/weir/features/exact"

// moments are the count, sum and sum of squares of the numbers inside a window.
type moments struct {
	number  number
	unknown int // events without a number
	exact.Moments
}

func (m *moments) enter(e *event, row []int64, _ uint64) {
	v := m.number.of(e, row)
	if v == missing {
		m.unknown++
		return
	}
	m.Add(v)
}

func (m *moments) leave(e *event, row []int64, _ uint64) {
	v := m.number.of(e, row)
	if v == missing {
		m.unknown--
		return
	}
	m.Remove(v)
}

func (m *moments) reset() { *m = moments{number: m.number} }

func (m *moments) value(s statistic, _ uint32) float64 {
	switch {
	case m.unknown > 0 && m.number.poisons():
		return nan
	case s == statSum:
		return m.Sum(m.number.scale)
	case s == statMean:
		return m.Mean(m.number.scale)
	}
	return m.Std(m.number.scale)
}
