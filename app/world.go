package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/weir-fraud/weir/simulate"
)

// ReadWorld reads a simulated world from the file over what c holds. A list of patterns replaces c's; each begins with
// its own defaults. Whether the world makes sense is for [simulate.Config.Validate] to say.
func ReadWorld(path string, c *simulate.Config) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the world: %w", err)
	}
	if err := decodeWorld(text, c); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func decodeWorld(text []byte, c *simulate.Config) error {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return err
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return errors.New("there is nothing in it: weir simulate --print-world prints a world to start from")
	}
	all, patterns, err := without(file.Docs[0].Body, "patterns")
	if err != nil {
		return err
	}
	if patterns != nil {
		if c.Patterns, err = decodePatterns(patterns.Value); err != nil {
			return err
		}
	}
	return decodeKeys(all, c)
}

// without splits a mapping into the entry of one key, nil if there is none, and the others.
func without(node ast.Node, key string) (*ast.MappingNode, *ast.MappingValueNode, error) {
	all, ok := node.(*ast.MappingNode)
	if !ok {
		return nil, nil, fmt.Errorf("line %d: there should be keys and values", lineOf(node))
	}
	var found *ast.MappingValueNode
	rest := *all
	rest.Values = nil
	for _, entry := range all.Values {
		if entry.Key.String() == key {
			found = entry
			continue
		}
		rest.Values = append(rest.Values, entry)
	}
	return &rest, found, nil
}

// decodeKeys decodes a mapping key by key, so that every error names its line and key.
func decodeKeys(all *ast.MappingNode, v any) error {
	for _, entry := range all.Values {
		one := *all
		one.Values = []*ast.MappingValueNode{entry}
		err := yaml.NodeToValue(&one, v, worldDecoding()...)
		var unknown *yaml.UnknownFieldError
		var other *yaml.TypeError
		var placed yaml.Error
		switch {
		case errors.As(err, &unknown):
			err = errors.New("there is no such key; weir simulate --print-world shows all of them")
		case errors.As(err, &other):
			err = fmt.Errorf("%s is no %s", entry.Value, other.DstType)
		case errors.As(err, &placed):
			err = errors.New(placed.GetMessage()) // its own form shows the place once more, over many lines
		}
		if err != nil {
			return fmt.Errorf("line %d, %s: %w", lineOf(entry.Key), entry.Key, err)
		}
	}
	return nil
}

func lineOf(n ast.Node) int { return n.GetToken().Position.Line }

// decodePatterns decodes a list of patterns, each of which its key "pattern" names, over their defaults.
func decodePatterns(node ast.Node) ([]simulate.Pattern, error) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return nil, fmt.Errorf("line %d: patterns must be a list, [] for none", lineOf(node))
	}
	patterns := []simulate.Pattern{}
	for _, item := range list.Values {
		rest, named, err := without(item, "pattern")
		if err != nil {
			return nil, err
		}
		name := ""
		if named != nil {
			name = named.Value.String()
		}
		p, err := patternNamed(name)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", lineOf(item), err)
		}
		if err := decodeKeys(rest, p.Interface()); err != nil {
			return nil, err
		}
		patterns = append(patterns, p.Elem().Interface().(simulate.Pattern))
	}
	return patterns, nil
}

// patternNamed returns a pointer to the pattern with its defaults.
func patternNamed(name string) (reflect.Value, error) {
	var known []string
	for _, p := range simulate.DefaultPatterns() {
		if p.Name() == name {
			v := reflect.New(reflect.TypeOf(p))
			v.Elem().Set(reflect.ValueOf(p))
			return v, nil
		}
		known = append(known, p.Name())
	}
	return reflect.Value{}, fmt.Errorf("there is no pattern %q: the key pattern must be one of %s", name, strings.Join(known, ", "))
}

