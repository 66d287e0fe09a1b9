package report

import (
	"slices"
	"strings"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/policy"
)

// Report is what a replay found.
type Report struct {
	Inputs []string // names of the files
	Counts Counts
	Took   time.Duration // shown in text and JSON; the page is the same however long it took

	// All below is zero where nothing was scored.
	Model    *scoring.Manifest
	Policy   Policy
	Result   *evaluation.Result
	Currency payment.Currency // of the amounts of money
	Alerts   TopAlerts
}

// Policy is what a report says of the policy: the thresholds of its last segment, and how much besides them decides.
type Policy struct {
	Version         string
	Review, Decline float64
	Segments, Rules int // rules that are on count, and so do lists
}

// besides says what decides besides the thresholds of the last segment, "" for nothing.
func (p *Policy) besides() string {
	var parts []string
	if p.Segments > 1 {
		parts = append(parts, counted(p.Segments-1, "other segment"))
	}
	if p.Rules > 0 {
		parts = append(parts, "rules and lists: "+count(p.Rules))
	}
	return strings.Join(parts, ", ")
}

// PolicyOf returns what a report says of a policy.
func PolicyOf(p *policy.Policy) Policy {
	b := p.Default()
	shown := Policy{Version: p.Version(), Review: b.Review, Decline: b.Decline, Segments: len(p.Segments()), Rules: len(p.Lists())}
	for _, r := range p.Rules() {
		if r.Mode == policy.On {
			shown.Rules++
		}
	}
	return shown
}

// Counts says what became of the rows.
type Counts struct {
	Rows        int64  // that are transactions
	Rejected    int64  // that are not,
	RejectedFor string // and why, in words
	Fresh       int64  // transactions seen for the first time
	Duplicates  int64
	Conflicts   int64
	Late        int64 // of the fresh ones
	WarmUp      int64 // of the fresh ones, those that are in no figure but here
	Accounts    int
	Labels      evaluation.ByLabel // of the fresh ones without the warm-up
}

// Alert is an alert with what is known of its transaction.
type Alert struct {
	*alerts.Alert
	Label   history.Label
	Pattern string
}

// TopAlerts are the alerts with the highest scores, highest first; of equal scores the first come first. Each account
// is among them once, with its highest: a card that is being tested would fill the list.
type TopAlerts struct {
	Limit int
	List  []Alert
}

// Add takes in the alert that was made next, and keeps it if it belongs among the first Limit.
func (t *TopAlerts) Add(a Alert) {
	if have := slices.IndexFunc(t.List, func(have Alert) bool { return have.AccountID == a.AccountID }); have >= 0 {
		if t.List[have].Score >= a.Score {
			return
		}
		t.List = slices.Delete(t.List, have, have+1)
	}
	at, _ := slices.BinarySearchFunc(t.List, a, func(have, a Alert) int {
		if have.Score >= a.Score {
			return -1
		}
		return 1
	})
	if at >= t.Limit {
		return
	}
	a.Pattern = strings.Clone(a.Pattern) // it may be a view into a block of input
	t.List = slices.Insert(t.List, at, a)
	t.List = t.List[:min(len(t.List), t.Limit)]
}

// overlap reports whether the model saw some of the period when it was made, and until when.
func (r *Report) overlap() (until time.Time, yes bool) { return overlap(r.Model, r.Result) }

func overlap(m *scoring.Manifest, r *evaluation.Result) (until time.Time, yes bool) {
	until = m.Training.To
	if v := m.Validation; v != nil && v.To.After(until) {
		until = v.To
	}
	return until, !r.From.Std().After(until) && !r.To.Std().Before(m.Training.From)
}
