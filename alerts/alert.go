package alerts

import (
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// Alert is the event on a payment that was not approved. It is complete in itself: who reviews it needs neither the
// stream nor the account's state.
//
// It has the same form where it is made and where it is read, but for Schema, which has no hashes after decoding.
type Alert struct {
	ID            string           // see [ID]
	Timestamp     payment.Time     // when the alert was made: the one field that differs in a replay
	TransactionID string           // unique within the account
	AccountID     string           //
	Reason        string           // the title of the first of Reasons
	Action        scoring.Action   // review or decline
	Score         float64          // of the model, 0 to 1; NaN where there is none
	Model         string           // the model's id
	Severity      scoring.Severity // how pressing it is
	MoneyAtRisk   float64          // what stands to be lost, in units of the reporting currency; NaN where it is not known
	Reasons       []Reason         // the most telling first, at least one
	Marks         []string         // the marks of the transaction, and
	Entities      []Entity         // its keys: what a label event about it has to repeat

	Schema *features.Schema // the names of Vector's values, in order; nil where there are none
	Vector features.Vector  // what the model was given; a missing value is NaN

	Transaction *payment.Transaction
	History     []features.Retained // the account's events before this one, oldest first
}

// Entity is the transaction's key of one entity, such as its merchant's name.
type Entity struct{ Name, Key string }

// New returns a with its Reason, unless it has one: the title of the first of a.Reasons. It keeps what a points to.
func New(a Alert) *Alert {
	if len(a.Reasons) > 0 && a.Reason == "" {
		a.Reason = a.Reasons[0].Title
	}
	return &a
}

// actions holds the wording of the actions on the wire.
var actions = [...]struct {
	action scoring.Action
	text   string
}{
	{scoring.Review, "Flagged for review"},
	{scoring.Decline, "Declined"},
}

func actionText(action scoring.Action) string {
	for _, a := range actions {
		if a.action == action {
			return a.text
		}
	}
	return action.String() // an approval, of which no alert is made
}

func parseAction(text string) (scoring.Action, bool) {
	for _, a := range actions {
		if a.text == text {
			return a.action, true
		}
	}
	return 0, false
}
