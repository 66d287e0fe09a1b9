package features

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// rates turns amounts into the reporting currency, exactly: integer minor units times a decimal rate, rounded half to
// even.
type rates struct {
	home     payment.Currency // the reporting currency
	exponent int              // of home
	by       map[payment.Currency]rate
}

// rate multiplies minor units by num/den.
type rate struct{ num, den uint64 }

func newRates(reporting string, table map[string]string) (*rates, error) {
	home, ok := payment.ParseCurrency(reporting)
	if !ok {
		return nil, fmt.Errorf("reporting currency %q is not an ISO 4217 code", reporting)
	}
	homeExp, _ := home.Exponent()
	r := &rates{home: home, exponent: homeExp, by: make(map[payment.Currency]rate, len(table))}
	for code, text := range table {
		c, ok := payment.ParseCurrency(code)
		if !ok {
			return nil, fmt.Errorf("rate for %q: not an ISO 4217 code", code)
		}
		if c == home {
			return nil, fmt.Errorf("rate for %s: it is the reporting currency", code)
		}
		q, err := parseRate(text)
		if err != nil {
			return nil, fmt.Errorf("rate for %s: %w", code, err)
		}
		exp, _ := c.Exponent()
		for ; exp < homeExp; exp++ {
			if q.den > 1 {
				q.den /= 10
			} else {
				q.num *= 10
			}
		}
		for ; exp > homeExp; exp-- {
			q.den *= 10
		}
		r.by[c] = q
	}
	return r, nil
}

// parseRate reads decimal text such as 1.0842. At most 9 digits on each side keep the numerator below 10^18, also once
// the currencies' digits are in it, and every product within 128 bits.
func parseRate(text string) (rate, error) {
	whole, frac, _ := strings.Cut(text, ".")
	if len(whole)+len(frac) == 0 || len(whole) > 9 || len(frac) > 9 {
		return rate{}, fmt.Errorf("%q is not a decimal with at most 9 digits on each side of the point", text)
	}
	q := rate{0, 1}
	for i, digits := range [2]string{whole, frac} {
		for _, d := range []byte(digits) {
			if d < '0' || d > '9' {
				return rate{}, fmt.Errorf("%q is not a decimal", text)
			}
			q.num = q.num*10 + uint64(d-'0')
			if i == 1 {
				q.den *= 10
			}
		}
	}
	if q.num == 0 {
		return rate{}, errors.New("must be above 0")
	}
	return q, nil
}

// convert returns amount in reporting minor units, or false where the currency has no rate or the result is out of
// the range of a legal amount.
func (r *rates) convert(amount int64, c payment.Currency) (int64, bool) {
	if c == r.home {
		return amount, true
	}
	q, ok := r.by[c]
	if !ok {
		return 0, false
	}
	magnitude := uint64(amount)
	if amount < 0 {
		magnitude = -magnitude
	}
	hi, lo := bits.Mul64(magnitude, q.num)
	if hi >= q.den {
		return 0, false
	}
	quo, rem := bits.Div64(hi, lo, q.den)
	up := uint64(0)
	if half := q.den - rem; rem > half || rem == half && quo&1 == 1 {
		up = 1
	}
	if quo > uint64(payment.MaxAmount)-up {
		return 0, false
	}
	quo += up
	if amount < 0 {
		return -int64(quo), true
	}
	return int64(quo), true
}
