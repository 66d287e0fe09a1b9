package features

import (
	_ "embed" // for the shipped declarations
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/yamldoc"
)

// Declarations are what a features file says, read and not yet compiled. docs/features.md describes the file.
type Declarations struct {
	doc *yamldoc.Document

	attributes []attribute
	tables     []table
	filters    []named
	marks      []named
	entities   []entityDeclaration
	labelDelay time.Duration
	features   []Definition
}

// attribute is a transaction attribute that the state retains.
type attribute struct {
	name string
	kind expression.Kind // Text or Number
}

type table struct {
	name string
	by   string // the field that the values are for; documentation only, the expression says what is looked up
	*expression.Table
}

// named is an expression under a name.
type named struct {
	name        string
	source      text
	description string
}

// text is a value of the file and where it stands.
type text struct {
	string
	at yamldoc.Place
}

type entityDeclaration struct {
	name          string
	key           text
	length, delay time.Duration
}

// Definition declares one feature. It is either a value, or an aggregate over a window of the account's earlier events
// or of an entity's tiles.
type Definition struct {
	Name        string
	Description string // for analysts, in words; not part of the hash

	Value string // an expression over the transaction, features and marks

	Aggregate string        // count, sum, mean, std, min, max, last, distinct, new, since, km_since, kmh_since; age over tiles
	Of        string        // what is aggregated: an expression, or for distinct and new a text field
	Filter    string        // which events count: the name of a filter or a condition, empty for all
	Same      string        // a text field: only events with this transaction's value of it count
	Entity    string        // whose tiles are read, empty for the account's own events
	Labels    string        // fraud or legitimate: labels are counted instead of transactions
	Window    time.Duration // how far back, exclusive at the far end
	Delay     time.Duration // how far behind the transaction the tiles end

	places map[string]yamldoc.Place
}

// at returns where a key of the definition stands in the file.
func (d *Definition) at(key string) yamldoc.Place {
	if p, ok := d.places[key]; ok {
		return p
	}
	return d.places["name"]
}

//go:embed builtin.yaml
var builtin string

// Builtin returns the shipped declarations.
func Builtin() *Declarations {
	d, err := ParseDeclarations("builtin.yaml", []byte(builtin))
	if err != nil {
		panic("features: the shipped file: " + err.Error())
	}
	return d
}

// BuiltinSource returns the shipped features file, to start one's own from.
func BuiltinSource() string { return builtin }

// ParseDeclarations reads a features file. Errors call it by the given name and are of type *[yamldoc.Error].
func ParseDeclarations(name string, content []byte) (*Declarations, error) {
	d := &Declarations{doc: &yamldoc.Document{Name: name, Content: string(content)}}
	body, err := d.doc.Body()
	if err != nil {
		return nil, err
	}
	if body == nil {
		return nil, d.doc.Mistake(yamldoc.Place{}, "the file is empty: it needs format: 1 and a list of features")
	}
	versioned := false
	err = d.doc.Object(body, "", yamldoc.Keys{
		"format": func(node ast.Node) error {
			versioned = true
			_, err := d.doc.Choice(node, "format", "1")
			return err
		},
		"attributes": d.readAttributes,
		"tables":     d.readTables,
		"filters": func(node ast.Node) error {
			return d.doc.Members(node, "filters", func(key string, at yamldoc.Place, value ast.Node) error {
				n := named{name: key, source: text{at: yamldoc.PlaceOf(value)}}
				if err := d.doc.Into("filters."+key, &n.source.string)(value); err != nil {
					return err
				}
				d.filters = append(d.filters, n)
				return d.declarable("filter", key, at)
			})
		},
		"marks":    d.readMarks,
		"entities": d.readEntities,
		"labels": func(node ast.Node) error {
			return d.doc.Object(node, "labels", yamldoc.Keys{"delay": d.span("labels.delay", &d.labelDelay)})
		},
		"features": d.readFeatures,
	})
	switch {
	case err != nil:
		return nil, err
	case !versioned:
		return nil, d.doc.Mistake(yamldoc.Place{}, "format is missing: add format: 1")
	case len(d.features) == 0:
		return nil, d.doc.Mistake(yamldoc.Place{}, "features is missing: a set needs at least one feature")
	}
	return d, nil
}

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// declarable refuses a name that no expression could read.
func (d *Declarations) declarable(what, name string, at yamldoc.Place) error {
	switch {
	case !identifier.MatchString(name) || len(name) > 64:
		return d.doc.Mistake(at, "%s %q: a name is up to 64 lower-case letters, digits and _, and begins with a letter", what, name)
	case expression.Reserved(name):
		return d.doc.Mistake(at, "%s %q: the name is a word of expressions; choose another", what, name)
	}
	if expression.Reserved(name) {
		return d.doc.Mistake(at, "%s %q: the name is a word of the expression language", what, name)
	}
	return nil
}

