package payment

import "math/bits"

// decimal is a decimal number read from text without loss: ±digits × 10^exp, or a little more in magnitude where tail
// is set.
type decimal struct {
	digits uint64
	exp    int
	last   int  // exponent of the last digit that is not zero; only kept where tail is set
	tail   bool // digits that are not all zero follow the first 19 significant ones
	neg    bool
}

// maxDigits is how many decimal digits always fit an uint64.
const maxDigits = 19

// maxExponent bounds the exponents that are told apart. No text in memory has enough digits to bring a larger one back
// into any range that matters here.
const maxExponent = 1 << 40

var pow10 = [maxDigits + 1]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// scan sets d to the JSON number that starts at s[i], and returns the index after it. If there is none, ok is false and
// next is the index of the byte that is at fault, which may be len(s).
func (d *decimal) scan(s string, i int) (next int, ok bool) {
	*d = decimal{}
	if at(s, i) == '-' {
		d.neg = true
		i++
	}
	start := i
	digits, i := scanDigits(s, i, 0)
	whole := i - start
	if whole == 0 || whole > 1 && s[start] == '0' {
		return start + min(whole, 1), false
	}
	count := whole
	if at(s, i) == '.' {
		i++
		point := i
		if digits, i = scanDigits(s, i, digits); i == point {
			return i, false
		}
		d.exp = point - i
		count += i - point
	}
	if d.digits = digits; count > maxDigits {
		d.rescan(s[start:i], whole)
	}
	if at(s, i)|0x20 != 'e' {
		return i, true
	}
	exp, i, ok := scanExponent(s, i+1)
	d.exp += exp
	d.last += exp
	return i, ok
}

// scanDigits appends the digits from s[i] on to the number n, which may wrap around.
func scanDigits(s string, i int, n uint64) (uint64, int) {
	for ; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			break
		}
		n = n*10 + uint64(c)
	}
	return n, i
}

func scanExponent(s string, i int) (exp, next int, ok bool) {
	neg := at(s, i) == '-'
	if neg || at(s, i) == '+' {
		i++
	}
	start := i
	for isDigit(at(s, i)) {
		exp = min(exp*10+int(s[i]-'0'), maxExponent)
		i++
	}
	if neg {
		exp = -exp
	}
	return exp, i, i > start
}

// rescan sets d to the digits of s, of which the first whole ones stand before the point, where there may be too many
// of them for the simple way: it drops leading zeros, and keeps the first 19 that are significant.
func (d *decimal) rescan(s string, whole int) {
	d.digits, d.exp, d.last, d.tail = 0, 0, 0, false
	kept, place := 0, whole // place is the exponent of the digit to come, plus one
	for i := range len(s) {
		if s[i] == '.' {
			continue
		}
		place--
		c := s[i] - '0'
		switch {
		case kept == 0 && c == 0:
		case kept < maxDigits:
			d.digits = d.digits*10 + uint64(c)
			d.exp = place
			kept++
		case c != 0:
			d.tail = true
			d.last = place
		}
	}
}

// decimals returns how many digits stand after the point, trailing zeros left out.
func (d *decimal) decimals() int {
	if d.tail {
		return -d.last
	}
	if d.digits == 0 {
		return 0
	}
	exp := d.exp
	for n := d.digits; n%10 == 0; n /= 10 {
		exp++
	}
	return -exp
}

// scaled returns |d| × 10^exp as whole and rest: rest is -1 where nothing is left over, else how what is left over
// compares with one half: 0 below, 1 equal, 2 above. It reports false where the whole part does not fit.
func (d *decimal) scaled(exp int) (whole uint64, rest int, ok bool) {
	shift := d.exp + exp
	switch {
	case d.digits == 0:
		return 0, -1, true
	case shift >= 0:
		if d.tail || shift > maxDigits {
			return 0, 0, false
		}
		over, whole := bits.Mul64(d.digits, pow10[shift])
		return whole, -1, over == 0
	case -shift > maxDigits:
		return 0, 0, true
	}
	unit := pow10[-shift]
	whole, left := d.digits/unit, d.digits%unit
	switch half := unit / 2; {
	case left == 0 && !d.tail:
		rest = -1
	case left < half:
		rest = 0
	case left == half && !d.tail:
		rest = 1
	default:
		rest = 2
	}
	return whole, rest, true
}

// at returns s[i], or 0 where s has ended. A zero byte is legal nowhere outside a JSON string, nor raw inside one.
func at(s string, i int) byte {
	if i < len(s) {
		return s[i]
	}
	return 0
}

func isDigit(c byte) bool { return c-'0' < 10 }
