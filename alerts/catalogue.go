package alerts

import (
	_ "embed"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/yamldoc"
)

// Catalogue says how features are put into words: which of them make one reason, and the sentences for it. It is read
// from a YAML file, reasons.yaml, and immutable.
type Catalogue struct {
	doc     *yamldoc.Document
	groups  []group
	shipped bool // its sentences are true of the shipped features only
}

// group is features that say one thing in several ways.
type group struct {
	code        Code
	title       string
	features    []string // patterns
	comparisons []Code
	sentences   []sentence
}

// sentence is what may be said of a group.
type sentence struct {
	code  Code
	title string
	when  string
	text  template

	at, whenAt, textAt yamldoc.Place
}

//go:embed reasons.yaml
var builtinReasons string

// BuiltinReasons returns the shipped catalogue's file, to start one's own from.
func BuiltinReasons() string { return builtinReasons }

// BuiltinCatalogue returns the shipped catalogue. What it says of a feature that is not there, or is defined otherwise
// than the shipped one, is left out.
func BuiltinCatalogue() *Catalogue {
	c, err := ParseCatalogue("reasons.yaml", []byte(builtinReasons))
	if err != nil {
		panic("alerts: the shipped reasons: " + err.Error())
	}
	c.shipped = true
	return c
}

// ParseCatalogue reads a catalogue. Errors call it by the given name and are of type *[yamldoc.Error].
func ParseCatalogue(name string, content []byte) (*Catalogue, error) {
	c := &Catalogue{doc: &yamldoc.Document{Name: name, Content: string(content)}}
	body, err := c.doc.Body()
	if err != nil {
		return nil, err
	}
	if body == nil {
		return nil, c.doc.Mistake(yamldoc.Place{}, "the file is empty: it needs format: 1")
	}
	versioned := false
	err = c.doc.Object(body, "", yamldoc.Keys{
		"format": func(node ast.Node) error {
			versioned = true
			_, err := c.doc.Choice(node, "format", "1")
			return err
		},
		"groups": func(node ast.Node) error { return c.list(node, "groups", c.readGroup) },
	})
	if err == nil && !versioned {
		err = c.doc.Mistake(yamldoc.Place{}, "format is missing: add format: 1")
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Catalogue) list(node ast.Node, what string, read func(ast.Node) error) error {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return c.doc.Mistake(yamldoc.PlaceOf(node), "%s: needs a list, each entry a dash and its keys", what)
	}
	for _, item := range list.Values {
		if err := read(item); err != nil {
			return err
		}
	}
	return nil
}

func (c *Catalogue) readGroup(node ast.Node) error {
	g, at := group{}, yamldoc.PlaceOf(node)
	sentences := ast.Node(nil)
	err := c.doc.Object(node, "a group", yamldoc.Keys{
		"code":  c.code(&g.code),
		"title": c.doc.Into("title", &g.title),
		"features": func(node ast.Node) (err error) {
			if g.features, err = c.doc.Texts(node, "features"); err != nil {
				return err
			}
			for _, pattern := range g.features {
				if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
					return c.doc.Mistake(yamldoc.PlaceOf(node), "features: %q is neither a name nor a pattern such as count_*", pattern)
				}
			}
			return nil
		},
		"comparisons": func(node ast.Node) error {
			names, err := c.doc.Texts(node, "comparisons")
			for _, name := range names {
				if !compares(Code(name)) {
					return c.doc.Mistake(yamldoc.PlaceOf(node), "comparisons: there is no %q; there are %s", name, strings.Join(comparisonCodes(), ", "))
				}
				g.comparisons = append(g.comparisons, Code(name))
			}
			return err
		},
		"sentences": func(node ast.Node) error { sentences = node; return nil },
	})
	switch {
	case err != nil:
		return err
	case g.code == "" || g.title == "" || len(g.features) == 0:
		return c.doc.Mistake(at, "a group needs a code, a title and features")
	}
	if sentences != nil {
		err = c.list(sentences, "sentences", func(node ast.Node) error { return c.readSentence(&g, node) })
	}
	c.groups = append(c.groups, g)
	return err
}

func (c *Catalogue) readSentence(g *group, node ast.Node) error {
	s, source := sentence{code: g.code, title: g.title, at: yamldoc.PlaceOf(node)}, ""
	coded, titled := Code(""), ""
	err := c.doc.Object(node, "a sentence", yamldoc.Keys{
		"code":  c.code(&coded),
		"title": c.doc.Into("title", &titled),
		"when": func(node ast.Node) error {
			s.whenAt = yamldoc.PlaceOf(node)
			return c.doc.Into("when", &s.when)(node)
		},
		"text": func(node ast.Node) error {
			s.textAt = yamldoc.PlaceOf(node)
			return c.doc.Into("text", &source)(node)
		},
	})
	switch {
	case err != nil:
		return err
	case source == "":
		return c.doc.Mistake(s.at, "a sentence needs a text")
	case (coded == "") != (titled == ""):
		return c.doc.Mistake(s.at, "a sentence has a code and a title of its own, or neither")
	}
	if coded != "" {
		s.code, s.title = coded, titled
	}
	if s.text, err = parseTemplate(source); err != nil {
		return c.doc.Mistake(s.textAt, "text: %v", err)
	}
	g.sentences = append(g.sentences, s)
	return nil
}

var codePattern = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// code returns a reader of a reason code.
func (c *Catalogue) code(to *Code) func(ast.Node) error {
	return func(node ast.Node) error {
		text, err := c.doc.Text(node, "code")
		if err == nil && (!codePattern.MatchString(text) || len(text) > 64) {
			err = c.doc.Mistake(yamldoc.PlaceOf(node), "code: %q: a code is up to 64 capital letters, digits and _, and begins with a letter", text)
		}
		*to = Code(text)
		return err
	}
}

func mistakef(format string, args ...any) error { return fmt.Errorf(format, args...) }

// expressionReason returns why an expression is refused.
func expressionReason(err error) string {
	if e, ok := errors.AsType[*expression.Error](err); ok {
		return e.Message
	}
	return err.Error()
}

// groupOf returns the first group that lists the feature, -1 for none.
func (c *Catalogue) groupOf(feature string) int {
	return slices.IndexFunc(c.groups, func(g group) bool {
		return slices.ContainsFunc(g.features, func(pattern string) bool {
			matched, _ := path.Match(pattern, feature) // the pattern was checked
			return matched
		})
	})
}
