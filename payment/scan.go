package payment

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
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
func (d *Decoder) wrongType(i int, path, want string) int {
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
	return d.fail(fault(path, KindType, "must be %s, is %s", want, found))
}

// space returns the index of the first byte from i on that is not white space.
func (d *Decoder) space(i int) int {
	doc := d.doc
	for i < len(doc) && doc[i] <= ' ' && (doc[i] == ' ' || doc[i] == '\n' || doc[i] == '\t' || doc[i] == '\r') {
		i++
	}
	return i
}

// open reads the brace or bracket at i, and the closing one where it follows at once; else there are more: a member.
func (d *Decoder) open(i int) (next int, more bool) {
	closing := d.doc[i] + 2 // of { and [ both
	if i = d.space(i + 1); at(d.doc, i) == closing {
		return i + 1, false
	}
	return i, true
}

// next reads what follows a member of an object: a comma, then there are more, or the closing brace.
func (d *Decoder) next(i int) (next int, more bool) {
	if i+1 < len(d.doc) && d.doc[i] == ',' && d.doc[i+1] == '"' {
		return i + 1, true
	}
	return d.nextSpaced(i)
}

func (d *Decoder) nextSpaced(i int) (next int, more bool) {
	i = d.space(i)
	switch at(d.doc, i) {
	case ',':
		return d.space(i + 1), true
	case '}':
		return i + 1, false
	}
	return d.syntax(i, "a comma or }"), false
}

// key reads the key at i and the colon after it. What it returns is the index of the value.
func (d *Decoder) key(i int) (string, int) {
	if at(d.doc, i) != '"' {
		return "", d.syntax(i, "a key in quotation marks")
	}
	key, i := d.text(i)
	if i < 0 {
		return "", -1
	}
	if i = d.space(i); at(d.doc, i) != ':' {
		return "", d.syntax(i, "a colon")
	}
	return key, d.space(i + 1)
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

// number reads a number into n.
func (d *Decoder) number(i int, n *decimal) int {
	next, ok := n.scan(d.doc, i)
	if !ok {
		return d.syntax(next, "a number")
	}
	return next
}

// text reads the string at i, which starts with a quotation mark. What it returns is a view into the document, unless
// the string has escapes.
func (d *Decoder) text(i int) (string, int) {
	i++
	data, end := d.data, i
	for ; end+8 <= len(data); end += 8 {
		if marks := notPlain(binary.LittleEndian.Uint64(data[end:])); marks != 0 {
			end += bits.TrailingZeros64(marks) / 8
			if data[end] == '"' {
				return d.doc[i:end], end + 1
			}
			break
		}
	}
	return d.rareText(i, end)
}

// rareText is text for a string that starts at i and is plain up to the index from.
func (d *Decoder) rareText(i, from int) (string, int) {
	end, escaped := d.scanRare(from)
	if end < 0 {
		return "", -1
	}
	s := d.doc[i:end]
	if escaped {
		fresh := appendUnescaped(make([]byte, 0, len(s)), s)
		s = unsafe.String(unsafe.SliceData(fresh), len(fresh))
	}
	return s, end + 1
}

// skipText is text for a string that nobody wants.
func (d *Decoder) skipText(i int) int {
	i++
	for i+8 <= len(d.data) && notPlain(binary.LittleEndian.Uint64(d.data[i:])) == 0 {
		i += 8
	}
	end, _ := d.scanRare(i)
	if end < 0 {
		return -1
	}
	return end + 1
}

const (
	everyByte = 0x0101010101010101
	highBits  = 0x8080808080808080
)

// notPlain returns 0 if the 8 characters in w are plain inside a string. Else its lowest bit belongs to the first one
// that is not: a quotation mark, a backslash, a control character (DEL is one), or no ASCII.
func notPlain(w uint64) uint64 {
	// Each term sets the high bit of the characters it is after. It may set others too, by a carry, but a carry only
	// goes upwards.
	quotes, slashes := (w^everyByte*'"')-everyByte, (w^everyByte*'\\')-everyByte
	controls, beyond := w-everyByte*' ', w+everyByte
	return (quotes | slashes | controls | beyond) & highBits
}

// scanRare returns the index of the quotation mark that ends the string that i is inside of, and whether it has escapes
// from i on. It goes byte by byte, for strings that are not plain and for the end of the document.
func (d *Decoder) scanRare(i int) (end int, escaped bool) {
	for i < len(d.doc) {
		switch c := d.doc[i]; {
		case c == '"':
			return i, escaped
		case c == '\\':
			d.rare, escaped = true, true
			if i = d.scanEscape(i); i < 0 {
				return -1, false
			}
		case c < ' ':
			return d.syntax(i, "no control character inside a string"), false
		case c < unicode.MaxASCII:
			i++
		default:
			d.rare = true
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

// appendUnescaped appends what the string s, which scanRare has accepted, stands for.
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
		return d.skipText(i)
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
		var n decimal
		return d.number(i, &n)
	}
}

func (d *Decoder) skipObject(i, depth int) int {
	i, more := d.open(i)
	for more {
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
		i, more = d.next(i)
	}
	return i
}

func (d *Decoder) skipArray(i, depth int) int {
	i, more := d.open(i)
	for more {
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
	return i
}
