package policy

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/yamldoc"
)

// defaultMoney is the expected loss: the amount, in the reporting currency, times the probability of fraud.
const defaultMoney = "amount * adjusted_score"

// Compile checks the document's expressions against a feature set and compiles them, those of rules that are off too. A
// mistake is an error of type *[yamldoc.Error], which names the line. A document may be compiled several times.
func (d *Document) Compile(set *features.Set) (*Policy, error) {
	p := &Policy{version: d.version, fallback: d.fallback, set: set}
	currency, _ := payment.ParseCurrency(set.Layout().Currency)
	exponent, _ := currency.Exponent()
	p.digits = math.Pow10(exponent)
	var err error
	if err := d.compileLists(p); err != nil {
		return nil, err
	}
	for _, s := range d.segments {
		if s.When != "" {
			// Bands are what divides scores: a segment by score would be a second way to say the same.
			if s.program, err = d.compile(set, s.when, fmt.Sprintf("segment %q", s.Name), expression.Bool); err != nil {
				return nil, err
			}
		}
		p.segments = append(p.segments, s.Segment)
	}
	for i, r := range d.rules {
		if r.program, err = d.compile(set, r.when, fmt.Sprintf("rule %q", r.ID), expression.Bool, scoreName); err != nil {
			return nil, err
		}
		p.rules = append(p.rules, r.Rule)
		if r.Mode != Off {
			p.run = append(p.run, i)
		}
	}
	money := d.money
	if money.text == "" {
		money.text = defaultMoney
	}
	p.source = money.text
	if p.money, err = d.compile(set, money, "money_at_risk", expression.Number, scoreName, adjustedName); err != nil {
		return nil, err
	}
	return p, nil
}

func (d *Document) compileLists(p *Policy) error {
	var all []Change
	for _, kind := range d.lists {
		for _, l := range kind {
			l.Key = l.key.text
			var err error
			if l.program, err = d.compile(p.set, l.key, l.ID+": key", expression.Text); err != nil {
				return err
			}
			p.lists = append(p.lists, l.List)
			for _, e := range l.entries {
				all = append(all, Change{List: l.ID, Entry: e})
			}
		}
	}
	var none *Lists
	p.entries = none.Apply(all...)
	return nil
}

// compile compiles an expression of the document. what names it in errors.
func (d *Document) compile(set *features.Set, s source, what string, want expression.Kind, supplied ...string) (*expression.Program, error) {
	p, err := set.Expression(s.text, want, supplied...)
	if err == nil {
		return p, nil
	}
	message, at := err.Error(), s.at
	if e, ok := errors.AsType[*expression.Error](err); ok {
		message = e.Message
		if at.Column > 0 && !strings.Contains(s.text, "\n") {
			at.Column += e.Column - 1
		}
	}
	doc := d.doc
	if doc == nil { // made from thresholds
		doc = &yamldoc.Document{Name: "policy"}
	}
	return nil, doc.Mistake(at, "%s: %s", what, message)
}
