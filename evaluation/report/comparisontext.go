package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/scoring"
)

// WriteText writes the comparison for a terminal.
func (c *Comparison) WriteText(w io.Writer) error {
	var t text
	n := &c.Counts
	t.line("transactions", count(n.Fresh-n.WarmUp), "")
	if n.Rejected > 0 {
		t.line("rejected", count(n.Rejected), n.RejectedFor)
	}
	if c.Unscored > 0 {
		t.line("left out", count(c.Unscored), "without a score of each model")
	}
	if n.Labels.Labelled() > 0 {
		t.line("frauds", count(n.Labels[history.Fraud]), labelledNote(n.Labels))
	} else {
		t.line("frauds", none, "no transaction has a label")
	}
	if !c.empty() {
		e := c.champion()
		t.line("days", rate(e.Span()), span(e.From, e.To))
		t.gap()
		c.table(&t)
		for i := range c.Result.Pairs {
			c.pair(&t, i)
		}
		for i := range c.Contenders {
			if m := &c.Contenders[i]; m.seen(e) {
				t.note("%s was made from payments of this period. If they are these, the figures flatter it.", m.name())
			}
		}
	}
	t.gap()
	t.line("rows/s", count(int64(rowsPerSecond(n, c.Took))), fmt.Sprintf("in %.1f s", c.Took.Seconds()))
	_, err := io.WriteString(w, t.b.String())
	return err
}

// table writes a column for each contender.
func (c *Comparison) table(t *text) {
	const first, least = 20, 12
	row := func(name string, values []string) {
		line := fmt.Sprintf("%-*s", first, name)
		for i, v := range values {
			width := max(least, utf8.RuneCountInString(clip(c.Contenders[i].name(), mostName)))
			line += fmt.Sprintf(" %*s", width, v)
		}
		t.printf("%s\n", strings.TrimRight(line, " "))
	}
	var names, roles []string
	for i := range c.Contenders {
		names = append(names, clip(c.Contenders[i].name(), mostName))
		role := "challenger"
		if i == 0 {
			role = "champion"
		}
		roles = append(roles, role)
	}
	row("", names)
	row("", roles)
	for _, f := range c.figures() {
		row(f.Name, f.Values)
	}
}

// mostName is how many characters of a model's id a terminal shows.
const mostName = 40

// pair writes a challenger beside the champion.
func (c *Comparison) pair(t *text, i int) {
	p := &c.Result.Pairs[i]
	t.note("%s beside %s", c.Contenders[i+1].name(), c.Contenders[0].name())
	t.gap()
	t.line("same action", c.agreement(i), fmt.Sprintf("of %s", counted(c.champion().Review.Rows.Total(), "transaction")))
	if c.scores(i) {
		t.line("rank correlation", figure(p.RankCorrelation), "Spearman's, of the scores")
	}
	if c.scores(i) && c.labelled() {
		t.line("recall", c.asMany(i), fmt.Sprintf("with no more alerts than the champion, from %s; the champion has %s", c.asManyFrom(i), share(c.champion().Review.Recall())))
	}
	t.gap()
	caught := c.caught(i)
	widest := 12
	for _, r := range caught {
		widest = max(widest, utf8.RuneCountInString(r.Who))
	}
	row := fmt.Sprintf("%%-%ds %%10s %%18s %%12s %%12s\n", widest)
	t.printf(row, "alerted on by", "frauds", "money", "legitimate", "no label")
	for _, r := range caught {
		t.printf(row, r.Who, r.Frauds, r.Money, r.Legitimate, r.Unlabelled)
	}
	t.gap()
	const actions = "%-24s %12s %12s %12s\n"
	t.printf(actions, "champion ↓ challenger →", scoring.Approve, scoring.Review, scoring.Decline)
	for _, r := range c.actions(i) {
		t.printf(actions, r.Champion, r.Values[0], r.Values[1], r.Values[2])
	}
}

// asManyFrom is the threshold of [Comparison.asMany].
func (c *Comparison) asManyFrom(i int) string {
	l := c.Result.Pairs[i].AsManyAlerts
	if l.Rows.Total() == 0 {
		return none
	}
	return score(l.Score)
}
