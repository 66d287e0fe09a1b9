package history

import "strings"

// maxDigits is how many significant digits a number may be written with.
const maxDigits = 64

// number is a decimal number taken apart, so that it can be rewritten exactly: 0.d₁d₂…dₙ × 10^point.
type number struct {
	digits [maxDigits]byte // '0' … '9', the first one not '0'
	n      int
	point  int
	neg    bool
}

// numberForm says how a file writes its numbers.
type numberForm struct {
	decimal   byte   // '.' or ','
	thousands string // the separator of digit groups, "" for none
}

// parse sets d to the number that s writes in the given form: an optional sign, digits with an optional decimal mark,
// an optional exponent. It reports false where s is something else, or has too many digits.
func (d *number) parse(s string, form numberForm) bool {
	d.n, d.point, d.neg = 0, 0, false
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		d.neg = s[i] == '-'
		i++
	}
	i, whole, ok := d.whole(s, i, form.thousands)
	if !ok {
		return false
	}
	fraction := 0
	if i < len(s) && s[i] == form.decimal {
		for i++; i < len(s) && isDigit(s[i]); i++ {
			if !d.add(s[i]) {
				return false
			}
			if d.n == 0 {
				d.point--
			}
			fraction++
		}
	}
	if whole+fraction == 0 {
		return false
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		var exponent int
		if exponent, i, ok = scanExponent(s, i+1); !ok {
			return false
		}
		d.point += exponent
	}
	if d.n == 0 {
		d.point = 0
	}
	return i == len(s)
}

// whole takes the digits before the decimal mark, in groups where there is a separator. The last group has three
// digits, those between have two or three (1,234,567 and 12,34,567): a decimal comma taken for a separator shows here.
func (d *number) whole(s string, i int, thousands string) (next, digits int, ok bool) {
	group, groups := 0, 0
	for i < len(s) {
		if isDigit(s[i]) {
			if !d.add(s[i]) {
				return i, digits, false
			}
			if d.n > 0 {
				d.point++
			}
			digits++
			group++
			i++
			continue
		}
		size := separator(s[i:], thousands)
		if size == 0 {
			break
		}
		if group == 0 || group > 3 || groups > 0 && group < 2 {
			return i, digits, false
		}
		groups++
		group = 0
		i += size
	}
	return i, digits, groups == 0 || group == 3
}

// separator returns the size of the separator that s begins with, 0 for none. Spaces that do not break, and both
// apostrophes, look the same to whoever writes the mapping.
func separator(s, thousands string) int {
	if thousands == "" {
		return 0
	}
	alike := [...]string{thousands, thousands, thousands}
	switch thousands {
	case " ":
		alike = [...]string{" ", "\u00a0", "\u202f"}
	case "'":
		alike = [...]string{"'", "’", "'"}
	}
	for _, a := range alike {
		if strings.HasPrefix(s, a) {
			return len(a)
		}
	}
	return 0
}

// add appends one digit, leading zeros left out.
func (d *number) add(c byte) bool {
	if d.n == 0 && c == '0' {
		return true
	}
	if d.n == maxDigits {
		return false
	}
	d.digits[d.n] = c
	d.n++
	return true
}

// scanExponent reads what follows the e. Exponents beyond ±999 are cut: no number with so few digits comes back from there.
func scanExponent(s string, i int) (exponent, next int, ok bool) {
	neg := i < len(s) && s[i] == '-'
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	start := i
	for ; i < len(s) && isDigit(s[i]); i++ {
		exponent = min(exponent*10+int(s[i]-'0'), 999)
	}
	if neg {
		exponent = -exponent
	}
	return exponent, i, i > start
}

// shift divides d by 10^places.
func (d *number) shift(places int) {
	if d.n > 0 {
		d.point -= places
	}
}

// exceeds reports whether |d| > limit × 10^-places.
func (d *number) exceeds(limit uint64, places int) bool {
	whole, rest, ok := d.scaled(places)
	return !ok || whole > limit || whole == limit && rest
}

// scaled returns |d| × 10^places cut to an integer, and whether anything was cut. It reports false above 18 digits.
func (d *number) scaled(places int) (whole uint64, rest, ok bool) {
	keep := d.point + places
	if d.n > 0 && keep > 18 {
		return 0, false, false
	}
	for i := 0; i < keep; i++ {
		whole *= 10
		if i < d.n {
			whole += uint64(d.digits[i] - '0')
		}
	}
	for i := max(keep, 0); i < d.n; i++ {
		rest = rest || d.digits[i] != '0'
	}
	return whole, rest, true
}

// round rounds d to places digits after the decimal mark, half to even.
func (d *number) round(places int) {
	keep := d.point + places
	if d.n == 0 || keep >= d.n {
		return
	}
	if keep < 0 {
		d.n, d.point = 0, 0
		return
	}
	up := d.digits[keep] > '5'
	if d.digits[keep] == '5' {
		up = keep > 0 && (d.digits[keep-1]-'0')%2 == 1
		for i := keep + 1; i < d.n; i++ {
			up = up || d.digits[i] != '0'
		}
	}
	d.n = keep
	for i := keep - 1; up && i >= 0; i-- {
		if d.digits[i]++; d.digits[i] <= '9' {
			up = false
			break
		}
		d.digits[i] = '0'
	}
	if up { // carried past the first digit, all others of which are now 0
		d.digits[0], d.n = '1', 1
		d.point++
	}
	if d.n == 0 {
		d.point = 0
	}
}

// appendTo appends d as JSON writes numbers, without an exponent. A number too large to write so, which no field can
// hold, is written with one.
func (d *number) appendTo(dst []byte) []byte {
	if d.neg {
		dst = append(dst, '-')
	}
	if d.point > maxDigits || d.point < -maxDigits {
		return appendExponent(append(dst, d.digits[0]), d.point-1)
	}
	if d.point <= 0 {
		dst = append(dst, '0')
	}
	for i := 0; i < d.point; i++ {
		if i < d.n {
			dst = append(dst, d.digits[i])
		} else {
			dst = append(dst, '0')
		}
	}
	if d.n <= d.point || d.n == 0 {
		return dst
	}
	dst = append(dst, '.')
	for i := d.point; i < 0; i++ {
		dst = append(dst, '0')
	}
	return append(dst, d.digits[max(d.point, 0):d.n]...)
}

// appendExponent appends e and the exponent, which has at most four digits.
func appendExponent(dst []byte, exponent int) []byte {
	dst = append(dst, 'e')
	if exponent < 0 {
		dst = append(dst, '-')
		exponent = -exponent
	}
	return append(dst, '0'+byte(exponent/1000%10), '0'+byte(exponent/100%10), '0'+byte(exponent/10%10), '0'+byte(exponent%10))
}

func isDigit(c byte) bool { return c-'0' < 10 }
