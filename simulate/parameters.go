package simulate

import (
	"errors"
	"fmt"
	"time"
)

// duration lets patterns name their times.
type duration = time.Duration

const (
	second = time.Second
	minute = time.Minute
	hour   = time.Hour
	day    = 24 * time.Hour
)

// Schedule says how much of a pattern there is, and when.
type Schedule struct {
	Share float64       `yaml:"share" doc:"of all transactions, while the pattern runs"`
	From  time.Duration `yaml:"from" doc:"when the pattern begins, counted from the stream's start"`
	Until time.Duration `yaml:"until" doc:"when it ends, and what is under way breaks off; 0s is never"`
}

func (s Schedule) schedule() Schedule { return s }

func (s Schedule) validate() error {
	var p problems
	p.check(s.Share >= 0 && s.Share <= maxFraud, "share", "is %v: it must be 0 to %v", s.Share, maxFraud)
	p.check(s.From >= 0, "from", "is %v: it must not be negative", s.From)
	p.check(s.Until == 0 || s.Until > s.From, "until", "is %v, from %v: it must be later, or 0 for no end", s.Until, s.From)
	return p.err()
}

// Count is a whole number drawn evenly from Min to Max, both included.
type Count struct{ Min, Max int }

// Span is a time drawn evenly between Min and Max.
type Span struct{ Min, Max time.Duration }

// Interval is a number drawn evenly between Min and Max: money in major units, a factor, or a distance.
type Interval struct{ Min, Max float64 }

func (c Count) draw(r *rng) int { return c.Min + r.intn(c.Max-c.Min+1) }
func (c Count) mean() float64   { return float64(c.Min+c.Max) / 2 }
func (s Span) draw(r *rng) time.Duration {
	return s.Min + time.Duration(r.float()*float64(s.Max-s.Min))
}
func (v Interval) draw(r *rng) float64     { return r.between(v.Min, v.Max) }
func (c Count) valid(least, most int) bool { return least <= c.Min && c.Min <= c.Max && c.Max <= most }
func (s Span) valid() bool                 { return 0 <= s.Min && s.Min <= s.Max && s.Max <= 365*24*time.Hour }
func (v Interval) valid(least, most float64) bool {
	return least <= v.Min && v.Min <= v.Max && v.Max <= most
}

// limits of money, factors and numbers of transactions in the patterns' parameters.
const (
	minMoney = 0.5
	maxMoney = 20_000
	maxSteps = 1000
)

// problems collects the errors of parameters.
type problems []error

// check notes that the named parameter is wrong, unless ok.
func (p *problems) check(ok bool, name, format string, args ...any) {
	if !ok {
		*p = append(*p, fmt.Errorf("%s %s", name, fmt.Sprintf(format, args...)))
	}
}

func (p *problems) count(name string, c Count, least int) {
	p.check(c.valid(least, maxSteps), name, "is %d to %d: it must ascend within %d to %d", c.Min, c.Max, least, maxSteps)
}

func (p *problems) span(name string, s Span) {
	p.check(s.valid(), name, "is %v to %v: it must ascend within 0 to a year", s.Min, s.Max)
}

func (p *problems) interval(name string, v Interval, least, most float64) {
	p.check(v.valid(least, most), name, "is %v to %v: it must ascend within %v to %v", v.Min, v.Max, least, most)
}

func (p *problems) money(name string, v Interval)  { p.interval(name, v, minMoney, maxMoney) }
func (p *problems) share(name string, f float64)   { p.interval(name, Interval{f, f}, 0, 1) }
func (p *problems) factor(name string, v Interval) { p.interval(name, v, 0.01, 100) }
func (p *problems) err() error                     { return errors.Join(*p...) }
