package features

import (
	"math"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// What expressions read stands in an expression.Env: first the fields of the transaction, then its attributes, then
// marks and features, each at a slot of its own.
const (
	slotAmount = iota
	slotLatitude
	slotLongitude
	fixedNumbers
)

const (
	slotType = iota
	slotCurrency
	slotMerchant
	slotCategory
	slotAccount
	fixedTexts
)

// fixedFields are the fields that every transaction may have.
var fixedFields = map[string]expression.Variable{
	"amount":    {Kind: expression.Number, Slot: slotAmount},
	"latitude":  {Kind: expression.Number, Slot: slotLatitude},
	"longitude": {Kind: expression.Number, Slot: slotLongitude},
	"type":      {Kind: expression.Text, Slot: slotType},
	"currency":  {Kind: expression.Text, Slot: slotCurrency},
	"merchant":  {Kind: expression.Text, Slot: slotMerchant},
	"category":  {Kind: expression.Text, Slot: slotCategory},
	"account":   {Kind: expression.Text, Slot: slotAccount},
}

// textField is a text of an event that aggregates may tell apart: 1 merchant, 2 category, from 3 on the attributes.
// noField is none.
type textField uint8

const (
	noField textField = iota
	merchantField
	categoryField
	firstAttributeField
)

// of returns the number that the account's names give the event's text, 0 for a missing one.
func (f textField) of(e *event, row []int64) uint32 {
	switch f {
	case merchantField:
		return e.merchant
	case categoryField:
		return e.category
	}
	return uint32(row[f-firstAttributeField])
}

// textName returns what a text field is called in a features file.
func (s *Set) textName(f textField) string {
	switch f {
	case merchantField:
		return "merchant"
	case categoryField:
		return "category"
	}
	return s.attributes[f-firstAttributeField].name
}

// Numbers that the state keeps, and that are added up, are fixed-point: whole multiples of 1e-6, so that what has
// entered a sum and left it again leaves no trace.
const (
	fixedDigits = 6
	fixedScale  = 1e6
)

// missing is the fixed-point form of a number that is not there.
const missing = math.MinInt64

// maxFixed bounds the numbers that can be kept: 9e9 in units.
const maxFixed = 9e15

// toFixed returns the number as fixed-point, rounded half to even.
func toFixed(x float64) int64 {
	scaled := math.RoundToEven(x * fixedScale)
	if !(math.Abs(scaled) <= maxFixed) {
		return missing
	}
	return int64(scaled)
}

// fromFixed returns the number in units.
func fromFixed(v int64) float64 {
	if v == missing {
		return nan
	}
	return float64(v) / fixedScale
}

// newEnv returns memory for everything that expressions of the set read.
func (s *Set) newEnv() expression.Env {
	return expression.Env{
		Numbers: make([]float64, s.numbers+maxSupplied), Texts: make([]string, fixedTexts+s.textAttributes),
	}
}

// describe fills env with the fields of a transaction whose event is e, but for its marks.
func (s *Set) describe(env *expression.Env, tx *payment.Transaction, e *event) {
	env.Time = e.time
	s.describeFields(env, e)
	if !tx.Currency.Is(env.Texts[slotCurrency]) { // it is that of the transaction before, mostly
		env.Texts[slotCurrency] = tx.Currency.Code()
	}
	env.Texts[slotMerchant], env.Texts[slotCategory], env.Texts[slotAccount] = tx.Merchant.Name, tx.Merchant.Category, tx.AccountID
	for i := range s.attributes {
		a := &s.attributes[i]
		value, _ := tx.Attribute(a.name)
		if a.kind == expression.Text {
			env.Texts[a.slot] = value
			continue
		}
		env.Numbers[a.slot] = fromFixed(parseFixed(value))
	}
}

// recall fills env with the fields of a retained event, its marks among them.
func (s *Set) recall(env *expression.Env, n *names, e *event, row []int64) {
	env.Time = e.time
	s.describeFields(env, e)
	env.Texts[slotCurrency] = e.currency.Code()
	env.Texts[slotMerchant], env.Texts[slotCategory] = n.name(e.merchant), n.name(e.category)
	for i := range s.attributes {
		a := &s.attributes[i]
		if a.kind == expression.Text {
			env.Texts[a.slot] = n.name(uint32(row[i]))
		} else {
			env.Numbers[a.slot] = fromFixed(row[i])
		}
	}
	for i := range s.marks {
		env.Numbers[s.markSlot(i)] = indicator(e.marks>>i&1 != 0)
	}
}

func (s *Set) describeFields(env *expression.Env, e *event) {
	env.Texts[slotType] = e.kind.String()
	env.Numbers[slotAmount], env.Numbers[slotLatitude], env.Numbers[slotLongitude] = nan, nan, nan
	if e.flags&noAmount == 0 {
		env.Numbers[slotAmount] = float64(e.amount) / s.scale
	}
	if e.flags&located != 0 {
		env.Numbers[slotLatitude], env.Numbers[slotLongitude] = float64(e.latE7)/1e7, float64(e.lonE7)/1e7
	}
}

func (s *Set) markSlot(i int) int    { return fixedNumbers + s.numberAttributes + i }
func (s *Set) featureSlot(i int) int { return fixedNumbers + s.numberAttributes + len(s.marks) + i }
