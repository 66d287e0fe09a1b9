package cases

import (
	"errors"
	"fmt"

	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

// The reasons why a step is refused. Nothing has changed then.
var (
	ErrClaimed = errors.New("somebody else works on it")
	ErrClosed  = errors.New("it is closed")
	ErrOpen    = errors.New("it is not closed")
	ErrVerdict = errors.New("a case is closed as fraud, legitimate or unsure")
	ErrPast    = errors.New("the time lies in the past")
)

// OwnedBy returns who has claimed the case and still holds it, "" for nobody: a claim ends by itself.
func (c *Case) OwnedBy(now payment.Time) string {
	if c.State == InReview && now < c.OwnedUntil {
		return c.Owner
	}
	return ""
}

// mayWork holds that the case is open and nobody else's.
func (c *Case) mayWork(by string, now payment.Time) error {
	if c.State == Closed {
		return fmt.Errorf("%w: %s closed it as %v", ErrClosed, c.ClosedBy, c.Disposition)
	}
	if owner := c.OwnedBy(now); owner != "" && owner != by {
		return fmt.Errorf("%w: %s until %v", ErrClaimed, owner, c.OwnedUntil)
	}
	return nil
}

// Claim gives the case to a person until then. Who has it already extends the claim.
func (c *Case) Claim(by string, now, until payment.Time) error {
	if err := c.mayWork(by, now); err != nil {
		return err
	}
	if until <= now {
		return fmt.Errorf("%w: %v", ErrPast, until)
	}
	c.State, c.Owner, c.OwnedUntil, c.SnoozedUntil, c.Fresh = InReview, by, until, 0, 0
	c.Version++
	return nil
}

// Release gives a claimed case back.
func (c *Case) Release(by string, now payment.Time) error {
	if err := c.mayWork(by, now); err != nil {
		return err
	}
	c.free()
	c.Version++
	return nil
}

func (c *Case) free() { c.State, c.Owner, c.OwnedUntil = New, "", 0 }

// Snooze hides the case until then, or until an alert joins it.
func (c *Case) Snooze(by string, now, until payment.Time) error {
	if err := c.mayWork(by, now); err != nil {
		return err
	}
	if until <= now {
		return fmt.Errorf("%w: %v", ErrPast, until)
	}
	c.free()
	c.SnoozedUntil = until
	c.Version++
	return nil
}

// Dispose closes the case. It need not be claimed, only not by somebody else.
func (c *Case) Dispose(by string, now payment.Time, verdict feedback.Verdict) error {
	if err := c.mayWork(by, now); err != nil {
		return err
	}
	switch verdict {
	case feedback.Fraud, feedback.Legitimate, feedback.Unsure:
	default:
		return ErrVerdict
	}
	c.free()
	c.State, c.Disposition, c.ClosedBy, c.ClosedAt, c.SnoozedUntil, c.Fresh = Closed, verdict, by, now, 0, 0
	c.Version++
	return nil
}

// Held is what a disposition ends besides: whose the case was, until when it was hidden, and what nobody had looked at.
type Held struct {
	Owner        string       `json:"o,omitempty"`
	OwnedUntil   payment.Time `json:"u,omitempty"`
	SnoozedUntil payment.Time `json:"s,omitempty"`
	Fresh        int          `json:"f,omitempty"`
}

// Held returns what a disposition at that time would end.
func (c *Case) Held(now payment.Time) Held {
	h := Held{Owner: c.OwnedBy(now), SnoozedUntil: c.SnoozedUntil, Fresh: c.Fresh}
	if h.Owner != "" {
		h.OwnedUntil = c.OwnedUntil
	}
	return h
}

// Undo makes of a disposed case what it was before. A claim comes back to who had it and undoes, and to nobody else.
func (c *Case) Undo(by string, now payment.Time, was Held) error {
	if c.State != Closed {
		return ErrOpen
	}
	c.free()
	if was.Owner == by && was.OwnedUntil > now {
		c.State, c.Owner, c.OwnedUntil = InReview, by, was.OwnedUntil
	}
	c.SnoozedUntil, c.Fresh = max(was.SnoozedUntil, 0), min(max(was.Fresh, 0), c.Alerts)
	c.Disposition, c.ClosedBy, c.ClosedAt = 0, "", 0
	c.Version++
	return nil
}

// Reopen takes a disposition back. The case is then the person's who did so, until then.
func (c *Case) Reopen(by string, now, until payment.Time) error {
	if c.State != Closed {
		return ErrOpen
	}
	if until <= now {
		return fmt.Errorf("%w: %v", ErrPast, until)
	}
	c.State, c.Owner, c.OwnedUntil = InReview, by, until
	c.Disposition, c.ClosedBy, c.ClosedAt = 0, "", 0
	c.Version++
	return nil
}
