package screen

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// style is how text looks, as the parameters of a terminal's SGR sequence.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

// row is a line of the screen under construction. What does not fit is cut off, with an ellipsis.
type row struct {
	text   strings.Builder
	used   int
	width  int
	colour bool
}

// put appends text. Every rune is taken to be one column wide; what is not printable, such as the escapes of a
// merchant with a sense of humour, is replaced.
func (r *row) put(st style, text string) *row {
	text = strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return '?'
	}, text)
	n, left := utf8.RuneCountInString(text), max(0, r.width-r.used)
	if n > left {
		if left == 0 {
			return r
		}
		text = string([]rune(text)[:left-1]) + "…"
		n = left
	}
	r.used += n
	if !r.colour || st == plain {
		r.text.WriteString(text)
		return r
	}
	r.text.WriteString("\x1b[" + string(st) + "m" + text + "\x1b[0m")
	return r
}

// to moves on to a column, counted from 0.
func (r *row) to(column int) *row {
	if n := min(column, r.width) - r.used; n > 0 {
		r.text.WriteString(strings.Repeat(" ", n))
		r.used += n
	}
	return r
}

// right puts text so that it ends before a column.
func (r *row) right(st style, column int, text string) *row {
	return r.to(column-utf8.RuneCountInString(text)).put(st, text)
}

// String returns the line without the spaces at its end.
func (r *row) String() string { return strings.TrimRight(r.text.String(), " ") }

// wrap breaks text at spaces into at most n lines of a width; the last one may be longer.
func wrap(text string, width, n int) []string {
	var lines []string
	width = max(width, 1)
	for len(lines) < n-1 && utf8.RuneCountInString(text) > width {
		cut := string([]rune(text)[:width+1])
		at := strings.LastIndexByte(cut, ' ')
		if at <= 0 {
			break
		}
		lines = append(lines, text[:at])
		text = text[at+1:]
	}
	return append(lines, text)
}
