package report

import (
	"math"
	"strconv"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// none stands for a figure that is not defined.
const none = "–"

// grouped puts commas between the thousands of a decimal number.
func grouped(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(whole[i])
	}
	if fraction != "" {
		b.WriteByte('.')
		b.WriteString(fraction)
	}
	return b.String()
}

// count writes a number of things: 1,754,155.
func count[T int | int64](n T) string { return grouped(strconv.FormatInt(int64(n), 10)) }

// counted writes a number of things with their name: 1 transaction, 5 transactions.
func counted[T int | int64](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// rate writes a number per day: 3.4, 672.
func rate(x float64) string {
	switch {
	case math.IsNaN(x):
		return none
	case x < 9.95:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return grouped(strconv.FormatFloat(x, 'f', 0, 64))
}

// share writes a part of a whole in percent, with three digits that count: 8.4 %, 0.837 %.
func share(x float64) string {
	if math.IsNaN(x) {
		return none
	}
	digits := 1
	if p := 100 * math.Abs(x); p > 0 && p < 1 {
		digits = min(6, 2-int(math.Floor(math.Log10(p))))
	}
	return strconv.FormatFloat(100*x, 'f', digits, 64) + " %"
}

// figure writes a measure between 0 and 1.
func figure(x float64) string {
	if math.IsNaN(x) {
		return none
	}
	return strconv.FormatFloat(x, 'f', 3, 64)
}

// score writes a probability with the digits that tell it from 0 and from 1: 0.193, 0.99998.
func score(p float64) string {
	rest := min(p, 1-p)
	digits := 3
	if rest > 0 {
		digits = max(digits, 1-int(math.Floor(math.Log10(rest))))
	}
	switch {
	case digits > 9 && p < 0.5:
		return strconv.FormatFloat(p, 'e', 1, 64)
	case digits > 9:
		return "1.000" // as far as a person can tell
	}
	return strconv.FormatFloat(p, 'f', digits, 64)
}

// threshold writes the score that something begins at.
func threshold(p float64) string {
	if p > 1 {
		return "never"
	}
	return score(p)
}

// money writes minor units as an amount with its currency: 1,234.50 USD.
func money(minor int64, c payment.Currency) string {
	return grouped(payment.FormatAmount(minor, c)) + " " + c.Code()
}

// span writes the days from one time to the other.
func span(from, to payment.Time) string {
	if date(from) == date(to) {
		return date(from)
	}
	return date(from) + " – " + date(to)
}

// date and moment write a time of UTC for people.
func date(t payment.Time) string   { return t.Std().Format("2 Jan 2006") }
func moment(t payment.Time) string { return t.Std().Format("2 Jan 2006, 15:04:05") }
