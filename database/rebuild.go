package database

import (
	"context"
	"errors"

	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/feedback"
)

// ErrUnpublished is why a database is not emptied.
var ErrUnpublished = errors.New("labels in it are not published yet")

// Empty forgets what comes from the topics, so that it can be taken in anew: cases, alerts, labels, and how far they were
// read. Notes wait for their alerts. Numbers are not given out again.
func (d *DB) Empty(ctx context.Context) error {
	return d.change(ctx, func(t *tx) error {
		var n int
		if err := t.row(ctx, `SELECT count(*) FROM outbox`).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return ErrUnpublished
		}
		for _, query := range []string{
			`INSERT INTO kept_notes (alert_id, at, author, body)
				SELECT (SELECT min(a.alert_id) FROM alerts a WHERE a.case_id = n.case_id), n.at, n.author, n.body FROM notes n`,
			`DELETE FROM notes`, `DELETE FROM labels`, `DELETE FROM alert_keys`, `DELETE FROM alerts`, `DELETE FROM cases`, `DELETE FROM cursors`,
		} {
			if _, err := t.exec(ctx, query); err != nil {
				return err
			}
		}
		return nil
	})
}

// returnNotes gives the notes that waited for an alert to its case.
func (t *tx) returnNotes(ctx context.Context, alertID string, caseID int64) error {
	n, err := t.exec(ctx, `INSERT INTO notes (case_id, at, author, body) SELECT ?, at, author, body FROM kept_notes WHERE alert_id = ?`, caseID, alertID)
	if err != nil || n == 0 {
		return err
	}
	_, err = t.exec(ctx, `DELETE FROM kept_notes WHERE alert_id = ?`, alertID)
	return err
}

// CloseDecided closes cases whose every alert has a label of an analyst that stands, as the last of these says. It returns
// how many there were.
func (d *DB) CloseDecided(ctx context.Context) (closed int, err error) {
	const few = 500
	for after := int64(0); ; {
		list, err := d.cases(ctx, `SELECT `+caseColumns+` FROM cases WHERE state < 3 AND case_id > ? ORDER BY case_id LIMIT ?`, after, few)
		if err != nil || len(list) == 0 {
			return closed, err
		}
		for i := range list {
			after = list[i].ID
			last, err := d.decided(ctx, &list[i])
			if err != nil {
				return closed, err
			}
			if last == nil {
				continue
			}
			if err := d.change(ctx, func(t *tx) error {
				c := list[i]
				if err := c.Dispose(last.By, last.Time, last.Verdict); err != nil {
					return err
				}
				return t.update(ctx, &c, list[i].Version)
			}); err != nil {
				return closed, err
			}
			closed++
		}
	}
}

// decided returns the last of the labels that an analyst gave to the alerts of a case, nil if one has none that stands.
func (d *DB) decided(ctx context.Context, c *cases.Case) (last *feedback.Label, err error) {
	rows, err := d.Alerts(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		labels, err := d.Labels(ctx, c.AccountID, rows[i].TransactionID)
		if err != nil {
			return nil, err
		}
		var l *feedback.Label
		for k := range labels {
			if labels[k].Source == feedback.Analyst {
				l = &labels[k]
			}
		}
		if l == nil || l.Verdict == feedback.Withdrawn {
			return nil, nil
		}
		if last == nil || l.Time > last.Time {
			last = l
		}
	}
	return last, nil
}
