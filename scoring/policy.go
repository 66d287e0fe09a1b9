package scoring

import (
	"fmt"
	"math"
)

// Policy turns a score into an action by two thresholds. The zero Policy is not valid.
type Policy struct {
	Version string  // stands in every decision, such as 2026-11-24.1
	Review  float64 // a score at or above it is reviewed; 0 … 1
	Decline float64 // a score at or above it is declined; Review … 1, above 0, or [Never]
}

// Never is the threshold that no score reaches.
func Never() float64 { return math.Inf(1) }

// Validate checks the version and the thresholds.
func (p Policy) Validate() error {
	if p.Version == "" {
		return fmt.Errorf("policy: the version is missing; name one, such as 2026-11-24.1")
	}
	if err := p.validateThresholds(); err != nil {
		return fmt.Errorf("policy %s: %w", p.Version, err)
	}
	return nil
}

func (p Policy) validateThresholds() error {
	switch {
	case !(p.Review >= 0 && p.Review <= 1):
		return fmt.Errorf("review is %v; give a probability from 0 to 1", p.Review)
	case !(p.Decline > 0 && p.Decline <= 1) && p.Decline != Never():
		return fmt.Errorf("decline is %v; give a probability above 0 and up to 1, or leave it out to never decline", p.Decline)
	case p.Decline < p.Review:
		return fmt.Errorf("decline is %v, below review, %v; raise decline or lower review", p.Decline, p.Review)
	}
	return nil
}

// Decide returns the action for a score.
func (p Policy) Decide(score float64) Action {
	switch {
	case score >= p.Decline:
		return Decline
	case score >= p.Review:
		return Review
	}
	return Approve
}

// Severity grades a decision for the order of the analysts' work: high when it declines, otherwise by where the score
// lies between the review threshold and 1: high in the upper third, medium in the middle third, low below that.
func (p Policy) Severity(a Action, score float64) Severity {
	third := (1 - p.Review) / 3
	switch {
	case a == Decline || score >= 1-third:
		return High
	case score >= 1-2*third:
		return Medium
	}
	return Low
}

// Action is what to do with a transaction. Greater is stricter.
type Action uint8

// The actions.
const (
	Approve Action = iota
	Review
	Decline
)

var actionNames = [...]string{Approve: "approve", Review: "review", Decline: "decline"}

// String returns the action's name on the wire.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return "unknown"
}

// NumActions is how many actions there are, the length of an array indexed by Action.
const NumActions = len(actionNames)

// Actions returns all actions there are.
func Actions() []Action {
	all := make([]Action, NumActions)
	for i := range all {
		all[i] = Action(i)
	}
	return all
}

// ParseAction returns the Action with the given wire name.
func ParseAction(s string) (Action, bool) {
	for a, name := range actionNames {
		if s == name {
			return Action(a), true
		}
	}
	return 0, false
}

// Severity is how pressing an alert is. Greater is more pressing.
type Severity uint8

// The severities.
const (
	Low Severity = iota
	Medium
	High
)

var severityNames = [...]string{Low: "low", Medium: "medium", High: "high"}

// String returns the severity's name on the wire.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return "unknown"
}

// ParseSeverity returns the Severity with the given wire name.
func ParseSeverity(s string) (Severity, bool) {
	for v, name := range severityNames {
		if s == name {
			return Severity(v), true
		}
	}
	return 0, false
}
