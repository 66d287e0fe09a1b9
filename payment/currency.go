package payment

// Currency is an ISO 4217 currency, packed from its three letters. The zero Currency is none.
type Currency uint16

// ParseCurrency returns the Currency with the given alphabetic code, upper case, if it is one this package knows.
func ParseCurrency(code string) (Currency, bool) {
	if len(code) != 3 {
		return 0, false
	}
	var c Currency
	for i := range 3 {
		if code[i] < 'A' || code[i] > 'Z' {
			return 0, false
		}
		c = c*26 + Currency(code[i]-'A')
	}
	c++ // keeps zero free for "none"
	if _, ok := c.Exponent(); !ok {
		return 0, false
	}
	return c, true
}

// Code returns the three letters, or "" for no currency.
func (c Currency) Code() string {
	if c == 0 {
		return ""
	}
	c--
	return string([]byte{'A' + byte(c/676), 'A' + byte(c/26%26), 'A' + byte(c%26)})
}

// Exponent returns how many decimal digits the minor unit has (USD 2, JPY 0, KWD 3), and whether c is known.
func (c Currency) Exponent() (int, bool) {
	if int(c) >= len(exponents) || exponents[c] < 0 {
		return 0, false
	}
	return int(exponents[c]), true
}
