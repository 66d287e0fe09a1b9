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
// order of arrival, and answers each question by going through all of it. It shares no code with the engine.
type oracle struct {
	layout      features.Layout
	definitions []features.Definition
	arrived     []entry
}

type entry struct {
	tx       payment.Transaction
	reported *big.Int // minor units of the reporting currency, nil where there is no telling
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
func (o *oracle) visible() []entry {
	newest, _ := o.newest()
	var inside []entry
	for _, e := range o.arrived {
		if e.tx.Time.Add(o.layout.Horizon()) > newest {
			inside = append(inside, e)
		}
	}
	slices.SortStableFunc(inside, func(a, b entry) int { return int(a.tx.Time - b.tx.Time) })
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

// fold takes tx in.
func (o *oracle) fold(tx *payment.Transaction) {
	o.arrived = append(o.arrived, entry{tx: *tx, reported: o.report(tx.Amount, tx.Currency)})
}

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

// window returns what a definition looks at, out of what is visible, for a transaction at t.
func window(d *features.Definition, visible []entry, t payment.Time) []entry {
	var inside []entry
	for _, e := range visible {
		if e.tx.Time > t || t.Sub(e.tx.Time) >= d.Window {
			continue
		}
		deposit, withdrawal := e.tx.Type == payment.Deposit, e.tx.Type == payment.Withdrawal
		if d.Filter == "spending" && deposit || d.Filter == "withdrawals" && !withdrawal || d.Filter == "deposits" && !deposit {
			continue
		}
		inside = append(inside, e)
	}
	return inside
}

// vector returns the features of tx, which has not been folded, or not yet.
func (o *oracle) vector(tx *payment.Transaction) features.Vector {
	byName := make(map[string]float64, len(o.definitions))
	v := make(features.Vector, len(o.definitions))
	visible := o.visible()
	for i := range o.definitions {
		d := &o.definitions[i]
		switch {
		case d.Fact != "":
			v[i] = o.fact(d.Fact, tx)
		case d.Ratio != [2]string{}:
			v[i] = math.NaN()
			a, b := byName[d.Ratio[0]], byName[d.Ratio[1]]
			if !math.IsNaN(a) && !math.IsNaN(b) && b != 0 {
				v[i] = a / b
			}
		default:
			v[i] = o.aggregate(d, window(d, visible, tx.Time), tx)
		}
		byName[d.Name] = v[i]
	}
	return v
}

func (o *oracle) fact(name string, tx *payment.Transaction) float64 {
	when := tx.Time.Std()
	switch name {
	case "amount":
		if m := o.report(tx.Amount, tx.Currency); m != nil {
			return nearest(m) / o.unit()
		}
		return math.NaN()
	case "is_withdrawal":
		return truth(tx.Type == payment.Withdrawal)
	case "is_deposit":
		return truth(tx.Type == payment.Deposit)
	case "hour_of_day":
		return float64(when.Hour())
	case "day_of_week":
		return float64((when.Weekday() + 6) % 7)
	}
	panic("oracle: fact " + name)
}

func (o *oracle) aggregate(d *features.Definition, inside []entry, tx *payment.Transaction) float64 {
	switch d.Aggregate {
	case "count":
		return float64(len(inside))
	case "sum", "mean", "std", "max":
		return o.money(d.Aggregate, inside)
	case "distinct":
		return float64(len(namesOf(d.Field, inside)))
	case "new":
		name := nameOf(d.Field, tx)
		if name == "" {
			return math.NaN()
		}
		return truth(!namesOf(d.Field, inside)[name])
	case "seconds_since":
		if len(inside) == 0 {
			return math.NaN()
		}
		return seconds(inside[len(inside)-1].tx.Time, tx.Time)
	case "km_since", "kmh_since":
		inside = slices.DeleteFunc(inside, func(e entry) bool { return !e.tx.Merchant.Location.Known })
		if len(inside) == 0 || !tx.Merchant.Location.Known {
			return math.NaN()
		}
		last := &inside[len(inside)-1].tx
		km := kilometres(last.Merchant.Location, tx.Merchant.Location)
		if d.Aggregate == "km_since" {
			return km
		}
		return km / math.Max(seconds(last.Time, tx.Time), 1) * 3600
	}
	panic("oracle: aggregate " + d.Aggregate)
}

// money reads a statistic off the reported amounts: a sum is exact and then rounded once to a float64, a mean is that
// sum divided, a deviation is the root of n·Σx² − (Σx)², exact and then rounded once, divided by n.
func (o *oracle) money(statistic string, inside []entry) float64 {
	sum, squares, largest := new(big.Int), new(big.Int), new(big.Int)
	for i, e := range inside {
		if e.reported == nil {
			return math.NaN()
		}
		sum.Add(sum, e.reported)
		squares.Add(squares, new(big.Int).Mul(e.reported, e.reported))
		if i == 0 || e.reported.Cmp(largest) > 0 {
			largest = e.reported
		}
	}
	n := float64(len(inside))
	switch {
	case statistic == "sum":
		return nearest(sum) / o.unit()
	case len(inside) == 0:
		return math.NaN()
	case statistic == "mean":
		return nearest(sum) / n / o.unit()
	case statistic == "max":
		return nearest(largest) / o.unit()
	}
	spread := squares.Mul(squares, big.NewInt(int64(len(inside))))
	spread.Sub(spread, new(big.Int).Mul(sum, sum))
	return math.Sqrt(nearest(spread)) / n / o.unit()
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

func nameOf(field string, tx *payment.Transaction) string {
	if field == "category" {
		return tx.Merchant.Category
	}
	return tx.Merchant.Name
}

func namesOf(field string, inside []entry) map[string]bool {
	names := make(map[string]bool)
	for i := range inside {
		if name := nameOf(field, &inside[i].tx); name != "" {
			names[name] = true
		}
	}
	return names
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
