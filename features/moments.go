package features

import "github.com/weir-fraud/weir/features/exact"

// moments are the count, sum and sum of squares of the numbers inside a window.
type moments struct {
	unknown int64 // events without a number
	exact.Moments
}

func (m *moments) enter(n *number, e *event, row []int64, b *bundle) {
	if b != nil {
		known, unknown := n.ofBundle(e, row, b)
		m.Join(&known)
		m.unknown += unknown
		return
	}
	v := n.of(e, row)
	if v == missing {
		m.unknown++
		return
	}
	m.Add(v)
}

func (m *moments) leave(n *number, e *event, row []int64, b *bundle) {
	if b != nil {
		known, unknown := n.ofBundle(e, row, b)
		m.Take(&known)
		m.unknown -= unknown
		return
	}
	v := n.of(e, row)
	if v == missing {
		m.unknown--
		return
	}
	m.Remove(v)
}

// ofBundle returns the numbers of a bundle's events, and how many have none: of amounts exactly, of others as if all
// had the representative's.
func (n *number) ofBundle(e *event, row []int64, b *bundle) (known exact.Moments, unknown int64) {
	if n.at == amountColumn {
		return b.amounts, b.events - b.amounts.N
	}
	v := n.of(e, row)
	if v == missing {
		return known, b.events
	}
	known.AddTimes(v, b.events)
	return known, 0
}

func (m *moments) value(n *number, s statistic) float64 {
	switch {
	case m.unknown > 0 && n.poisons():
		return nan
	case s == statSum:
		return m.Sum(n.scale)
	case s == statMean:
		return m.Mean(n.scale)
	}
	return m.Std(n.scale)
}
