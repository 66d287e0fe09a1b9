package alerts

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// Explainer finds what about a payment is outside its own account's usual range, and says it in a sentence. It is
// immutable and safe for concurrent use.
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
// This is a comparison and not an attribution: the model may have looked at something else, and a figure may be
// unusual and harmless. The measures assume independent events, while real amounts have long tails and real payments
// come in clusters; so a deviation orders reasons, it is no probability. Counts are of all transactions, deposits
// included, and 30 days are taken as 30 days even if the account is younger: the rate of a young account is
// understated. The place of a transaction is its merchant's, which for an online payment is not its customer's.
type Explainer struct {
	rules     []boundRule
	history   int // position of count_30d, -1 where the schema lacks it
	reporting payment.Currency
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

// NewExplainer returns an Explainer for vectors of the schema, whose amounts are in reporting, a known currency. A rule
// that reads a feature which the schema lacks, or defines otherwise than [features.Builtin], is left out: its sentence
// would not be true.
func NewExplainer(schema *features.Schema, reporting payment.Currency) *Explainer {
	shipped := builtinHashes()
	e := &Explainer{reporting: reporting, history: -1}
	for _, r := range rules() {
		if at, ok := locate(schema, shipped, r.reads...); ok {
			e.rules = append(e.rules, boundRule{r, at})
		}
	}
	if at, ok := locate(schema, shipped, "count_30d"); ok {
		e.history = at[0]
	}
	return e
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
	s := &subject{tx: tx, reporting: e.reporting}
	var found []candidate
	compared := false
	for i := range e.rules {
		r := &e.rules[i]
		x, ok := r.values(v)
		if !ok {
			continue
		}
		deviations, text := r.compare(s, x)
		compared = compared || !math.IsNaN(deviations)
		if deviations > outside {
			found = append(found, candidate{Reason{r.code, text, r.reads[0], x[0]}, deviations})
		}
	}
	if len(found) == 0 {
		return []Reason{e.fallback(v, compared)}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(b.deviations, a.deviations) })
	var reasons []Reason
	for _, c := range found {
		same := func(r Reason) bool { return r.Code == c.Code }
		if len(reasons) < maxReasons && !slices.ContainsFunc(reasons, same) {
			reasons = append(reasons, c.Reason)
		}
	}
	return reasons
}

// values returns the features that the rule reads, or false where one is missing or beyond any legal figure.
func (r *boundRule) values(v features.Vector) ([]float64, bool) {
	const limit = float64(payment.MaxAmount)
	x := make([]float64, len(r.at))
	for i, at := range r.at {
		x[i] = v[at]
		if !(math.Abs(x[i]) <= limit) {
			return nil, false
		}
	}
	return x, true
}

// fallback says that nothing is outside the usual range.
func (e *Explainer) fallback(v features.Vector, compared bool) Reason {
	if e.history >= 0 {
		switch n := v[e.history]; {
		case n == 0:
			return Reason{FirstTransaction, "First transaction seen of this account within 30 days", "count_30d", n}
		case n > 0 && n < enough:
			return Reason{LittleHistory, fmt.Sprintf("Only %s of this account within 30 days: too few to tell what is usual for it",
				counted(n, "earlier transaction")), "count_30d", n}
		}
	}
	if !compared {
		return Reason{Code: NotCompared, Text: "Nothing about this payment could be compared with this account's past"}
	}
	return Reason{Code: UnusualCombination, Text: "No single figure compared with this account's past stands out; the score rests on the combination"}
}
