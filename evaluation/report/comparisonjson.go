package report

import (
	"encoding/json"
	"io"
	"math"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// comparisonSummary is the comparison as JSON. What is not defined is null.
type comparisonSummary struct {
	Inputs        []string     `json:"inputs"`
	Transactions  int64        `json:"transactions"`
	Rejected      int64        `json:"rejected"`
	LeftOut       int64        `json:"left_out"`
	WarmUp        int64        `json:"warm_up"`
	Labelled      int64        `json:"labelled"`
	Frauds        int64        `json:"frauds"`
	From          string       `json:"from"` // event times of the first and last transaction, "" where there is none
	To            string       `json:"to"`
	Days          float64      `json:"days"`
	Currency      string       `json:"currency"`
	Models        []aloneJSON  `json:"models"` // the champion first
	Challengers   []besideJSON `json:"challengers"`
	Seconds       float64      `json:"seconds"`
	RowsPerSecond float64      `json:"rows_per_second"`
}

// aloneJSON is what a model did by itself.
type aloneJSON struct {
	Model            string        `json:"model,omitempty"`
	Policy           string        `json:"policy,omitempty"` // of a policy on the champion's scores, instead of model
	Review           number        `json:"review"`
	Decline          number        `json:"decline"`
	Alerts           int64         `json:"alerts"`
	AlertsPerDay     number        `json:"alerts_per_day"`
	Declined         int64         `json:"declined"`
	AveragePrecision number        `json:"average_precision"`
	ROCAUC           number        `json:"roc_auc"`
	CardPrecision    cardPrecision `json:"card_precision"`
	Precision        number        `json:"precision"`
	Recall           number        `json:"recall"`
	FraudAmount      fraudAmount   `json:"fraud_amount"`
}

// besideJSON is a challenger beside the champion.
type besideJSON struct {
	Model           string                      `json:"model,omitempty"`
	Policy          string                      `json:"policy,omitempty"`
	SameAction      number                      `json:"same_action"`
	RankCorrelation number                      `json:"rank_correlation"`
	AsManyAlerts    asManyJSON                  `json:"as_many_alerts"`
	Frauds          splitJSON[int64]            `json:"frauds"`
	Amount          splitJSON[json.Number]      `json:"fraud_amount"`
	Legitimate      splitJSON[int64]            `json:"legitimate"`
	Unlabelled      splitJSON[int64]            `json:"unlabelled"`
	Actions         map[string]map[string]int64 `json:"actions"` // the champion's → the challenger's → transactions
}

// splitJSON divides what there was by who alerted on it.
type splitJSON[T any] struct {
	Both       T `json:"both"`
	Champion   T `json:"champion"`
	Challenger T `json:"challenger"`
	Neither    T `json:"neither"`
}

func splitOf[T any](s evaluation.Split, of func(int64) T) splitJSON[T] {
	return splitJSON[T]{of(s.Both), of(s.Champion), of(s.Challenger), of(s.Neither)}
}

type asManyJSON struct {
	Alerts    int64  `json:"alerts"`
	Score     number `json:"score"`
	Precision number `json:"precision"`
	Recall    number `json:"recall"`
}

// WriteJSON writes the comparison as one line of JSON.
func (c *Comparison) WriteJSON(w io.Writer) error {
	n := &c.Counts
	s := comparisonSummary{
		Inputs: c.Inputs, Transactions: n.Fresh - n.WarmUp, Rejected: n.Rejected, LeftOut: c.Unscored, WarmUp: n.WarmUp,
		Labelled: n.Labels.Labelled(), Frauds: n.Labels[history.Fraud], Days: c.champion().Span(), Currency: c.Currency.Code(),
		Models: []aloneJSON{}, Challengers: []besideJSON{},
		Seconds: math.Round(1e3*c.Took.Seconds()) / 1e3, RowsPerSecond: math.Round(rowsPerSecond(n, c.Took)),
	}
	if !c.empty() {
		s.From, s.To = c.champion().From.String(), c.champion().To.String()
	}
	for i := range c.Contenders {
		s.Models = append(s.Models, c.alone(i))
	}
	for i := range c.Result.Pairs {
		s.Challengers = append(s.Challengers, c.beside(i))
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(s)
}

// model returns the model's id, empty for a policy.
func (c *Contender) model() string {
	if c.Model == nil {
		return ""
	}
	return c.Model.ID
}

func (c *Comparison) alone(i int) aloneJSON {
	m, r := &c.Contenders[i], c.Result.Alone[i]
	return aloneJSON{
		Model: m.model(), Policy: m.Policy, Review: number(m.Bands.Review), Decline: number(m.Bands.Decline),
		Alerts: r.Review.Alerts.Total(), AlertsPerDay: number(r.AlertsPerDay()), Declined: r.Decline.Alerts.Total(),
		AveragePrecision: number(r.AveragePrecision), ROCAUC: number(r.ROCAUC),
		CardPrecision: cardPrecision{r.Card.K, r.Card.Days, number(r.Card.Mean), number(r.Card.Perfect)},
		Precision:     number(r.Review.Precision()), Recall: number(r.Review.Recall()), FraudAmount: fraudAmountOf(r.Money, c.Currency),
	}
}

func (c *Comparison) beside(i int) besideJSON {
	p, champion := &c.Result.Pairs[i], c.champion()
	frauds := func(n int64) int64 { return n }
	amount := func(minor int64) json.Number { return json.Number(payment.FormatAmount(minor, c.Currency)) }
	many := asManyJSON{Alerts: p.AsManyAlerts.Rows.Total(), Score: number(math.NaN())}
	if many.Alerts > 0 {
		many.Score = number(p.AsManyAlerts.Score)
	}
	many.Precision = number(p.AsManyAlerts.Precision())
	many.Recall = number(evaluation.Tally{Rows: champion.Review.Rows, Alerts: p.AsManyAlerts.Rows}.Recall())
	b := besideJSON{
		Model: c.Contenders[i+1].model(), Policy: c.Contenders[i+1].Policy, SameAction: number(p.Agreement()), RankCorrelation: number(p.RankCorrelation), AsManyAlerts: many,
		Frauds: splitOf(p.Alerted(history.Fraud), frauds), Amount: splitOf(p.Money, amount),
		Legitimate: splitOf(p.Alerted(history.Legitimate), frauds), Unlabelled: splitOf(p.Alerted(history.Unlabelled), frauds),
		Actions: make(map[string]map[string]int64),
	}
	for champion, row := range p.Actions {
		of := make(map[string]int64)
		for challenger, n := range row {
			of[scoring.Action(challenger).String()] = n.Total()
		}
		b.Actions[scoring.Action(champion).String()] = of
	}
	return b
}
