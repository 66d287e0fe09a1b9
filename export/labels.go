package export

import (
	"fmt"
	"time"

	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// Matured is the source of a label that nobody gave: time has passed and nothing was said.
const Matured = "maturity"

// MaxLabelled is how many labelled transactions an export takes: with 0.8 kB each, about 4 GB.
const MaxLabelled = 5_000_000

// Labels holds what was said of transactions, in memory.
type Labels struct {
	ledgers map[transaction]*feedback.Ledger
	limit   int
}

type transaction struct{ account, id string }

// NewLabels returns Labels that take as many transactions as limit says.
func NewLabels(limit int) *Labels {
	return &Labels{ledgers: make(map[transaction]*feedback.Ledger), limit: limit}
}

// Add takes in a legal label, in any order.
func (l *Labels) Add(label *feedback.Label) error {
	key := transaction{label.AccountID, label.TransactionID}
	g := l.ledgers[key]
	if g == nil {
		if len(l.ledgers) == l.limit {
			return fmt.Errorf("more than %d transactions have labels, and labels are held in memory: export a shorter span at a time with --from and --to", l.limit)
		}
		g = new(feedback.Ledger)
		l.ledgers[key] = g
	}
	g.Add(label)
	return nil
}

// Len returns the number of transactions that were said something of.
func (l *Labels) Len() int { return len(l.ledgers) }

// Resolver says what decided transactions turned out to be.
type Resolver struct {
	Labels *Labels
	// Maturity is after which time a transaction that nobody says anything of is taken for legitimate; 0 for never.
	Maturity time.Duration
	Now      payment.Time // by which Maturity goes
}

// Row returns a decision as training data. The row shares the decision's vector.
func (r *Resolver) Row(d *scoring.Decision) Row {
	s := &Served{Score: d.Score, Action: d.Action, Model: d.Model, Policy: d.Policy}
	row := Row{TransactionID: d.TransactionID, AccountID: d.AccountID, Time: d.Timestamp, Vector: d.Vector, Served: s}
	g := r.Labels.ledgers[transaction{d.AccountID, d.TransactionID}]
	if g != nil {
		if e := g.Effective(); e.Verdict != 0 {
			row.Label, s.LabelSource, s.LabelTime, s.LabelID = e.Verdict, e.Source.String(), e.Time, e.FeedbackID
			return row
		}
	}
	open := g != nil && g.Unsure()
	if !open && r.Maturity > 0 && d.Timestamp.Add(r.Maturity) <= r.Now {
		row.Label, s.LabelSource = feedback.Legitimate, Matured
	}
	return row
}
