package history

import (
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// moneyForm says how amounts are written.
type moneyForm struct {
	form       numberForm
	symbols    []string // currency signs or codes that may stand before or after the number
	accounting bool     // (12.00) and 12.00- are negative
	sign       signRule
	minor      bool // in minor units of the currency
	places     int  // the power of ten to divide by
	round      bool
	plain      bool // as payment.ParseAmount reads them, where it reads them
}

// settle sets plain from the rest.
func (f *moneyForm) settle() {
	f.plain = f.form == (numberForm{decimal: '.'}) && f.symbols == nil && !f.accounting && !f.minor && f.places == 0
}

// signRule says what to do with an amount's sign.
type signRule uint8

const (
	signKeep signRule = iota
	signDrop
	signFlip
)

func (r signRule) apply(minor int64) int64 {
	if r == signFlip || r == signDrop && minor < 0 {
		return -minor
	}
	return minor
}

// signTypes are the types of amounts with a sign, for data that says in no other way what is spent and what is received.
type signTypes struct{ negative, positive payment.Type }

// money sets type, currency and amount.
func (c *converter) money(values []string, t *payment.Transaction) fault {
	m := c.m
	t.Type, t.Currency = m.kindValue, m.cashValue
	if text := m.kind.text(values); text != "" {
		var ok bool
		if t.Type, ok = m.kinds[text]; !ok {
			return m.kind.fault(flawed(payment.KindValue,
				"%s is not a known type: add it to transaction_type.values in the mapping", quote(text)))
		}
	}
	if text := m.currency.text(values); text != "" {
		var ok bool
		if t.Currency, ok = m.currencies[text]; !ok && m.currencies == nil {
			t.Currency, ok = payment.ParseCurrency(text)
		}
		if !ok {
			return m.currency.fault(flawed(payment.KindValue,
				"%s is not an ISO 4217 code: add it to currency.values in the mapping", quote(text)))
		}
	}
	text := m.amount.text(values)
	switch {
	case t.Type == 0 && m.bySign == nil:
		return m.kind.fault(missingFlaw("is missing"))
	case t.Currency == 0:
		return m.currency.fault(missingFlaw("is missing"))
	case text == "":
		return m.amount.fault(missingFlaw("is missing"))
	}
	minor, bad := c.amount(text, t.Currency)
	if m.bySign != nil {
		t.Type = m.bySign.positive
		if minor < 0 {
			t.Type = m.bySign.negative
		}
	}
	t.Amount = c.form.sign.apply(minor)
	return m.amount.fault(bad)
}

// amount reads an amount of the given currency.
func (c *converter) amount(text string, currency payment.Currency) (minor int64, bad flaw) {
	if c.form.plain {
		if minor, err := payment.ParseAmount(text, currency); err == nil {
			return minor, flaw{}
		}
	}
	digits, neg, ok := text, false, true
	if c.form.symbols != nil || c.form.accounting {
		digits, neg, ok = c.form.bare(text)
	}
	if !ok || !c.number.parse(digits, c.form.form) {
		return 0, notNumber(text)
	}
	c.number.neg = c.number.neg != neg
	exponent, _ := currency.Exponent()
	if c.form.minor {
		c.number.shift(exponent)
	}
	c.number.shift(c.form.places)
	if c.form.round {
		c.number.round(exponent)
	}
	c.scratch = c.number.appendTo(c.scratch[:0])
	minor, err := payment.ParseAmount(view(c.scratch), currency)
	if bad = flawOf(err); bad.kind == payment.KindPrecision {
		bad.reason += ": write round: true below amount to have it rounded"
	}
	return minor, bad
}

// blanks are what may stand between a number and its currency.
const blanks = " \t\u00a0\u202f"

// bare takes off what stands around a number: symbols, parentheses, and a sign outside of them. It reports false where
// what is left cannot be a number, such as one with two signs.
func (f *moneyForm) bare(s string) (number string, neg, ok bool) {
	signs := 0
	for before := ""; s != before; {
		before = s
		s = strings.Trim(s, blanks)
		for _, symbol := range f.symbols {
			s = strings.TrimSuffix(strings.TrimPrefix(s, symbol), symbol)
		}
		last := len(s) - 1
		switch {
		case s == "":
			return "", false, false
		case s[0] == '-' || s[0] == '+':
			neg = s[0] == '-'
			s, signs = s[1:], signs+1
		case f.accounting && s[last] == '-':
			neg = true
			s, signs = s[:last], signs+1
		case f.accounting && s[0] == '(' && s[last] == ')':
			neg = true
			s, signs = s[1:last], signs+1
		}
	}
	return s, neg, signs <= 1
}
