package report

import (
	_ "embed" // the template
	"fmt"
	"html/template"
	"io"
	"math"
	"time"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// Tuning is what thresholds a replayed history leaves to choose from.
type Tuning struct {
	Inputs    []string
	Model     *scoring.Manifest
	Policy    string  // the version of the policy as it is
	Segment   string  // whose thresholds are chosen
	Review    float64 // its review threshold as it is
	Budget    float64 // alerts a day
	Precision float64 // that a decline needs
	Currency  payment.Currency
	Result    *evaluation.Tuned
}

// tunedRow is a line of the table.
type tunedRow struct {
	Name, Score, PerDay, Busiest, Queue, Precision, Recall, Saved, Share string
	Chosen                                                               bool
}

func (t *Tuning) rows() []tunedRow {
	row := func(name string, from float64, c *evaluation.Choice) tunedRow {
		return tunedRow{
			Name: name, Score: threshold(from), PerDay: rate(c.PerDay), Busiest: count(c.Busiest), Queue: count(c.Queue),
			Precision: share(c.Precision()), Recall: share(c.Recall), Saved: grouped(payment.FormatAmount(c.Saved, t.Currency)),
			Share: share(c.SavedShare), Chosen: c.BudgetTimes == 1,
		}
	}
	rows := []tunedRow{row("now", t.Review, &t.Result.Now)}
	for i := range t.Result.Choices {
		c := &t.Result.Choices[i]
		rows = append(rows, row("up to "+rate(c.BudgetTimes*t.Budget), c.Score, c))
	}
	return rows
}

// snippet returns the thresholds as a policy file has them.
func (t *Tuning) snippet() string {
	value := func(x float64) string {
		if x > 1 || math.IsNaN(x) {
			return "never"
		}
		return fmt.Sprint(x)
	}
	return fmt.Sprintf("- {name: %s, review: %s, decline: %s}", t.Segment, value(t.Result.Chosen.Score), value(t.Result.Decline.Score))
}

// decline says what the decline threshold does.
func (t *Tuning) decline() string {
	d := &t.Result.Decline
	if math.IsNaN(d.Score) {
		return fmt.Sprintf("No score is high enough to decline: %s of those above would have to be fraud, not by luck.", share(t.Precision))
	}
	return fmt.Sprintf("Decline from %s: %s a day, of the labelled ones %s fraud.", score(d.Score), rate(d.PerDay), share(d.Rows.FraudShare()))
}

// warnings says what to hold against the figures.
func (t *Tuning) warnings() []string {
	var list []string
	if until, yes := t.overlap(); yes {
		list = append(list, fmt.Sprintf("The model has seen payments up to %s. If they are among these, the figures flatter it: tune on later ones (--since).",
			until.UTC().Format("2 Jan 2006")))
	}
	if c := &t.Result.Chosen; c.PerDay > t.Budget {
		list = append(list, fmt.Sprintf("Rules and lists alone make %s alerts a day, beyond the budget of %s.", rate(c.PerDay), rate(t.Budget)))
	}
	if t.Result.Rows[history.Fraud] == 0 {
		list = append(list, "No transaction is labelled fraud: only the number of alerts is known.")
	}
	return list
}

func (t *Tuning) overlap() (until time.Time, yes bool) {
	r := Report{Model: t.Model, Result: &evaluation.Result{From: t.Result.From, To: t.Result.To}}
	return r.overlap()
}

// WriteText writes the choices as a table, and the chosen thresholds as a policy file has them.
func (t *Tuning) WriteText(w io.Writer) error {
	var x text
	r := t.Result
	x.line("days", rate(r.Span()), span(r.From, r.To)+", of segment "+t.Segment+" of policy "+t.Policy)
	x.line("transactions", count(r.Rows.Total()), fmt.Sprintf("%s labelled, %s fraud", count(r.Rows.Labelled()), count(r.Rows[history.Fraud])))
	x.line("not by thresholds", count(r.Fixed), "decided by rules or lists, whatever the thresholds are")
	x.gap()
	const row = "%1s %-14s %11s %10s %8s %8s %10s %8s %18s %8s\n"
	x.printf(row, "", "alerts a day", "score from", "alerts/day", "busiest", "queue", "precision", "recall", "saved, "+t.Currency.Code(), "")
	for _, c := range t.rows() {
		mark := ""
		if c.Chosen {
			mark = "*"
		}
		x.printf(row, mark, c.Name, c.Score, c.PerDay, c.Busiest, c.Queue, c.Precision, c.Recall, c.Saved, c.Share)
	}
	x.note("busiest: alerts of the busiest day. queue: most alerts left at the end of a day, if analysts work off %s each day.\n%s", rate(t.Budget), t.decline())
	for _, warning := range t.warnings() {
		x.note("%s", warning)
	}
	x.note("For the policy file:\n\n  %s", t.snippet())
	_, err := io.WriteString(w, x.b.String())
	return err
}

//go:embed tuning.html
var tuningText string

// tuningPage is what the template reads.
type tuningPage struct {
	Kind              heading
	Title             string
	Facts             []fact
	Warnings          []string
	Rows              []tunedRow
	Picture           template.HTML
	Labelled          bool
	Decline, Snippet  string
	Currency, Handled string
}

// WriteHTML writes the choices as a page with a picture. The same choices give the same bytes.
func (t *Tuning) WriteHTML(w io.Writer) error {
	r := t.Result
	replay := Report{Inputs: t.Inputs}
	p := &tuningPage{
		Kind: heading{"Thresholds for", "Weir policy tune"}, Title: replay.title(), Warnings: t.warnings(), Rows: t.rows(), Picture: t.picture(),
		Labelled: r.Rows[history.Fraud] > 0, Decline: t.decline(), Snippet: t.snippet(), Currency: t.Currency.Code(), Handled: rate(t.Budget),
		Facts: []fact{
			{"Period", span(r.From, r.To)}, {"Transactions", count(r.Rows.Total())}, {"Labelled fraud", count(r.Rows[history.Fraud])},
			{"Not by thresholds", count(r.Fixed)}, {"Model", t.Model.ID}, {"Policy", t.Policy}, {"Segment", t.Segment}, {"Budget", rate(t.Budget) + " alerts a day"},
		},
	}
	return write(w, tuningText, p)
}

// picture draws what is found and saved against the alerts a day.
func (t *Tuning) picture() template.HTML {
	const width, height = 1080, 340
	f := frame{left: 46, top: 36, right: width - 8, bottom: height - 48}
	p := newPicture("chart", width, height, "Precision, recall and money saved against the number of alerts a day")
	low, high := t.extent()
	x := scale{low, high, f.left, f.right, math.Log10}
	y := scale{0, 1, f.bottom, f.top, linear}
	var ticks []float64
	for v := low; v <= high*1.0001; v *= 10 {
		ticks = append(ticks, v)
	}
	p.xAxis(f, ticksOf(x, ticks, short), "alerts a day")
	p.yAxis(f, ticksOf(y, []float64{0, 0.25, 0.5, 0.75, 1}, percent), "")
	for _, line := range []struct {
		class string
		of    func(*evaluation.Choice) float64
	}{
		{"recall", func(c *evaluation.Choice) float64 { return c.Recall }},
		{"money", func(c *evaluation.Choice) float64 { return c.SavedShare }},
		{"precision", (*evaluation.Choice).Precision},
	} {
		p.path("outline "+line.class, t.outline(x, y, line.of))
	}
	for _, mark := range []struct {
		name   string
		c      *evaluation.Choice
		anchor string
		dx     float64
	}{{"now", &t.Result.Now, "end", -5}, {"chosen", &t.Result.Chosen, "start", 5}} {
		if mark.c.PerDay < low {
			continue
		}
		at := x.at(mark.c.PerDay)
		p.line("threshold", at, f.top, at, f.bottom)
		p.text("note strong", mark.anchor, at+mark.dx, f.bottom-8, mark.name)
	}
	return p.done()
}

// extent returns the range of what is drawn, from a power of ten on.
func (t *Tuning) extent() (low, high float64) {
	low, high = math.Inf(1), 10*t.Budget
	for i := range t.Result.Curve {
		if perDay := t.Result.Curve[i].PerDay; perDay > 0 {
			low, high = min(low, perDay), max(high, perDay)
		}
	}
	low = max(min(low, t.Budget), t.Budget/1000)
	return math.Pow(10, math.Floor(math.Log10(low))), min(high, 1000*t.Budget)
}

func (t *Tuning) outline(x, y scale, of func(*evaluation.Choice) float64) string {
	var r route
	begun := false
	for i := range t.Result.Curve {
		c := &t.Result.Curve[i]
		v := of(c)
		if c.PerDay < x.from || c.PerDay > x.to || math.IsNaN(v) {
			continue
		}
		if begun {
			r.lineTo(x.at(c.PerDay), y.at(v))
		} else {
			r.move(x.at(c.PerDay), y.at(v))
		}
		begun = true
	}
	return r.String()
}
