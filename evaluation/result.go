package evaluation

import (
	"math"

	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
)

// Result is how the decisions of a period did. Figures that are not defined are NaN.
type Result struct {
	From, To payment.Time // event times of the first and the last transaction
	Days     []Day        // with transactions, in order

	Review  Tally // what was not approved
	Decline Tally // what was declined of it
	Money   Money

	AveragePrecision float64
	ROCAUC           float64
	Card             CardPrecision

	Patterns []Pattern // most frauds first; empty where no fraud has a named one
	Curve    []Point   // precision and recall, recall ascending
	Bins     []Bin     // the distribution of scores, ascending
	Budgets  []Budget  // what other thresholds would do, ascending
}

// Span returns the length of the period in days, at least 1.
func (r *Result) Span() float64 { return max(1, float64(r.To-r.From+1)/millisPerDay) }

// AlertsPerDay returns the alerts over the length of the period.
func (r *Result) AlertsPerDay() float64 { return float64(r.Review.Alerts.Total()) / r.Span() }

// Tally counts transactions and the alerts among them.
type Tally struct {
	Rows   ByLabel
	Alerts ByLabel
}

func (t *Tally) add(label history.Label, alerted bool) {
	t.Rows[label]++
	if alerted {
		t.Alerts[label]++
	}
}

// Add adds another tally to t.
func (t *Tally) Add(u Tally) {
	for label := range t.Rows {
		t.Rows[label] += u.Rows[label]
		t.Alerts[label] += u.Alerts[label]
	}
}

// Precision returns the share of fraud among the labelled alerts.
func (t Tally) Precision() float64 { return t.Alerts.FraudShare() }

// Recall returns the share of all fraud that was alerted on.
func (t Tally) Recall() float64 { return ratio(t.Alerts[history.Fraud], t.Rows[history.Fraud]) }

// Day is a day of UTC.
type Day struct {
	Start payment.Time
	Tally
}

// Money is the amount of fraud, in minor units. A refund counts as nothing; a total stops at the largest int64.
type Money struct {
	Fraud    int64 // all of it
	Alerted  int64 // what was alerted on
	Unpriced int64 // frauds of unknown amount, in neither
}

func (m *Money) add(s *Sample) {
	if !s.Priced {
		m.Unpriced++
		return
	}
	m.Fraud = addAmount(m.Fraud, s.Amount)
	if s.Alerted {
		m.Alerted = addAmount(m.Alerted, s.Amount)
	}
}

func addAmount(sum, amount int64) int64 {
	if amount = max(0, amount); sum > math.MaxInt64-amount {
		return math.MaxInt64
	}
	return sum + amount
}

// Caught returns the share of the amount of fraud that was alerted on.
func (m Money) Caught() float64 { return ratio(m.Alerted, m.Fraud) }

// Pattern is what became of the frauds of one named pattern, "" for those without.
type Pattern struct {
	Name     string
	Frauds   int64
	Alerted  int64
	Declined int64
	Money    Money
}

func (p *Pattern) add(s *Sample) {
	p.Frauds++
	if s.Alerted {
		p.Alerted++
	}
	if s.Declined {
		p.Declined++
	}
	p.Money.add(s)
}

// Recall returns the share of the pattern's frauds that was alerted on.
func (p Pattern) Recall() float64 { return ratio(p.Alerted, p.Frauds) }
