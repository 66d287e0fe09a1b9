package report

import (
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/payment"
)

// scoreTicks are the probabilities that a log-odds axis may name, the most telling first.
var scoreTicks = []struct {
	p    float64
	text string
}{
	{0.5, "0.5"}, {0.01, "0.01"}, {0.99, "0.99"}, {0.1, "0.1"}, {0.9, "0.9"}, {1e-4, "10⁻⁴"}, {1 - 1e-4, "1−10⁻⁴"},
	{0.001, "0.001"}, {0.999, "0.999"}, {1e-6, "10⁻⁶"}, {1 - 1e-6, "1−10⁻⁶"}, {1e-8, "10⁻⁸"}, {1e-5, "10⁻⁵"}, {1e-7, "10⁻⁷"},
}

// tick is a value on an axis with its name.
type tick struct {
	at   float64 // pixel
	text string
	wide bool // left out where the page is narrow
}

// logOddsTicks returns the ticks of a scale of log-odds that keep a distance in pixels. Those that stay where the page is
// narrow keep more.
func logOddsTicks(s scale, distance float64) []tick {
	var ticks []tick
	place := func(distance float64, wide bool) {
		for _, t := range scoreTicks {
			x := evaluation.LogOdds(t.p)
			at := s.at(x)
			near := func(u tick) bool { return math.Abs(u.at-at) < distance }
			if x >= s.from && x <= s.to && !slices.ContainsFunc(ticks, near) {
				ticks = append(ticks, tick{at, t.text, wide})
			}
		}
	}
	place(1.6*distance, false)
	place(distance, true)
	return ticks
}

// xAxis draws vertical grid lines with their names below.
func (p *picture) xAxis(f frame, ticks []tick, title string) {
	for _, t := range ticks {
		class := "tick"
		if t.wide {
			class = "tick wide"
		}
		p.line("grid", t.at, f.top, t.at, f.bottom)
		p.text(class, "middle", t.at, f.bottom+18, t.text)
	}
	p.line("axis", f.left, f.bottom, f.right, f.bottom)
	if title != "" {
		p.text("title", "end", f.right, f.bottom+37, title)
	}
}

// yAxis draws horizontal grid lines with their names to the left, and the title above them.
func (p *picture) yAxis(f frame, ticks []tick, title string) {
	for _, t := range ticks {
		class := "tick"
		if utf8.RuneCountInString(t.text) > 5 {
			class = "tick wide"
		}
		p.line("grid", f.left, t.at, f.right, t.at)
		p.text(class, "end", f.left-8, t.at+4, t.text)
	}
	if title != "" {
		p.text("title", "start", 0, f.top-12, title)
	}
}

// ticksOf returns a tick for each value.
func ticksOf(s scale, values []float64, text func(float64) string) []tick {
	var ticks []tick
	for _, v := range values {
		ticks = append(ticks, tick{at: s.at(v), text: text(v)})
	}
	return ticks
}

func percent(x float64) string { return strconv.FormatFloat(math.Round(1e6*x)/1e4, 'f', -1, 64) + " %" }

// timeTicks returns round dates from the first day to the last, at most n.
func timeTicks(s scale, n int) []tick {
	from, to := payment.Time(s.from).Std(), payment.Time(s.to).Std()
	for _, every := range []struct {
		first func(time.Time) time.Time
		next  func(time.Time) time.Time
		text  string
	}{
		{midnight, days(1), "2 Jan"},
		{monday, days(7), "2 Jan"},
		{monthStart(1), months(1), "Jan 2006"},
		{monthStart(3), months(3), "Jan 2006"},
		{monthStart(12), months(12), "2006"},
		{monthStart(60), months(60), "2006"},
		{monthStart(240), months(240), "2006"},
	} {
		var ticks []tick
		t := every.first(from)
		for ; !t.After(to) && len(ticks) <= n; t = every.next(t) {
			if !t.Before(from) {
				ticks = append(ticks, tick{at: s.at(float64(payment.TimeOf(t))), text: t.Format(every.text)})
			}
		}
		if len(ticks) <= n {
			return ticks
		}
	}
	return nil
}

func midnight(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }

func monday(t time.Time) time.Time {
	t = midnight(t)
	return t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
}

// monthStart returns the start of t's group of n months, counted from year 0.
func monthStart(n int) func(time.Time) time.Time {
	return func(t time.Time) time.Time {
		m := t.Year()*12 + int(t.Month()) - 1
		m -= m % n
		return time.Date(m/12, time.Month(m%12+1), 1, 0, 0, 0, 0, time.UTC)
	}
}

func days(n int) func(time.Time) time.Time {
	return func(t time.Time) time.Time { return t.AddDate(0, 0, n) }
}

func months(n int) func(time.Time) time.Time {
	return func(t time.Time) time.Time { return t.AddDate(0, n, 0) }
}
