package features_test

import (
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// oracle says what the engine must compute, by the plainest means: it keeps everything that was ever folded in the
// order of arrival, and answers each question by going through all of it. It shares no code with the engine: what
// expressions mean stands in language_test.go.
type oracle struct {
	layout      features.Layout
	definitions []features.Definition
	marks       []string
	arrived     []*entry
	// tiles returns a feature over an entity's tiles; without it none has any.
	tiles func(v *view, d *features.Definition) float64
}

func newOracle(set *features.Set) *oracle {
	return &oracle{layout: *set.Layout(), definitions: set.Definitions(), marks: set.Marks()}
}

// entry is an event that has arrived. What the definitions ask of it never changes, so it is worked out once.
type entry struct {
	tx       payment.Transaction
	reported *big.Int // minor units of the reporting currency, nil where there is no telling
	marks    map[string]bool
	passes   map[string]bool     // by filter
	numbers  map[string]*big.Int // by what is aggregated: millionths, nil for none
}

// newest returns the newest event time that ever arrived.
func (o *oracle) newest() (payment.Time, bool) {
	newest, ok := payment.Time(0), false
	for _, e := range o.arrived {
		if !ok || e.tx.Time > newest {
			newest, ok = e.tx.Time, true
		}
	}
	return newest, ok
}

// visible returns what is inside the horizon of the newest event, oldest first and, at equal times, in the order of
// arrival.
func (o *oracle) visible() []*entry {
	newest, _ := o.newest()
	var inside []*entry
	for _, e := range o.arrived {
		if e.tx.Time.Add(o.layout.Horizon()) > newest {
			inside = append(inside, e)
		}
	}
	slices.SortStableFunc(inside, func(a, b *entry) int { return int(a.tx.Time - b.tx.Time) })
	return inside
}

// late reports whether tx is older than the newest event by more than the allowed lateness.
func (o *oracle) late(tx *payment.Transaction) bool {
	newest, ok := o.newest()
	return ok && newest.Sub(tx.Time) > o.layout.Lateness
}

// outcome compares tx with everything whose id is still remembered when tx arrives: what is less than the dedupe span
// behind the newest event, tx among them.
func (o *oracle) outcome(tx *payment.Transaction) features.Outcome {
	newest, _ := o.newest()
	newest = max(newest, tx.Time)
	for _, e := range o.arrived {
		if e.tx.ID == tx.ID && newest.Sub(e.tx.Time) < o.layout.Dedupe {
			if sameBody(&e.tx, tx) {
				return features.Duplicate
			}
			return features.Conflict
		}
	}
	return features.Fresh
}

// sameBody reports whether a and b say the same. The order of attributes says nothing.
func sameBody(a, b *payment.Transaction) bool {
	sorted := func(list []payment.Attribute) []payment.Attribute {
		return slices.SortedFunc(slices.Values(list), func(x, y payment.Attribute) int { return strings.Compare(x.Key, y.Key) })
	}
	return a.Time == b.Time && a.Type == b.Type && a.Amount == b.Amount && a.Currency == b.Currency &&
		a.Merchant == b.Merchant && slices.Equal(sorted(a.Attributes), sorted(b.Attributes))
}

// view is what one transaction sees: what arrived before it, and what follows from that.
type view struct {
	oracle   *oracle
	tx       *payment.Transaction
	self     *entry
	inside   []*entry // visible, oldest first
	features map[string]float64
}

// look returns the view of a transaction that is to arrive.
func (o *oracle) look(tx *payment.Transaction) *view {
	self := &entry{tx: *tx, reported: o.report(tx.Amount, tx.Currency), marks: make(map[string]bool)}
	v := &view{oracle: o, tx: tx, self: self, inside: o.visible(), features: make(map[string]float64)}
	for _, m := range o.marks {
		v.mark(m)
	}
	self.passes, self.numbers = make(map[string]bool), make(map[string]*big.Int)
	for i := range o.definitions {
		d := &o.definitions[i]
		if _, done := self.passes[d.Filter]; !done && d.Value == "" {
			self.passes[d.Filter] = o.passes(d.Filter, self)
		}
		if number, ok := derived[d.Of]; ok {
			self.numbers[d.Of] = millionths(number(o, self))
		}
	}
	return v
}

// mark reports whether the transaction has the mark.
func (v *view) mark(name string) bool {
	m, known := v.self.marks[name]
	if !known {
		m = v.holds(name)
		v.self.marks[name] = m
	}
	return m
}

func (v *view) amount() float64 { return v.oracle.amount(v.self) }

// amount returns the amount in units of the reporting currency, NaN where there is no telling.
func (o *oracle) amount(e *entry) float64 {
	if e.reported == nil {
		return math.NaN()
	}
	return nearest(e.reported) / o.unit()
}

// fold takes in the transaction of a view.
func (o *oracle) fold(v *view) { o.arrived = append(o.arrived, v.self) }

// report converts an amount into minor units of the reporting currency with rational arithmetic.
func (o *oracle) report(amount int64, c payment.Currency) *big.Int {
	home, _ := payment.ParseCurrency(o.layout.Currency)
	value := new(big.Rat).SetInt64(amount)
	if c != home {
		text, ok := o.layout.Rates[c.Code()]
		if !ok {
			return nil
		}
		rate, _ := new(big.Rat).SetString(text)
		from, _ := c.Exponent()
		to, _ := home.Exponent()
		value.Mul(value, rate)
		value.Mul(value, power10(to-from))
	}
	rounded := halfEven(value)
	if rounded.CmpAbs(big.NewInt(payment.MaxAmount)) > 0 {
		return nil
	}
	return rounded
}

func power10(n int) *big.Rat {
	p := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, -n))), nil)
	if n < 0 {
		return new(big.Rat).SetFrac(big.NewInt(1), p)
	}
	return new(big.Rat).SetInt(p)
}

