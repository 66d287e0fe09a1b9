package history

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// MappingError is a mistake in a mapping file, or a disagreement between it and a file it is used for.
type MappingError struct {
	Path   string // the mapping file
	Line   int    // counted from 1, 0 where the mistake is that something is not there
	Reason string // what is wrong, and the remedy
	// Excerpt is the line with those around it and a caret below the mistake, several lines of text or "".
	Excerpt string
}

// Error returns the place, the reason and, on lines of its own, the excerpt.
func (e *MappingError) Error() string {
	where := e.Path
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d", e.Path, e.Line)
	}
	if e.Excerpt == "" {
		return where + ": " + e.Reason
	}
	return where + ": " + e.Reason + "\n" + e.Excerpt
}

// document is the text of a mapping file. It is read node by node rather than decoded into structs, so that every
// mistake found later still knows its line.
type document struct {
	name    string
	content string
}

// place is a position in a document, both counted from 1. The zero place is none.
type place struct{ line, column int }

func placeOf(tk *token.Token) place {
	if tk == nil || tk.Position == nil {
		return place{}
	}
	return place{line: tk.Position.Line, column: tk.Position.Column}
}

// mistake returns a MappingError at a place.
func (d *document) mistake(at place, format string, args ...any) error {
	return &MappingError{Path: d.name, Line: at.line, Reason: fmt.Sprintf(format, args...), Excerpt: d.excerpt(at)}
}

func (d *document) excerpt(at place) string {
	lines := strings.Split(d.content, "\n")
	if at.line < 1 || at.line > len(lines) {
		return ""
	}
	var b strings.Builder
	for n := max(at.line-2, 1); n <= min(at.line+1, len(lines)); n++ {
		line := strings.TrimRight(lines[n-1], "\r")
		if n > at.line && strings.TrimSpace(line) == "" {
			break
		}
		mark := ' '
		if n == at.line {
			mark = '>'
		}
		fmt.Fprintf(&b, "%c %3d | %s\n", mark, n, line)
		if n == at.line {
			fmt.Fprintf(&b, "      | %s^\n", strings.Repeat(" ", max(at.column-1, 0)))
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// read fills m from the document.
func (d *document) read(m *Mapping) error {
	file, err := parser.ParseBytes([]byte(d.content), 0)
	if err != nil {
		if e, ok := errors.AsType[yaml.Error](err); ok {
			return d.mistake(placeOf(e.GetToken()), "not valid YAML: %s", e.GetMessage())
		}
		return d.mistake(place{}, "not valid YAML: %v", err)
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0:
		return m.checkRequired()
	case 1:
		return d.object(bodies[0], "", d.mappingKeys(m))
	}
	return d.mistake(placeOf(bodies[1].GetToken()), "a second YAML document: a mapping is one")
}

// keys says what to do with the value of each key that an object may have.
type keys map[string]func(node ast.Node) error

// object reads an object, what names it in errors ("" for the whole file).
func (d *document) object(node ast.Node, what string, known keys) error {
	return d.members(node, what, func(key string, at place, value ast.Node) error {
		read, ok := known[key]
		if !ok {
			return d.mistake(at, "%sunknown key %q; the keys here are %s", prefixed(what), key,
				strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		return read(value)
	})
}

// members calls f for each member of an object, in the order of the file.
func (d *document) members(node ast.Node, what string, f func(key string, at place, value ast.Node) error) error {
	var values []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		if what == "" {
			return d.mistake(placeOf(node.GetToken()), "a mapping is made of keys, such as account_id: COLUMN")
		}
		return d.mistake(placeOf(node.GetToken()), "%s: needs keys below it, written KEY: VALUE", what)
	}
	for _, v := range values {
		key, ok := scalar(v.Key)
		if !ok {
			return d.mistake(placeOf(v.Key.GetToken()), "%sa key must be plain text", prefixed(what))
		}
		if err := f(key, placeOf(v.Key.GetToken()), v.Value); err != nil {
			return err
		}
	}
	return nil
}

// scalar returns the text of a plain value as it is written: 1.0, true and null are texts too. Where
// nothing is written it is "".
func scalar(node ast.Node) (text string, ok bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.NullNode:
		if n.Token.Type == token.ImplicitNullType || n.Token.Value == "~" {
			return "", true
		}
		return n.Token.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// text reads a plain value that may not be empty.
func (d *document) text(node ast.Node, what string) (string, error) {
	s, ok := scalar(node)
	if !ok {
		return "", d.mistake(placeOf(node.GetToken()), "%sneeds a single value", prefixed(what))
	}
	if s == "" {
		return "", d.mistake(placeOf(node.GetToken()), "%sis empty", prefixed(what))
	}
	return s, nil
}

// into returns a reader of a text that may not be empty.
func (d *document) into(what string, to *string) func(ast.Node) error {
	return func(node ast.Node) (err error) {
		*to, err = d.text(node, what)
		return err
	}
}

// texts reads a list of plain values, which may be empty texts.
func (d *document) texts(node ast.Node, what string) ([]string, error) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return nil, d.mistake(placeOf(node.GetToken()), "%sneeds a list, written [A, B]", prefixed(what))
	}
	texts := make([]string, 0, len(list.Values))
	for _, v := range list.Values {
		s, ok := scalar(v)
		if !ok {
			return nil, d.mistake(placeOf(v.GetToken()), "%sneeds a list of single values", prefixed(what))
		}
		texts = append(texts, s)
	}
	return texts, nil
}

// choice reads one of several words.
func (d *document) choice(node ast.Node, what string, words ...string) (int, error) {
	s, _ := scalar(node)
	i := slices.Index(words, s)
	if i < 0 {
		return 0, d.mistake(placeOf(node.GetToken()), "%smust be %s", prefixed(what), strings.Join(words[:len(words)-1], ", ")+" or "+words[len(words)-1])
	}
	return i, nil
}

// flag returns a reader of true or false.
func (d *document) flag(what string, to *bool) func(ast.Node) error {
	return func(node ast.Node) error {
		i, err := d.choice(node, what, "false", "true")
		*to = i == 1
		return err
	}
}

func prefixed(what string) string {
	if what == "" {
		return ""
	}
	return what + ": "
}
