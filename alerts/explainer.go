package alerts

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// Explainer says in sentences why a payment is looked at. It is immutable and safe for concurrent use.
//
// [Explainer.Attributed] words what the model itself went by. Where that is not known, [Explainer.Reasons] says what is
// outside the account's usual range; the sentences of these comparisons also serve the former where they apply.
//
// Each rule compares one figure with the account's own past and measures how far outside it is, in deviations; what
// is more than 3 deviations outside becomes a reason, and the furthest comes first. What a deviation is:
//
//   - an amount against the mean of the last 30 days: standard deviations, each counted as at least a quarter of
//     the mean, so that an account of equal amounts has a range at all;
//   - spending against that of the days before: the standard deviation of a compound Poisson sum with the account's
//     rate, mean and spread;
//   - a number of events against a rate: the signed root of the Poisson deviance, which is near the standard
//     deviations of a normal distribution with the same tail, also for small expectations (P. McCullagh, J. A.
//     Nelder, "Generalized Linear Models", 1989, section 2.4). A silence and the first transaction at a merchant are
//     measured alike, by the root of -2 ln p with p the chance of it;
//   - a speed or a distance, of which no usual range is kept, against a fixed limit: 3 deviations at the limit, and one
//     more with each doubling.
//
// A comparison is not an attribution: the model may have looked at something else, and a figure may be unusual and
// harmless. The measures assume independent events, while real amounts have long tails and real payments
// come in clusters; so a deviation orders reasons, it is no probability. Counts are of all transactions, deposits
// included, and 30 days are taken as 30 days even if the account is younger: the rate of a young account is
// understated. The place of a transaction is its merchant's, which for an online payment is not its customer's.
type Explainer struct {
	rules     []boundRule
	history   int // position of count_30d, -1 where the schema lacks it
	amount    int // position of amount, -1 likewise
	reporting payment.Currency

	groups       []boundGroup
	schema       *features.Schema
	descriptions []string // of the features
}

const (
	outside    = 3 // deviations beyond which a figure is outside the usual range
	maxReasons = 3
	enough     = 5 // transactions that it takes to call something usual
)

// rule compares a figure with what is usual. Its table is in rules.go.
type rule struct {
	code  Code
	reads []string // features; the first is the one that the reason names

	// compare is given the values of reads, none of them missing. It returns by how many deviations the figure is
	// outside, NaN where there is nothing to compare it with, and what to say if it is outside.
	compare func(s *subject, x []float64) (deviations float64, text string)
}

// boundRule is a rule with the positions of its features.
type boundRule struct {
	rule
	at []int
}

// NewExplainer returns an Explainer for the vectors of a set, with the sentences of a catalogue. A comparison that reads a
// feature which the set lacks, or defines otherwise than [features.Builtin], is left out: its sentence would not be true. A
// sentence of the catalogue that names what is not there is an error of type *[yamldoc.Error], but for the shipped one's.
func NewExplainer(set *features.Set, c *Catalogue) (*Explainer, error) {
	reporting, _ := payment.ParseCurrency(set.Layout().Currency) // the set was compiled with it
	schema, shipped := set.Schema(), builtinHashes()
	e := &Explainer{reporting: reporting, schema: schema, history: -1, amount: -1}
	for _, r := range rules() {
		if at, ok := locate(schema, shipped, r.reads...); ok {
			e.rules = append(e.rules, boundRule{r, at})
		}
	}
	for name, to := range map[string]*int{"count_30d": &e.history, "amount": &e.amount} {
		if at, ok := locate(schema, shipped, name); ok {
			*to = at[0]
		}
	}
	described := make(map[string]string)
	for _, d := range set.Definitions() {
		described[d.Name] = d.Description
	}
	for _, name := range schema.Names {
		e.descriptions = append(e.descriptions, described[name])
	}
	var err error
	if e.groups, err = (&binder{c, schema, shipped}).bind(described); err != nil {
		return nil, err
	}
	return e, nil
}

