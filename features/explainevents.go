package features

import (
	"math"
	"math/big"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// eventReading goes through an account's events for one feature.
type eventReading struct {
	account     *Account
	observation *Observation
	feature     *feature
	plan        *aggregatePlan
	env         expression.Env

	n            int64    // events that count and have a number
	sum, squares *big.Int // of these
	extremes     []int64  // the largest or smallest of them
	newest       int64    // the number of the newest
	unknown      int64    // events that count and have none
	last         *event   // the newest that the value can be read off
}

// explain returns the window and the value of the feature.
func (r *eventReading) explain(length payment.Time) (*EventWindow, float64) {
	a, t := r.account, r.observation.event.time
	w := &EventWindow{After: t - length, Until: t, Filter: a.set.filters[r.plan.filter].canonical}
	if r.plan.same != noField {
		w.Same, w.Own = a.set.textName(r.plan.same), a.set.ownText(r.plan.same, r.observation)
	}
	r.sum, r.squares = new(big.Int), new(big.Int)
	for i := range a.events {
		if e := &a.events[i]; e.time > w.After && e.time <= w.Until {
			size := int(a.bundle(i).size())
			w.Inside += size
			if r.counts(e, a.row(i), w) {
				w.Counted += size
				w.Parts = append(w.Parts, r.part(i))
			}
		}
	}
	r.hear(w)
	value := r.value(w)
	r.markDecisive(w, value)
	return w, value
}

// counts reports whether an event inside the window passes the filter, and is like this transaction where it has to be.
func (r *eventReading) counts(e *event, row []int64, w *EventWindow) bool {
	s := r.account.set
	s.recall(&r.env, &r.account.names, e, row)
	if p := s.filters[r.plan.filter].program; p != nil && !p.Bool(&r.env) {
		return false
	}
	return r.plan.same == noField || w.Own != "" && r.account.names.name(r.plan.same.of(e, row)) == w.Own
}

// part takes in the event at index i, whose fields are in the environment.
func (r *eventReading) part(i int) Part {
	a := r.account
	e := &a.events[i]
	p := Part{Retained: a.retained(i, i+1)[0], Marks: a.set.markNames(e.marks), Number: nan}
	switch r.plan.family {
	case familyMoments, familyMaximum, familyMinimum, familyLatestKnown:
		r.takeNumber(&p, e, a.bundle(i))
	case familyDistinct:
		if r.plan.filter != 0 || a.bundle(i) == nil {
			p.Text = a.names.name(r.plan.field.of(e, a.row(i)))
		}
	case familyLatest:
		r.last = e
	case familyLatestLocated:
		if e.flags&located != 0 {
			r.last = e
		}
	}
	return p
}

// takeNumber takes in the number of an event, or those of its bundle.
func (r *eventReading) takeNumber(p *Part, e *event, b *bundle) {
	scale := r.account.set.numberOf(r.plan.column).scale
	v := r.number(e)
	if b != nil && r.plan.column == amountColumn && r.plan.family != familyLatestKnown {
		r.takeAmounts(p, b, scale)
		return
	}
	if v == missing {
		r.unknown += b.size()
		return
	}
	n, x := big.NewInt(b.size()), big.NewInt(v)
	r.n, r.newest, r.last = r.n+b.size(), v, e
	r.extremes = append(r.extremes, v)
	r.sum.Add(r.sum, new(big.Int).Mul(n, x))
	r.squares.Add(r.squares, x.Mul(x, x).Mul(x, n))
	p.Number = float64(v) / scale
	if r.plan.family == familyMoments {
		p.Number *= float64(b.size())
	}
}

// takeAmounts takes in the amounts of a bundle.
func (r *eventReading) takeAmounts(p *Part, b *bundle, scale float64) {
	r.unknown += b.events - b.amounts.N
	if b.amounts.N == 0 {
		return
	}
	r.n += b.amounts.N
	r.sum.Add(r.sum, b.amounts.Total.Big())
	r.squares.Add(r.squares, b.amounts.Squares.Big())
	switch r.plan.family {
	case familyMoments:
		p.Number = b.amounts.Sum(scale)
	case familyMaximum:
		p.Number = float64(b.largest) / scale
		r.extremes = append(r.extremes, b.largest)
	case familyMinimum:
		p.Number = float64(b.least) / scale
		r.extremes = append(r.extremes, b.least)
	}
}

// hear adds what is remembered of the texts of bundled events.
func (r *eventReading) hear(w *EventWindow) {
	a := r.account
	if r.plan.family != familyDistinct || r.plan.filter != 0 || a.heard == nil {
		return
	}
	for _, h := range a.heard[r.plan.field-merchantField] {
		if h.time > w.After && h.time <= w.Until {
			w.Heard = append(w.Heard, Heard{a.set.textName(r.plan.field), a.names.name(h.name), h.time})
		}
	}
}

// number returns an event's number, derived from its fields once more.
func (r *eventReading) number(e *event) int64 {
	s := r.account.set
	if r.plan.column != amountColumn {
		return toFixed(s.columns[r.plan.column].program.Number(&r.env))
	}
	if amount, ok := s.rates.convert(e.original, e.currency); ok {
		return amount
	}
	return missing
}

// value returns what the events add up to.
func (r *eventReading) value(w *EventWindow) float64 {
	if w.Same != "" && w.Own == "" {
		return nan
	}
	e := &r.observation.event
	switch r.feature.op {
	case opSince:
		if r.last == nil {
			return nan
		}
		return float64(e.time-r.last.time) / 1000
	case opKmSince, opKmhSince:
		return r.travelled(e)
	}
	switch r.plan.family {
	case familyCount:
		return float64(w.Counted)
	case familyDistinct:
		return r.texts(w)
	}
	number := r.account.set.numberOf(r.plan.column)
	if r.unknown > 0 && number.poisons() && r.plan.family != familyLatestKnown {
		return nan
	}
	switch r.plan.family {
	case familyMoments:
		return statisticFrom(r.feature.statistic, r.n, r.sum, r.squares, number.scale)
	case familyLatestKnown:
		if r.n == 0 {
			return nan
		}
		return float64(r.newest) / number.scale
	}
	return r.extreme() / number.scale
}

func (r *eventReading) travelled(e *event) float64 {
	if r.last == nil || e.flags&located == 0 {
		return nan
	}
	km := haversine(r.last.latE7, r.last.lonE7, e.latE7, e.lonE7)
	if r.feature.op == opKmSince {
		return km
	}
	return km / max(float64(e.time-r.last.time)/1000, 1) * 3600
}

// texts returns how many different texts there are, or whether this transaction's own is a new one.
func (r *eventReading) texts(w *EventWindow) float64 {
	different := make(map[string]bool)
	for i := range w.Parts {
		if text := w.Parts[i].Text; text != "" {
			different[text] = true
		}
	}
	for i := range w.Heard {
		different[w.Heard[i].Text] = true
	}
	if r.feature.statistic == statDistinct {
		return float64(len(different))
	}
	own := r.account.set.ownText(r.plan.field, r.observation)
	if own == "" {
		return nan
	}
	return indicator(!different[own])
}

func (r *eventReading) extreme() float64 {
	best := nan
	for _, v := range r.extremes {
		x := float64(v)
		if best != best || r.plan.family == familyMaximum && x > best || r.plan.family == familyMinimum && x < best {
			best = x
		}
	}
	return best
}

// markDecisive finds the event that the value is read off, where it is one.
func (r *eventReading) markDecisive(w *EventWindow, value float64) {
	if value != value {
		return
	}
	for i := len(w.Parts) - 1; i >= 0; i-- {
		p := &w.Parts[i]
		switch r.plan.family {
		case familyMaximum, familyMinimum:
			p.Decisive = p.Number == value
		case familyLatest:
			p.Decisive = true
		case familyLatestLocated:
			p.Decisive = p.Merchant.Location.Known
		case familyLatestKnown:
			p.Decisive = p.Number == p.Number
		default:
			return
		}
		if p.Decisive {
			return
		}
	}
}

// statisticFrom returns a statistic of n numbers that are multiples of 1/scale, from the sums of them and of their
// squares: integers, rounded once.
func statisticFrom(s statistic, n int64, sum, squares *big.Int, scale float64) float64 {
	switch {
	case s == statSum:
		return nearestTo(sum) / scale
	case n <= 0:
		return nan
	case s == statMean:
		return nearestTo(sum) / float64(n) / scale
	}
	spread := new(big.Int).Mul(squares, big.NewInt(n))
	spread.Sub(spread, new(big.Int).Mul(sum, sum))
	if spread.Sign() < 0 {
		return nan
	}
	return math.Sqrt(nearestTo(spread)) / float64(n) / scale
}

func nearestTo(x *big.Int) float64 {
	f, _ := new(big.Float).SetInt(x).Float64()
	return f
}
