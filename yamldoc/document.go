package yamldoc

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

// Error is a mistake in a file, or a disagreement between it and something it is used with.
type Error struct {
	Path   string // the file
	Line   int    // counted from 1, 0 where the mistake is that something is not there
	Reason string // what is wrong, and the remedy
	// Excerpt is the line with those around it and a caret below the mistake, several lines of text or "".
	Excerpt string
}

// Error returns the place, the reason and, on lines of its own, the excerpt.
func (e *Error) Error() string {
	where := e.Path
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d", e.Path, e.Line)
	}
	if e.Excerpt == "" {
		return where + ": " + e.Reason
	}
	return where + ": " + e.Reason + "\n" + e.Excerpt
}

// Document is the text of a file. It is read node by node rather than decoded into structs, so that every mistake found
// later still knows its line.
type Document struct {
	Name    string // what errors call it, its path
	Content string
}

// Place is a position in a document, both counted from 1. The zero Place is none.
type Place struct{ Line, Column int }

// PlaceOf returns where a node begins.
func PlaceOf(node ast.Node) Place { return placeOf(node.GetToken()) }

func placeOf(tk *token.Token) Place {
	if tk == nil || tk.Position == nil {
		return Place{}
	}
	return Place{Line: tk.Position.Line, Column: tk.Position.Column}
}

// Mistake returns an [Error] at a place.
func (d *Document) Mistake(at Place, format string, args ...any) error {
	return &Error{Path: d.Name, Line: at.Line, Reason: fmt.Sprintf(format, args...), Excerpt: d.excerpt(at)}
}

func (d *Document) excerpt(at Place) string {
	lines := strings.Split(d.Content, "\n")
	if at.Line < 1 || at.Line > len(lines) {
		return ""
	}
	var b strings.Builder
	for n := max(at.Line-2, 1); n <= min(at.Line+1, len(lines)); n++ {
		line := strings.TrimRight(lines[n-1], "\r")
		if n > at.Line && strings.TrimSpace(line) == "" {
			break
		}
		mark := ' '
		if n == at.Line {
			mark = '>'
		}
		fmt.Fprintf(&b, "%c %3d | %s\n", mark, n, line)
		if n == at.Line {
			fmt.Fprintf(&b, "      | %s^\n", strings.Repeat(" ", max(at.Column-1, 0)))
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// Body returns what the file holds, nil for nothing.
func (d *Document) Body() (ast.Node, error) {
	file, err := parser.ParseBytes([]byte(d.Content), 0)
	if err != nil {
		if e, ok := errors.AsType[yaml.Error](err); ok {
			return nil, d.Mistake(placeOf(e.GetToken()), "not valid YAML: %s", e.GetMessage())
		}
		return nil, d.Mistake(Place{}, "not valid YAML: %v", err)
	}
	var body ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case body != nil:
			return nil, d.Mistake(PlaceOf(doc.Body), "a second YAML document: the file is one")
		default:
			body = doc.Body
		}
	}
	return body, nil
}

// Keys says what to do with the value of each key that an object may have.
type Keys map[string]func(node ast.Node) error

// Object reads an object, what names it in errors ("" for the whole file).
func (d *Document) Object(node ast.Node, what string, known Keys) error {
	return d.Members(node, what, func(key string, at Place, value ast.Node) error {
		read, ok := known[key]
		if !ok {
			return d.Mistake(at, "%sunknown key %q; the keys here are %s", prefixed(what), key,
				strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		return read(value)
	})
}

// Members calls f for each member of an object, in the order of the file.
func (d *Document) Members(node ast.Node, what string, f func(key string, at Place, value ast.Node) error) error {
	var values []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		if what == "" {
			return d.Mistake(PlaceOf(node), "the file is made of keys, written KEY: VALUE")
		}
		return d.Mistake(PlaceOf(node), "%s: needs keys below it, written KEY: VALUE", what)
	}
	for _, v := range values {
		key, ok := Scalar(v.Key)
		if !ok {
			return d.Mistake(PlaceOf(v.Key), "%sa key must be plain text", prefixed(what))
		}
		if err := f(key, PlaceOf(v.Key), v.Value); err != nil {
			return err
		}
	}
	return nil
}

// Scalar returns the text of a plain value as it is written: 1.0, true and null are texts too. Where
// nothing is written it is "".
func Scalar(node ast.Node) (text string, ok bool) {
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

// Text reads a plain value that may not be empty.
func (d *Document) Text(node ast.Node, what string) (string, error) {
	s, ok := Scalar(node)
	if !ok {
		return "", d.Mistake(PlaceOf(node), "%sneeds a single value", prefixed(what))
	}
	if s == "" {
		return "", d.Mistake(PlaceOf(node), "%sis empty", prefixed(what))
	}
	return s, nil
}

// Into returns a reader of a text that may not be empty.
func (d *Document) Into(what string, to *string) func(ast.Node) error {
	return func(node ast.Node) (err error) {
		*to, err = d.Text(node, what)
		return err
	}
}

// Texts reads a list of plain values, which may be empty texts.
func (d *Document) Texts(node ast.Node, what string) ([]string, error) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return nil, d.Mistake(PlaceOf(node), "%sneeds a list, written [A, B]", prefixed(what))
	}
	texts := make([]string, 0, len(list.Values))
	for _, v := range list.Values {
		s, ok := Scalar(v)
		if !ok {
			return nil, d.Mistake(PlaceOf(v), "%sneeds a list of single values", prefixed(what))
		}
		texts = append(texts, s)
	}
	return texts, nil
}

// Choice reads one of several words.
func (d *Document) Choice(node ast.Node, what string, words ...string) (int, error) {
	s, _ := Scalar(node)
	i := slices.Index(words, s)
	if i < 0 {
		last := len(words) - 1
		most := strings.Join(words[:last], ", ")
		if most != "" {
			most += " or "
		}
		return 0, d.Mistake(PlaceOf(node), "%smust be %s%s", prefixed(what), most, words[last])
	}
	return i, nil
}

// Flag returns a reader of true or false.
func (d *Document) Flag(what string, to *bool) func(ast.Node) error {
	return func(node ast.Node) error {
		i, err := d.Choice(node, what, "false", "true")
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
