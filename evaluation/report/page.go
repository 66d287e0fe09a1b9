package report

import (
	_ "embed" // the template and its style
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/history"
)

var (
	//go:embed head.html
	headText string
	//go:embed page.html
	pageText string
	//go:embed page.css
	pageStyle string
)

// page is what the template reads.
type page struct {
	Kind     heading
	Title    string
	Facts    []fact // about the replay as a whole, in its heading
	Warnings []string
	Tiles    []tile

	Labelled, Declines, Unlabelled bool

	Distribution       template.HTML
	Timeline, Timelets template.HTML // the same for wide and for narrow pages
	Curve, Reliability template.HTML

	Budgets  []budgetRow
	Patterns []patternRow
	More     int // patterns that are not shown
	Alerts   []alertView
	Rows     []fact // what became of the rows
}

type fact struct{ Name, Value string }

// tile is a figure with what it is to be compared with.
type tile struct {
	Name, Value, Note string
	Share             float64 // of the bar below it in percent, -1 for none
}

type budgetRow struct {
	PerDay, Score, Precision, Recall string
	Now                              bool // the policy as it is
}

type patternRow struct {
	Name, Frauds, Alerted, Declined, Recall, Money, Caught string
	Share                                                  float64 // recall in percent, for the bar
}

// WriteHTML writes the report as a page. The same report gives the same bytes, whatever it took.
func (r *Report) WriteHTML(w io.Writer) error {
	return write(w, pageText, r.page())
}

// heading is what a page is of: the beginning of its title, and the line above it.
type heading struct{ Title, Eyebrow string }

