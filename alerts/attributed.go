package alerts

import (
	"cmp"
	"math"
	"slices"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// What is given of the groups that pushed a score up: the first three, and up to two more that are at least a tenth of
// all that pushed up.
const (
	mostAttributed = 5
	telling        = 0.1
)

// push is a group with what it adds to the margin, or a reason that is worded already.
type push struct {
	*boundGroup
	sum   float64
	given *Reason
}

// Attributed returns what pushed the payment's score up, most first: phi[i] is what v[i] adds to the log-odds of fraud,
// and both have the schema's length. There are up to five reasons, one for each group of features whose sum is above 0,
// no code twice. Where nothing pushed up, it returns [Explainer.Reasons]. What else pushed, and is no feature, is given
// as others; they take their places by their contributions.
func (e *Explainer) Attributed(tx *payment.Transaction, v features.Vector, phi []float64, others ...Reason) []Reason {
	pushes, total := e.pushes(phi, others)
	s, env := e.subject(tx, v), environment(tx, v)
	found, _ := e.compare(s, v)
	var reasons []Reason
	for _, p := range pushes {
		if len(reasons) == mostAttributed || len(reasons) >= maxReasons && p.sum < telling*total {
			break
		}
		var r Reason
		if p.given != nil {
			r = *p.given
		} else {
			r = e.reason(p, s, env, found, phi)
		}
		same := func(given Reason) bool { return given.Code == r.Code }
		if !slices.ContainsFunc(reasons, same) {
			reasons = append(reasons, r)
		}
	}
	if len(reasons) == 0 {
		return e.Reasons(tx, v)
	}
	return reasons
}

// pushes returns the groups that add to the score, most first, and the sum of them.
func (e *Explainer) pushes(phi []float64, others []Reason) (pushes []push, total float64) {
	for i := range e.groups {
		p := push{boundGroup: &e.groups[i]}
		for _, at := range p.members {
			p.sum += phi[at]
		}
		if p.sum = rounded(p.sum); p.sum > 0 {
			pushes = append(pushes, p)
			total += p.sum
		}
	}
	for i := range others {
		if r := &others[i]; r.Contribution > 0 {
			pushes = append(pushes, push{sum: r.Contribution, given: r})
			total += r.Contribution
		}
	}
	slices.SortStableFunc(pushes, func(a, b push) int { return cmp.Compare(b.sum, a.sum) })
	return pushes, total
}

// rounded returns a contribution as it is told: to four decimals, since the rest says nothing to anybody.
func rounded(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// reason words a group: by the furthest of its comparisons, by the first of its sentences that applies, or by the
// description of the feature that adds most.
func (e *Explainer) reason(p push, s *subject, env *expression.Env, found []candidate, phi []float64) Reason {
	members := slices.Clone(p.members)
	slices.SortStableFunc(members, func(a, b int) int { return cmp.Compare(phi[b], phi[a]) })
	top := members[0]
	r := Reason{Code: p.code, Title: p.title, Feature: e.schema.Names[top], Value: env.Numbers[top], Contribution: p.sum}
	for _, at := range members {
		if phi[at] > 0 {
			r.Figures = append(r.Figures, Figure{e.schema.Names[at], env.Numbers[at]})
		}
	}
	for _, c := range found {
		if slices.Contains(p.comparisons, c.Code) {
			r.Code, r.Title, r.Text = c.Code, c.Title, c.Text
			return r
		}
	}
	if code, title, text, ok := p.say(s, env); ok {
		r.Code, r.Title, r.Text = code, title, text
		return r
	}
	r.Text = describe(e.descriptions[top], r.Feature, r.Value)
	return r
}
