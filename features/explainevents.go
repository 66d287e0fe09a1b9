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

	numbers []int64 // of the events that count and have one
	unknown int     // events that count and have none
	last    *event  // the newest that the value can be read off
}

// explain returns the window and the value of the feature.
func (r *eventReading) explain(length payment.Time) (*EventWindow, float64) {
	a, t := r.account, r.observation.event.time
	w := &EventWindow{After: t - length, Until: t, Filter: a.set.filters[r.plan.filter].canonical}
	if r.plan.same != noField {
		w.Same, w.Own = a.set.textName(r.plan.same), a.set.ownText(r.plan.same, r.observation)
	}
	for i := range a.events {
		if e := &a.events[i]; e.time > w.After && e.time <= w.Until {
			w.Inside++
			if r.counts(e, a.row(i), w) {
				w.Parts = append(w.Parts, r.part(i))
			}
		}
	}
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
		v := r.number(e)
		if v == missing {
			r.unknown++
			break
		}
		r.numbers, r.last = append(r.numbers, v), e
		p.Number = float64(v) / a.set.numberOf(r.plan.column).scale
	case familyDistinct:
		p.Text = a.names.name(r.plan.field.of(e, a.row(i)))
	case familyLatest:
		r.last = e
	case familyLatestLocated:
		if e.flags&located != 0 {
			r.last = e
		}
	}
	return p
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
		return float64(len(w.Parts))
	case familyDistinct:
		return r.texts(w)
	}
	number := r.account.set.numberOf(r.plan.column)
	if r.unknown > 0 && number.poisons() && r.plan.family != familyLatestKnown {
		return nan
	}
	switch r.plan.family {
	case familyMoments:
		return statisticOf(r.feature.statistic, r.numbers, number.scale)
	case familyLatestKnown:
		if len(r.numbers) == 0 {
			return nan
		}
		return float64(r.numbers[len(r.numbers)-1]) / number.scale
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
	for _, v := range r.numbers {
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

// statisticOf returns a statistic of numbers that are multiples of 1/scale: integers added up, and rounded once.
func statisticOf(s statistic, numbers []int64, scale float64) float64 {
	n, sum, squares := int64(len(numbers)), new(big.Int), new(big.Int)
	for _, v := range numbers {
		x := big.NewInt(v)
		sum.Add(sum, x)
		squares.Add(squares, x.Mul(x, x))
	}
	return statisticFrom(s, n, sum, squares, scale)
}

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
