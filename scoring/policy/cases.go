package policy

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/goccy/go-yaml/ast"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/yamldoc"
)

// Case is a transaction as it might be scored, and what a policy is to make of it.
type Case struct {
	Name string

	doc         *yamldoc.Document
	at          yamldoc.Place
	transaction map[string]any // in the form of the event
	described   yamldoc.Place  // where it stands
	features    map[string]float64
	marks       map[string]bool
	named       map[string]yamldoc.Place // features and marks
	score       float64
	want        expectation
}

// expectation is what a case states; what it leaves out is not compared.
type expectation struct {
	action   scoring.Action
	acts     bool
	severity *scoring.Severity
	segment  string
	rules    []string // nil: not stated
	reasons  []string
	adjusted float64 // NaN: not stated
	money    float64
}

// Line returns where the case stands in its file.
func (c *Case) Line() int { return c.at.Line }

// File returns the file that the case stands in.
func (c *Case) File() string { return c.doc.Name }

// Cases returns the cases that the document declares under tests.
func (d *Document) Cases() []Case { return d.cases }

// ParseCases reads a file of cases alone, those of a policy that stands in another file.
func ParseCases(name string, content []byte) ([]Case, error) {
	d := &Document{doc: &yamldoc.Document{Name: name, Content: string(content)}}
	body, err := d.doc.Body()
	if err != nil {
		return nil, err
	}
	if body == nil {
		return nil, d.doc.Mistake(yamldoc.Place{}, "the file is empty: it needs a list of tests")
	}
	return d.cases, d.doc.Object(body, "", yamldoc.Keys{"tests": d.readCases})
}

func (d *Document) readCases(node ast.Node) error {
	return d.each(node, "tests", 0, func(node ast.Node) error {
		c := Case{
			doc: d.doc, at: yamldoc.PlaceOf(node), described: yamldoc.PlaceOf(node), score: math.NaN(),
			features: map[string]float64{}, marks: map[string]bool{}, named: map[string]yamldoc.Place{}, transaction: map[string]any{},
		}
		c.want.adjusted, c.want.money = math.NaN(), math.NaN()
		err := d.doc.Object(node, "", yamldoc.Keys{
			"name":  d.doc.Into("name", &c.Name),
			"score": d.number("score", 0, 1, &c.score),
			"transaction": func(node ast.Node) (err error) {
				c.described = yamldoc.PlaceOf(node)
				c.transaction, err = d.object(node, "transaction")
				return err
			},
			"features": func(node ast.Node) error {
				return d.doc.Members(node, "features", func(name string, at yamldoc.Place, value ast.Node) error {
					var v float64
					if err := d.number("features."+name, -math.MaxFloat64, math.MaxFloat64, &v)(value); err != nil {
						return err
					}
					c.features[name], c.named[name] = v, at
					return nil
				})
			},
			"marks": func(node ast.Node) error {
				return d.doc.Members(node, "marks", func(name string, at yamldoc.Place, value ast.Node) error {
					var holds bool
					if err := d.doc.Flag("marks."+name, &holds)(value); err != nil {
						return err
					}
					c.marks[name], c.named[name] = holds, at
					return nil
				})
			},
			"expect": func(node ast.Node) error { return d.readExpectation(node, &c.want) },
		})
		switch {
		case err != nil:
			return err
		case c.Name == "":
			return d.doc.Mistake(c.at, "a test without a name")
		case math.IsNaN(c.score):
			return d.doc.Mistake(c.at, "test %q: score is missing: the model's score, from 0 to 1", c.Name)
		case !c.want.acts:
			return d.doc.Mistake(c.at, "test %q: it needs expect, with at least an action", c.Name)
		}
		d.cases = append(d.cases, c)
		return nil
	})
}

func (d *Document) readExpectation(node ast.Node, e *expectation) error {
	texts := func(what string, to *[]string) func(ast.Node) error {
		return func(node ast.Node) (err error) {
			*to, err = d.doc.Texts(node, what)
			return err
		}
	}
	return d.doc.Object(node, "expect", yamldoc.Keys{
		"action": func(node ast.Node) error {
			e.acts = true
			return d.action("expect.action", &e.action)(node)
		},
		"severity": func(node ast.Node) error {
			e.severity = new(scoring.Severity)
			return d.severity("expect.severity", e.severity)(node)
		},
		"segment":        d.doc.Into("expect.segment", &e.segment),
		"rules":          texts("expect.rules", &e.rules),
		"reasons":        texts("expect.reasons", &e.reasons),
		"adjusted_score": d.number("expect.adjusted_score", 0, 1, &e.adjusted),
		"money_at_risk":  d.number("expect.money_at_risk", 0, float64(payment.MaxAmount), &e.money),
	})
}

// numeric are the fields of a transaction that are numbers in the event; all others are texts.
var numeric = map[string]bool{"amount": true, "latitude": true, "longitude": true}

// object reads a transaction or a part of it, in the form of the event.
func (d *Document) object(node ast.Node, what string) (map[string]any, error) {
	values := make(map[string]any)
	err := d.doc.Members(node, what, func(key string, _ yamldoc.Place, node ast.Node) (err error) {
		text, single := yamldoc.Scalar(node)
		switch {
		case !single:
			values[key], err = d.object(node, what+"."+key)
			return err
		case numeric[key]:
			if _, err := strconv.ParseFloat(text, 64); err != nil || !json.Valid([]byte(text)) {
				return d.doc.Mistake(yamldoc.PlaceOf(node), "%s.%s is %q, not a number", what, key, text)
			}
			values[key] = json.Number(text)
		default:
			values[key] = text
		}
		return nil
	})
	return values, err
}
