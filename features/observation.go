package features

import (
	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/payment"
)

// Observation is one transaction as its account sees it: made by Observe, read by Compute, taken in by Fold, in this
// order and with nothing in between. Its memory is used again by the next Observe.
type Observation struct {
	Outcome Outcome
	Late    bool // older than the account's newest event by more than the allowed lateness

	// Tiles are what the features of each entity of the set are read off, to be filled in after Observe.
	Tiles []Tiles

	set        *Set // that the memory below is for
	event      event
	row        []int64
	numbers    []uint32 // of the transaction's texts, by field; finding one takes as long as a feature
	tx         *payment.Transaction
	env        expression.Env
	computed   bool // env holds the features
	settled    bool // marks, filters and derived numbers are known
	incomplete uint64
	content    uint32 // what of the fingerprint stands for all but the ids
	approximation
}

// Tiles are the series of one entity's key, nil where the transaction has no key.
type Tiles struct {
	Transactions, Labels *tile.Series
	Partial              bool // some of what the features read may be missing, however far the series go
}

// Amount returns the transaction's amount in minor units of the reporting currency, or false where there is no rate.
func (o *Observation) Amount() (int64, bool) { return o.event.amount, o.event.flags&noAmount == 0 }

// Content returns what of the transaction's fingerprint stands for all but its ids.
func (o *Observation) Content() uint32 { return o.content }

// Time returns the transaction's event time.
func (o *Observation) Time() payment.Time { return o.event.time }

// Marks returns the marks of the transaction, mark i as bit i. They are known after Compute.
func (o *Observation) Marks() uint16 { return o.event.marks }

// Incomplete returns the entities whose tiles did not reach as far as they should have, entity i as bit i: their
// features end with the newest tile that was complete, or lack what is gone. It is known after Compute.
func (o *Observation) Incomplete() uint64 { return o.incomplete }

// Labeled returns what features know of the transaction if it has the given label. Its marks are known after Compute or
// Fold.
func (o *Observation) Labeled(l Label) Labeled {
	return Labeled{Label: l, Amount: o.env.Numbers[slotAmount], Marks: o.event.marks}
}

// Observe fills o for a transaction of this account.
func (a *Account) Observe(tx *payment.Transaction, o *Observation) {
	s := a.set
	if o.set != s {
		*o = Observation{set: s, env: s.newEnv(), Tiles: make([]Tiles, len(s.entities)), row: make([]int64, s.stride)}
		o.numbers = make([]uint32, int(firstAttributeField)+len(s.attributes))
		o.approximation.features = make([]bool, len(s.features))
	}
	clear(o.Tiles)
	for i := range o.numbers {
		o.numbers[i] = unasked
	}
	o.approximation.reset()
	id, rest := tx.Fingerprint()
	id &= 1<<56 - 1
	body := uint16(rest ^ rest>>16)
	o.Outcome, o.Late, o.tx, o.computed, o.settled, o.incomplete = Fresh, false, tx, false, false, 0
	o.content = rest
	e := &o.event
	*e = event{time: tx.Time, original: tx.Amount, id: id, body: body, currency: tx.Currency, kind: tx.Type}
	if tx.Merchant.Location.Known {
		e.flags |= located
		e.latE7, e.lonE7 = tx.Merchant.Location.LatitudeE7, tx.Merchant.Location.LongitudeE7
	}
	s.report(e)
	s.describe(&o.env, tx, e)
	if newest, ok := a.Newest(); ok {
		o.Late = tx.Time < newest-s.lateness
		o.Outcome = a.seen(id, body, max(newest, tx.Time))
	}
}

// settle sees to it that the marks of the observed transaction are known, and what follows from them.
func (a *Account) settle(o *Observation) {
	if o.settled {
		return
	}
	if !o.computed && len(a.set.marks) > 0 {
		a.standAt(o.event.time)
		a.take(a.set.marksOrder, o)
	}
	a.set.derive(&o.env, &o.event, o.row)
	o.settled = true
}
