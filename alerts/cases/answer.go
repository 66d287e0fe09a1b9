package cases

import (
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// Answered takes in what the account holder says of an alert of the case: who works on the case has to see it before they
// decide. It wakes a case that is snoozed, and a fraud makes it one of the most severe. Of a case that is closed nothing
// changes: its disposition is a person's to take back.
func (c *Case) Answered(verdict feedback.Verdict, now payment.Time) {
	c.Version++
	if c.State == Closed {
		return
	}
	c.SnoozedUntil = 0
	if verdict == feedback.Fraud {
		c.Severity = scoring.High
		c.Touched = max(c.Touched, now)
	}
}
