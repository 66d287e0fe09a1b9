package alerts

import (
	"math"
	"strconv"

	"github.com/weir-fraud/weir/payment"
)

// subject is the payment that sentences speak of.
type subject struct {
	tx        *payment.Transaction
	reporting payment.Currency
	amount    float64 // in the reporting currency, NaN where that is not known
}

// spends reports whether the payment is of the kind that amount windows cover.
func (s *subject) spends() bool { return s.tx.Type != payment.Deposit }

// smallest returns one minor unit of the reporting currency.
func (s *subject) smallest() float64 {
	exponent, _ := s.reporting.Exponent()
	return math.Pow10(-exponent)
}

// money words an amount in the reporting currency: 80.65 USD.
func (s *subject) money(amount float64) string {
	exponent, _ := s.reporting.Exponent()
	return decimal(amount, exponent) + " " + s.reporting.Code()
}

// own words the payment's amount: as it was sent, with what that is in the reporting currency where it is another.
func (s *subject) own(converted float64) string {
	sent := payment.FormatAmount(s.tx.Amount, s.tx.Currency) + " " + s.tx.Currency.Code()
	if s.tx.Currency == s.reporting || !legal(converted) {
		return sent
	}
	return sent + " (" + s.money(converted) + ")"
}

// decimal words x with the given number of decimal digits.
func decimal(x float64, digits int) string { return strconv.FormatFloat(x, 'f', digits, 64) }

// rough words x, at least 0, as a person would say it: one decimal digit below 10, none above.
func rough(x float64) string {
	if x < 9.95 {
		return decimal(x, 1)
	}
	return decimal(x, 0)
}

// counted words a number of things: 1 transaction, 5 transactions.
func counted(n float64, noun string) string {
	text := decimal(n, 0)
	if text == "1" {
		return text + " " + noun
	}
	return text + " " + noun + "s"
}

// elapsed words a time span in the largest unit that leaves it above one and a half.
func elapsed(seconds float64) string {
	const minute, hour, day = 60, 3600, 86400
	switch {
	case seconds < 1.5*minute:
		return counted(seconds, "second")
	case seconds < 1.5*hour:
		return counted(seconds/minute, "minute")
	case seconds < 1.5*day:
		return counted(seconds/hour, "hour")
	}
	return counted(seconds/day, "day")
}