// WriteWorld writes c as YAML with a comment for every key.
func WriteWorld(w io.Writer, c simulate.Config) error {
	p := printer{w: w, encoding: worldEncoding()}
	for _, k := range keys(reflect.ValueOf(&c).Elem(), nil) {
		switch {
		case k.path[0] != "patterns":
			p.value("", k)
		case len(c.Patterns) == 0:
			p.printf("patterns: [] # %s\n", k.doc)
		default:
			p.section("", k)
		}
	}
	for _, pattern := range c.Patterns {
		p.pattern(pattern)
	}
	return p.err
}

func (p *printer) pattern(pattern simulate.Pattern) {
	v := reflect.New(reflect.TypeOf(pattern)).Elem()
	v.Set(reflect.ValueOf(pattern))
	schedule, _ := v.Type().FieldByName("Schedule")
	p.printf("  - pattern: %s # %s\n", pattern.Name(), schedule.Tag.Get("doc"))
	for _, k := range keys(v, nil) {
		p.value("    ", k)
	}
}

// worldDecoding says how a world's values are written: times in days too, and ranges as [least, most].
func worldDecoding() []yaml.DecodeOption {
	return []yaml.DecodeOption{
		yaml.Strict(),
		wholeNumbers(),
		yaml.CustomUnmarshaler(func(d *time.Duration, text []byte) error { return yaml.Unmarshal(text, (*Duration)(d)) }),
		yaml.CustomUnmarshaler(func(t *time.Time, text []byte) error {
			parsed, err := time.Parse(time.RFC3339, strings.TrimSpace(string(text)))
			if err != nil {
				return fmt.Errorf("%s is not a time such as 2024-01-01T00:00:00Z", strings.TrimSpace(string(text)))
			}
			*t = parsed
			return nil
		}),
		yaml.CustomUnmarshaler(func(c *simulate.Count, text []byte) error {
			return decodeRange(text, "[6, 20]", &c.Min, &c.Max)
		}),
		yaml.CustomUnmarshaler(func(i *simulate.Interval, text []byte) error {
			return decodeRange(text, "[0.5, 4.5]", &i.Min, &i.Max)
		}),
		yaml.CustomUnmarshaler(func(s *simulate.Span, text []byte) error {
			return decodeRange(text, "[8d, 14d]", (*Duration)(&s.Min), (*Duration)(&s.Max))
		}),
	}
}

// wholeNumbers keeps 1.5 from becoming 1.
func wholeNumbers() yaml.DecodeOption {
	return yaml.CustomUnmarshaler(func(n *int, text []byte) (err error) {
		s := strings.TrimSpace(string(text))
		if *n, err = strconv.Atoi(s); err != nil {
			return fmt.Errorf("%s is not a whole number", s)
		}
		return nil
	})
}

func decodeRange[T any](text []byte, example string, least, most *T) error {
	var pair []T
	if err := yaml.UnmarshalWithOptions(text, &pair, wholeNumbers()); err != nil || len(pair) != 2 {
		return fmt.Errorf("%s is not a range such as %s", strings.TrimSpace(string(text)), example)
	}
	*least, *most = pair[0], pair[1]
	return nil
}

func worldEncoding() []yaml.EncodeOption {
	flow := func(least, most any) ([]byte, error) { return fmt.Appendf(nil, "[%v, %v]", least, most), nil }
	return []yaml.EncodeOption{
		yaml.CustomMarshaler(func(x float64) ([]byte, error) { return strconv.AppendFloat(nil, x, 'g', -1, 64), nil }),
		yaml.CustomMarshaler(func(d time.Duration) ([]byte, error) { return Duration(d).MarshalText() }),
		yaml.CustomMarshaler(func(t time.Time) ([]byte, error) { return t.MarshalText() }),
		yaml.CustomMarshaler(func(c simulate.Count) ([]byte, error) { return flow(c.Min, c.Max) }),
		yaml.CustomMarshaler(func(i simulate.Interval) ([]byte, error) { return flow(i.Min, i.Max) }),
		yaml.CustomMarshaler(func(s simulate.Span) ([]byte, error) { return flow(Duration(s.Min), Duration(s.Max)) }),
	}
}