// halfEven rounds to the nearest integer: of the two neighbours the nearer one, or else the even one.
func halfEven(x *big.Rat) *big.Int {
	below := new(big.Int)
	below.Div(x.Num(), x.Denom()) // Euclidean: towards minus infinity, since denominators are positive
	above := new(big.Int).Add(below, big.NewInt(1))
	toBelow := new(big.Rat).Sub(x, new(big.Rat).SetInt(below))
	toAbove := new(big.Rat).Sub(new(big.Rat).SetInt(above), x)
	switch c := toBelow.Cmp(toAbove); {
	case c < 0, c == 0 && below.Bit(0) == 0:
		return below
	}
	return above
}

// vector returns the features.
func (v *view) vector() features.Vector {
	all := make(features.Vector, len(v.oracle.definitions))
	for i := range all {
		all[i] = v.feature(v.oracle.definitions[i].Name)
	}
	return all
}

// feature returns the named feature.
func (v *view) feature(name string) float64 {
	x, known := v.features[name]
	if !known {
		i := slices.IndexFunc(v.oracle.definitions, func(d features.Definition) bool { return d.Name == name })
		x = v.compute(&v.oracle.definitions[i])
		v.features[name] = x
	}
	return x
}

func (v *view) compute(d *features.Definition) float64 {
	switch {
	case d.Value != "":
		return v.value(d.Value)
	case d.Entity != "" && v.oracle.tiles == nil:
		return math.NaN()
	case d.Entity != "":
		return v.oracle.tiles(v, d)
	}
	same := ""
	if d.Same != "" {
		if same = textOf(d.Same, v.tx); same == "" {
			return math.NaN()
		}
	}
	var inside []*entry
	for _, e := range v.inside {
		if e.tx.Time <= v.tx.Time && v.tx.Time.Sub(e.tx.Time) < d.Window && e.passes[d.Filter] && (d.Same == "" || textOf(d.Same, &e.tx) == same) {
			inside = append(inside, e)
		}
	}
	return v.aggregate(d, inside)
}

