package policy

import (
	"regexp"
	"strconv"

	"github.com/goccy/go-yaml/ast"

	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/yamldoc"
)

// Document is a policy file, read and not yet compiled.
type Document struct {
	doc *yamldoc.Document

	version  string
	fallback scoring.Action
	money    source
	segments []segmentSource
	rules    []ruleSource
	lists    [2][]listSource // by kind
	cases    []Case
}

// source is an expression and where it stands.
type source struct {
	text string
	at   yamldoc.Place
}

type segmentSource struct {
	Segment
	when source
	at   yamldoc.Place
}

type ruleSource struct {
	Rule
	when source
}

type listSource struct {
	List
	key     source
	entries []Entry
}

// What a file may declare at most.
const (
	maxBytes    = 32 << 20
	maxSegments = 100
	maxRules    = 1000
	maxLists    = 100
)

// Parse reads a policy file. Errors call it by the given name and are of type *[yamldoc.Error].
func Parse(name string, content []byte) (*Document, error) {
	d := &Document{doc: &yamldoc.Document{Name: name, Content: string(content)}, fallback: DefaultFallback}
	if len(content) > maxBytes {
		d.doc.Content = ""
		return nil, d.doc.Mistake(yamldoc.Place{}, "the file has %d bytes, and %d are allowed; keep entries out of it: weir list add", len(content), maxBytes)
	}
	body, err := d.doc.Body()
	if err != nil {
		return nil, err
	}
	if body == nil {
		return nil, d.doc.Mistake(yamldoc.Place{}, "the file is empty: it needs format: 1, a version and segments")
	}
	format := false
	err = d.doc.Object(body, "", yamldoc.Keys{
		"format": func(node ast.Node) error {
			format = true
			_, err := d.doc.Choice(node, "format", "1")
			return err
		},
		"version":       d.readVersion,
		"fallback":      d.action("fallback", &d.fallback),
		"money_at_risk": d.source("money_at_risk", &d.money),
		"segments":      d.readSegments,
		"rules":         d.readRules,
		"block":         func(node ast.Node) error { return d.readLists(node, Block) },
		"allow":         func(node ast.Node) error { return d.readLists(node, Allow) },
		"tests":         d.readCases,
	})
	switch {
	case err != nil:
		return nil, err
	case !format:
		return nil, d.doc.Mistake(yamldoc.Place{}, "format is missing: add format: 1")
	case d.version == "":
		return nil, d.doc.Mistake(yamldoc.Place{}, "version is missing: it stands in every decision; name one, such as 2026-11-24.1")
	case len(d.segments) == 0:
		return nil, d.doc.Mistake(yamldoc.Place{}, "segments is missing: it needs at least one, such as - {name: default, review: 0.3}")
	}
	return d, d.checkSegments()
}

var (
	versionForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$`)
	idForm      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)
)

func (d *Document) readVersion(node ast.Node) error {
	if err := d.doc.Into("version", &d.version)(node); err != nil {
		return err
	}
	if !versionForm.MatchString(d.version) {
		return d.doc.Mistake(yamldoc.PlaceOf(node), "version %q: up to 100 letters, digits, ., _, + and -, such as 2026-11-24.1", d.version)
	}
	return nil
}

// id reads a name that stands in traces.
func (d *Document) id(what string, to *string) func(ast.Node) error {
	return func(node ast.Node) error {
		if err := d.doc.Into(what, to)(node); err != nil {
			return err
		}
		return d.checkID(what, *to, yamldoc.PlaceOf(node))
	}
}

func (d *Document) checkID(what, id string, at yamldoc.Place) error {
	if !idForm.MatchString(id) {
		return d.doc.Mistake(at, "%s %q: up to 64 letters, digits, _, . and -, and a letter first", what, id)
	}
	return nil
}

func (d *Document) source(what string, to *source) func(ast.Node) error {
	return func(node ast.Node) error {
		to.at = yamldoc.PlaceOf(node)
		return d.doc.Into(what, &to.text)(node)
	}
}

func (d *Document) action(what string, to *scoring.Action) func(ast.Node) error {
	return func(node ast.Node) error {
		i, err := d.doc.Choice(node, what, scoring.Approve.String(), scoring.Review.String(), scoring.Decline.String())
		*to = scoring.Action(i)
		return err
	}
}

func (d *Document) severity(what string, to *scoring.Severity) func(ast.Node) error {
	return func(node ast.Node) error {
		i, err := d.doc.Choice(node, what, scoring.Low.String(), scoring.Medium.String(), scoring.High.String())
		*to = scoring.Severity(i)
		return err
	}
}

// number reads a number within bounds.
func (d *Document) number(what string, low, high float64, to *float64) func(ast.Node) error {
	return func(node ast.Node) error {
		s, err := d.doc.Text(node, what)
		if err != nil {
			return err
		}
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || !(v >= low && v <= high) {
			return d.doc.Mistake(yamldoc.PlaceOf(node), "%s is %q: give a number from %v to %v", what, s, low, high)
		}
		*to = v
		return nil
	}
}

// threshold reads a probability, or never.
func (d *Document) threshold(what string, to *float64) func(ast.Node) error {
	return func(node ast.Node) error {
		if s, _ := yamldoc.Scalar(node); s == "never" {
			*to = scoring.Never()
			return nil
		}
		return d.number(what, 0, 1, to)(node)
	}
}

// each calls f for each item of a list, at most limit.
func (d *Document) each(node ast.Node, what string, limit int, f func(ast.Node) error) error {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return d.doc.Mistake(yamldoc.PlaceOf(node), "%s: needs a list, each item a dash and its keys", what)
	}
	for i, item := range list.Values {
		if limit > 0 && i == limit {
			return d.doc.Mistake(yamldoc.PlaceOf(item), "%s: one too many: %d are possible", what, limit)
		}
		if item == nil {
			return d.doc.Mistake(yamldoc.PlaceOf(node), "%s: an item is empty", what)
		}
		if err := f(item); err != nil {
			return err
		}
	}
	return nil
}
