package payment

// Currency is an ISO 4217 currency, packed from its three letters. The zero Currency is none.
type Currency uint16

// ParseCurrency returns the Currency with the given alphabetic code, upper case, if it is one this package knows: the
// active list of ISO 4217 and the codes withdrawn since 2020, without those that have no minor unit (metals, tests).
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
	var buf [3]byte
	return string(c.Append(buf[:0]))
}

// Is reports whether code is the currency's.
func (c Currency) Is(code string) bool {
	var buf [3]byte
	return string(c.Append(buf[:0])) == code
}

// Append appends the three letters to dst, or nothing for no currency.
func (c Currency) Append(dst []byte) []byte {
	if c == 0 || int(c) >= len(iso4217) {
		return dst
	}
	c--
	return append(dst, 'A'+byte(c/676), 'A'+byte(c/26%26), 'A'+byte(c%26))
}

// Exponent returns how many decimal digits the minor unit has (USD 2, JPY 0, KWD 3), and whether c is known.
func (c Currency) Exponent() (int, bool) {
	if int(c) >= len(iso4217) || iso4217[c] == 0 {
		return 0, false
	}
	return int(iso4217[c]) - 1, true
}
