package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

// ErrAnswered is why an answer is refused: there is another one.
var ErrAnswered = errors.New("the question was answered otherwise before")

// Reply is the answer of an account holder to a question about an alert.
type Reply struct {
	AlertID string
	At      payment.Time
	Actor   string // for the audit
	Detail  string

	// Apply changes the alert's case, and returns the label that follows, whose ID is the same for all answers about the
	// alert. It must not do anything else: it may be called again.
	Apply func(c *cases.Case, a *AlertRow) (feedback.Label, error)
}

// Answer takes an answer: the label, its place in the outbox, the case and a line in the audit are one transaction. An answer
// that is there already changes nothing. It returns the case as it is then.
func (d *DB) Answer(ctx context.Context, r Reply) (c cases.Case, err error) {
	err = d.change(ctx, func(t *tx) error {
		c = cases.Case{}
		var a AlertRow
		err := scanAlert(t.row(ctx, `SELECT `+alertColumns+` FROM alerts WHERE alert_id = ?`, r.AlertID), &a)
		if err != nil {
			return unknown(err, "alert "+r.AlertID)
		}
		// Of two answers at once, the other one waits for the case.
		if err := scanCase(t.row(ctx, `SELECT `+caseColumns+` FROM cases WHERE case_id = ?`+t.db.locking(), a.CaseID), &c); err != nil {
			return err
		}
		before := c
		l, err := r.Apply(&c, &a)
		if err != nil {
			return err
		}
		there, err := t.label(ctx, l.ID)
		if err != nil {
			return err
		}
		if there != nil {
			c = before
			if there.Verdict != l.Verdict {
				return fmt.Errorf("alert %s: %w", r.AlertID, ErrAnswered)
			}
			return nil
		}
		if err := t.update(ctx, &c, before.Version); err != nil {
			return err
		}
		if err := t.publish(ctx, []feedback.Label{l}); err != nil {
			return err
		}
		return t.note(ctx, r.At, r.Actor, "answer", caseObject(a.CaseID), r.Detail)
	})
	return c, err
}

// label returns a label, nil if there is none of the id.
func (t *tx) label(ctx context.Context, id string) (*feedback.Label, error) {
	var body []byte
	err := t.row(ctx, `SELECT body FROM labels WHERE feedback_id = ?`, id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l, err := feedback.Decode(body)
	return &l, err
}
