package features

import "math"

// nan is the missing value. All of Weir uses this one bit pattern, so that vectors compare byte for byte.
var nan = math.NaN()

// aggregate is what one window keeps of the events inside it. Events enter in event-time order, and leave in the
// order in which they entered.
type aggregate interface {
	// enter takes in an event; seq is its number, one above that of the event before it in the account.
	enter(e *event, seq uint64)
	// leave drops the oldest event inside.
	leave(e *event, seq uint64)
	// value returns a statistic, NaN where there is none.
	value(s statistic) float64
	// reset empties the aggregate, keeping its memory.
	reset()
}

// statistic names what to read off an aggregate.
type statistic uint8

const (
	statCount statistic = iota + 1
	statSum
	statMean
	statStd
	statMax
	statDistinct
)

// family says which kind of aggregate holds a statistic, so that features over the same window share one.
type family uint8

const (
	familyCount family = iota + 1
	familyMoments
	familyMaximum
	familyDistinct
	familyLatest
	familyLatestLocated
)

// newAggregate returns an empty aggregate. scale is the number of minor units in a unit of the reporting currency.
func newAggregate(f family, field nameField, scale float64) aggregate {
	switch f {
	case familyCount:
		return new(count)
	case familyMoments:
		return &moments{scale: scale}
	case familyMaximum:
		return &maximum{scale: scale}
	case familyDistinct:
		return &distinct{field: field}
	case familyLatest:
		return new(latest)
	case familyLatestLocated:
		return &latest{locatedOnly: true}
	}
	panic("features: aggregate of unknown family")
}
