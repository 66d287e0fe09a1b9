package features

import (
	"math"
	"sort"

	"github.com/weir-fraud/weir/payment"
)

// windowPlan is one window length and the aggregates that features read over it.
type windowPlan struct {
	length     payment.Time // milliseconds
	aggregates []aggregatePlan
	placed     []placed // the same, once all are known, and
	byKind     []placed // in an order in which the processor foresees what comes
}

type aggregatePlan struct {
	family family
	field  textField // whose values are told apart
	column int       // the number that is aggregated
	same   textField // the text of which only events like this transaction count
	filter int       // index of the filter, also its bit in event.matches
}

// window stands over the events numbered from (inclusive) to (exclusive) of one account.
type window struct {
	from, to uint64
	due      payment.Time // when the event numbered from leaves; the window is there more often than that event is near
}

// never is when an empty window lets the next event leave.
const never = payment.Time(math.MaxInt64)

// advance moves the window to (t − length, t]. It may only move forward.
func (w *window) advance(a *Account, plan *windowPlan, t payment.Time) {
	end := a.base + uint64(len(a.events))
	for w.to < end && a.events[w.to-a.base].time <= t {
		i := int(w.to - a.base)
		e, row, b := &a.events[i], a.row(i), a.bundle(i)
		if w.from == w.to {
			w.due = e.time + plan.length
		}
		a.aggregates.enter(plan.byKind, e, row, w.to, b)
		w.to++
	}
	for w.due <= t {
		i := int(w.from - a.base)
		e, row, b := &a.events[i], a.row(i), a.bundle(i)
		a.aggregates.leave(plan.byKind, e, row, w.from, b)
		w.from++
		w.due = never
		if w.from < w.to {
			w.due = a.events[w.from-a.base].time + plan.length
		}
	}
}

// restart places the window, whose aggregates are empty, just before the first event that is inside at t.
func (w *window) restart(a *Account, plan *windowPlan, t payment.Time) {
	first := sort.Search(len(a.events), func(i int) bool { return a.events[i].time > t-plan.length })
	w.from = a.base + uint64(first)
	w.to = w.from
	w.due = never
}
