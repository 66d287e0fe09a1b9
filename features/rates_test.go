package features_test

import (
	"math"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// reported returns minor units of c in minor units of home, or false for NaN.
func reported(tb testing.TB, home string, rates map[string]string, minor int64, c string) (int64, bool) {
	tb.Helper()
	layout := features.DefaultLayout()
	layout.Currency, layout.Rates = home, rates
	set := compile(tb, plain, layout)
	tx := purchase("a", 0, minor)
	tx.Currency = currency(c)
	v := value(tb, set, "amount", tx)
	exponent, _ := currency(home).Exponent()
	return int64(math.Round(v * math.Pow10(exponent))), !math.IsNaN(v)
}

func TestRates(t *testing.T) {
	for _, c := range []struct {
		name           string
		home, from     string
		rate           string
		minor, want    int64
		withoutAnyRate bool
	}{
		{name: "own currency", home: "USD", from: "USD", minor: 12345, want: 12345},
		{name: "no rate", home: "USD", from: "EUR", minor: 12345, withoutAnyRate: true},
		{name: "plain", home: "USD", from: "EUR", rate: "1.0842", minor: 10000, want: 10842},
		{name: "whole", home: "USD", from: "EUR", rate: "2", minor: 7, want: 14},
		{name: "no whole part", home: "USD", from: "EUR", rate: ".5", minor: 8, want: 4},
		{name: "no fraction", home: "USD", from: "EUR", rate: "3.", minor: 8, want: 24},
		{name: "one for one", home: "USD", from: "EUR", rate: "1.000", minor: payment.MaxAmount, want: payment.MaxAmount},

		{name: "half to even, down", home: "USD", from: "EUR", rate: "0.5", minor: 1, want: 0},
		{name: "half to even, up", home: "USD", from: "EUR", rate: "0.5", minor: 3, want: 2},
		{name: "half to even, negative, down", home: "USD", from: "EUR", rate: "0.5", minor: -1, want: 0},
		{name: "half to even, negative, up", home: "USD", from: "EUR", rate: "0.5", minor: -3, want: -2},
		{name: "just below half", home: "USD", from: "EUR", rate: "0.499999999", minor: 3, want: 1},
		{name: "just above half", home: "USD", from: "EUR", rate: "0.500000001", minor: 1, want: 1},

		{name: "fewer digits", home: "USD", from: "JPY", rate: "0.006715", minor: 10000, want: 6715},
		{name: "more digits", home: "USD", from: "KWD", rate: "3.25", minor: 1000, want: 325},
		{name: "more digits, half", home: "JPY", from: "KWD", rate: "500", minor: 1, want: 0},
		{name: "from none to three", home: "KWD", from: "JPY", rate: "0.002", minor: 500, want: 1000},

		{name: "as large as an amount may be", home: "USD", from: "EUR", rate: "1000", minor: 1e12, want: payment.MaxAmount},
		{name: "beyond that", home: "USD", from: "EUR", rate: "1000", minor: 1e12 + 1, withoutAnyRate: true},
		{name: "beyond that, negative", home: "USD", from: "EUR", rate: "1000", minor: -1e12 - 1, withoutAnyRate: true},
		{name: "beyond 64 bits", home: "USD", from: "EUR", rate: "999999999.999999999", minor: payment.MaxAmount, withoutAnyRate: true},
		{name: "rounded up to 2^64", home: "USD", from: "EUR", rate: "999999993.587461985", minor: 18446744192, withoutAnyRate: true},
		{name: "all digits and more digits", home: "KWD", from: "JPY", rate: "999999999.123456789", minor: 1, want: 999999999123},
		{name: "all digits and a smaller unit", home: "KWD", from: "JPY", rate: "999999999", minor: 1, want: 999999999000},
	} {
		t.Run(c.name, func(t *testing.T) {
			var rates map[string]string
			if c.rate != "" {
				rates = map[string]string{c.from: c.rate}
			}
			got, ok := reported(t, c.home, rates, c.minor, c.from)
			if ok == c.withoutAnyRate || ok && got != c.want {
				t.Errorf("%d %s at %s is %d %s, %v; want %d, %v", c.minor, c.from, c.rate, got, c.home, ok, c.want, !c.withoutAnyRate)
			}
		})
	}
}

func TestRateErrors(t *testing.T) {
	for _, c := range []struct{ home, code, text, want string }{
		{"usd", "EUR", "1", `reporting currency "usd" is not an ISO 4217 code`},
		{"", "EUR", "1", `reporting currency "" is not an ISO 4217 code`},
		{"USD", "EURO", "1", `rate for "EURO": not an ISO 4217 code`},
		{"USD", "XXX", "1", `rate for "XXX": not an ISO 4217 code`},
		{"USD", "USD", "1", "rate for USD: it is the reporting currency"},
		{"USD", "EUR", "", "at most 9 digits on each side"},
		{"USD", "EUR", ".", "at most 9 digits on each side"},
		{"USD", "EUR", "1234567890", "at most 9 digits on each side"},
		{"USD", "EUR", "1.1234567890", "at most 9 digits on each side"},
		{"USD", "EUR", "-1", "is not a decimal"},
		{"USD", "EUR", "1e3", "is not a decimal"},
		{"USD", "EUR", "1,5", "is not a decimal"},
		{"USD", "EUR", "1.2.3", "is not a decimal"},
		{"USD", "EUR", " 1", "is not a decimal"},
		{"USD", "EUR", "0", "rate for EUR: must be above 0"},
		{"USD", "EUR", "0.000000000", "rate for EUR: must be above 0"},
	} {
		layout := features.DefaultLayout()
		layout.Currency, layout.Rates = c.home, map[string]string{c.code: c.text}
		if err := layout.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %s at %q: the error is %v, want one with %q", c.home, c.code, c.text, err, c.want)
		}
	}
}
