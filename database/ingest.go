package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/feedback"
)

// Place is where a record stands in a topic.
type Place struct {
	Partition int32
	Offset    int64
}

// Arrival is an alert as it came.
type Arrival struct {
	Place
	Alert *alerts.Alert
	Body  []byte // the event

	Deliveries []Delivery // that are made with it, if it is not there already
}

// Cursors returns for each partition of a topic what is to be taken in next, 0 where nothing was.
func (d *DB) Cursors(ctx context.Context, topic string, partitions int32) ([]int64, error) {
	next := make([]int64, partitions)
	err := d.each(ctx, d.sql, func(r *sql.Rows) error {
		var partition int32
		var n int64
		if err := r.Scan(&partition, &n); err != nil {
			return err
		}
		if partition >= partitions {
			return fmt.Errorf("topic %s had %d partitions or more and now has %d: rebuild with weir review rebuild", topic, partition+1, partitions)
		}
		next[partition] = n
		return nil
	}, `SELECT partition, next FROM cursors WHERE topic = ?`, topic)
	return next, err
}

// TakeAlerts takes in alerts of a topic, in their order within each partition, and moves the cursors of passed, which holds
// for each partition what comes next. What was taken in before is passed over, so that alerts may come again.
// It returns the cases that have changed.
func (d *DB) TakeAlerts(ctx context.Context, topic string, window cases.Window, list []Arrival, passed map[int32]int64) (changed []int64, err error) {
	err = d.change(ctx, func(t *tx) error {
		changed = changed[:0]
		seen := make(map[int64]bool)
		for i := range list {
			id, err := t.takeAlert(ctx, window, &list[i])
			if err != nil {
				return fmt.Errorf("alert %s: %w", list[i].Alert.ID, err)
			}
			if id != 0 && !seen[id] {
				seen[id] = true
				changed = append(changed, id)
			}
		}
		return t.move(ctx, topic, passed)
	})
	return changed, err
}

func (t *tx) move(ctx context.Context, topic string, passed map[int32]int64) error {
	for partition, next := range passed {
		if _, err := t.exec(ctx, `INSERT INTO cursors (topic, partition, next) VALUES (?, ?, ?)
			ON CONFLICT (topic, partition) DO UPDATE SET next = excluded.next WHERE cursors.next < excluded.next`, topic, partition, next); err != nil {
			return err
		}
	}
	return nil
}

// takeAlert returns the case that the alert joined, 0 if it is there already.
func (t *tx) takeAlert(ctx context.Context, window cases.Window, a *Arrival) (int64, error) {
	var there int
	switch err := t.row(ctx, `SELECT 1 FROM alerts WHERE alert_id = ?`, a.Alert.ID).Scan(&there); {
	case err == nil:
		return 0, nil
	case !errors.Is(err, sql.ErrNoRows):
		return 0, err
	}
	h := hitOf(a.Alert)
	c, err := t.caseFor(ctx, window, &h)
	if err != nil {
		return 0, err
	}
	if _, err := t.exec(ctx, `INSERT INTO alerts (alert_id, case_id, account_id, transaction_id, event_time, made_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		a.Alert.ID, c.ID, h.AccountID, a.Alert.TransactionID, int64(h.EventTime), int64(h.MadeAt), string(a.Body)); err != nil {
		return 0, err
	}
	for _, e := range a.Alert.Entities {
		if _, err := t.exec(ctx, `INSERT INTO alert_keys (entity, key, event_time, alert_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			e.Name, e.Key, int64(h.EventTime), a.Alert.ID); err != nil {
			return 0, err
		}
	}
	if err := t.deliverWith(ctx, a, c.Alerts == 1); err != nil {
		return 0, err
	}
	return c.ID, t.returnNotes(ctx, a.Alert.ID, c.ID)
}

func hitOf(a *alerts.Alert) cases.Hit {
	known := func(x float64) float64 {
		if math.IsNaN(x) {
			return 0
		}
		return x
	}
	h := cases.Hit{AccountID: a.AccountID, EventTime: a.Timestamp, MadeAt: a.Timestamp, Severity: a.Severity, Score: known(a.Score), AtRisk: known(a.MoneyAtRisk), Reason: a.Reason}
	if a.Transaction != nil {
		h.EventTime = a.Transaction.Time
	}
	return h
}

// caseFor lets the hit join a case of the account, the newest of those that admit it, or opens one.
func (t *tx) caseFor(ctx context.Context, window cases.Window, h *cases.Hit) (*cases.Case, error) {
	var joined *cases.Case
	err := t.db.each(ctx, t, func(r *sql.Rows) error {
		var c cases.Case
		err := scanCase(r, &c)
		if joined == nil && window.Admits(&c, h) {
			joined = &c
		}
		return err
	}, `SELECT `+caseColumns+` FROM cases WHERE account_id = ? AND state < ? ORDER BY newest DESC`+t.db.locking(), h.AccountID, int(cases.Closed))
	if err != nil {
		return nil, err
	}
	if joined != nil {
		version := joined.Version
		joined.Join(h)
		return joined, t.update(ctx, joined, version)
	}
	c := cases.Open(h)
	if c.ID, err = t.next(ctx, "case"); err != nil {
		return nil, err
	}
	return &c, t.insert(ctx, &c)
}

// TakeLabels takes in labels that others wrote to the feedback topic, as TakeAlerts does alerts.
func (d *DB) TakeLabels(ctx context.Context, topic string, list []feedback.Label, passed map[int32]int64) error {
	return d.change(ctx, func(t *tx) error {
		for i := range list {
			if err := t.addLabel(ctx, &list[i]); err != nil {
				return err
			}
		}
		return t.move(ctx, topic, passed)
	})
}

func (t *tx) addLabel(ctx context.Context, l *feedback.Label) error {
	_, err := t.exec(ctx, `INSERT INTO labels (feedback_id, account_id, transaction_id, made_at, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (feedback_id) DO NOTHING`,
		l.ID, l.AccountID, l.TransactionID, int64(l.Time), string(l.AppendJSON(nil)))
	return err
}
