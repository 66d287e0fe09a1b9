package features

import "strconv"

// parseFixed returns decimal text such as -12.5 or 3e2 as fixed-point, rounded half to even, and missing where it is
// none or too large to be kept. It goes by the digits, since most decimals are no float64.
func parseFixed(s string) int64 {
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative, s = s[0] == '-', s[1:]
	}
	whole, s := leadingDigits(s)
	fraction := ""
	if s != "" && s[0] == '.' {
		fraction, s = leadingDigits(s[1:])
	}
	exponent, ok := parseExponent(s)
	if !ok || whole == "" && fraction == "" {
		return missing
	}
	v := roundedDigits(whole, fraction, len(whole)+exponent+fixedDigits)
	if v > maxFixed {
		return missing
	}
	if negative {
		return -int64(v)
	}
	return int64(v)
}

func leadingDigits(s string) (digits, rest string) {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n], s[n:]
}

// parseExponent reads what stands behind the digits: nothing, or an exponent.
func parseExponent(s string) (exponent int, ok bool) {
	if s == "" {
		return 0, true
	}
	if s[0] != 'e' && s[0] != 'E' || len(s) > 6 {
		return 0, false // an exponent of more digits is beyond anything that is sent
	}
	exponent, err := strconv.Atoi(s[1:])
	return exponent, err == nil
}

// roundedDigits returns the first n digits of whole and fraction as an integer, rounded half to even by those that
// follow; zeros stand behind the last one. What is above maxFixed comes out as anything above it.
func roundedDigits(whole, fraction string, n int) uint64 {
	digit := func(i int) byte {
		switch {
		case i < len(whole):
			return whole[i] - '0'
		case i < len(whole)+len(fraction):
			return fraction[i-len(whole)] - '0'
		}
		return 0
	}
	there := len(whole) + len(fraction)
	var v uint64
	for i := 0; i < n && v <= maxFixed && (v > 0 || i < there); i++ {
		v = 10*v + uint64(digit(i))
	}
	if n < 0 || v > maxFixed {
		return v
	}
	odd := v&1 == 1
	for i := n + 1; i < there && !odd; i++ {
		odd = digit(i) > 0 // not just half
	}
	if d := digit(n); d > 5 || d == 5 && odd {
		v++
	}
	return v
}
