package features

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/weir-fraud/weir/payment"
)

// Layout is everything that shapes the state of an account, and so decides what a stored value means. Two workers
// with equal layouts that read the same log hold the same state; a different layout is a different namespace.
type Layout struct {
	LongestWindow time.Duration     // how far back a feature may look
	Lateness      time.Duration     // how far behind its account's newest event an event may be and still see whole windows
	Dedupe        time.Duration     // how long a transaction id is remembered, at most the horizon
	MaxFuture     time.Duration     // how far an event time may be ahead of its record's own
	EventBudget   int               // how many events of an account are kept before the oldest are bundled, 0 for all
	Currency      string            // the reporting currency of amount aggregates
	Rates         map[string]string // reporting-currency units for one unit of each other currency, as decimal text
}

// DefaultLayout returns the layout of the shipped configuration.
func DefaultLayout() Layout {
	return Layout{
		LongestWindow: 30 * day,
		Lateness:      time.Hour,
		Dedupe:        7 * day,
		MaxFuture:     time.Hour,
		EventBudget:   1008,
		Currency:      "USD",
	}
}

// Horizon returns how far behind its account's newest event an event is kept.
func (l *Layout) Horizon() time.Duration { return l.LongestWindow + l.Lateness }

// Idle returns how far an account's newest event must be behind its partition's watermark for the account to be
// forgotten. By then an event would have to be later than the allowed lateness to find anything inside its horizon,
// so that an account which is forgotten and one that never was are told apart by late events only, and those meet
// the same rule in every replay: it reads the log's own watermark, never a clock.
func (l *Layout) Idle() time.Duration { return l.Horizon() + l.Lateness + l.MaxFuture }

// The event budgets that there can be. The least leaves a bundle for each tile, of which a horizon of 400 days has at
// most 148, and 50 events for an alert's history.
const (
	minEventBudget = 512
	maxEventBudget = 1 << 16
)

// Validate reports the first thing wrong with the layout.
func (l *Layout) Validate() error {
	switch {
	case l.LongestWindow < time.Minute || l.LongestWindow > 400*day:
		return fmt.Errorf("longest window is %v: it must be between 1m and 400 days", l.LongestWindow)
	case l.Lateness < 0 || l.Lateness > l.LongestWindow:
		return fmt.Errorf("lateness is %v: it must be between 0 and the longest window (%v)", l.Lateness, l.LongestWindow)
	case l.Dedupe <= 0 || l.Dedupe > l.Horizon():
		return fmt.Errorf("dedupe is %v: it must be above 0 and at most the horizon (%v)", l.Dedupe, l.Horizon())
	case l.MaxFuture < 0 || l.MaxFuture > 400*day:
		return fmt.Errorf("max future is %v: it must be between 0 and 400 days", l.MaxFuture)
	case l.EventBudget != 0 && (l.EventBudget < minEventBudget || l.EventBudget > maxEventBudget):
		return fmt.Errorf("event budget is %d: it must be 0 or between %d and %d", l.EventBudget, minEventBudget, maxEventBudget)
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"longest window", l.LongestWindow}, {"lateness", l.Lateness}, {"dedupe", l.Dedupe}, {"max future", l.MaxFuture}} {
		if d.value%time.Millisecond != 0 {
			return fmt.Errorf("%s is %v: it must be whole milliseconds, as event times are", d.name, d.value)
		}
	}
	_, err := newRates(l.Currency, l.Rates)
	return err
}

// describe returns the text that stands for the layout in the hash of a set's state. It covers the version of the value
// encoding too.
func (l *Layout) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "weir layout v%d window=%d lateness=%d dedupe=%d future=%d budget=%d currency=%s", encodingVersion,
		l.LongestWindow.Milliseconds(), l.Lateness.Milliseconds(), l.Dedupe.Milliseconds(), l.MaxFuture.Milliseconds(),
		l.EventBudget, l.Currency)
	for _, c := range slices.Sorted(maps.Keys(l.Rates)) {
		fmt.Fprintf(&b, " %s=%s", c, l.Rates[c])
	}
	return b.String()
}

// ErrFuture is the rejection of a transaction whose event time is ahead of its record's by more than MaxFuture: it
// would push the account's newest event, and with it everything inside the horizon, out of sight.
var ErrFuture = errors.New("timestamp is ahead of the record's own by more than max_future")

// CheckFuture returns ErrFuture, or nil. recorded is the record's own time.
func (l *Layout) CheckFuture(event, recorded payment.Time) error {
	if event > recorded.Add(l.MaxFuture) {
		return ErrFuture
	}
	return nil
}
