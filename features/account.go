package features

import (
	"slices"
	"sort"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// Account is the state of one account: its events inside the horizon of the newest, in order of event time and, at
// equal times, of arrival; and, derived from them, the windows as they stood at the last computation. Where there are
// more events than the layout's budget, the oldest are bundled, see bundle.
//
// An Account is used by one goroutine at a time.
type Account struct {
	set     *Set
	events  []event
	rows    []int64   // what is kept beyond that, set.stride numbers for each event
	bundles []bundle  // of the first so many of the events
	heard   [][]heard // the texts that bundled events used, by field; nil without bundles
	base    uint64    // number of events[0]; numbers only grow
	names   names

	windows    []window // nil until first computed, and with them
	aggregates aggregates
	asOf       payment.Time
	stale      bool // events moved under the windows
}

// NewAccount returns an account without events.
func (s *Set) NewAccount() *Account { return &Account{set: s, names: names{seed: s.seed}} }

// Newest returns the time of the newest event, or false where there is none.
func (a *Account) Newest() (payment.Time, bool) {
	if len(a.events) == 0 {
		return 0, false
	}
	return a.events[len(a.events)-1].time, true
}

// Len returns the number of retained events and bundles of events.
func (a *Account) Len() int { return len(a.events) }

// Outcome says what a transaction is to its account.
type Outcome uint8

// The outcomes.
const (
	Fresh     Outcome = iota // not seen before
	Duplicate                // the same transaction id within the dedupe span, the same body
	Conflict                 // the same transaction id with another body; the first one counts
)

// seen looks for an event with the same transaction id among those within the dedupe span of newest, which is the
// transaction's own time where it is ahead of the account's: a long silence lets ids be forgotten as traffic does. So
// does a bundle: of an account beyond its event budget only the events that are kept one by one are remembered.
func (a *Account) seen(id uint64, body uint16, newest payment.Time) Outcome {
	for i := len(a.events) - 1; i >= len(a.bundles) && a.events[i].time > newest-a.set.dedupe; i-- {
		if a.events[i].id == id {
			if a.events[i].body == body {
				return Duplicate
			}
			return Conflict
		}
	}
	return Fresh
}

// Fold takes the observed transaction into the account: in its place by event time, after those that arrived before
// it. What falls out of the horizon is dropped, be it the transaction itself.
func (a *Account) Fold(o *Observation) {
	a.settle(o)
	e := &o.event
	newest, ok := a.Newest()
	if ok && e.time <= newest-a.set.horizon {
		return
	}
	a.name(o)
	if !ok || e.time >= newest {
		a.events = append(a.events, *e)
		a.rows = append(a.rows, o.row...)
		a.expire(e.time)
		a.keepBudget()
		return
	}
	at := sort.Search(len(a.events), func(i int) bool { return a.events[i].time > e.time })
	a.events = slices.Insert(a.events, at, *e)
	a.rows = slices.Insert(a.rows, at*a.set.stride, o.row...)
	if at < len(a.bundles) {
		a.toBundle(at)
		a.sortHeard()
	}
	a.stale = true
	a.keepBudget()
}

// name gives the texts of the observed transaction their numbers.
func (a *Account) name(o *Observation) {
	o.event.merchant = a.nameOf(merchantField, o)
	o.event.category = a.nameOf(categoryField, o)
	for i := range a.set.attributes {
		p := &a.set.attributes[i]
		if p.kind == expression.Text {
			o.row[i] = int64(a.nameOf(firstAttributeField+textField(i), o))
		} else {
			value, _ := o.tx.Attribute(p.name)
			o.row[i] = parseFixed(value) // what env holds of it is no decimal any more
		}
	}
}

// nameOf gives one of them its number.
func (a *Account) nameOf(f textField, o *Observation) uint32 {
	if n := o.numbers[f]; n != unasked && n != unheard {
		return n
	}
	return a.names.add(a.set.ownText(f, o))
}

// row returns the row of the event at index i.
func (a *Account) row(i int) []int64 {
	k := a.set.stride
	return a.rows[i*k : (i+1)*k : (i+1)*k]
}

// expire drops the events outside the horizon of the newest.
func (a *Account) expire(newest payment.Time) {
	n := 0
	for a.events[n].time <= newest-a.set.horizon {
		n++
	}
	if n > 0 && !a.stale {
		for i := range a.windows {
			// Windows are no longer than the horizon, so all that expires leaves them now or has left before.
			a.windows[i].advance(a, &a.set.windows[i], newest)
		}
		a.asOf = max(a.asOf, newest)
	}
	a.events, a.rows = a.events[n:], a.rows[n*a.set.stride:]
	if len(a.bundles) > 0 {
		a.bundles = a.bundles[min(n, len(a.bundles)):]
		a.expireHeard(newest - a.set.horizon)
	}
	a.base += uint64(n)
	if a.names.len() > 2*(2+a.set.textAttributes)*len(a.events)+2*scanNames {
		a.renumber()
	}
}

// renumber drops the names that no event uses any more.
func (a *Account) renumber() {
	kept := names{seed: a.names.seed}
	for i := range a.events {
		e, row := &a.events[i], a.row(i)
		e.merchant = kept.add(a.names.name(e.merchant))
		e.category = kept.add(a.names.name(e.category))
		for k := range a.set.attributes {
			if a.set.attributes[k].kind == expression.Text {
				row[k] = int64(kept.add(a.names.name(uint32(row[k]))))
			}
		}
	}
	for _, list := range a.heard {
		for i := range list {
			list[i].name = kept.add(a.names.name(list[i].name))
		}
	}
	a.names = kept
	a.stale = true
}

// standAt moves the windows to t.
func (a *Account) standAt(t payment.Time) {
	if a.windows == nil {
		a.windows, a.aggregates = a.set.newWindows()
		a.stale = true
	}
	if a.stale || t < a.asOf {
		a.aggregates.reset()
		for i := range a.windows {
			a.windows[i].restart(a, &a.set.windows[i], t)
		}
		a.stale = false
	}
	for i := range a.windows {
		a.windows[i].advance(a, &a.set.windows[i], t)
	}
	a.asOf = t
}
