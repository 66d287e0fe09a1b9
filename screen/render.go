package screen

import (
	"fmt"
	"strings"
	"time"

	"github.com/weir-fraud/weir/scoring"
)

// Sizes at which the layout changes.
const (
	wide = 150 // columns from which figures and patterns stand side by side, and an alert beside its reason
	tall = 18  // rows from which there is room for the patterns
)

// Render returns the screen for a state: at most height lines of at most width columns.
func Render(s *State, width, height int, colour bool) []string {
	f := &frame{state: s, width: width, height: height, colour: colour}
	f.header()
	if s.Live {
		f.figures()
		f.alerts()
	} else {
		f.steps()
	}
	f.footer()
	return f.lines[:min(len(f.lines), height)]
}

type frame struct {
	state         *State
	width, height int
	colour        bool
	lines         []string
}

func (f *frame) row(width int) *row { return &row{width: width, colour: f.colour} }

func (f *frame) add(rows ...*row) {
	for _, r := range rows {
		f.lines = append(f.lines, r.String())
	}
}

// left returns how many rows there are above the footer.
func (f *frame) left() int { return f.height - len(f.lines) - len(f.footerRows()) }

func (f *frame) header() {
	r := f.row(f.width).put(bold, " weir demo")
	if f.state.Live {
		r.put(plain, "  "+clock(f.state.Elapsed))
	} else {
		r.put(plain, "  starting")
	}
	right := fmt.Sprintf("%.0f simulated transactions a second, Ctrl-C stops ", f.state.Offered)
	if r.used+len(right)+1 < f.width {
		r.right(dim, f.width, right)
	}
	f.add(r)
}

// steps shows what is done before the live part.
func (f *frame) steps() {
	f.lines = append(f.lines, "")
	for i := range f.state.Steps {
		step := &f.state.Steps[i]
		r := f.row(f.width)
		if step.Over {
			r.put(green, " ✓ ").put(plain, step.words())
		} else {
			r.put(cyan, " ▸ ").put(plain, step.words())
		}
		f.add(r)
		if !step.Over {
			f.add(f.row(f.width).to(3).put(cyan, bar(step.Share, min(60, f.width-5))))
		}
	}
}

// figures shows the counts, and what of the patterns was found, beside or below them.
func (f *frame) figures() {
	patterns := f.height >= tall && len(f.state.Patterns) > 0
	if f.width < wide {
		f.add(f.vitals(f.width)...)
		if patterns {
			f.lines = append(f.lines, "")
			f.add(f.patternsInColumns()...)
		}
		f.lines = append(f.lines, "")
		return
	}
	f.lines = append(f.lines, "")
	vitals, others := f.vitals(f.width/2-2), []*row(nil)
	if patterns {
		others = f.patternsAsList(f.width - f.width/2 - 2)
	}
	for i := range max(len(vitals), len(others)) {
		r := f.row(f.width / 2)
		if i < len(vitals) {
			r = vitals[i]
		}
		r.width = f.width // the rest of the line is the other column's
		line := r.to(f.width/2 + 2).text.String()
		if i < len(others) {
			line += others[i].String()
		}
		f.lines = append(f.lines, strings.TrimRight(line, " "))
	}
	f.lines = append(f.lines, "")
}

// chartAt is the column at which the charts begin.
const chartAt = 25

func (f *frame) vitals(width int) []*row {
	s := f.state
	rate := f.row(width).put(dim, " Rate").right(bold, 19, grouped(s.rate())).put(dim, " /s").to(chartAt).
		put(cyan, sparkline(s.Rates, width-chartAt-1, 1.5*s.Offered))
	var last float64
	if len(s.Slowest) > 0 {
		last = s.Slowest[len(s.Slowest)-1]
	}
	slowest := f.row(width).put(dim, " Latency p99").right(bold, 22, millis(last)).to(chartAt).
		put(cyan, sparkline(s.Slowest, width-chartAt-1, 0))
	quantiles := f.row(width).put(dim, " now, 10 s").right(plain, 22, "p50 "+millis(s.Now.P50)).put(plain, "  p99 "+millis(s.Now.P99)).
		put(dim, "   since start  ").put(plain, "p50 "+millis(s.Overall.P50)+"  p99 "+millis(s.Overall.P99))
	counts := f.row(width).put(dim, " Decided").right(bold, 22, grouped(s.Decided)).put(dim, "   Alerts ").put(bold, grouped(s.Alerts)).
		put(plain, "  "+percent(s.Alerts, s.Decided, 2)).put(dim, "   Dead letters ").put(f.unlessZero(s.DeadLetters), grouped(s.DeadLetters))
	return []*row{rate, slowest, quantiles, counts}
}

func (f *frame) unlessZero(n int64) style {
	if n > 0 {
		return yellow
	}
	return bold
}

