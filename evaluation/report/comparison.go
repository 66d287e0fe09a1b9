package report

import (
	"time"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// Comparison is how several models did on the same transactions.
type Comparison struct {
	Inputs     []string // names of the files
	Counts     Counts
	Unscored   int64         // transactions that not every contender has scored: they are in no figure
	Took       time.Duration // shown in text and JSON; the page is the same however long it took
	Currency   payment.Currency
	Contenders []Contender // the champion first; of Result too
	Result     *evaluation.Comparison
}

// Contender is a model with the thresholds that its scores are measured by, or a policy on the champion's scores.
type Contender struct {
	Model  *scoring.Manifest // nil for a policy,
	Policy string            // and then its version
	Bands  scoring.Bands     // of a policy, those of its last segment
}

func (c *Contender) name() string {
	if c.Model == nil {
		return "policy " + c.Policy
	}
	return c.Model.ID
}

// thresholdText writes a threshold.
func thresholdText(threshold float64) string {
	if threshold == scoring.Never() {
		return "never"
	}
	return score(threshold)
}

// seen reports whether the model was made from payments of the period.
func (c *Contender) seen(r *evaluation.Result) bool {
	if c.Model == nil {
		return false
	}
	_, yes := overlap(c.Model, r)
	return yes
}

// champion returns the figures of the champion, which has seen what all have seen.
func (c *Comparison) champion() *evaluation.Result { return c.Result.Alone[0] }

func (c *Comparison) labelled() bool { return c.Counts.Labels[history.Fraud] > 0 }

// scores reports whether the challenger has scores of its own.
func (c *Comparison) scores(pair int) bool { return c.Contenders[pair+1].Model != nil }

func (c *Comparison) empty() bool { return len(c.champion().Days) == 0 }

// figureRow is a figure of every contender.
type figureRow struct {
	Name   string
	Values []string
}

// figures returns what is to be said of each contender by itself.
func (c *Comparison) figures() []figureRow {
	var rows []figureRow
	add := func(name string, of func(contender *Contender, r *evaluation.Result) string) {
		row := figureRow{Name: name}
		for i := range c.Contenders {
			row.Values = append(row.Values, of(&c.Contenders[i], c.Result.Alone[i]))
		}
		rows = append(rows, row)
	}
	add("review from", func(m *Contender, _ *evaluation.Result) string { return thresholdText(m.Bands.Review) })
	add("decline from", func(m *Contender, _ *evaluation.Result) string { return thresholdText(m.Bands.Decline) })
	add("alerts", func(_ *Contender, r *evaluation.Result) string { return count(r.Review.Alerts.Total()) })
	add("alerts a day", func(_ *Contender, r *evaluation.Result) string { return rate(r.AlertsPerDay()) })
	add("declined", func(_ *Contender, r *evaluation.Result) string { return count(r.Decline.Alerts.Total()) })
	if !c.labelled() {
		return rows
	}
	add("average precision", func(_ *Contender, r *evaluation.Result) string { return figure(r.AveragePrecision) })
	add("ROC AUC", func(_ *Contender, r *evaluation.Result) string { return figure(r.ROCAUC) })
	add("card precision@"+count(c.champion().Card.K), func(_ *Contender, r *evaluation.Result) string { return figure(r.Card.Mean) })
	add("precision", func(_ *Contender, r *evaluation.Result) string { return share(r.Review.Precision()) })
	add("recall", func(_ *Contender, r *evaluation.Result) string { return share(r.Review.Recall()) })
	add("money caught", func(_ *Contender, r *evaluation.Result) string { return share(r.Money.Caught()) })
	return rows
}

// caughtRow is what was alerted on by both, by one alone, or by neither.
type caughtRow struct {
	Who, Frauds, Money, Legitimate, Unlabelled string
	Share                                      float64 // of all frauds in percent, for the bar
}

// caught divides the transactions by who alerted on them.
func (c *Comparison) caught(pair int) []caughtRow {
	p := &c.Result.Pairs[pair]
	frauds, legitimate, unlabelled := p.Alerted(history.Fraud), p.Alerted(history.Legitimate), p.Alerted(history.Unlabelled)
	row := func(who string, of func(s *evaluation.Split) int64) caughtRow {
		n := of(&frauds)
		return caughtRow{
			who, count(n), money(of(&p.Money), c.Currency), count(of(&legitimate)), count(of(&unlabelled)),
			100 * ratio(n, max(1, c.Counts.Labels[history.Fraud])),
		}
	}
	return []caughtRow{
		row("both", func(s *evaluation.Split) int64 { return s.Both }),
		row(c.Contenders[0].name()+" alone", func(s *evaluation.Split) int64 { return s.Champion }),
		row(c.Contenders[pair+1].name()+" alone", func(s *evaluation.Split) int64 { return s.Challenger }),
		row("neither", func(s *evaluation.Split) int64 { return s.Neither }),
	}
}

// actionRow is an action of the champion, by what the challenger would have done.
type actionRow struct {
	Champion string
	Values   []string
}

func (c *Comparison) actions(pair int) []actionRow {
	var rows []actionRow
	for champion, of := range c.Result.Pairs[pair].Actions {
		row := actionRow{Champion: scoring.Action(champion).String()}
		for _, n := range of {
			row.Values = append(row.Values, count(n.Total()))
		}
		rows = append(rows, row)
	}
	return rows
}

// agreement returns in how many of all transactions both act alike.
func (c *Comparison) agreement(pair int) string {
	return share(c.Result.Pairs[pair].Agreement())
}

// asMany says what the challenger would do with as many alerts as the champion has: the thresholds that a model brings
// along may give more or fewer, and more alerts find more fraud.
func (c *Comparison) asMany(pair int) string {
	l := c.Result.Pairs[pair].AsManyAlerts
	recall := evaluation.Tally{Rows: c.champion().Review.Rows, Alerts: l.Rows}.Recall()
	return share(recall)
}
