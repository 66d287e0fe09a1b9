package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
)

// WriteText writes the report for a terminal: a line for each figure, with its name, the figure and what it is to be
// compared with.
func (r *Report) WriteText(w io.Writer) error {
	var t text
	c := &r.Counts
	t.line("rows", count(c.Rows), "")
	t.line("rejected", count(c.Rejected), c.RejectedFor)
	if r.Result != nil {
		t.line("scored", count(c.Fresh), "")
	}
	t.line("duplicates", count(c.Duplicates), "")
	t.line("conflicts", count(c.Conflicts), "")
	t.line("late", count(c.Late), "")
	t.line("accounts", count(c.Accounts), "")
	if c.WarmUp > 0 {
		t.line("warm-up", count(c.WarmUp), "before --since, in none of the figures below")
	}
	if c.Labels.Labelled() > 0 {
		t.line("frauds", count(c.Labels[history.Fraud]), labelledNote(c.Labels))
	} else {
		t.line("frauds", none, "no row has a label")
	}
	if r.Result != nil && len(r.Result.Days) > 0 {
		r.decisions(&t)
		if c.Labels[history.Fraud] > 0 {
			r.quality(&t)
			r.patterns(&t)
		}
		if until, yes := r.overlap(); yes {
			t.note("The model has seen payments up to %s. If they are these, the figures flatter it.", until.UTC().Format("2 Jan 2006"))
		}
	}
	t.gap()
	t.line("rows/s", count(int64(rowsPerSecond(c, r.Took))), fmt.Sprintf("in %.1f s", r.Took.Seconds()))
	_, err := io.WriteString(w, t.b.String())
	return err
}

func labelledNote(l evaluation.ByLabel) string {
	if l[history.Unlabelled] == 0 {
		return share(l.FraudShare()) + " of all"
	}
	return share(l.FraudShare()) + " of " + count(l.Labelled()) + " labelled"
}

func (r *Report) decisions(t *text) {
	e := r.Result
	t.gap()
	t.line("days", rate(e.Span()), span(e.From, e.To))
	alerts := fmt.Sprintf("%s a day, at scores from %s", rate(e.AlertsPerDay()), threshold(r.Policy.Review))
	if besides := r.Policy.besides(); besides != "" {
		alerts += "; " + besides
	}
	t.line("alerts", count(e.Review.Alerts.Total()), alerts)
	decline := "never, under this policy"
	if r.declines() {
		decline = fmt.Sprintf("of these, at scores from %s", score(r.Policy.Decline))
	}
	t.line("declined", count(e.Decline.Alerts.Total()), decline)
}

func (r *Report) declines() bool { return r.Policy.Decline <= 1 }

func (r *Report) quality(t *text) {
	e := r.Result
	t.gap()
	t.line("average precision", figure(e.AveragePrecision), "a random score has "+figure(e.Review.Rows.FraudShare()))
	t.line("ROC AUC", figure(e.ROCAUC), "a random score has 0.500")
	t.line(fmt.Sprintf("card precision@%d", e.Card.K), figure(e.Card.Mean),
		fmt.Sprintf("of %s at most, mean of %s", figure(e.Card.Perfect), counted(e.Card.Days, "day")))
	t.line("precision", share(e.Review.Precision()), "of the labelled alerts are fraud")
	t.line("recall", share(e.Review.Recall()), "of the frauds were alerted on")
	caught := fmt.Sprintf("%s of %s", grouped(payment.FormatAmount(e.Money.Alerted, r.Currency)), money(e.Money.Fraud, r.Currency))
	if e.Money.Unpriced > 0 {
		caught += fmt.Sprintf("; %s in a currency without a rate", counted(e.Money.Unpriced, "fraud"))
	}
	t.line("money caught", share(e.Money.Caught()), caught)
}

// mostPatterns is how many patterns a terminal shows.
const mostPatterns = 20

func (r *Report) patterns(t *text) {
	patterns := r.Result.Patterns
	if len(patterns) == 0 {
		return
	}
	t.gap()
	const row = "%-24s %10s %10s %9s %14s\n"
	t.printf(row, "fraud pattern", "frauds", "alerted", "recall", "money caught")
	for i, p := range patterns {
		if i == mostPatterns {
			t.note("%s more in --summary json", counted(len(patterns)-i, "pattern"))
			return
		}
		t.printf(row, clip(patternName(p.Name), 24), count(p.Frauds), count(p.Alerted), share(p.Recall()), share(p.Money.Caught()))
	}
}

func patternName(name string) string {
	if name == "" {
		return "(unnamed)"
	}
	return name
}

// clip cuts s to at most n characters.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// text is lines of text.
type text struct{ b strings.Builder }

func (t *text) printf(format string, args ...any) { fmt.Fprintf(&t.b, format, args...) }
func (t *text) gap()                              { t.b.WriteByte('\n') }

func (t *text) line(name, value, note string) {
	t.b.WriteString(strings.TrimRight(fmt.Sprintf("%-20s %12s   %s", name, value, note), " ") + "\n")
}

func (t *text) note(format string, args ...any) { t.printf("\n"+format+"\n", args...) }
