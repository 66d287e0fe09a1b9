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
)

// decided names a transaction.
type decided struct{ account, transaction string }

// said is what label events say of a transaction.
type said struct {
	ledger   feedback.Ledger
	amount   int64
	currency payment.Currency
}

// readDecisions takes in decisions as they were made, with the labels that came since. Each has the scores, so neither
// models nor features have a part in it but for the thresholds.
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
	r := &decisionReader{compared: m, labels: labels, set: set, since: o.Since, accounts: make(map[string]uint32), scores: make([]float64, len(m.bands))}
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
	scores   []float64 // of one decision, the champion's first
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
	if !r.scored(d) {
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
	r.add(&s, r.scores[0], r.scores[1:])
	return nil
}

// scored finds every contender's score in the decision, whoever of them decided it, and reports whether all are there.
func (r *decisionReader) scored(d *scoring.Decision) bool {
	for i := range r.report.Contenders {
		score, ok := scoreOf(d, r.report.Contenders[i].Model.ID)
		if !ok {
			return false
		}
		r.scores[i] = score
	}
	return true
}

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
