package report

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
)

// summary is the report as JSON. What is not defined is null.
type summary struct {
	Inputs     []string `json:"inputs"`
	Rows       int64    `json:"rows"`
	Rejected   int64    `json:"rejected"`
	Scored     int64    `json:"scored"`
	Duplicates int64    `json:"duplicates"`
	Conflicts  int64    `json:"conflicts"`
	Late       int64    `json:"late"`
	WarmUp     int64    `json:"warm_up"`
	Accounts   int      `json:"accounts"`
	Labelled   int64    `json:"labelled"`
	Frauds     int64    `json:"frauds"`

	*outcome

	Seconds       float64 `json:"seconds"`
	RowsPerSecond float64 `json:"rows_per_second"`
}

// outcome is what there is to say where there is a model.
type outcome struct {
	From    string  `json:"from"` // event times of the first and last transaction, "" where there is none
	To      string  `json:"to"`
	Days    float64 `json:"days"`
	Model   string  `json:"model"`
	Policy  string  `json:"policy"`
	Review  number  `json:"review"`
	Decline number  `json:"decline"`

	Alerts       int64  `json:"alerts"`
	AlertsPerDay number `json:"alerts_per_day"`
	Declined     int64  `json:"declined"`

	AveragePrecision number        `json:"average_precision"`
	ROCAUC           number        `json:"roc_auc"`
	CardPrecision    cardPrecision `json:"card_precision"`
	Precision        number        `json:"precision"`
	Recall           number        `json:"recall"`
	FraudAmount      fraudAmount   `json:"fraud_amount"`
	Patterns         []pattern     `json:"patterns"`
	Budgets          []budget      `json:"budgets"`
}

type cardPrecision struct {
	K       int    `json:"k"`
	Days    int    `json:"days"`
	Mean    number `json:"mean"`
	Perfect number `json:"perfect"`
}

type fraudAmount struct {
	Currency string      `json:"currency"`
	Total    json.Number `json:"total"`
	Alerted  json.Number `json:"alerted"`
	Caught   number      `json:"caught"`
	Unpriced int64       `json:"frauds_without_rate"`
}

type pattern struct {
	Pattern  string      `json:"pattern"`
	Frauds   int64       `json:"frauds"`
	Alerted  int64       `json:"alerted"`
	Declined int64       `json:"declined"`
	Recall   number      `json:"recall"`
	Amount   fraudAmount `json:"fraud_amount"`
}

type budget struct {
	PerDay    float64 `json:"per_day"`
	Score     number  `json:"score"`
	Precision number  `json:"precision"`
	Recall    number  `json:"recall"`
}

// number is a float that is null where it is NaN or infinite.
type number float64

// MarshalJSON returns the number, or null.
func (n number) MarshalJSON() ([]byte, error) {
	if x := float64(n); math.IsNaN(x) || math.IsInf(x, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// WriteJSON writes the report as one line of JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	c := &r.Counts
	s := summary{
		Inputs: r.Inputs, Rows: c.Rows, Rejected: c.Rejected, Duplicates: c.Duplicates, Conflicts: c.Conflicts, Late: c.Late,
		WarmUp: c.WarmUp, Accounts: c.Accounts, Labelled: c.Labels.Labelled(), Frauds: c.Labels[history.Fraud],
		Seconds: math.Round(1e3*r.Took.Seconds()) / 1e3, RowsPerSecond: math.Round(rowsPerSecond(c, r.Took)),
	}
	if r.Result != nil {
		s.Scored = c.Fresh
		s.outcome = r.outcome()
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(s)
}

func (r *Report) outcome() *outcome {
	e := r.Result
	s := &outcome{
		Days:  e.Span(),
		Model: r.Model.ID, Policy: r.Policy.Version, Review: number(r.Policy.Review), Decline: number(r.Policy.Decline),
		Alerts: e.Review.Alerts.Total(), AlertsPerDay: number(e.AlertsPerDay()), Declined: e.Decline.Alerts.Total(),
		AveragePrecision: number(e.AveragePrecision), ROCAUC: number(e.ROCAUC),
		CardPrecision: cardPrecision{e.Card.K, e.Card.Days, number(e.Card.Mean), number(e.Card.Perfect)},
		Precision:     number(e.Review.Precision()), Recall: number(e.Review.Recall()),
		FraudAmount: r.fraudAmount(e.Money), Patterns: []pattern{}, Budgets: []budget{},
	}
	if len(e.Days) > 0 {
		s.From, s.To = e.From.String(), e.To.String()
	}
	for _, p := range e.Patterns {
		s.Patterns = append(s.Patterns, pattern{p.Name, p.Frauds, p.Alerted, p.Declined, number(p.Recall()), r.fraudAmount(p.Money)})
	}
	for _, b := range e.Budgets {
		s.Budgets = append(s.Budgets, budget{b.PerDay, number(b.Score), number(b.Precision()), number(r.recall(b.Level))})
	}
	return s
}

func (r *Report) fraudAmount(m evaluation.Money) fraudAmount { return fraudAmountOf(m, r.Currency) }

func fraudAmountOf(m evaluation.Money, c payment.Currency) fraudAmount {
	amount := func(minor int64) json.Number { return json.Number(payment.FormatAmount(minor, c)) }
	return fraudAmount{c.Code(), amount(m.Fraud), amount(m.Alerted), number(m.Caught()), m.Unpriced}
}

func rowsPerSecond(n *Counts, took time.Duration) float64 {
	return float64(n.Rows+n.Rejected) / max(took.Seconds(), 1e-3)
}
