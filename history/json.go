package history

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/weir-fraud/weir/payment"
)

// maxDepth is how deep the values of a line may be nested.
const maxDepth = 64

// jsonNode is an object member that leads to columns: a column's dotted path is followed node by node.
type jsonNode struct {
	name     string
	slot     int // of the column that ends here, or -1
	children []jsonNode
}

// add puts a path below n. A dot in it may be a step into an object or part of a member's name, since tables are often
// written to JSONL with merchant.name as one name; so every way to split the path leads to the same slot.
func (n *jsonNode) add(path string, slot int) {
	n.child(path).slot = slot
	for i := range len(path) {
		if path[i] == '.' && i > 0 && i+1 < len(path) {
			n.child(path[:i]).add(path[i+1:], slot)
		}
	}
}

func (n *jsonNode) child(name string) *jsonNode {
	for i := range n.children {
		if n.children[i].name == name {
			return &n.children[i]
		}
	}
	n.children = append(n.children, jsonNode{name: name, slot: -1})
	return &n.children[len(n.children)-1]
}

// jsonScanner takes the values of some columns out of lines that are JSON objects. It checks the whole line: what it
// accepts encoding/json accepts too, with the same values.
type jsonScanner struct {
	root   jsonNode
	paths  []string // by slot
	line   []byte
	values []string // by slot: "" for a member that is missing, null or empty
	seen   []bool
	key    []byte // scratch for texts with escapes
	slab   *slab  // for values with escapes
	bad    flaw   // why the line is refused
}

func newJSONScanner(paths []string, values *slab) *jsonScanner {
	s := &jsonScanner{paths: paths, values: make([]string, len(paths)), seen: make([]bool, len(paths)), slab: values}
	s.root.slot = -1
	for slot, path := range paths {
		s.root.add(path, slot)
	}
	return s
}

// scan sets s.values, mostly to views into line. It returns why the line is refused.
func (s *jsonScanner) scan(line []byte) flaw {
	s.line, s.bad = line, flaw{}
	clear(s.values)
	clear(s.seen)
	i := s.space(0)
	if i >= len(line) || line[i] != '{' {
		return flaw{payment.KindSyntax, "not a JSON object"}
	}
	if i = s.object(i, &s.root, 1); i >= 0 && s.space(i) < len(line) {
		s.syntax(s.space(i))
	}
	return s.bad
}

// The methods below read what starts at line[i] and return the index after it, or -1 with s.bad set.

func (s *jsonScanner) fail(kind payment.Kind, format string, args ...any) int {
	s.bad = flawed(kind, format, args...)
	return -1
}

func (s *jsonScanner) syntax(i int) int {
	if i >= len(s.line) {
		return s.fail(payment.KindSyntax, "not valid JSON: the line ends too early")
	}
	return s.fail(payment.KindSyntax, "not valid JSON: unexpected %q at byte %d", s.line[i:i+1], i+1)
}

func (s *jsonScanner) space(i int) int {
	for i < len(s.line) && (s.line[i] == ' ' || s.line[i] == '\t' || s.line[i] == '\r' || s.line[i] == '\n') {
		i++
	}
	return i
}

// is reports whether line[i] is c.
func (s *jsonScanner) is(i int, c byte) bool { return i < len(s.line) && s.line[i] == c }

// object reads an object. With a node it takes the columns below that out, with nil it only checks.
func (s *jsonScanner) object(i int, node *jsonNode, depth int) int {
	if depth > maxDepth {
		return s.fail(payment.KindSize, "nested deeper than %d", maxDepth)
	}
	i = s.space(i + 1)
	if s.is(i, '}') {
		return i + 1
	}
	for {
		if !s.is(i, '"') {
			return s.syntax(i)
		}
		end, escaped := s.string(i)
		if end < 0 {
			return -1
		}
		var child *jsonNode
		if node != nil {
			child = node.find(s.name(i, end, escaped))
		}
		if i = s.space(end); !s.is(i, ':') {
			return s.syntax(i)
		}
		if i = s.value(s.space(i+1), child, depth); i < 0 {
			return -1
		}
		i = s.space(i)
		if s.is(i, '}') {
			return i + 1
		}
		if !s.is(i, ',') {
			return s.syntax(i)
		}
		i = s.space(i + 1)
	}
}

// find returns the member with the given name, nil if no column lies there.
func (n *jsonNode) find(name []byte) *jsonNode {
	for i := range n.children {
		if n.children[i].name == string(name) {
			return &n.children[i]
		}
	}
	return nil
}

// name returns the text of a member's name that stands at line[i:end].
func (s *jsonScanner) name(i, end int, escaped bool) []byte {
	name := s.line[i+1 : end-1]
	if escaped {
		s.key = append(s.key[:0], name...)
		name = unescape(s.key)
	}
	return name
}

func (s *jsonScanner) array(i, depth int) int {
	if depth > maxDepth {
		return s.fail(payment.KindSize, "nested deeper than %d", maxDepth)
	}
	i = s.space(i + 1)
	if s.is(i, ']') {
		return i + 1
	}
	for {
		if i = s.value(i, nil, depth); i < 0 {
			return -1
		}
		i = s.space(i)
		if s.is(i, ']') {
			return i + 1
		}
		if !s.is(i, ',') {
			return s.syntax(i)
		}
		i = s.space(i + 1)
	}
}

