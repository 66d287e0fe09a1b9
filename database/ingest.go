package database

import (
	"context"
	"database/sql"
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
	err = d.change(ctx, func(t *tx) (err error) {
		if changed, err = t.takeAlerts(ctx, window, list); err != nil {
			return err
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

// takeAlerts takes in all alerts with a handful of statements, however many they are.
func (t *tx) takeAlerts(ctx context.Context, window cases.Window, list []Arrival) (changed []int64, err error) {
	if list, err = t.unseen(ctx, list); err != nil || len(list) == 0 {
		return nil, err
	}
	g, err := t.group(ctx, window, list)
	if err != nil {
		return nil, err
	}
	if err := g.number(ctx, t); err != nil {
		return nil, err
	}
	if err := t.put(ctx, g.changed); err != nil {
		return nil, err
	}
	if err := t.addAlerts(ctx, list, g.joined); err != nil {
		return nil, err
	}
	for i := range list {
		if err := t.deliverWith(ctx, &list[i], g.opened[i]); err != nil {
			return nil, err
		}
	}
	for _, c := range g.changed {
		changed = append(changed, c.ID)
	}
	return changed, t.returnNotes(ctx, list, g.joined)
}

// unseen returns the alerts that are not there yet, each once.
func (t *tx) unseen(ctx context.Context, list []Arrival) ([]Arrival, error) {
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].Alert.ID
	}
	seen := make(map[string]bool)
	err := eachIn(ctx, t.db, t, func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		seen[id] = true
		return err
	}, `SELECT alert_id FROM alerts WHERE alert_id`, ``, ids)
	var fresh []Arrival
	for i := range list {
		if !seen[ids[i]] {
			seen[ids[i]] = true
			fresh = append(fresh, list[i])
		}
	}
	return fresh, err
}

// grouping is which cases alerts join.
type grouping struct {
	open    map[string][]*cases.Case // that are not closed, by account
	joined  []*cases.Case            // of each alert
	opened  []bool                   // of each alert, whether the case is new with it
	changed []*cases.Case            // each once; those without an ID are new
}

// group lets each alert join a case of its account, the newest of those that admit it, or opens one.
func (t *tx) group(ctx context.Context, window cases.Window, list []Arrival) (*grouping, error) {
	g := &grouping{open: make(map[string][]*cases.Case)}
	var accounts []string
	for i := range list {
		id := list[i].Alert.AccountID
		if _, there := g.open[id]; !there {
			g.open[id] = nil
			accounts = append(accounts, id)
		}
	}
	err := eachIn(ctx, t.db, t, func(r *sql.Rows) error {
		c := new(cases.Case)
		err := scanCase(r, c)
		g.open[c.AccountID] = append(g.open[c.AccountID], c)
		return err
	}, `SELECT `+caseColumns+` FROM cases WHERE state < 3 AND account_id`, ` ORDER BY case_id`+t.db.locking(), accounts)
	if err != nil {
		return nil, err
	}
	touched := make(map[*cases.Case]bool)
	for i := range list {
		h := hitOf(list[i].Alert)
		c := g.join(window, &h)
		g.joined, g.opened = append(g.joined, c), append(g.opened, c.ID == 0 && !touched[c])
		if !touched[c] {
			touched[c] = true
			g.changed = append(g.changed, c)
		}
	}
	return g, nil
}

func (g *grouping) join(window cases.Window, h *cases.Hit) *cases.Case {
	var newest *cases.Case
	for _, c := range g.open[h.AccountID] {
		if window.Admits(c, h) && (newest == nil || c.Newest > newest.Newest) {
			newest = c
		}
	}
	if newest != nil {
		newest.Join(h)
		return newest
	}
	c := cases.Open(h)
	g.open[h.AccountID] = append(g.open[h.AccountID], &c)
	return &c
}

// number gives the new cases their numbers, in the order of their first alerts.
func (g *grouping) number(ctx context.Context, t *tx) error {
	var opened int64
	for _, c := range g.changed {
		if c.ID == 0 {
			opened++
		}
	}
	if opened == 0 {
		return nil
	}
	last, err := t.take(ctx, "case", opened)
	if err != nil {
		return err
	}
	next := last - opened
	for _, c := range g.changed {
		if c.ID == 0 {
			next++
			c.ID = next
		}
	}
	return nil
}

func (t *tx) addAlerts(ctx context.Context, list []Arrival, joined []*cases.Case) error {
	var rows, keys []any
	for i := range list {
		a := list[i].Alert
		h := hitOf(a)
		rows = append(rows, a.ID, joined[i].ID, h.AccountID, a.TransactionID, int64(h.EventTime), int64(h.MadeAt), known(a.Score), string(list[i].Body))
		for _, e := range a.Entities {
			keys = append(keys, e.Name, e.Key, int64(h.EventTime), a.ID)
		}
	}
	if _, err := t.insert(ctx, `INSERT INTO alerts (alert_id, case_id, account_id, transaction_id, event_time, made_at, score, body)`, ``, 8, rows); err != nil {
		return err
	}
	_, err := t.insert(ctx, `INSERT INTO alert_keys (entity, key, event_time, alert_id)`, `ON CONFLICT DO NOTHING`, 4, keys)
	return err
}

// known returns a number as the database keeps it: NULL where there is none.
func known(x float64) any {
	if math.IsNaN(x) {
		return nil
	}
	return x
}

func hitOf(a *alerts.Alert) cases.Hit {
	orZero := func(x float64) float64 {
		if math.IsNaN(x) {
			return 0
		}
		return x
	}
	h := cases.Hit{AccountID: a.AccountID, EventTime: a.Timestamp, MadeAt: a.Timestamp, Severity: a.Severity, Score: orZero(a.Score), AtRisk: orZero(a.MoneyAtRisk), Reason: a.Reason}
	if a.Transaction != nil {
		h.EventTime = a.Transaction.Time
	}
	return h
}

// TakeLabels takes in labels that others wrote to the feedback topic, as TakeAlerts does alerts.
func (d *DB) TakeLabels(ctx context.Context, topic string, list []feedback.Label, passed map[int32]int64) error {
	return d.change(ctx, func(t *tx) error {
		if err := t.addLabels(ctx, list); err != nil {
			return err
		}
		return t.move(ctx, topic, passed)
	})
}

func (t *tx) addLabels(ctx context.Context, list []feedback.Label) error {
	var rows []any
	for i := range list {
		l := &list[i]
		rows = append(rows, l.ID, l.AccountID, l.TransactionID, int64(l.Time), string(l.AppendJSON(nil)))
	}
	_, err := t.insert(ctx, `INSERT INTO labels (feedback_id, account_id, transaction_id, made_at, body)`, `ON CONFLICT (feedback_id) DO NOTHING`, 5, rows)
	return err
}
