package features_test

import (
	"math"
	"math/big"
	"regexp"
	"time"

	"github.com/weir-fraud/weir/payment"
)

// The expressions that the tests' files are made of, as the oracle understands them: each by its text, or for filters
// and marks by the name that the files give it. It is written down a second time by hand, so that the oracle shares
// nothing with the engine's own language.

// conditions are the filters.
var conditions = map[string]func(o *oracle, e *entry) bool{
	"spending":    func(_ *oracle, e *entry) bool { return e.tx.Type != payment.Deposit },
	"withdrawals": func(_ *oracle, e *entry) bool { return e.tx.Type == payment.Withdrawal },
	"deposits":    func(_ *oracle, e *entry) bool { return e.tx.Type == payment.Deposit },
	"online":      func(_ *oracle, e *entry) bool { return textOf("channel", &e.tx) == "online" },
	"night":       func(_ *oracle, e *entry) bool { return e.tx.Time.Std().Hour() < 6 },
	"berlin":      func(_ *oracle, e *entry) bool { return in("Europe/Berlin", e.tx.Time).Hour() >= 12 },

	`risk > 0.5`:       func(o *oracle, e *entry) bool { return o.attribute("risk", &e.tx) > 0.5 },
	`not (risk > 0.5)`: func(o *oracle, e *entry) bool { return !(o.attribute("risk", &e.tx) > 0.5) },
	`device == "d1" or category in ["category 1", "merchant 1"]`: func(_ *oracle, e *entry) bool {
		return textOf("device", &e.tx) == "d1" || e.tx.Merchant.Category == "category 1" || e.tx.Merchant.Category == "merchant 1"
	},
	`known(latitude) and latitude > 0`: func(_ *oracle, e *entry) bool {
		return e.tx.Merchant.Location.Known && e.tx.Merchant.Location.LatitudeE7 > 0
	},
	`amount >= 100 and currency != "EUR"`: func(o *oracle, e *entry) bool {
		return o.amount(e) >= 100 && e.tx.Currency.Code() != "EUR"
	},
	`amount > 50`: func(o *oracle, e *entry) bool { return o.amount(e) > 50 },

	"not large":                func(_ *oracle, e *entry) bool { return !e.marks["large"] },
	"again and not burst":      func(_ *oracle, e *entry) bool { return e.marks["again"] && !e.marks["burst"] },
	"not again and amount > 1": func(o *oracle, e *entry) bool { return !e.marks["again"] && o.amount(e) > 1 },
}

// filterDeclarations declares those that have a name.
const filterDeclarations = `filters:
  spending: type != "deposit"
  withdrawals: type == "withdrawal"
  deposits: type == "deposit"
  online: channel == "online"
  night: hour() < 6
  berlin: hour("Europe/Berlin") >= 12
`

// passes reports whether the filter lets the event in.
func (o *oracle) passes(filter string, e *entry) bool {
	if marked, isMark := e.marks[filter]; isMark || filter == "" {
		return marked || filter == ""
	}
	condition, ok := conditions[filter]
	if !ok {
		panic("the oracle does not understand the filter " + filter)
	}
	return condition(o, e)
}

// holds works out the mark with the given name. Those of the tests' own files read the features that markFeatures
// declares.
func (v *view) holds(mark string) bool {
	switch mark {
	case "unusual_amount":
		return v.feature("count_30d") >= 3 && v.amount() > 2.5*v.feature("mean_30d")
	case "small_amount":
		return v.tx.Type == payment.Purchase && v.amount() < 3
	case "large":
		return v.amount() > 1.5*v.feature("mark_mean")
	case "again":
		return v.feature("mark_new") == 0 && !v.mark("large")
	case "burst":
		return v.feature("mark_large") >= 1 || v.oracle.attribute("risk", v.tx) > 0.9
	}
	panic("the oracle does not understand the mark " + mark)
}

const markDeclarations = `marks:
  again: {when: mark_new == 0 and not large}
  large: {when: amount > 1.5 * mark_mean}
  burst: {when: mark_large >= 1 or risk > 0.9}
`

// markFeatures are what the marks read, in the longest window of a layout and in half of it.
func markFeatures(longest time.Duration) []string {
	return []string{
		"name: mark_large, aggregate: count, filter: large, windows: [" + span(longest/2) + "]",
		"name: mark_mean, aggregate: mean, of: amount, windows: [" + span(longest) + "]",
		"name: mark_new, aggregate: new, of: merchant, windows: [" + span(longest) + "]",
	}
}

