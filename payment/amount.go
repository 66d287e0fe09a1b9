package payment

import "strconv"

// MaxAmount is the largest magnitude of an amount, in minor units: 10,000,000,000,000.00 USD.
const MaxAmount int64 = 1e15

// ParseAmount reads a decimal number, written as JSON writes numbers (500, -12.50, 5e2), as minor units of c. The
// number is read exactly: more digits than c has are an error unless they are zeros, and so is a magnitude above
// [MaxAmount]. Errors are of type *[FieldError], for the field amount.
func ParseAmount[T string | []byte](text T, c Currency) (int64, error) {
	s := string(text)
	var d decimal
	if next, ok := d.scan(s, 0); !ok || next != len(s) {
		return 0, fault(pathAmount, KindFormat, "%s is not a decimal number", Quote(s))
	}
	if _, ok := c.Exponent(); !ok {
		return 0, fault(pathCurrency, KindMissing, "is missing or unknown, so the amount has no meaning")
	}
	minor, ferr := d.minor(c)
	if ferr != nil {
		return 0, ferr
	}
	return minor, nil
}

// minor returns d in minor units of c, which must be a known currency.
func (d *decimal) minor(c Currency) (int64, *FieldError) {
	exponent, _ := c.Exponent()
	whole, rest, ok := d.scaled(exponent)
	switch {
	case ok && rest < 0 && whole <= uint64(MaxAmount):
		if d.neg {
			return -int64(whole), nil
		}
		return int64(whole), nil
	case d.decimals() > exponent:
		return 0, fault(pathAmount, KindPrecision, "has %s, %s has %d",
			plural(d.decimals(), "decimal digit"), c.Code(), exponent)
	}
	return 0, amountRange(c)
}

func amountRange(c Currency) *FieldError {
	return fault(pathAmount, KindRange, "is beyond %s %s, the largest magnitude allowed", FormatAmount(MaxAmount, c), c.Code())
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// AppendAmount appends minor, an amount in minor units of c, as a decimal number with all of the currency's digits:
// 500.00 for 50000 USD, 500 for 500 JPY. For an unknown currency the minor units themselves are written.
func AppendAmount(dst []byte, minor int64, c Currency) []byte {
	magnitude := uint64(minor)
	if minor < 0 {
		dst = append(dst, '-')
		magnitude = -magnitude
	}
	exponent, _ := c.Exponent()
	if exponent == 0 {
		return strconv.AppendUint(dst, magnitude, 10)
	}
	unit := pow10[exponent]
	dst = strconv.AppendUint(dst, magnitude/unit, 10)
	dst = append(dst, '.')
	return appendDigits(dst, magnitude%unit, exponent)
}

// FormatAmount returns what [AppendAmount] appends.
func FormatAmount(minor int64, c Currency) string { return string(AppendAmount(nil, minor, c)) }

// appendDigits appends n with leading zeros, width digits in all.
func appendDigits(dst []byte, n uint64, width int) []byte {
	for range width {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; n > 0; i-- {
		dst[i] += byte(n % 10)
		n /= 10
	}
	return dst
}