func (d *Declarations) readAttributes(node ast.Node) error {
	return d.doc.Members(node, "attributes", func(key string, at yamldoc.Place, value ast.Node) error {
		i, err := d.doc.Choice(value, "attributes."+key, "text", "number")
		if err != nil {
			return err
		}
		kind := expression.Text
		if i == 1 {
			kind = expression.Number
		}
		if _, taken := fixedFields[key]; taken {
			return d.doc.Mistake(at, "attribute %q is called like a field of every transaction", key)
		}
		d.attributes = append(d.attributes, attribute{key, kind})
		if len(d.attributes) > maxAttributes {
			return d.doc.Mistake(at, "attributes.%s is one too many: %d attributes are possible", key, maxAttributes)
		}
		return d.declarable("attribute", key, at)
	})
}

func (d *Declarations) readTables(node ast.Node) error {
	return d.doc.Members(node, "tables", func(key string, at yamldoc.Place, value ast.Node) error {
		t, values, fallback, what := table{name: key}, map[string]float64{}, nan, "tables."+key
		err := d.doc.Object(value, what, yamldoc.Keys{
			"by":      d.doc.Into(what+".by", &t.by),
			"default": d.number(what+".default", &fallback),
			"values": func(node ast.Node) error {
				return d.doc.Members(node, what+".values", func(name string, _ yamldoc.Place, value ast.Node) error {
					var v float64
					err := d.number(what+".values."+name, &v)(value)
					values[name] = v
					return err
				})
			},
		})
		if err != nil {
			return err
		}
		t.Table = expression.NewTable(values, fallback)
		d.tables = append(d.tables, t)
		return d.declarable("table", key, at)
	})
}

func (d *Declarations) readMarks(node ast.Node) error {
	return d.doc.Members(node, "marks", func(key string, at yamldoc.Place, value ast.Node) error {
		m, what := named{name: key}, "marks."+key
		err := d.doc.Object(value, what, yamldoc.Keys{
			"when": func(node ast.Node) error {
				m.source.at = yamldoc.PlaceOf(node)
				return d.doc.Into(what+".when", &m.source.string)(node)
			},
			"description": d.doc.Into(what+".description", &m.description),
		})
		switch {
		case err != nil:
			return err
		case m.source.string == "":
			return d.doc.Mistake(at, "%s: when is missing: the condition under which an event is marked", what)
		}
		d.marks = append(d.marks, m)
		if len(d.marks) > maxMarks {
			return d.doc.Mistake(at, "%s is one too many: %d marks are possible", what, maxMarks)
		}
		return d.declarable("mark", key, at)
	})
}

func (d *Declarations) readEntities(node ast.Node) error {
	return d.doc.Members(node, "entities", func(key string, at yamldoc.Place, value ast.Node) error {
		e, what := entityDeclaration{name: key, length: time.Hour, delay: -1}, "entities."+key
		err := d.doc.Object(value, what, yamldoc.Keys{
			"key": func(node ast.Node) error {
				e.key.at = yamldoc.PlaceOf(node)
				return d.doc.Into(what+".key", &e.key.string)(node)
			},
			"tile":  d.span(what+".tile", &e.length),
			"delay": d.span(what+".delay", &e.delay),
		})
		switch {
		case err != nil:
			return err
		case e.key.string == "":
			return d.doc.Mistake(at, "%s: key is missing: the text that tells one %s from another, such as merchant", what, key)
		}
		d.entities = append(d.entities, e)
		if len(d.entities) > maxEntities {
			return d.doc.Mistake(at, "%s is one too many: %d entities are possible", what, maxEntities)
		}
		return d.declarable("entity", key, at)
	})
}

func (d *Declarations) readFeatures(node ast.Node) error {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return d.doc.Mistake(yamldoc.PlaceOf(node), "features: needs a list, each feature a dash and its keys")
	}
	for _, item := range list.Values {
		if err := d.readFeature(item); err != nil {
			return err
		}
	}
	return nil
}