// value reads any value. With a node that is a column, it becomes the column's value.
func (s *jsonScanner) value(i int, node *jsonNode, depth int) int {
	if i >= len(s.line) {
		return s.syntax(i)
	}
	column := node != nil && node.slot >= 0
	c := s.line[i]
	switch c {
	case '"':
		end, escaped := s.string(i)
		if end < 0 || !column {
			return end
		}
		text := view(s.line[i+1 : end-1])
		if escaped {
			s.key = append(s.key[:0], text...)
			text = s.slab.text(unescape(s.key))
		}
		return s.set(node, text, end)
	case '{', '[':
		return s.nested(i, node, depth+1)
	}
	end := s.literal(i)
	if end < 0 || !column {
		return end
	}
	if c == 'n' {
		return s.set(node, "", end)
	}
	return s.set(node, view(s.line[i:end]), end)
}

// nested reads an object or an array, which no column can have as its value.
func (s *jsonScanner) nested(i int, node *jsonNode, depth int) int {
	isArray := s.line[i] == '['
	if node != nil && node.slot >= 0 && len(node.children) == 0 {
		if isArray {
			return s.fail(payment.KindType, "column %q is an array: only single values can be read", s.paths[node.slot])
		}
		return s.fail(payment.KindType, "column %q is an object: name the member with a dot and its name", s.paths[node.slot])
	}
	if isArray {
		return s.array(i, depth)
	}
	return s.object(i, node, depth)
}

// set notes the value of a column.
func (s *jsonScanner) set(node *jsonNode, text string, end int) int {
	if s.seen[node.slot] {
		return s.fail(payment.KindDuplicate, "column %q is given twice", s.paths[node.slot])
	}
	s.seen[node.slot] = true
	s.values[node.slot] = text
	return end
}

// literal reads a number, true, false or null.
func (s *jsonScanner) literal(i int) int {
	switch s.line[i] {
	case 't':
		return s.word(i, "true")
	case 'f':
		return s.word(i, "false")
	case 'n':
		return s.word(i, "null")
	}
	start := i
	if s.line[i] == '-' {
		i++
	}
	first := i
	if i = s.digits(i); i < 0 {
		return s.syntax(start)
	}
	if s.line[first] == '0' && i > first+1 {
		return s.syntax(first + 1)
	}
	if s.is(i, '.') {
		if i = s.digits(i + 1); i < 0 {
			return s.syntax(start)
		}
	}
	if s.is(i, 'e') || s.is(i, 'E') {
		i++
		if s.is(i, '+') || s.is(i, '-') {
			i++
		}
		if i = s.digits(i); i < 0 {
			return s.syntax(start)
		}
	}
	return i
}

// digits reads one digit or more, -1 for none.
func (s *jsonScanner) digits(i int) int {
	start := i
	for i < len(s.line) && isDigit(s.line[i]) {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

func (s *jsonScanner) word(i int, word string) int {
	if !strings.HasPrefix(view(s.line[i:]), word) {
		return s.syntax(i)
	}
	return i + len(word)
}

// string reads a string with its quotes, and reports whether there are escapes in it.
func (s *jsonScanner) string(i int) (end int, escaped bool) {
	for i++; i < len(s.line); i++ {
		switch c := s.line[i]; {
		case c == '"':
			return i + 1, escaped
		case c < ' ':
			return s.syntax(i), false
		case c == '\\':
			escaped = true
			i++
			if s.is(i, 'u') {
				if _, ok := hex4(s.line, i+1); !ok {
					return s.syntax(i), false
				}
				i += 4
			} else if i >= len(s.line) || strings.IndexByte(`"\/bfnrt`, s.line[i]) < 0 {
				return s.syntax(i), false
			}
		}
	}
	return s.syntax(len(s.line)), false
}

// unescape resolves the escapes of a checked string, in place: none is shorter than what it stands for. Half a
// surrogate pair becomes U+FFFD.
func unescape(b []byte) []byte {
	n := 0
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			b[n] = b[i]
			n++
			continue
		}
		i++
		if b[i] == 'u' {
			r, _ := hex4(b, i+1)
			i += 4
			if utf16.IsSurrogate(r) {
				pair := utf8.RuneError
				if i+6 < len(b) && b[i+1] == '\\' && b[i+2] == 'u' {
					low, _ := hex4(b, i+3)
					pair = utf16.DecodeRune(r, low)
				}
				if r = pair; pair != utf8.RuneError {
					i += 6
				}
			}
			n += utf8.EncodeRune(b[n:n+4:n+4], r)
			continue
		}
		b[n] = b[i]
		if at := strings.IndexByte("bfnrt", b[i]); at >= 0 {
			b[n] = "\b\f\n\r\t"[at]
		}
		n++
	}
	return b[:n]
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte, i int) (r rune, ok bool) {
	if i+4 > len(b) {
		return 0, false
	}
	for _, c := range b[i : i+4] {
		switch {
		case isDigit(c):
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