// String says of how much the Explainer can speak.
func (e *Explainer) String() string {
	groups, described := 0, 0
	var alone []string
	for i := range e.groups {
		switch g := &e.groups[i]; {
		case g.listed:
			groups++
			described += len(g.members)
		default:
			alone = append(alone, e.schema.Names[g.members[0]])
		}
	}
	text := fmt.Sprintf("%d groups for %d features", groups, described)
	if len(alone) > 0 {
		text += "; worded by their descriptions: " + strings.Join(alone, ", ")
	}
	return text
}

// builtinHashes returns the definition hash of each shipped feature.
func builtinHashes() map[string]string {
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		panic("alerts: the shipped features do not compile: " + err.Error())
	}
	hashes := make(map[string]string)
	for i, name := range set.Schema().Names {
		hashes[name] = set.Schema().Hashes[i]
	}
	return hashes
}

// locate returns the positions of the named features, or false where one is missing or differs from the shipped one.
func locate(schema *features.Schema, shipped map[string]string, names ...string) ([]int, bool) {
	want := features.Schema{Names: names}
	for _, name := range names {
		want.Hashes = append(want.Hashes, shipped[name])
	}
	at, err := schema.Project(&want)
	return at, err == nil
}

// candidate is a reason that may be given.
type candidate struct {
	Reason
	deviations float64
}

// Reasons returns what is outside the usual range of the payment's account, furthest first: at most three reasons, no
// code twice. Where nothing is, it returns the one reason that says so, and why. v is the payment's feature vector, of
// the schema's length; a missing value is compared with nothing.
func (e *Explainer) Reasons(tx *payment.Transaction, v features.Vector) []Reason {
	found, compared := e.compare(e.subject(tx, v), v)
	if len(found) == 0 {
		return []Reason{e.fallback(v, compared)}
	}
	var reasons []Reason
	for _, c := range found {
		same := func(r Reason) bool { return r.Code == c.Code }
		if len(reasons) < maxReasons && !slices.ContainsFunc(reasons, same) {
			reasons = append(reasons, c.Reason)
		}
	}
	return reasons
}

func (e *Explainer) subject(tx *payment.Transaction, v features.Vector) *subject {
	s := &subject{tx: tx, reporting: e.reporting, amount: math.NaN()}
	if e.amount >= 0 {
		s.amount = v[e.amount]
	}
	return s
}

// compare returns what is outside the usual range, furthest first, and whether anything could be compared.
func (e *Explainer) compare(s *subject, v features.Vector) (found []candidate, compared bool) {
	for i := range e.rules {
		r := &e.rules[i]
		x, ok := r.values(v)
		if !ok {
			continue
		}
		deviations, text := r.compare(s, x)
		compared = compared || !math.IsNaN(deviations)
		if deviations > outside {
			found = append(found, candidate{Reason{Code: r.code, Title: r.code.title(), Text: text, Feature: r.reads[0], Value: x[0]}, deviations})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(b.deviations, a.deviations) })
	return found, compared
}

// values returns the features that the rule reads, or false where one is missing or beyond any legal figure.
func (r *boundRule) values(v features.Vector) ([]float64, bool) {
	x := make([]float64, len(r.at))
	for i, at := range r.at {
		x[i] = v[at]
		if !legal(x[i]) {
			return nil, false
		}
	}
	return x, true
}

// fallback says that nothing is outside the usual range.
func (e *Explainer) fallback(v features.Vector, compared bool) Reason {
	reason := Reason{Code: UnusualCombination, Text: "No single figure compared with this account's past stands out; the score rests on the combination"}
	n := math.NaN()
	if e.history >= 0 {
		n = v[e.history]
	}
	switch {
	case n == 0:
		reason = Reason{Code: FirstTransaction, Text: "First transaction seen of this account within 30 days", Feature: "count_30d", Value: n}
	case n > 0 && n < enough:
		reason = Reason{Code: LittleHistory, Feature: "count_30d", Value: n, Text: fmt.Sprintf(
			"Only %s of this account within 30 days: too few to tell what is usual for it", counted(n, "earlier transaction"))}
	case !compared:
		reason = Reason{Code: NotCompared, Text: "Nothing about this payment could be compared with this account's past"}
	}
	reason.Title = reason.Code.title()
	return reason
}
