package suggest

import (
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// currencyOf returns the code of the currency that a text stands for, "" if it is none: a code in any case, a sign, a
// name, or a number of ISO 4217. What a sign like $ stands for is the most frequent of several; see ambiguous.
func currencyOf(text string) string {
	upper := strings.ToUpper(text)
	if _, ok := payment.ParseCurrency(upper); ok {
		return upper
	}
	switch upper {
	case "$", "US$", "USD$", "DOLLAR", "DOLLARS", "840":
		return "USD"
	case "€", "EURO", "EUROS", "978":
		return "EUR"
	case "£", "POUND", "POUNDS", "826":
		return "GBP"
	case "¥", "YEN", "392":
		return "JPY"
	case "CN¥", "RMB", "元", "156":
		return "CNY"
	case "₹", "RS", "RS.", "RUPEE", "RUPEES", "356":
		return "INR"
	case "FR.", "SFR", "SFR.", "756":
		return "CHF"
	case "ZŁ", "985":
		return "PLN"
	case "R$", "986":
		return "BRL"
	case "C$", "CA$", "124":
		return "CAD"
	case "A$", "AU$", "036", "36":
		return "AUD"
	case "KR", "KR.", "752":
		return "SEK"
	case "₺", "TL", "949":
		return "TRY"
	case "₩", "410":
		return "KRW"
	case "₽", "643":
		return "RUB"
	case "₦", "566":
		return "NGN"
	case "₱", "608":
		return "PHP"
	case "710":
		return "ZAR"
	case "KČ", "203":
		return "CZK"
	}
	return ""
}

// ambiguous reports whether several currencies have the sign.
func ambiguous(symbol string) bool {
	switch strings.ToUpper(symbol) {
	case "$", "¥", "KR", "KR.", "RS", "RS.", "DOLLAR", "DOLLARS", "POUND", "POUNDS":
		return true
	}
	return false
}
