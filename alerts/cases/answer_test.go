package cases_test

import (
	"testing"

	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/scoring"
)

func TestAnswerOfTheAccountHolder(t *testing.T) {
	c := cases.Open(hit(day, scoring.Low, .5))
	if err := c.Snooze("ann", day, 9*day); err != nil {
		t.Fatal(err)
	}
	before := c
	c.Answered(feedback.Legitimate, 2*day)
	if c.SnoozedUntil != 0 || c.Severity != scoring.Low || c.Touched != before.Touched || c.Version != before.Version+1 {
		t.Errorf("their own: %+v", c)
	}
	c.Answered(feedback.Fraud, 3*day)
	if c.Severity != scoring.High || c.Touched != 3*day || c.State != cases.New {
		t.Errorf("not their own: %+v", c)
	}
	if err := c.Dispose("ann", 4*day, feedback.Legitimate); err != nil {
		t.Fatal(err)
	}
	closed := c
	c.Answered(feedback.Fraud, 5*day)
	if closed.Version++; c != closed {
		t.Errorf("a closed case\n%+v\nbecame\n%+v", closed, c)
	}
}