// readFeature reads one entry of the list: a feature, or one for each of its windows.
func (d *Declarations) readFeature(node ast.Node) error {
	f := Definition{places: map[string]yamldoc.Place{"name": yamldoc.PlaceOf(node)}}
	var windows []string
	into := func(key string, to *string) func(ast.Node) error {
		return func(node ast.Node) error {
			f.places[key] = yamldoc.PlaceOf(node)
			return d.doc.Into(key, to)(node)
		}
	}
	err := d.doc.Object(node, "", yamldoc.Keys{
		"name": into("name", &f.Name), "description": into("description", &f.Description), "value": into("value", &f.Value),
		"aggregate": into("aggregate", &f.Aggregate), "of": into("of", &f.Of), "filter": into("filter", &f.Filter),
		"same": into("same", &f.Same), "entity": into("entity", &f.Entity), "labels": into("labels", &f.Labels),
		"delay": func(node ast.Node) error {
			f.places["delay"] = yamldoc.PlaceOf(node)
			return d.span("delay", &f.Delay)(node)
		},
		"windows": func(node ast.Node) (err error) {
			f.places["windows"] = yamldoc.PlaceOf(node)
			windows, err = d.doc.Texts(node, "windows")
			return err
		},
	})
	switch {
	case err != nil:
		return err
	case f.Name == "":
		return d.doc.Mistake(f.at("name"), "a feature without a name")
	case f.Value != "":
		return d.addFeature(f, "")
	case len(windows) == 0:
		return d.doc.Mistake(f.at("name"), "feature %q: it needs a value, or an aggregate and windows such as [1h, 30d]", f.Name)
	case len(windows) > 1 && !strings.Contains(f.Name, windowPlaceholder):
		return d.doc.Mistake(f.at("name"), "feature %q: with several windows the name needs %s, which becomes each of them", f.Name, windowPlaceholder)
	}
	for _, w := range windows {
		if err := d.addFeature(f, w); err != nil {
			return err
		}
	}
	return nil
}

const windowPlaceholder = "{window}"

// addFeature adds a feature over the window that is written w.
func (d *Declarations) addFeature(f Definition, w string) error {
	if w != "" {
		window, ok := parseSpan(w)
		if !ok {
			return d.doc.Mistake(f.at("windows"), "feature %q: window %q is not a time such as 10m, 36h or 30d", f.Name, w)
		}
		f.Window = window
		f.Name = strings.ReplaceAll(f.Name, windowPlaceholder, w)
		// "in the last hour", not "in the last 1 hour".
		f.Description = strings.ReplaceAll(f.Description, windowPlaceholder, strings.TrimPrefix(spanInWords(window), "1 "))
	}
	if err := d.declarable("feature", f.Name, f.at("name")); err != nil {
		return err
	}
	d.features = append(d.features, f)
	return nil
}

func (d *Declarations) number(what string, to *float64) func(ast.Node) error {
	return func(node ast.Node) error {
		var s string
		if err := d.doc.Into(what, &s)(node); err != nil {
			return err
		}
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || v-v != 0 {
			return d.doc.Mistake(yamldoc.PlaceOf(node), "%s: %q is not a number", what, s)
		}
		*to = v
		return nil
	}
}

// span returns a reader of a time span.
func (d *Declarations) span(what string, to *time.Duration) func(ast.Node) error {
	return func(node ast.Node) error {
		var s string
		if err := d.doc.Into(what, &s)(node); err != nil {
			return err
		}
		v, ok := parseSpan(s)
		if !ok {
			return d.doc.Mistake(yamldoc.PlaceOf(node), "%s: %q is not a time such as 10m, 36h or 30d", what, s)
		}
		*to = v
		return nil
	}
}

var spanUnits = []struct {
	suffix string
	length time.Duration
	word   string
}{
	{"d", day, "day"}, {"h", time.Hour, "hour"}, {"ms", time.Millisecond, "millisecond"}, {"m", time.Minute, "minute"}, {"s", time.Second, "second"},
}

// parseSpan reads a whole number of one unit.
func parseSpan(s string) (time.Duration, bool) {
	for _, u := range spanUnits {
		digits, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		if n, err := strconv.ParseUint(digits, 10, 31); err == nil && n <= uint64(100*365*day/u.length) {
			return time.Duration(n) * u.length, true
		}
	}
	return 0, false
}

// spanInWords returns a span as text: 24 hours, 30 days, 1 hour.
func spanInWords(w time.Duration) string {
	for _, unit := range []string{"day", "hour", "minute", "second", "millisecond"} {
		for _, u := range spanUnits {
			if u.word != unit || w%u.length != 0 || unit == "day" && w == day {
				continue
			}
			if w == u.length {
				return "1 " + u.word
			}
			return fmt.Sprintf("%d %ss", w/u.length, u.word)
		}
	}
	return w.String()
}
