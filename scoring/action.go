package scoring

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
