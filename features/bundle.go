package features

import (
	"github.com/weir-fraud/weir/features/exact"
	"github.com/weir-fraud/weir/payment"
)

// bundle is what is left of several events of one tile: how many they were, and their amounts. It belongs to an entry of
// the account's events, which has the time of the newest of them and otherwise the fields of one of them, its
// representative.
//
// An account within its event budget has none, and all its features are exact. One beyond it keeps its newest events one
// by one, and of the older ones bundles, which are made so that
//
//   - they depend on the state layout and the order of the log only. A bundle keeps every retained field, though of one
//     event in many, so that filters, columns and windows which nobody had thought of when the events came can be read
//     off it at once. Tallies for each filter of the features file would be exact, but would make the file part of the
//     layout, and every new filter a rebuild for all accounts because of the few that are beyond their budget.
//   - all events of a bundle lie in one tile of event time, which is at most a quarter as long as it is old, or a second
//     (tileAt). A bundle is inside a window when its newest event is. So a window of length W holds all that it should,
//     and besides only events from the W/4 before it, or from the second before it where that is more. How many those
//     are is the error of a count, and what they come to that of a sum. For a transaction that is late by D it is
//     (W + D)/4; if it is older than the newest bundle, the bundle of its own time may be missing as well.
//   - events of different types or with different marks are kept apart, and the number and the amounts of each kind
//     exactly. So what is read of those by type and marks (count, sum, mean, deviation, extremes, age of the newest)
//     is the exact value over such a window. An account has at most 124 tiles in 30 days, and some 60 when it has a
//     million events in them; only where there are more kinds in them than there may be bundles, the smallest are joined
//     with others all the same.
//   - of what else a filter, a column or same asks for, the representative answers for all its bundle. Each event of a
//     bundle is as likely as any other to be it, so within the bundles counts and sums are estimates without a bias. Like
//     ones are joined first, so that these are close where an account has its habits.
//
// The texts that bundled events used are remembered on top of that, see heard.
type bundle struct {
	events         int64
	first          payment.Time  // of the oldest
	amounts        exact.Moments // of those with an amount in the reporting currency
	least, largest int64         // where there are any
}

// single returns the bundle of one event.
func single(e *event) bundle {
	b := bundle{events: 1, first: e.time}
	if e.flags&noAmount == 0 {
		b.amounts.Add(e.amount)
		b.least, b.largest = e.amount, e.amount
	}
	return b
}

// join takes the events of o into b.
func (b *bundle) join(o *bundle) {
	switch {
	case o.amounts.N == 0:
	case b.amounts.N == 0:
		b.least, b.largest = o.least, o.largest
	default:
		b.least, b.largest = min(b.least, o.least), max(b.largest, o.largest)
	}
	b.amounts.Join(&o.amounts)
	b.events += o.events
	b.first = min(b.first, o.first)
}

// size returns how many events an entry stands for. b is nil for an event that stands for itself.
func (b *bundle) size() int64 {
	if b == nil {
		return 1
	}
	return b.events
}

// bundle returns the bundle of the entry at index i, nil for a single event.
func (a *Account) bundle(i int) *bundle {
	if i >= len(a.bundles) {
		return nil
	}
	return &a.bundles[i]
}

// bundledThrough returns the time of the newest bundled event. There must be one.
func (a *Account) bundledThrough() payment.Time { return a.events[len(a.bundles)-1].time }