// write writes a page. Its text begins with the templates that all pages share.
func write(w io.Writer, text string, page any) error {
	style := func() template.CSS { return template.CSS(pageStyle) }
	t, err := template.New("page").Funcs(template.FuncMap{"style": style}).Parse(headText + text)
	if err != nil {
		return fmt.Errorf("the page's template: %w", err)
	}
	if err := t.Execute(w, page); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

func (r *Report) page() *page {
	e := r.Result
	p := &page{
		Kind:  heading{"Replay of", "Weir replay"},
		Title: r.title(), Facts: r.facts(), Rows: r.rows(),
		Declines: r.declines(), Labelled: r.Counts.Labels[history.Fraud] > 0, Unlabelled: r.Counts.Labels[history.Unlabelled] > 0,
	}
	if e == nil || len(e.Days) == 0 {
		p.Warnings = []string{"No transaction is in the figures, so there is nothing to show."}
		return p
	}
	p.Warnings = r.warnings()
	p.Tiles = r.tiles()
	p.Distribution = r.distribution()
	p.Timeline, p.Timelets = r.timeline(1080, 190, 14), r.timeline(halfWidth, 62, 4)
	p.Budgets = r.budgets()
	if p.Labelled {
		p.Curve, p.Reliability = r.curve(), r.reliability()
		p.Patterns = r.patternRows()
		p.More = len(e.Patterns) - len(p.Patterns)
	}
	for i := range r.Alerts.List {
		p.Alerts = append(p.Alerts, viewOf(i+1, &r.Alerts.List[i]))
	}
	return p
}

// title names the files, as far as they are few.
func (r *Report) title() string {
	if n := len(r.Inputs); n > 3 {
		return fmt.Sprintf("%s and %d more files", r.Inputs[0], n-1)
	}
	return strings.Join(r.Inputs, ", ")
}

func (r *Report) facts() []fact {
	var facts []fact
	if e := r.Result; e != nil && len(e.Days) > 0 {
		facts = append(facts, fact{"Period", span(e.From, e.To)})
	}
	facts = append(facts, fact{"Transactions", count(r.Counts.Fresh - r.Counts.WarmUp)}, fact{"Accounts", count(r.Counts.Accounts)})
	if r.Model != nil {
		facts = append(facts, fact{"Model", r.Model.ID}, fact{"Policy", r.thresholdText()})
	}
	return facts
}

func (r *Report) thresholdText() string {
	text := "review from " + threshold(r.Policy.Review)
	if r.declines() {
		text += ", decline from " + score(r.Policy.Decline)
	}
	if besides := r.Policy.besides(); besides != "" {
		text += "; " + besides
	}
	return text
}

func (r *Report) rows() []fact {
	c := &r.Counts
	return []fact{
		{"Rows that are transactions", count(c.Rows)}, {"Rejected rows", count(c.Rejected)}, {"Duplicates", count(c.Duplicates)},
		{"Conflicts", count(c.Conflicts)}, {"Late", count(c.Late)}, {"Warm-up", count(c.WarmUp)}, {"Labelled", count(c.Labels.Labelled())},
		{"Fraud", count(c.Labels[history.Fraud])},
	}
}

func (r *Report) warnings() []string {
	var list []string
	if until, yes := r.overlap(); yes {
		list = append(list, fmt.Sprintf("The model was made from payments of %s to %s. If they are among these, the figures flatter it.",
			r.Model.Training.From.UTC().Format("2 Jan 2006"), until.UTC().Format("2 Jan 2006")))
	}
	if n := r.Counts.Rejected; n > 0 {
		list = append(list, fmt.Sprintf("%s rejected: no transactions, and in no figure (%s).", counted(n, "row"), r.Counts.RejectedFor))
	}
	if n := r.Counts.Conflicts; n > 0 {
		list = append(list, fmt.Sprintf("%s of another transaction's id but with another content; the first one counts.", counted(n, "row")))
	}
	if n := r.Result.Money.Unpriced; n > 0 {
		list = append(list, fmt.Sprintf("%s in a currency without a rate: not in the money.", counted(n, "fraud")))
	}
	return list
}

func (r *Report) tiles() []tile {
	e := r.Result
	alerts := tile{"Alerts a day", rate(e.AlertsPerDay()), fmt.Sprintf("%s in %s days", count(e.Review.Alerts.Total()), rate(e.Span())), -1}
	if r.Counts.Labels[history.Fraud] == 0 {
		return []tile{
			alerts,
			{"Alerted", share(ratio(e.Review.Alerts.Total(), e.Review.Rows.Total())), "of all transactions", -1},
			{"Declined", count(e.Decline.Alerts.Total()), "of the alerts", -1},
		}
	}
	return []tile{
		{"Average precision", figure(e.AveragePrecision), "a random score: " + figure(e.Review.Rows.FraudShare()), 100 * e.AveragePrecision},
		{fmt.Sprintf("Card precision@%d", e.Card.K), figure(e.Card.Mean), "at most " + figure(e.Card.Perfect), 100 * e.Card.Mean / e.Card.Perfect},
		{"Precision", share(e.Review.Precision()), "of the alerts are fraud", 100 * e.Review.Precision()},
		{"Recall", share(e.Review.Recall()), "of the frauds were alerted on", 100 * e.Review.Recall()},
		{"Money caught", share(e.Money.Caught()), "of " + money(e.Money.Fraud, r.Currency), 100 * e.Money.Caught()},
		alerts,
	}
}

func ratio(part, whole int64) float64 { return float64(part) / float64(whole) }

// budgets returns other thresholds with the policy's own among them.
func (r *Report) budgets() []budgetRow {
	e := r.Result
	row := func(perDay, from, precision, recall float64, now bool) budgetRow {
		return budgetRow{rate(perDay), threshold(from), share(precision), share(recall), now}
	}
	now := row(e.AlertsPerDay(), r.Policy.Review, e.Review.Precision(), e.Review.Recall(), true)
	var rows []budgetRow
	placed := false
	for _, b := range e.Budgets {
		if !placed && b.PerDay >= e.AlertsPerDay() {
			rows, placed = append(rows, now), true
		}
		rows = append(rows, row(b.PerDay, b.Score, b.Precision(), r.recall(b.Level), false))
	}
	if !placed {
		rows = append(rows, now)
	}
	return rows
}

// mostPatternRows is how many patterns the page shows.
const mostPatternRows = 40

func (r *Report) patternRows() []patternRow {
	var rows []patternRow
	for _, p := range r.Result.Patterns[:min(len(r.Result.Patterns), mostPatternRows)] {
		rows = append(rows, patternRow{
			Name: patternName(p.Name), Frauds: count(p.Frauds), Alerted: count(p.Alerted), Declined: count(p.Declined),
			Recall: share(p.Recall()), Money: money(p.Money.Fraud, r.Currency), Caught: share(p.Money.Caught()), Share: 100 * p.Recall(),
		})
	}
	return rows
}

// recall returns the share of all fraud at or above the level.
func (r *Report) recall(l evaluation.Level) float64 {
	return evaluation.Tally{Rows: r.Result.Review.Rows, Alerts: l.Rows}.Recall()
}
