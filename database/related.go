package database

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/weir-fraud/weir/alerts"
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

// ownAlerts are those of the case itself, which has nearly all alerts with its account's device or holder: they are left out
// before they would be looked up one by one.
const ownAlerts = `WITH own AS MATERIALIZED (SELECT alert_id FROM alerts WHERE case_id = ?) `

// Of the alerts with a key only the newest are looked at, however few of them are of other cases. All goes downwards, as one
// walk back along the index does.
const relatedAlerts = `SELECT newest.event_time, newest.alert_id, a.case_id, a.account_id, a.score, c.disposition
	FROM (SELECT event_time, alert_id FROM alert_keys WHERE entity = ? AND key = ? ORDER BY event_time DESC, alert_id DESC LIMIT 200) newest
	JOIN alerts a ON a.alert_id = newest.alert_id JOIN cases c ON c.case_id = a.case_id
	WHERE newest.alert_id NOT IN (SELECT alert_id FROM own) ORDER BY newest.event_time DESC, newest.alert_id DESC LIMIT ?`

// relatedKeys is of which number of keys a statement has a multiple: planning one for each number takes longer than asking in vain.
const relatedKeys = 4

// relatedTo returns one statement for so many keys.
func relatedTo(keys int) string {
	var b strings.Builder
	b.WriteString(ownAlerts)
	for i := range keys {
		if i > 0 {
			b.WriteString(" UNION ALL ")
		}
		fmt.Fprintf(&b, "SELECT %d, of_key.* FROM (%s) of_key", i, relatedAlerts)
	}
	return b.String()
}

// Related returns, for each of some keys, the newest alerts of other cases than the given one, newest first.
func (d *DB) Related(ctx context.Context, keys []alerts.Entity, caseID int64, limit int) ([][]Relative, error) {
	lists := make([][]Relative, len(keys))
	if len(keys) == 0 {
		return lists, nil
	}
	size := (len(keys) + relatedKeys - 1) / relatedKeys * relatedKeys
	args := []any{caseID}
	for i := range size {
		k := alerts.Entity{} // nothing has it
		if i < len(keys) {
			k = keys[i]
		}
		args = append(args, k.Name, k.Key, limit)
	}
	err := d.each(ctx, d.sql, func(r *sql.Rows) error {
		var of int
		var a Relative
		err := r.Scan(&of, &a.EventTime, &a.ID, &a.CaseID, &a.AccountID, &a.Score, &a.Disposition)
		lists[of] = append(lists[of], a)
		return err
	}, relatedTo(size), args...)
	for _, list := range lists { // which the whole says nothing about
		slices.SortStableFunc(list, func(x, y Relative) int { return cmp.Or(cmp.Compare(y.EventTime, x.EventTime), cmp.Compare(y.ID, x.ID)) })
	}
	return lists, err
}

const labelsOfAlerts = `SELECT l.body FROM (SELECT account_id, transaction_id FROM alerts WHERE case_id = ? ORDER BY event_time DESC, alert_id DESC LIMIT ?) newest
	JOIN labels l ON l.account_id = newest.account_id AND l.transaction_id = newest.transaction_id ORDER BY l.made_at, l.feedback_id`

// LabelsOf returns what was said about the transactions of the newest alerts of a case, oldest first.
func (d *DB) LabelsOf(ctx context.Context, caseID int64, limit int) ([]feedback.Label, error) {
	return d.labels(ctx, labelsOfAlerts, caseID, limit)
}
