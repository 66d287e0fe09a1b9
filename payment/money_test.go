package payment_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/weir-fraud/weir/payment"
)

func currency(tb testing.TB, code string) payment.Currency {
	tb.Helper()
	c, ok := payment.ParseCurrency(code)
	if !ok {
		tb.Fatalf("%s is unknown", code)
	}
	return c
}

func TestCurrencies(t *testing.T) {
	exponents := map[string]int{
		"USD": 2, "EUR": 2, "MGA": 2, "AED": 2, "ZWG": 2, "XCD": 2, "XCG": 2, "HRK": 2,
		"JPY": 0, "KRW": 0, "ISK": 0, "UYI": 0, "XAF": 0, "XOF": 0, "XPF": 0,
		"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
		"CLF": 4, "UYW": 4,
	}
	for code, want := range exponents {
		c := currency(t, code)
		if got, ok := c.Exponent(); !ok || got != want {
			t.Errorf("%s has %d digits, %v; want %d", code, got, ok, want)
		}
		if c.Code() != code {
			t.Errorf("Code of %s is %q", code, c.Code())
		}
		if !c.Is(code) || c.Is("") || c.Is("XXX") || payment.Currency(0).Is(code) {
			t.Errorf("%s is not %s, or is another", code, code)
		}
	}
	for _, code := range []string{"", "US", "USDX", "usd", "U D", "AAA", "ZZZ", "XAU", "XXX", "XTS", "XDR", "XBA", "DEM"} {
		if c, ok := payment.ParseCurrency(code); ok || c != 0 {
			t.Errorf("%q is %d, %v; want none", code, c, ok)
		}
	}
	known := 0
	for c := range payment.Currency(math.MaxUint16) {
		code := c.Code()
		if _, ok := c.Exponent(); ok {
			known++
			if again, ok := payment.ParseCurrency(code); !ok || again != c {
				t.Errorf("%d is %q, which is %d", c, code, again)
			}
		}
	}
	if known != 164+6 {
		t.Errorf("%d currencies are known", known)
	}
}

func TestParseAmount(t *testing.T) {
	usd := currency(t, "USD")
	for _, text := range []string{"", " 1", "1 ", "+1", ".5", "1.", "01", "1,000", "1e", "$1", "0x1", "NaN", "١"} {
		_, err := payment.ParseAmount(text, usd)
		var ferr *payment.FieldError
		if !errors.As(err, &ferr) || ferr.Field != "amount" || ferr.Kind != payment.KindFormat {
			t.Errorf("ParseAmount(%q): %v", text, err)
		}
	}
	if got, err := payment.ParseAmount([]byte("-12.50"), usd); err != nil || got != -1250 {
		t.Errorf("got %d, %v", got, err)
	}
	if _, err := payment.ParseAmount("1", 0); err == nil {
		t.Error("an amount without a currency is accepted")
	}
}

func TestAppendAmount(t *testing.T) {
	tests := []struct {
		minor int64
		code  string
		want  string
	}{
		{50000, "USD", "500.00"},
		{5, "USD", "0.05"},
		{-5, "USD", "-0.05"},
		{0, "USD", "0.00"},
		{500, "JPY", "500"},
		{-1, "KWD", "-0.001"},
		{12345, "CLF", "1.2345"},
		{payment.MaxAmount, "USD", "10000000000000.00"},
		{math.MinInt64, "USD", "-92233720368547758.08"},
		{math.MaxInt64, "JPY", "9223372036854775807"},
	}
	for _, test := range tests {
		if got := payment.FormatAmount(test.minor, currency(t, test.code)); got != test.want {
			t.Errorf("%d %s is %s, want %s", test.minor, test.code, got, test.want)
		}
	}
	if got := payment.FormatAmount(-7, 0); got != "-7" {
		t.Errorf("got %s for no currency", got)
	}
}

// Any spelling of an amount gives the amount, and one more digit than the currency has gives an error.
func TestAmountSpellings(t *testing.T) {
	w := &writer{rng: rand.New(rand.NewPCG(5, 6))}
	for range 20_000 {
		c := currency(t, pick(w, "USD", "JPY", "KWD", "CLF"))
		text := w.number(pick(w, 4, 12, 17, 25))
		got, err := payment.ParseAmount(text, c)
		want, wantErr := refused(func() int64 { return slowAmount(text, c) })
		if (err == nil) != (wantErr == nil) || got != want {
			t.Fatalf("ParseAmount(%q, %s) = %d, %v; want %d, %v", text, c.Code(), got, err, want, wantErr)
		}
	}
}

func TestDegrees(t *testing.T) {
	lat, lon := payment.Location{LatitudeE7: 407306100, LongitudeE7: -739352420, Known: true}.Degrees()
	if lat != 40.73061 || lon != -73.935242 {
		t.Errorf("got %v, %v", lat, lon)
	}
	if lat, lon := (payment.Location{}).Degrees(); !math.IsNaN(lat) || !math.IsNaN(lon) {
		t.Errorf("got %v, %v for an unknown place", lat, lon)
	}
}
