package expression

import (
	"strconv"
	"strings"
)

// append appends the canonical spelling of n to dst.
func (n *node) append(dst []byte, rename func(string) string) []byte {
	switch n.form {
	case literal:
		return n.appendLiteral(dst)
	case variable:
		return append(dst, rename(n.text)...)
	case lookup:
		return n.appendCall(append(dst, rename("table:"+n.text)...), rename)
	case call:
		return n.appendCall(append(dst, n.op...), rename)
	case calendar:
		dst = append(append(dst, n.op...), '(')
		return append(strconv.AppendQuote(dst, n.zone.name), ')')
	case choice:
		dst = n.args[0].append(append(dst, '('), rename)
		dst = n.args[1].append(append(dst, " ? "...), rename)
		dst = n.args[2].append(append(dst, " : "...), rename)
		return append(dst, ')')
	case unary:
		dst = append(append(dst, '('), n.op...)
		if n.op == "not" {
			dst = append(dst, ' ')
		}
		return append(n.args[0].append(dst, rename), ')')
	}
	dst = n.args[0].append(append(dst, '('), rename)
	dst = append(append(append(dst, ' '), n.op...), ' ')
	if n.form == member {
		dst = n.list.append(dst)
	} else {
		dst = n.args[1].append(dst, rename)
	}
	return append(dst, ')')
}

func (n *node) appendLiteral(dst []byte) []byte {
	switch n.kind {
	case Text:
		return strconv.AppendQuote(dst, n.text)
	case Bool:
		return strconv.AppendBool(dst, n.value != 0)
	}
	return appendNumber(dst, n.value)
}

func (n *node) appendCall(dst []byte, rename func(string) string) []byte {
	dst = append(dst, '(')
	for i, arg := range n.args {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = arg.append(dst, rename)
	}
	return append(dst, ')')
}

func (l *list) append(dst []byte) []byte {
	dst = append(dst, '[')
	for i, x := range l.numbers {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = appendNumber(dst, x)
	}
	for i, s := range l.texts {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = strconv.AppendQuote(dst, s)
	}
	return append(dst, ']')
}

// appendNumber puts a negative number in parentheses, without which -1 ** 2 would be read as -(1 ** 2).
func appendNumber(dst []byte, x float64) []byte {
	if s := formatNumber(x); s[0] == '-' {
		return append(append(append(dst, '('), s...), ')')
	}
	return append(dst, formatNumber(x)...)
}

// describe returns n for a message, cut if it is long.
func describe(n *node) string {
	const most = 40
	s := []rune(string(n.append(nil, func(name string) string { return strings.TrimPrefix(name, "table:") })))
	if len(s) > most {
		return string(s[:most-1]) + "…"
	}
	return string(s)
}