// truth sums up what only a simulation can know.
func (f *frame) truth(width int) *row {
	frauds, found := f.state.frauds()
	return f.row(width).put(dim, " Frauds found ").put(bold, percent(found, frauds, 0)).put(plain, fmt.Sprintf("  %s of %s", grouped(found), grouped(frauds))).
		put(dim, "   Alerts that are fraud ").put(bold, percent(found, f.state.Alerts, 0))
}

func (f *frame) pattern(r *row, at int, p *Pattern, barWidth int) {
	r.to(at).put(plain, " "+name(p.Name)).right(plain, at+31, fmt.Sprintf("%s of %s", grouped(p.Found), grouped(p.Frauds))).put(plain, " ")
	share := 0.0
	if p.Frauds > 0 {
		share = float64(p.Found) / float64(p.Frauds)
	}
	r.put(cyan, bar(share, barWidth))
}

func (f *frame) patternsAsList(width int) []*row {
	rows := []*row{f.truth(width)}
	for i := range f.state.Patterns {
		p := &f.state.Patterns[i]
		r := f.row(width)
		f.pattern(r, 0, p, min(width-40, 36))
		rows = append(rows, r.right(dim, width-1, percent(p.Found, p.Frauds, 0)))
	}
	return rows
}

func (f *frame) patternsInColumns() []*row {
	rows := []*row{f.truth(f.width)}
	n, half := len(f.state.Patterns), f.width/2
	for i := range (n + 1) / 2 {
		r := f.row(f.width)
		f.pattern(r, 0, &f.state.Patterns[i], half-34)
		if other := i + (n+1)/2; other < n {
			f.pattern(r, half, &f.state.Patterns[other], half-34)
		}
		rows = append(rows, r)
	}
	return rows
}

// alerts fills what is left with the newest ones.
func (f *frame) alerts() {
	if f.left() < 3 {
		return
	}
	f.add(f.row(f.width).put(dim, " Latest alerts   ").put(green, "●").put(dim, " fraud  ").put(yellow, "○").put(dim, " false alarm"))
	for i := range f.state.Recent {
		rows := f.alert(&f.state.Recent[i])
		if len(rows) > f.left() {
			return
		}
		f.add(rows...)
	}
}

// alert shows what happened, and beside or below it why that is an alert.
func (f *frame) alert(a *Alert) []*row {
	first := f.row(f.width)
	if a.Fraud {
		first.put(green, " ● ")
	} else {
		first.put(yellow, " ○ ")
	}
	first.put(dim, a.Timestamp.Std().In(f.state.Time.Location()).Format(time.TimeOnly)+" ").put(severity(a.Severity), fmt.Sprintf("%-6s", a.Severity)).
		put(plain, fmt.Sprintf(" %.2f %-8s ", a.Score, a.action())).put(bold, cut(a.AccountID, 12)).put(plain, "  ").right(plain, 55, a.amount()).put(plain, "  ")
	at, where := 6, f.width-1-first.used
	if f.width >= wide {
		at, where = 80, 21
	}
	first.put(plain, cut(a.where(), where))
	reasons := wrap(a.reason(), f.width-at-1, 2)
	rows := []*row{first}
	if f.width >= wide {
		first.to(at).put(dim, reasons[0])
		reasons = reasons[1:]
	}
	for _, text := range reasons {
		rows = append(rows, f.row(f.width).to(at).put(dim, text))
	}
	return rows
}

func severity(s scoring.Severity) style {
	switch s {
	case scoring.High:
		return red
	case scoring.Medium:
		return yellow
	}
	return plain
}

// cut shortens text to so many runes.
func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:max(0, most-1)]) + "…"
	}
	return text
}

// footer fills the screen and ends it with the log's last lines, or what the live part began with.
func (f *frame) footer() {
	rows := f.footerRows()
	for len(f.lines) < f.height-len(rows) {
		f.lines = append(f.lines, "")
	}
	f.lines = f.lines[:max(0, f.height-len(rows))]
	f.add(rows...)
}

func (f *frame) footerRows() []*row {
	if f.height < 10 {
		return nil
	}
	var rows []*row
	if f.height >= 30 {
		rows = append(rows, f.row(f.width))
	}
	if f.state.Review != "" {
		rows = append(rows, f.row(f.width).put(bold, " Review alerts: "+f.state.Review))
	}
	log := f.state.Log
	for _, line := range log[max(0, len(log)-f.height/12):] {
		rows = append(rows, f.row(f.width).put(yellow, " "+line))
	}
	if len(log) == 0 && f.state.Live && len(f.state.Steps) > 0 {
		last := &f.state.Steps[len(f.state.Steps)-1]
		r := f.row(f.width).put(dim, " "+last.words())
		if broker := "Kafka clients: " + f.state.Broker + " "; r.used+len(broker)+2 < f.width {
			r.right(dim, f.width, broker)
		}
		rows = append(rows, r)
	}
	return rows
}
