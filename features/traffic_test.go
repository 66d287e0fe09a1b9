package features_test

import (
	"fmt"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// dice makes the choices of a generated stream: a seeded generator in property tests, the input in fuzz tests.
type dice interface {
	IntN(n int) int
}

// traffic generates one account's transactions, with a liking for the places where an engine may go wrong: ties,
// window bounds to the millisecond, gaps, what comes late or twice, and the ends of every range.
type traffic struct {
	dice   dice
	layout features.Layout
	sent   []payment.Transaction
	newest payment.Time
	steps  time.Duration // typical time between transactions

	merchants, categories int                // how many different ones
	currencies            []payment.Currency // the first is the usual one
}

func newTraffic(d dice, layout features.Layout) *traffic {
	g := &traffic{dice: d, layout: layout, newest: start}
	g.steps = layout.LongestWindow / time.Duration(pick(d, 3, 20, 100))
	g.merchants, g.categories = pick(d, 1, 6, 300), pick(d, 0, 3, 40)
	g.currencies = []payment.Currency{currency(layout.Currency)}
	if d.IntN(2) == 0 {
		g.currencies = append(g.currencies, currency("EUR"), currency("KWD"), currency("JPY"))
	}
	if d.IntN(4) == 0 {
		g.currencies = append(g.currencies, currency("GBP")) // the layouts have no rate for it
	}
	return g
}

func pick[T any](d dice, from ...T) T { return from[d.IntN(len(from))] }

// next returns the next transaction to arrive.
func (g *traffic) next() payment.Transaction {
	tx := g.fresh()
	if len(g.sent) > 0 && g.dice.IntN(8) == 0 {
		tx = g.repeated()
	}
	g.sent = append(g.sent, tx)
	g.newest = max(g.newest, tx.Time)
	return tx
}

func (g *traffic) fresh() payment.Transaction {
	tx := payment.Transaction{
		ID: fmt.Sprintf("t%d", len(g.sent)), AccountID: "A1", Time: g.time(),
		Type:     pick(g.dice, payment.Purchase, payment.Purchase, payment.Withdrawal, payment.Deposit),
		Currency: g.currencies[0],
	}
	if g.dice.IntN(6) == 0 {
		tx.Currency = pick(g.dice, g.currencies...)
	}
	tx.Amount = g.amount(tx.Type)
	if g.dice.IntN(8) > 0 {
		tx.Merchant.Name = fmt.Sprintf("merchant %d", g.dice.IntN(g.merchants))
	}
	if g.categories > 0 && g.dice.IntN(4) > 0 {
		// Some are called like merchants, which must not mix them up.
		tx.Merchant.Category = fmt.Sprintf("%s %d", pick(g.dice, "category", "merchant"), g.dice.IntN(g.categories))
	}
	if g.dice.IntN(3) > 0 {
		tx.Merchant.Location = g.location()
	}
	tx.Attributes = g.attributes()
	return tx
}

// numbers are attributes that are a number, that are nearly none, and that are none: ties between two of the state's,
// the ends of what it keeps, and texts that other parsers take for numbers.
var numbers = []string{
	"0", "0.5", "0.500001", "1", "-3.25", "0.95", "12", "1e-3", "12E2", "+2", ".5", "7.", "0e999",
	"0.0000005", "0.0000015", "-0.0000025", "0.00000250000000000000001", "1.0000005", "8999999999.123457", "0.1234564999999999999999",
	"9000000000", "-9000000000", "9000000000.0000005", "9000000000.0000006", "9000000001", "1e9", "1e10", "1e400", "1e-400",
	"true", "NaN", "Infinity", "0x10", "1_000", " 1", "1 ", "-", ".", "e5", "1e", "1e+", "1.2.3", "--1",
}

func (g *traffic) attributes() []payment.Attribute {
	var all []payment.Attribute
	add := func(key, value string) { all = append(all, payment.Attribute{Key: key, Value: value}) }
	for i := range g.dice.IntN(2) {
		add(fmt.Sprintf("k%d", i), fmt.Sprintf("v%d", g.dice.IntN(3)))
	}
	if g.dice.IntN(4) > 0 {
		// Devices are called like merchants, too.
		device := pick(g.dice, "d1", "d2", "merchant 1", "merchant 0", fmt.Sprint("d", g.dice.IntN(50)))
		add("device", device)
		add("device_id", device)
	}
	switch g.dice.IntN(4) {
	case 0:
		add("channel", pick(g.dice, "online", "pos", "d1"))
	case 1, 2:
		add("risk", pick(g.dice, numbers...))
	}
	return all
}

// time returns an event time: mostly a step on, else one that a bound depends on.
func (g *traffic) time() payment.Time {
	l := &g.layout
	t := g.newest
	switch g.dice.IntN(24) {
	default:
		t = t.Add(g.upTo(g.steps))
	case 0, 1: // at the same millisecond
	case 2, 3: // at a window's bound as seen from another event
		if len(g.sent) > 0 {
			other := pick(g.dice, g.sent[max(0, len(g.sent)-50):]...)
			t = g.near(other.Time.Add(l.LongestWindow / pick(g.dice, windowParts...)))
		}
	case 4:
		t = g.near(t.Add(l.LongestWindow))
	case 5:
		if g.dice.IntN(3) == 0 {
			t = g.near(t.Add(l.Horizon()))
		}
	case 6:
		if g.dice.IntN(6) == 0 {
			t = t.Add(l.Horizon() + g.upTo(l.Horizon()))
		}
	case 7, 8, 9: // out of order, and at the ends of lateness, dedupe and horizon
		t = t.Add(-g.upTo(l.Lateness))
	case 10:
		t = g.near(t.Add(-l.Lateness))
	case 11:
		t = g.near(t.Add(-l.Dedupe))
	case 12:
		t = g.near(t.Add(-l.Horizon()))
	case 13:
		t = t.Add(-g.upTo(l.Horizon()))
	case 14: // far too late
		t = t.Add(-g.upTo(2 * l.Horizon()))
	}
	return min(max(t, payment.MinTime), payment.MaxTime-1)
}

func (g *traffic) near(t payment.Time) payment.Time { return t + payment.Time(g.dice.IntN(3)) - 1 }

// upTo returns between 0 and most, to the millisecond.
func (g *traffic) upTo(most time.Duration) time.Duration {
	return time.Duration(g.dice.IntN(int(most.Milliseconds())+1)) * time.Millisecond
}

func (g *traffic) amount(kind payment.Type) int64 {
	amount := int64(g.dice.IntN(100_000))
	switch g.dice.IntN(16) {
	case 0:
		amount = 0
	case 1, 2, 3:
		amount = int64(1 + g.dice.IntN(3)) // many equal ones
	case 4:
		amount = payment.MaxAmount - int64(g.dice.IntN(2))
	case 5:
		amount = payment.MaxAmount / int64(1+g.dice.IntN(1000))
	}
	if kind.AllowsNegative() && g.dice.IntN(5) == 0 {
		return -amount
	}
	return amount
}

func (g *traffic) location() payment.Location {
	l := payment.Location{LatitudeE7: 407306100, LongitudeE7: -739352420, Known: true}
	switch g.dice.IntN(8) {
	case 0:
		l.LatitudeE7, l.LongitudeE7 = 0, 0
	case 1:
		l.LatitudeE7 = pick(g.dice, int32(900000000), -900000000)
	case 2:
		l.LongitudeE7 = pick(g.dice, int32(1800000000), -1800000000)
	case 3, 4:
		l.LatitudeE7, l.LongitudeE7 = int32(g.dice.IntN(1800000001)-900000000), int32(g.dice.IntN(3600000001)-1800000000)
	}
	return l
}

// repeated returns an earlier transaction once more: as it was, in other words, or changed.
func (g *traffic) repeated() payment.Transaction {
	again := pick(g.dice, g.sent[max(0, len(g.sent)-30):]...)
	tx := again.Clone()
	switch g.dice.IntN(12) {
	default:
	case 0:
		for i, j := 0, len(tx.Attributes)-1; i < j; i, j = i+1, j-1 {
			tx.Attributes[i], tx.Attributes[j] = tx.Attributes[j], tx.Attributes[i]
		}
	case 1, 2, 3:
		tx.Time = g.time()
	case 4:
		tx.Amount = g.amount(tx.Type)
	case 5:
		tx.Merchant.Name += "'"
	case 6:
		tx.Merchant.Location = g.location()
	case 7:
		tx.Attributes = append(tx.Attributes, payment.Attribute{Key: "more", Value: "1"})
	}
	return tx
}