// aggregate answers for the events that a definition looks at, oldest first.
func (v *view) aggregate(d *features.Definition, inside []*entry) float64 {
	switch d.Aggregate {
	case "count":
		return float64(len(inside))
	case "sum", "mean", "std", "min", "max", "last":
		return v.numbers(d, inside)
	case "distinct":
		return float64(len(textsOf(d.Of, inside)))
	case "new":
		text := textOf(d.Of, v.tx)
		if text == "" {
			return math.NaN()
		}
		return truth(!textsOf(d.Of, inside)[text])
	case "since":
		if len(inside) == 0 {
			return math.NaN()
		}
		return seconds(inside[len(inside)-1].tx.Time, v.tx.Time)
	case "km_since", "kmh_since":
		inside = slices.DeleteFunc(inside, func(e *entry) bool { return !e.tx.Merchant.Location.Known })
		if len(inside) == 0 || !v.tx.Merchant.Location.Known {
			return math.NaN()
		}
		last := &inside[len(inside)-1].tx
		km := kilometres(last.Merchant.Location, v.tx.Merchant.Location)
		if d.Aggregate == "km_since" {
			return km
		}
		return km / math.Max(seconds(last.Time, v.tx.Time), 1) * 3600
	}
	panic("the oracle does not understand the aggregate " + d.Aggregate)
}

// numbers reads a statistic off what is aggregated. An amount that nobody can tell spoils all but the last; any other
// number that is missing just does not count.
func (v *view) numbers(d *features.Definition, inside []*entry) float64 {
	var known []*big.Int
	unit := 1e6
	for _, e := range inside {
		n := e.numbers[d.Of]
		if d.Of == "amount" {
			n, unit = e.reported, v.oracle.unit()
			if n == nil && d.Aggregate != "last" {
				return math.NaN()
			}
		}
		if n != nil {
			known = append(known, n)
		}
	}
	return statistic(d.Aggregate, known, unit)
}

// statistic works on integers of which a number has unit: a sum is exact and then rounded once to a float64, a mean is
// that sum divided, a deviation is the root of n·Σx² − (Σx)², exact and then rounded once, divided by n.
func statistic(name string, all []*big.Int, unit float64) float64 {
	sum, squares := new(big.Int), new(big.Int)
	for _, x := range all {
		sum.Add(sum, x)
		squares.Add(squares, new(big.Int).Mul(x, x))
	}
	n := float64(len(all))
	switch {
	case name == "sum":
		return nearest(sum) / unit
	case len(all) == 0:
		return math.NaN()
	case name == "mean":
		return nearest(sum) / n / unit
	case name == "max":
		return nearest(slices.MaxFunc(all, (*big.Int).Cmp)) / unit
	case name == "min":
		return nearest(slices.MinFunc(all, (*big.Int).Cmp)) / unit
	case name == "last":
		return nearest(all[len(all)-1]) / unit
	}
	spread := squares.Mul(squares, big.NewInt(int64(len(all))))
	spread.Sub(spread, new(big.Int).Mul(sum, sum))
	return math.Sqrt(nearest(spread)) / n / unit
}

// unit returns how many minor units the reporting currency's unit has.
func (o *oracle) unit() float64 {
	home, _ := payment.ParseCurrency(o.layout.Currency)
	exponent, _ := home.Exponent()
	f, _ := power10(exponent).Float64()
	return f
}

func nearest(x *big.Int) float64 {
	f, _ := new(big.Rat).SetInt(x).Float64()
	return f
}

func textsOf(field string, inside []*entry) map[string]bool {
	texts := make(map[string]bool)
	for _, e := range inside {
		if text := textOf(field, &e.tx); text != "" {
			texts[text] = true
		}
	}
	return texts
}

func seconds(from, to payment.Time) float64 { return float64(to.Sub(from).Milliseconds()) / 1000 }

// kilometres is the haversine formula on the mean earth radius, in the order of operations that the engine promises.
func kilometres(a, b payment.Location) float64 {
	const perUnit = math.Pi / 180 / 1e7
	latA, latB := float64(float64(a.LatitudeE7)*perUnit), float64(float64(b.LatitudeE7)*perUnit)
	north := math.Sin((latB - latA) / 2)
	east := math.Sin(float64((float64(b.LongitudeE7)-float64(a.LongitudeE7))*perUnit) / 2)
	h := float64(north*north) + float64(float64(math.Cos(latA)*math.Cos(latB))*float64(east*east))
	return 2 * 6371.0088 * math.Asin(math.Sqrt(math.Min(h, 1)))
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
