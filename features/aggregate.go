package features

import "math"

// nan is the missing value. All of Weir uses this one bit pattern, so that vectors compare byte for byte.
var nan = math.NaN()

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

// aggregates are what the windows of an account keep of the events inside them. Those of a kind lie side by side, each in
// the place that its plan has, since a transaction visits most of them. An account has no pointer to each: there would be
// more of these than of anything else, and the collector would follow every one.
type aggregates struct {
	counts   []count
	moments  []moments
	extremes []extreme
	distinct []distinct
	latest   []latest
	grouped  []grouped
}

// kind says which of these an aggregate is.
type kind uint8

const (
	kindCount kind = iota
	kindMoments
	kindExtreme
	kindDistinct
	kindLatest
	kindGrouped
	kinds
)

// placed is an aggregate that has its place in an account. It is small, since every event reads all of a window.
type placed struct {
	number number // that it adds up or compares
	at     int32  // among those of its kind
	kind   kind
	family family
	filter uint8
	sign   int8      // of an extreme: 1 for the largest, -1 for the smallest
	field  textField // that a distinct counts, or by which something is grouped
}

// place gives an aggregate its place, and counts it.
func (s *Set) place(p *aggregatePlan) placed {
	at := placed{filter: uint8(p.filter), field: p.field, family: p.family, number: s.numberOf(p.column), sign: 1}
	switch {
	case p.same != noField:
		at.kind, at.field = kindGrouped, p.same
	case p.family == familyCount:
		at.kind = kindCount
	case p.family == familyMoments:
		at.kind = kindMoments
	case p.family == familyMaximum:
		at.kind = kindExtreme
	case p.family == familyMinimum:
		at.kind, at.sign = kindExtreme, -1
	case p.family == familyDistinct:
		at.kind = kindDistinct
	default:
		at.kind = kindLatest
	}
	at.at = int32(s.aggregates[at.kind])
	s.aggregates[at.kind]++
	return at
}

// newWindows returns the windows of an account and their aggregates, all empty. What holds no pointers, and that is most, is
// cut from one piece of memory, together with what most distinct and extreme ones need at first.
func (s *Set) newWindows() ([]window, aggregates) {
	const texts, peaks = 8, 2
	n := &s.aggregates
	b := make(block, words[window](len(s.windows))+words[count](n[kindCount])+words[moments](n[kindMoments])+words[latest](n[kindLatest])+
		words[uint32](texts*n[kindDistinct])+words[peak](peaks*n[kindExtreme]))
	windows := cut[window](&b, len(s.windows))
	in := aggregates{
		counts: cut[count](&b, n[kindCount]), moments: cut[moments](&b, n[kindMoments]), latest: cut[latest](&b, n[kindLatest]),
		distinct: make([]distinct, n[kindDistinct]), extremes: make([]extreme, n[kindExtreme]), grouped: make([]grouped, n[kindGrouped]),
	}
	for i := range in.distinct {
		in.distinct[i].counts = cut[uint32](&b, texts)[:0]
	}
	for i := range in.extremes {
		in.extremes[i].queue = cut[peak](&b, peaks)[:0]
	}
	return windows, in
}

// enter takes an event and its row into those of one window whose filter it passes; seq is its number, one above that of the
// event before it in the account. b is the bundle that it represents, nil for itself alone. Events enter in event-time order,
// and leave in the order in which they entered.
func (in *aggregates) enter(plan []placed, e *event, row []int64, seq uint64, b *bundle) {
	for i := range plan {
		p := &plan[i]
		if e.matches>>p.filter&1 == 0 {
			continue
		}
		switch p.kind {
		case kindCount:
			in.counts[p.at] += count(b.size())
		case kindMoments:
			in.moments[p.at].enter(&p.number, e, row, b)
		case kindExtreme:
			in.extremes[p.at].enter(p, e, row, seq, b)
		case kindDistinct:
			in.distinct[p.at].enter(p, e, row, b)
		case kindLatest:
			in.latest[p.at].enter(p, e, row, seq)
		case kindGrouped:
			in.grouped[p.at].enter(p, e, row, b)
		}
	}
}

// leave drops the oldest event inside a window.
func (in *aggregates) leave(plan []placed, e *event, row []int64, seq uint64, b *bundle) {
	for i := range plan {
		p := &plan[i]
		if e.matches>>p.filter&1 == 0 {
			continue
		}
		switch p.kind {
		case kindCount:
			in.counts[p.at] -= count(b.size())
		case kindMoments:
			in.moments[p.at].leave(&p.number, e, row, b)
		case kindExtreme:
			in.extremes[p.at].leave(p, e, row, seq, b)
		case kindDistinct:
			in.distinct[p.at].leave(p, e, row, b)
		case kindLatest:
			in.latest[p.at].leave(seq)
		case kindGrouped:
			in.grouped[p.at].leave(p, e, row, b)
		}
	}
}

// value returns a statistic, NaN where there is none. key is the number that the account's names give to this
// transaction's own text, where the aggregate tells events apart by one: 0 for no text, unheard for a new one.
func (in *aggregates) value(p *placed, s statistic, key uint32) float64 {
	switch p.kind {
	case kindCount:
		return float64(in.counts[p.at])
	case kindMoments:
		return in.moments[p.at].value(&p.number, s)
	case kindExtreme:
		return in.extremes[p.at].value(p)
	case kindDistinct:
		return in.distinct[p.at].value(s, key)
	case kindLatest:
		return in.latest[p.at].value(p)
	default:
		return in.grouped[p.at].value(p, s, key)
	}
}

// reset empties all, keeping their memory.
func (in *aggregates) reset() {
	clear(in.counts)
	clear(in.moments)
	clear(in.latest)
	for i := range in.extremes {
		in.extremes[i].reset()
	}
	for i := range in.distinct {
		in.distinct[i].reset()
	}
	for i := range in.grouped {
		in.grouped[i].reset()
	}
}

// number says where an event's aggregated number stands, and how many of its units make one.
type number struct {
	scale float64
	at    int32 // in the row; amountColumn for the event's amount
}

// amountColumn stands for the event's own amount, in minor units of the reporting currency.
const amountColumn = -1

func (s *Set) numberOf(column int) number {
	if column == amountColumn {
		return number{s.scale, amountColumn}
	}
	return number{fixedScale, int32(len(s.attributes) + column)}
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
