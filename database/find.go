package database

import (
	"context"
	"database/sql"
	"strings"

	"github.com/weir-fraud/weir/alerts/cases"
)

// Alert returns an alert.
func (d *DB) Alert(ctx context.Context, id string) (AlertRow, error) {
	var a AlertRow
	err := d.sql.QueryRowContext(ctx, d.text(`SELECT alert_id, case_id, transaction_id, event_time, body FROM alerts WHERE alert_id = ?`), id).
		Scan(&a.ID, &a.CaseID, &a.TransactionID, &a.EventTime, &a.Body)
	return a, unknown(err, "alert "+id)
}

// NewestAlert returns the alert that was made last.
func (d *DB) NewestAlert(ctx context.Context) (AlertRow, error) {
	var a AlertRow
	err := d.sql.QueryRowContext(ctx, d.text(`SELECT alert_id, case_id, transaction_id, event_time, body FROM alerts ORDER BY made_at DESC LIMIT 1`)).
		Scan(&a.ID, &a.CaseID, &a.TransactionID, &a.EventTime, &a.Body)
	return a, unknown(err, "alert")
}

// Search returns cases whose account, a transaction or an alert of theirs, or a key by which they are related is the text,
// the newest first.
func (d *DB) Search(ctx context.Context, text string, limit int) (list []cases.Case, err error) {
	seen := make(map[int64]bool)
	find := func(query string, args ...any) {
		if err != nil {
			return
		}
		var ids []int64
		err = d.each(ctx, d.sql, func(r *sql.Rows) error {
			var id int64
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		}, query, append(args, limit)...)
		for _, id := range ids {
			if err != nil || seen[id] || len(list) == limit {
				continue
			}
			seen[id] = true
			var c cases.Case
			if c, err = d.Case(ctx, id); err == nil {
				list = append(list, c)
			}
		}
	}
	find(`SELECT case_id FROM alerts WHERE alert_id = ? LIMIT ?`, text)
	find(`SELECT case_id FROM alerts WHERE transaction_id = ? LIMIT ?`, text)
	find(`SELECT case_id FROM cases WHERE account_id = ? ORDER BY newest DESC LIMIT ?`, text)
	entities, err := d.entities(ctx)
	if err != nil {
		return list, err
	}
	for _, entity := range entities {
		find(`SELECT a.case_id FROM alert_keys k JOIN alerts a ON a.alert_id = k.alert_id WHERE k.entity = ? AND k.key = ?
			ORDER BY k.event_time DESC LIMIT ?`, entity, text)
	}
	return list, err
}

// entities returns the few names there are in alert_keys, by one look into its index for each.
func (d *DB) entities(ctx context.Context) (names []string, err error) {
	for last := ""; ; {
		var name sql.NullString
		if err := d.sql.QueryRowContext(ctx, d.text(`SELECT min(entity) FROM alert_keys WHERE entity > ?`), last).Scan(&name); err != nil || !name.Valid {
			return names, err
		}
		names, last = append(names, strings.Clone(name.String)), name.String
	}
}