// derived are the numbers, other than the amount, that are aggregated.
var derived = map[string]func(o *oracle, e *entry) float64{
	"amount * 2":      func(o *oracle, e *entry) float64 { return o.amount(e) * 2 },
	"risk":            func(o *oracle, e *entry) float64 { return o.attribute("risk", &e.tx) },
	"tiers(category)": func(_ *oracle, e *entry) float64 { return tier(e.tx.Merchant.Category) },
	"large ? amount : 0": func(o *oracle, e *entry) float64 {
		if e.marks["large"] {
			return o.amount(e)
		}
		return 0
	},
}

// tableDeclarations has numbers that lie halfway between two of the state's.
const tableDeclarations = `tables:
  tiers: {by: category, values: {category 0: 1.5, category 1: -0.0000005, category 2: 0.0000025, merchant 0: 8e9}, default: 0.25}
`

func tier(category string) float64 {
	switch category {
	case "":
		return math.NaN()
	case "category 0":
		return 1.5
	case "category 1":
		return -0.0000005
	case "category 2":
		return 0.0000025
	case "merchant 0":
		return 8e9
	}
	return 0.25
}

// valueFeatures declares features that are made of others, some of them before what they are made of.
var valueFeatures = []string{
	"name: twice, value: to_mean / mark_mean", "name: to_mean, value: amount / mark_mean", "name: amount, value: amount",
	`name: far, value: 'hour("Asia/Kolkata") + weekday("America/New_York") / 8'`, "name: risky, value: 'known(risk) ? risk : -1'",
	"name: tier, value: tiers(category)", `name: mine, value: 'device == "d1" and not again'`, "name: is_large, value: large",
	"name: eager, value: burst or small > 2", "name: small, value: mark_large / mark_mean",
}

var quotient = regexp.MustCompile(`^(\w+) / (\w+)$`)

// value works out the value expression of a feature.
func (v *view) value(source string) float64 {
	switch source {
	case "amount":
		return v.amount()
	case `type == "withdrawal"`:
		return truth(v.tx.Type == payment.Withdrawal)
	case `type == "deposit"`:
		return truth(v.tx.Type == payment.Deposit)
	case `channel == "online"`:
		return truth(textOf("channel", v.tx) == "online")
	case `hour()`:
		return float64(v.tx.Time.Std().Hour())
	case `weekday()`:
		return float64((v.tx.Time.Std().Weekday() + 6) % 7)
	case `hour("Asia/Kolkata") + weekday("America/New_York") / 8`:
		day := (in("America/New_York", v.tx.Time).Weekday() + 6) % 7
		return float64(in("Asia/Kolkata", v.tx.Time).Hour()) + float64(day)/8
	case `known(risk) ? risk : -1`:
		if r := v.oracle.attribute("risk", v.tx); r == r {
			return r
		}
		return -1
	case `tiers(category)`:
		return tier(v.tx.Merchant.Category)
	case `device == "d1" and not again`:
		return truth(textOf("device", v.tx) == "d1" && !v.mark("again"))
	case `large`:
		return truth(v.mark("large"))
	case `burst or small > 2`:
		return truth(v.mark("burst") || v.feature("small") > 2)
	}
	m := quotient.FindStringSubmatch(source)
	if m == nil {
		panic("the oracle does not understand the value " + source)
	}
	a, b := v.operand(m[1]), v.operand(m[2])
	if b == 0 || math.IsInf(a/b, 0) {
		return math.NaN()
	}
	return a / b
}

func (v *view) operand(name string) float64 {
	if name == "amount" {
		return v.amount()
	}
	return v.feature(name)
}

// in returns the time on the clocks of a zone.
func in(zone string, t payment.Time) time.Time {
	l, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	return t.Std().In(l)
}

// textOf returns the named text of a transaction.
func textOf(field string, tx *payment.Transaction) string {
	switch field {
	case "merchant":
		return tx.Merchant.Name
	case "category":
		return tx.Merchant.Category
	}
	value, _ := tx.Attribute(field)
	return value
}

var decimal = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$`)

// attribute returns a number among the attributes, which is kept to 6 digits behind the point, NaN for none.
func (o *oracle) attribute(name string, tx *payment.Transaction) float64 {
	text := textOf(name, tx)
	if !decimal.MatchString(text) {
		return math.NaN()
	}
	x, ok := new(big.Rat).SetString(text)
	if !ok {
		return math.NaN()
	}
	millionths := halfEven(x.Mul(x, power10(6)))
	if millionths.CmpAbs(big.NewInt(9e15)) > 0 {
		return math.NaN()
	}
	return nearest(millionths) / 1e6
}

// millionths returns what is kept of a number that is aggregated, nil for nothing.
func millionths(x float64) *big.Int {
	if math.IsNaN(x) || math.IsInf(x, 0) || math.Abs(x) > 1e15 {
		return nil
	}
	m := halfEven(new(big.Rat).SetFloat64(x * 1e6))
	if m.CmpAbs(big.NewInt(9e15)) > 0 {
		return nil
	}
	return m
}
