package database

import (
	"context"
	"database/sql"

	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

// Relative is an alert that has a key in common with others.
type Relative struct {
	ID          string
	CaseID      int64
	AccountID   string
	EventTime   payment.Time
	Score       *float64         // nil where there is none
	Disposition feedback.Verdict // of its case, 0 while that is not closed
}

// Of the alerts with a key only the newest are looked at, however few of them are of other cases. All goes downwards, as one
// walk back along the index does.
const relatedAlerts = `SELECT a.alert_id, a.case_id, a.account_id, a.event_time, a.score, c.disposition
	FROM (SELECT event_time, alert_id FROM alert_keys WHERE entity = ? AND key = ? ORDER BY event_time DESC, alert_id DESC LIMIT 200) newest
	JOIN alerts a ON a.alert_id = newest.alert_id JOIN cases c ON c.case_id = a.case_id
	WHERE a.case_id <> ? ORDER BY newest.event_time DESC, newest.alert_id DESC LIMIT ?`

// Related returns the newest alerts of other cases than the given one with a key of an entity, newest first.
func (d *DB) Related(ctx context.Context, entity, key string, caseID int64, limit int) (list []Relative, err error) {
	err = d.each(ctx, d.sql, func(r *sql.Rows) error {
		var a Relative
		err := r.Scan(&a.ID, &a.CaseID, &a.AccountID, &a.EventTime, &a.Score, &a.Disposition)
		list = append(list, a)
		return err
	}, relatedAlerts, entity, key, caseID, limit)
	return list, err
}

const labelsOfAlerts = `SELECT l.body FROM (SELECT account_id, transaction_id FROM alerts WHERE case_id = ? ORDER BY event_time DESC, alert_id DESC LIMIT ?) newest
	JOIN labels l ON l.account_id = newest.account_id AND l.transaction_id = newest.transaction_id ORDER BY l.made_at, l.feedback_id`

// LabelsOf returns what was said about the transactions of the newest alerts of a case, oldest first.
func (d *DB) LabelsOf(ctx context.Context, caseID int64, limit int) ([]feedback.Label, error) {
	return d.labels(ctx, labelsOfAlerts, caseID, limit)
}
