package payment

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// The functions of this file read JSON at an index and return the index after what they read, or -1 with d.err set.

// syntax records that the byte at index i cannot be where it is.
func (d *Decoder) syntax(i int, want string) int {
	if i >= len(d.doc) {
		return d.fail(fault("", KindSyntax, "not valid JSON at byte %d: the document ends, expected %s", len(d.doc), want))
	}
	return d.fail(fault("", KindSyntax, "not valid JSON at byte %d: found %q, expected %s", i, d.doc[i:i+1], want))
}

func (d *Decoder) fail(ferr *FieldError) int {
	d.err = ferr
	return -1
}

// wrongType records that the value at i is not what the field wants.
func (d *Decoder) wrongType(i int, field, want string) int {
	if i >= len(d.doc) {
		return d.syntax(i, "a value")
	}
	var found string
	switch c := d.doc[i]; c {
	case '{':
		found = "an object"
	case '[':
		found = "an array"
	case '"':
		found = "a string"
	case 't', 'f':
		found = "a boolean"
	case 'n':
		found = "null"
	default:
		if c != '-' && !isDigit(c) {
			return d.syntax(i, "a value")
		}
		found = "a number"
	}
	return d.fail(fault(field, KindType, "must be %s, is %s", want, found))
}

// space returns the index of the first byte from i on that is not white space.
func (d *Decoder) space(i int) int {
	for i < len(d.doc) {
		switch d.doc[i] {
		case ' ', '\n', '\t', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

// object reads the object that starts at i, handing each member to f: its key, and the index of its value.
func (d *Decoder) object(i int, f func(d *Decoder, key string, i int) int) int {
	i = d.space(i + 1)
	if at(d.doc, i) == '}' {
		return i + 1
	}
	for {
		if at(d.doc, i) != '"' {
			return d.syntax(i, "a key in quotation marks")
		}
		key, next := d.text(i)
		if next < 0 {
			return -1
		}
		if next = d.space(next); at(d.doc, next) != ':' {
			return d.syntax(next, "a colon")
		}
		if next = f(d, key, d.space(next+1)); next < 0 {
			return -1
		}
		next = d.space(next)
		switch at(d.doc, next) {
		case ',':
			i = d.space(next + 1)
		case '}':
			return next + 1
		default:
			return d.syntax(next, "a comma or }")
		}
	}
}

// word reads the literal that is null, true or false.
func (d *Decoder) word(i int, literal string) int {
	for k := range len(literal) {
		if at(d.doc, i+k) != literal[k] {
			return d.syntax(i+k, literal)
		}
	}
	return i + len(literal)
}

// number reads a number.
func (d *Decoder) number(i int) (decimal, int) {
	n, next, ok := scanDecimal(d.doc, i)
	if !ok {
		return n, d.syntax(next, "a number")
	}
	return n, next
}

// text reads the string at i, which starts with a quotation mark. What it returns is a view into the document, unless
// the string has escapes.
func (d *Decoder) text(i int) (string, int) {
	end, escaped := d.scanString(i + 1)
	if end < 0 {
		return "", -1
	}
	s := d.doc[i+1 : end]
	if escaped {
		s = string(appendUnescaped(make([]byte, 0, len(s)), s))
	}
	return s, end + 1
}

const (
	everyByte = 0x0101010101010101
	highBits  = 0x8080808080808080
)

// scanString returns the index of the quotation mark that ends the string whose first byte is at i, and whether the
// string has escapes, which are legal then.
func (d *Decoder) scanString(i int) (end int, escaped bool) {
	for ; i+8 <= len(d.data); i += 8 {
		// The lowest bit that is set belongs to the first byte that is no plain ASCII: a carry can only reach upwards.
		w := binary.LittleEndian.Uint64(d.data[i:])
		quotes, slashes := w^everyByte*'"', w^everyByte*'\\'
		special := ((quotes-everyByte)&^quotes | (slashes-everyByte)&^slashes | (w-everyByte*' ')&^w | w) & highBits
		if special == 0 {
			continue
		}
		i += bits.TrailingZeros64(special) / 8
		if d.data[i] == '"' {
			return i, false
		}
		break
	}
	return d.scanRare(i)
}

// scanRare is scanString byte by byte, for strings that are not plain ASCII, and for the end of the document.
func (d *Decoder) scanRare(i int) (end int, escaped bool) {
	for i < len(d.doc) {
		switch c := d.doc[i]; {
		case c == '"':
			return i, escaped
		case c == '\\':
			escaped = true
			if i = d.scanEscape(i); i < 0 {
				return -1, false
			}
		case c < ' ':
			return d.syntax(i, "no control character inside a string"), false
		case c < utf8.RuneSelf:
			i++
		default:
			r, size := utf8.DecodeRuneInString(d.doc[i:])
			if r == utf8.RuneError && size == 1 {
				return d.fail(fault("", KindUTF8, "is not valid UTF-8 at byte %d", i)), false
			}
			i += size
		}
	}
	return d.syntax(i, "the end of a string"), false
}

// scanEscape checks the escape whose backslash is at i.
func (d *Decoder) scanEscape(i int) int {
	switch at(d.doc, i+1) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
	default:
		return d.syntax(i+1, "an escape")
	}
	r, bad := hex4(d.doc, i+2)
	if bad >= 0 {
		return d.syntax(bad, "four hexadecimal digits")
	}
	if !utf16.IsSurrogate(r) {
		return i + 6
	}
	if at(d.doc, i+6) == '\\' && at(d.doc, i+7) == 'u' {
		low, bad := hex4(d.doc, i+8)
		if bad >= 0 {
			return d.syntax(bad, "four hexadecimal digits")
		}
		if utf16.DecodeRune(r, low) != utf8.RuneError {
			return i + 12
		}
	}
	return d.fail(fault("", KindUTF8, "has half a surrogate pair, %s, at byte %d", d.doc[i:i+6], i))
}

// hex4 reads four hexadecimal digits at i. If there are none, bad is the index of the first byte that is not one.
func hex4(s string, i int) (r rune, bad int) {
	for k := i; k < i+4; k++ {
		c := at(s, k)
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = (c | 0x20) - 'a' + 10
		default:
			return 0, k
		}
		r = r<<4 | rune(c)
	}
	return r, -1
}

// appendUnescaped appends the string that s, which scanString has accepted, stands for.
func appendUnescaped(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			dst = append(dst, s[i])
			i++
			continue
		}
		c := s[i+1]
		i += 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r, _ := hex4(s, i)
			i += 4
			if utf16.IsSurrogate(r) {
				low, _ := hex4(s, i+2)
				r = utf16.DecodeRune(r, low)
				i += 6
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// skip reads any JSON value and forgets it. The value is inside depth objects or arrays.
func (d *Decoder) skip(i, depth int) int {
	switch c := at(d.doc, i); c {
	case '"':
		end, _ := d.scanString(i + 1)
		if end < 0 {
			return -1
		}
		return end + 1
	case 't':
		return d.word(i, "true")
	case 'f':
		return d.word(i, "false")
	case 'n':
		return d.word(i, "null")
	case '{', '[':
		if depth >= MaxDepth {
			return d.fail(fault("", KindSize, "is nested more than %d levels deep at byte %d", MaxDepth, i))
		}
		if c == '{' {
			return d.skipObject(i, depth+1)
		}
		return d.skipArray(i, depth+1)
	default:
		if c != '-' && !isDigit(c) {
			return d.syntax(i, "a value")
		}
		_, next := d.number(i)
		return next
	}
}

func (d *Decoder) skipObject(i, depth int) int {
	i = d.space(i + 1)
	if at(d.doc, i) == '}' {
		return i + 1
	}
	for {
		if at(d.doc, i) != '"' {
			return d.syntax(i, "a key in quotation marks")
		}
		if i = d.skip(i, depth); i < 0 {
			return -1
		}
		if i = d.space(i); at(d.doc, i) != ':' {
			return d.syntax(i, "a colon")
		}
		if i = d.skip(d.space(i+1), depth); i < 0 {
			return -1
		}
		i = d.space(i)
		switch at(d.doc, i) {
		case ',':
			i = d.space(i + 1)
		case '}':
			return i + 1
		default:
			return d.syntax(i, "a comma or }")
		}
	}
}

func (d *Decoder) skipArray(i, depth int) int {
	i = d.space(i + 1)
	if at(d.doc, i) == ']' {
		return i + 1
	}
	for {
		if i = d.skip(i, depth); i < 0 {
			return -1
		}
		i = d.space(i)
		switch at(d.doc, i) {
		case ',':
			i = d.space(i + 1)
		case ']':
			return i + 1
		default:
			return d.syntax(i, "a comma or ]")
		}
	}
}
