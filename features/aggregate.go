package features

import "math"

// nan is the missing value. All of Weir uses this one bit pattern, so that vectors compare byte for byte.
var nan = math.NaN()

// aggregate is what one window keeps of the events inside it. Events enter in event-time order, and leave in the
// order in which they entered.
type aggregate interface {
	// enter takes in an event and its row; seq is its number, one above that of the event before it in the account. b is
	// the bundle that it represents, nil for itself alone.
	enter(e *event, row []int64, seq uint64, b *bundle)
	// leave drops the oldest event inside.
	leave(e *event, row []int64, seq uint64, b *bundle)
	// value returns a statistic, NaN where there is none. key is the number that the account's names give to this
	// transaction's own text, where the aggregate tells events apart by one: 0 for no text, unheard for a new one.
	value(s statistic, key uint32) float64
	// reset empties the aggregate, keeping its memory.
	reset()
	// touch reads what enter and value will read, see Account.Touch.
	touch() uint64
}

// unheard stands for a text that the account has no number for.
const unheard = math.MaxUint32

// unasked stands for a text whose number has not been looked up.
const unasked = unheard - 1

// statistic names what to read off an aggregate.
type statistic uint8

const (
	statCount statistic = iota + 1
	statSum
	statMean
	statStd
	statExtreme
	statLast
	statDistinct
	statNew
)

// family says which kind of aggregate holds a statistic, so that features over the same window share one.
type family uint8

const (
	familyCount family = iota + 1
	familyMoments
	familyMaximum
	familyMinimum
	familyDistinct
	familyLatest
	familyLatestLocated
	familyLatestKnown // the latest with a number
)

// newAggregate returns an empty aggregate in m.
func (s *Set) newAggregate(p *aggregatePlan, m *aggregateMemory) aggregate {
	if p.same != noField {
		return take(&m.grouped, grouped{field: p.same, family: p.family, number: s.numberOf(p.column)})
	}
	switch p.family {
	case familyCount:
		return take(&m.counts, count{})
	case familyMoments:
		return take(&m.moments, moments{number: s.numberOf(p.column)})
	case familyMaximum:
		return take(&m.extremes, extreme{number: s.numberOf(p.column), sign: 1})
	case familyMinimum:
		return take(&m.extremes, extreme{number: s.numberOf(p.column), sign: -1})
	case familyDistinct:
		return take(&m.distinct, distinct{field: p.field, all: p.filter == 0})
	case familyLatest:
		return take(&m.latest, latest{})
	case familyLatestLocated:
		return take(&m.latest, latest{locatedOnly: true})
	case familyLatestKnown:
		return take(&m.latest, latest{knownOnly: true, number: s.numberOf(p.column)})
	}
	panic("features: aggregate of unknown family")
}

// aggregateCounts are how many aggregates of each kind an account has.
type aggregateCounts struct{ all, grouped, counts, moments, extremes, distinct, latest int }

func (c *aggregateCounts) count(p *aggregatePlan) {
	c.all++
	switch {
	case p.same != noField:
		c.grouped++
	case p.family == familyCount:
		c.counts++
	case p.family == familyMoments:
		c.moments++
	case p.family == familyMaximum || p.family == familyMinimum:
		c.extremes++
	case p.family == familyDistinct:
		c.distinct++
	default:
		c.latest++
	}
}

// aggregateMemory is what the aggregates of an account are cut from.
type aggregateMemory struct {
	grouped  []grouped
	counts   []count
	moments  []moments
	extremes []extreme
	distinct []distinct
	latest   []latest
}

func (c *aggregateCounts) make() *aggregateMemory {
	return &aggregateMemory{
		make([]grouped, c.grouped), make([]count, c.counts), make([]moments, c.moments), make([]extreme, c.extremes),
		make([]distinct, c.distinct), make([]latest, c.latest),
	}
}

// take cuts the next one off, and sets it.
func take[T any](from *[]T, to T) *T {
	p := &(*from)[0]
	*from = (*from)[1:]
	*p = to
	return p
}

// number says where an event's aggregated number stands, and how many of its units make one.
type number struct {
	at    int // in the row; amountColumn for the event's amount
	scale float64
}

// amountColumn stands for the event's own amount, in minor units of the reporting currency.
const amountColumn = -1

func (s *Set) numberOf(column int) number {
	if column == amountColumn {
		return number{amountColumn, s.scale}
	}
	return number{len(s.attributes) + column, fixedScale}
}

// of returns the event's number, or missing.
func (n *number) of(e *event, row []int64) int64 {
	if n.at != amountColumn {
		return row[n.at]
	}
	if e.flags&noAmount != 0 {
		return missing
	}
	return e.amount
}

// poisons reports whether one event without the number makes the whole statistic unknown: of an amount in a currency
// without a rate nobody can say what the sum is, while an attribute that is not there just does not count.
func (n *number) poisons() bool { return n.at == amountColumn }
