package notify

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/yamldoc"
)

const day = 24 * time.Hour

func (f *file) readFilter(node ast.Node, to *filter) error {
	return f.doc.Object(node, "where", yamldoc.Keys{
		"severity": func(node ast.Node) error {
			i, err := f.doc.Choice(node, "where.severity", scoring.Low.String(), scoring.Medium.String(), scoring.High.String())
			to.severity = scoring.Low + scoring.Severity(i)
			return err
		},
		"action":   words(f, "where.action", "review or decline", parseAction, &to.actions),
		"currency": words(f, "where.currency", "ISO 4217 codes", payment.ParseCurrency, &to.currencies),
		"type":     words(f, "where.type", "purchase, withdrawal or deposit", payment.ParseType, &to.types),
		"category": words(f, "where.category", "categories of merchants", notEmpty, &to.categories),
		"mark":     words(f, "where.mark", "names of marks", notEmpty, &to.marks),
		"score": func(node ast.Node) (err error) {
			to.score, err = f.number(node, "where.score", 0, 1)
			return err
		},
		"at_risk": func(node ast.Node) (err error) {
			to.atRisk, err = f.number(node, "where.at_risk", 0, 1e15)
			return err
		},
	})
}

func parseAction(s string) (scoring.Action, bool) {
	a, ok := scoring.ParseAction(s)
	return a, ok && a != scoring.Approve
}

func notEmpty(s string) (string, bool) { return s, s != "" }

// words reads a list of what parse knows, or one of it.
func words[T any](f *file, what, of string, parse func(string) (T, bool), to *[]T) func(ast.Node) error {
	return func(node ast.Node) error {
		list := []string{""}
		var single bool
		if list[0], single = yamldoc.Scalar(node); !single {
			var err error
			if list, err = f.doc.Texts(node, what); err != nil {
				return err
			}
		}
		for _, s := range list {
			v, ok := parse(s)
			if !ok {
				return f.doc.Mistake(yamldoc.PlaceOf(node), "%s: %q is not one of %s", what, s, of)
			}
			*to = append(*to, v)
		}
		return nil
	}
}

// equal reports whether two filters ask for the same.
func equal(a, b *filter) bool {
	return a.severity == b.severity && slices.Equal(a.actions, b.actions) && slices.Equal(a.currencies, b.currencies) && slices.Equal(a.types, b.types) &&
		slices.Equal(a.categories, b.categories) && slices.Equal(a.marks, b.marks) && a.score == b.score && a.atRisk == b.atRisk
}

func (f *file) number(node ast.Node, what string, low, high float64) (float64, error) {
	text, _ := yamldoc.Scalar(node)
	x, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	if err != nil || !(x >= low && x <= high) {
		return 0, f.doc.Mistake(yamldoc.PlaceOf(node), "%s: must be a number of %v to %v", what, low, strconv.FormatFloat(high, 'f', -1, 64))
	}
	return x, nil
}

// duration reads a time such as 30s, 36h or 2d.
func (f *file) duration(what string, low, high time.Duration, to *time.Duration) func(ast.Node) error {
	return func(node ast.Node) error {
		text, _ := yamldoc.Scalar(node)
		d, err := time.ParseDuration(text)
		if days, ok := strings.CutSuffix(text, "d"); ok {
			var n uint64
			n, err = strconv.ParseUint(days, 10, 16)
			d = time.Duration(n) * day
		}
		if err != nil || d < low || d > high {
			return f.doc.Mistake(yamldoc.PlaceOf(node), "%s: must be a time of %v to %v, such as 30s, 36h or 2d", what, low, high)
		}
		*to = d
		return nil
	}
}
