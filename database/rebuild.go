package database

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"strings"

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
		if _, err := t.exec(ctx, `INSERT INTO kept_notes (alert_id, at, author, body)
			SELECT (SELECT min(a.alert_id) FROM alerts a WHERE a.case_id = n.case_id), n.at, n.author, n.body FROM notes n`); err != nil {
			return err
		}
		// The outbox is empty; it is there for its reference to the labels.
		tables := []string{"notes", "outbox", "labels", "alert_keys", "alerts", "cases", "cursors"}
		if d.postgres { // which would look for each row that goes through all that have gone and might refer to it
			_, err := t.exec(ctx, `TRUNCATE `+strings.Join(tables, ", "))
			return err
		}
		for _, table := range tables {
			if _, err := t.exec(ctx, `DELETE FROM `+table); err != nil {
				return err
			}
		}
		return nil
	})
}

// Tidy brings up to date what the database knows of its own tables, by which it chooses how to read them. It does so by
// itself, but not at once after very much has come in.
func (d *DB) Tidy(ctx context.Context) error {
	query := `PRAGMA analysis_limit = 1000; ANALYZE` // which then looks at a part only
	if d.postgres {
		query = `VACUUM (ANALYZE) cases, alerts, alert_keys, labels, audit, notes, outbox`
	}
	_, err := d.sql.ExecContext(ctx, query)
	return err
}

// returnNotes gives the notes that waited for alerts to their cases.
func (t *tx) returnNotes(ctx context.Context, list []Arrival, joined []*cases.Case) error {
	var some int
	if err := t.row(ctx, `SELECT count(*) FROM (SELECT 1 FROM kept_notes LIMIT 1) AS kept`).Scan(&some); err != nil || some == 0 {
		return err
	}
	for i := range list {
		id := list[i].Alert.ID
		n, err := t.exec(ctx, `INSERT INTO notes (case_id, at, author, body) SELECT ?, at, author, body FROM kept_notes WHERE alert_id = ?`, joined[i].ID, id)
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		if _, err := t.exec(ctx, `DELETE FROM kept_notes WHERE alert_id = ?`, id); err != nil {
			return err
		}
	}
	return nil
}

// CloseDecided closes cases whose every alert has a label of an analyst that stands, as the last of these says. It returns
// how many there were.
func (d *DB) CloseDecided(ctx context.Context) (closed int, err error) {
	for after := int64(0); after >= 0; {
		var few int
		var last int64
		err := d.change(ctx, func(t *tx) (err error) {
			few, last, err = t.closeDecided(ctx, after)
			return err
		})
		if err != nil {
			return closed, err
		}
		closed, after = closed+few, last
	}
	return closed, nil
}

// closeDecided does so for the next few cases after one, and returns the last of them, -1 if there are no more.
func (t *tx) closeDecided(ctx context.Context, after int64) (closed int, last int64, err error) {
	const few = 1024
	var list []*cases.Case
	err = t.db.each(ctx, t, func(r *sql.Rows) error {
		c := new(cases.Case)
		list = append(list, c)
		return scanCase(r, c)
	}, `SELECT `+caseColumns+` FROM cases WHERE state < 3 AND case_id > ? ORDER BY case_id LIMIT ?`+t.db.locking(), after, few)
	if err != nil || len(list) == 0 {
		return 0, -1, err
	}
	decided, err := t.decided(ctx, list)
	if err != nil {
		return 0, -1, err
	}
	var changed []*cases.Case
	for _, c := range list {
		last = c.ID
		if l := decided[c.ID]; l != nil {
			if err := c.Dispose(l.By, l.Time, l.Verdict); err != nil {
				return 0, -1, err
			}
			changed = append(changed, c)
		}
	}
	return len(changed), last, t.put(ctx, changed)
}

// decided returns the last of the labels that an analyst gave to the alerts of each case, unless one has none that stands.
func (t *tx) decided(ctx context.Context, list []*cases.Case) (map[int64]*feedback.Label, error) {
	ids := make([]int64, len(list))
	for i, c := range list {
		ids[i] = c.ID
	}
	held := make(map[string]*feedback.Label) // the last of each alert
	caseOf := make(map[string]int64)
	err := eachIn(ctx, t.db, t, func(r *sql.Rows) error {
		var id int64
		var alert string
		var body []byte
		if err := r.Scan(&id, &alert, &body); err != nil {
			return err
		}
		if caseOf[alert] = id; body == nil {
			return nil
		}
		l, err := feedback.Decode(body)
		if before := held[alert]; err == nil && l.Source == feedback.Analyst && (before == nil || !earlier(&l, before)) {
			held[alert] = &l
		}
		return err
	}, `SELECT a.case_id, a.alert_id, l.body FROM alerts a
		LEFT JOIN labels l ON l.account_id = a.account_id AND l.transaction_id = a.transaction_id WHERE a.case_id`, ``, ids)
	if err != nil {
		return nil, err
	}
	last, open := make(map[int64]*feedback.Label), make(map[int64]bool)
	for alert, id := range caseOf {
		l := held[alert]
		if l == nil || l.Verdict == feedback.Withdrawn {
			open[id] = true
		} else if last[id] == nil || earlier(last[id], l) {
			last[id] = l
		}
	}
	for id := range open {
		delete(last, id)
	}
	return last, nil
}

// earlier reports whether a label was given before another one.
func earlier(a, b *feedback.Label) bool {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.ID, b.ID)) < 0
}
