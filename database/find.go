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
	err := scanAlert(d.sql.QueryRowContext(ctx, d.text(`SELECT `+alertColumns+` FROM alerts WHERE alert_id = ?`), id), &a)
	return a, unknown(err, "alert "+id)
}

// NewestAlert returns the alert that was made last.
func (d *DB) NewestAlert(ctx context.Context) (AlertRow, error) {
	var a AlertRow
	err := scanAlert(d.sql.QueryRowContext(ctx, d.text(`SELECT `+alertColumns+` FROM alerts ORDER BY made_at DESC LIMIT 1`)), &a)
	return a, unknown(err, "alert")
}

// casesOfKey are the cases of the newest alerts with a key.
const casesOfKey = `SELECT a.case_id FROM (SELECT event_time, alert_id FROM alert_keys WHERE entity = ? AND key = ?
	ORDER BY event_time DESC, alert_id DESC LIMIT ?) newest JOIN alerts a ON a.alert_id = newest.alert_id ORDER BY newest.event_time DESC, newest.alert_id DESC`

// Search returns cases whose account, a transaction or an alert of theirs, or a key by which they are related is the text,
// the newest first.
func (d *DB) Search(ctx context.Context, text string, limit int) ([]cases.Case, error) {
	entities, err := d.entities(ctx)
	if err != nil {
		return nil, err
	}
	var ids []int64
	place := make(map[int64]int) // in ids
	find := func(query string, args ...any) {
		if err != nil {
			return
		}
		err = d.each(ctx, d.sql, func(r *sql.Rows) error {
			var id int64
			err := r.Scan(&id)
			if _, seen := place[id]; !seen && len(ids) < limit {
				place[id] = len(ids)
				ids = append(ids, id)
			}
			return err
		}, query, append(args, limit)...)
	}
	find(`SELECT case_id FROM alerts WHERE alert_id = ? LIMIT ?`, text)
	find(`SELECT case_id FROM alerts WHERE transaction_id = ? LIMIT ?`, text)
	find(`SELECT case_id FROM cases WHERE account_id = ? ORDER BY newest DESC LIMIT ?`, text)
	for _, entity := range entities {
		find(casesOfKey, entity, text)
	}
	if err != nil {
		return nil, err
	}
	list := make([]cases.Case, len(ids))
	err = eachIn(ctx, d, d.sql, func(r *sql.Rows) error {
		var c cases.Case
		if err := scanCase(r, &c); err != nil {
			return err
		}
		list[place[c.ID]] = c
		return nil
	}, `SELECT `+caseColumns+` FROM cases WHERE case_id`, ``, ids)
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
