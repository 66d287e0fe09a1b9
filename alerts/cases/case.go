package cases

import (
	"time"

	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// Case is what one person decides at once. The zero Case is not a legal one; [Open] makes one.
type Case struct {
	ID        int64
	AccountID string
	State     State

	Alerts   int              // how many joined it
	Severity scoring.Severity // the highest of its alerts, and one step more for a hit on a case that was being looked at
	Score    float64          // the highest of its alerts
	AtRisk   float64          // money, the sum over its alerts, in units of the reporting currency
	Reason   string           // of the alert with the highest score
	Oldest   payment.Time     // event time of its oldest alert, and
	Newest   payment.Time     // of its newest
	Touched  payment.Time     // when the last alert joined: what orders equally pressing cases
	Fresh    int              // alerts that joined since somebody claimed it or decided

	Owner        string       // who claimed it, while it is in review
	OwnedUntil   payment.Time // when the claim ends by itself
	SnoozedUntil payment.Time // not shown before, unless an alert joins; 0 for not snoozed

	Disposition feedback.Verdict // once closed
	ClosedBy    string
	ClosedAt    payment.Time

	Version int64 // how often it changed: who changes it says which version they saw
}

// State is where a case is in its life.
type State uint8

// The states. The zero State is not a legal one.
const (
	New      State = iota + 1 // nobody looks at it
	InReview                  // claimed
	Closed                    // decided
)

var states = [...]string{New: "open", InReview: "in_review", Closed: "closed"}

// String returns the state's name in the API.
func (s State) String() string {
	if s == 0 || int(s) >= len(states) {
		return "unknown"
	}
	return states[s]
}

// ParseState returns the State with the given name.
func ParseState(name string) (State, bool) {
	for s := New; int(s) < len(states); s++ {
		if states[s] == name {
			return s, true
		}
	}
	return 0, false
}

// Hit is what a case has to know of an alert that joins it.
type Hit struct {
	AccountID string
	EventTime payment.Time // of the transaction
	MadeAt    payment.Time // of the alert
	Severity  scoring.Severity
	Score     float64 // 0 where there is none
	AtRisk    float64 // 0 where it is not known
	Reason    string
}

// Window is how far an alert may be from the alerts of a case, in event time, to join it.
type Window time.Duration

// Admits reports whether an alert joins the case. A case that is decided takes in nothing: what comes after is not what was
// decided on. Nor does one that has been silent for longer than the window, where a new hit would drown.
func (w Window) Admits(c *Case, h *Hit) bool {
	d := time.Duration(w)
	return c.State != Closed && c.AccountID == h.AccountID && h.EventTime >= c.Oldest.Add(-d) && h.EventTime <= c.Newest.Add(d)
}

// Open returns a new case of one alert.
func Open(h *Hit) Case {
	c := Case{AccountID: h.AccountID, State: New, Oldest: h.EventTime, Newest: h.EventTime}
	c.add(h)
	return c
}

// Join takes in one more alert: it is shown, wakes a case that was snoozed, and raises the severity.
func (c *Case) Join(h *Hit) {
	c.add(h)
	c.Oldest, c.Newest = min(c.Oldest, h.EventTime), max(c.Newest, h.EventTime)
	c.SnoozedUntil = 0
	if c.Severity < scoring.High {
		c.Severity++ // it goes on
	}
}

func (c *Case) add(h *Hit) {
	if c.Alerts == 0 || h.Score > c.Score {
		c.Score, c.Reason = h.Score, h.Reason
	}
	c.Alerts++
	c.Fresh++
	c.AtRisk += h.AtRisk
	c.Severity = max(c.Severity, h.Severity)
	c.Touched = max(c.Touched, h.MadeAt)
	c.Version++
}
