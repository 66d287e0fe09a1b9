package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/policy"
)

// decided names a transaction.
type decided struct{ account, transaction string }

// said is what label events say of a transaction.
type said struct {
	ledger   feedback.Ledger
	amount   int64
	currency payment.Currency
}

// readDecisions takes in decisions as they were made, with the labels that came since.
func (m *compared) readDecisions(ctx context.Context, c Config, o CompareOptions) error {
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	labels, err := readLabels(ctx, o.Feedback)
	if err != nil {
		return err
	}
	m.report.Inputs = inputNames(append(append([]string(nil), o.Decisions...), o.Feedback...))
	r := &decisionReader{compared: m, labels: labels, set: set, since: o.Since, accounts: make(map[string]uint32)}
	for _, path := range o.Decisions {
		if err := eachLine(ctx, path, r.line); err != nil {
			return err
		}
	}
	m.report.Counts.Accounts = len(r.accounts)
	return nil
}

// readLabels reads label events by their transactions.
func readLabels(ctx context.Context, paths []string) (map[decided]*said, error) {
	labels := make(map[decided]*said)
	for _, path := range paths {
		err := eachLabel(ctx, path, func(l *feedback.Label, _ []byte) error {
			key := decided{l.AccountID, l.TransactionID}
			s := labels[key]
			if s == nil {
				s = &said{amount: l.Amount, currency: l.Currency}
				labels[decided{strings.Clone(l.AccountID), strings.Clone(l.TransactionID)}] = s
			}
			s.ledger.Add(l)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return labels, nil
}

// decisionReader joins decisions with their labels.
type decisionReader struct {
	*compared
	labels   map[decided]*said
	set      *features.Set
	since    payment.Time
	accounts map[string]uint32
}

func (r *decisionReader) line(line []byte) error {
	d, err := scoring.ParseDecision(line)
	if err != nil {
		return fmt.Errorf("%w (docs/events.md describes decisions)", err)
	}
	n := &r.report.Counts
	n.Rows++
	if d.Timestamp < r.since {
		return nil
	}
	if !r.opine(d) {
		r.report.Unscored++
		return nil
	}
	account, known := r.accounts[d.AccountID]
	if !known {
		account = uint32(len(r.accounts))
		r.accounts[d.AccountID] = account
	}
	s := evaluation.Sample{Time: d.Timestamp, Account: account}
	if l := r.labels[decided{d.AccountID, d.TransactionID}]; l != nil {
		s.Amount, s.Priced = r.set.InReportingCurrency(l.amount, l.currency)
		switch l.ledger.Effective().Verdict {
		case feedback.Fraud:
			s.Label = history.Fraud
		case feedback.Legitimate:
			s.Label = history.Legitimate
		}
	}
	n.Fresh++
	n.Labels[s.Label]++
	r.comparer.Add(&s, r.opinions)
	return nil
}

// opine takes what every contender says from the decision, and reports whether all have a say in it.
func (r *decisionReader) opine(d *scoring.Decision) bool {
	for i, model := range r.models {
		score, ok := scoreOf(d, model)
		if !ok {
			return false
		}
		action := d.Action
		if i > 0 || d.Model != model {
			action = again(r.deciders[i], d, score)
		}
		r.opinions[i] = opinion(score, action)
	}
	for i, version := range r.policies {
		action, ok := actionOf(d, version)
		if !ok {
			return false
		}
		r.opinions[len(r.models)+i] = opinion(d.Score, action)
	}
	return true
}

// again returns what the policy would make of another score. Of a decision by another policy it is not known which of its
// rules and lists hit.
func again(p *policy.Policy, d *scoring.Decision, score float64) scoring.Action {
	var trace []string
	if d.Policy == p.Version() {
		trace = d.Rules
	}
	return p.Again(trace, score)
}

// scoreOf returns a model's score, whether the model decided or was in shadow.
func scoreOf(d *scoring.Decision, model string) (float64, bool) {
	if d.Model == model {
		return d.Score, true
	}
	for i := range d.Challengers {
		if d.Challengers[i].Model == model {
			return d.Challengers[i].Score, true
		}
	}
	return 0, false
}

// actionOf returns a policy's action, whether the policy decided or was in shadow.
func actionOf(d *scoring.Decision, version string) (scoring.Action, bool) {
	if d.Policy == version {
		return d.Action, true
	}
	for i := range d.Policies {
		if d.Policies[i].Policy == version {
			return d.Policies[i].Action, true
		}
	}
	return 0, false
}
