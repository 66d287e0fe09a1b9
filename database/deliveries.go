package database

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// Delivery is something that is to be told to others.
type Delivery struct {
	ID      string // stays the same however often it is tried
	Route   string
	Event   string // what it tells: alert, queue, …
	Subject string // the alert that it tells of, or empty
	Body    []byte // nil once it is delivered
	MadeAt  payment.Time

	// IfNew leaves it out where the alert joins a case instead of opening one. It is not kept.
	IfNew bool

	State    DeliveryState
	Attempts int
	Since    payment.Time // since when it is tried
	NextAt   payment.Time // when it is tried next
	EndedAt  payment.Time // when it was delivered or given up; 0 while it waits
	Error    string       // why the last attempt failed
}

// DeliveryState is how far a delivery is.
type DeliveryState uint8

// The states. The zero DeliveryState is not a legal one; in a DeliveryFilter it means any.
const (
	Waiting DeliveryState = iota + 1
	Delivered
	GivenUp
)

var deliveryStates = [...]string{Waiting: "waiting", Delivered: "delivered", GivenUp: "failed"}

// String returns the state's name in the API.
func (s DeliveryState) String() string {
	if s == 0 || int(s) >= len(deliveryStates) {
		return "unknown"
	}
	return deliveryStates[s]
}

// ParseDeliveryState returns the DeliveryState with the given name.
func ParseDeliveryState(name string) (DeliveryState, bool) {
	i := slices.Index(deliveryStates[:], name)
	return DeliveryState(max(i, 0)), i > 0
}

const deliveryColumns = `delivery_id, route, event, subject, body, made_at, state, attempts, since, next_at, ended_at, error`

func scanDelivery(r *sql.Rows, list *[]Delivery) error {
	var d Delivery
	err := r.Scan(&d.ID, &d.Route, &d.Event, &d.Subject, &d.Body, &d.MadeAt, &d.State, &d.Attempts, &d.Since, &d.NextAt, &d.EndedAt, &d.Error)
	*list = append(*list, d)
	return err
}

// deliver makes a delivery that waits, unless it is there already.
func (t *tx) deliver(ctx context.Context, d *Delivery) error {
	_, err := t.exec(ctx, `INSERT INTO deliveries (`+deliveryColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, 0, '') ON CONFLICT (delivery_id) DO NOTHING`,
		d.ID, d.Route, d.Event, d.Subject, string(d.Body), int64(d.MadeAt), int(Waiting), int64(d.MadeAt), int64(d.MadeAt))
	return err
}

// deliverWith makes the deliveries of an alert that opened a case or joined one.
func (t *tx) deliverWith(ctx context.Context, a *Arrival, opened bool) error {
	for i := range a.Deliveries {
		d := &a.Deliveries[i]
		if d.IfNew && !opened {
			continue
		}
		if err := t.deliver(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// Deliver makes deliveries that wait, each unless it is there already.
func (d *DB) Deliver(ctx context.Context, list ...Delivery) error {
	return d.change(ctx, func(t *tx) error {
		for i := range list {
			if err := t.deliver(ctx, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Pass keeps whether a limit is passed. When that begins it makes the delivery, and not again before it has ended. It
// reports whether it made it.
func (d *DB) Pass(ctx context.Context, limit string, passed bool, now payment.Time, tell Delivery) (told bool, err error) {
	err = d.change(ctx, func(t *tx) error {
		if !passed {
			_, err := t.exec(ctx, `DELETE FROM passed_limits WHERE name = ?`, limit)
			return err
		}
		n, err := t.exec(ctx, `INSERT INTO passed_limits (name, since) VALUES (?, ?) ON CONFLICT DO NOTHING`, limit, int64(now))
		if told = n > 0; err != nil || !told {
			return err
		}
		return t.deliver(ctx, &tell)
	})
	return told && err == nil, err
}

const (
	nextDue = `SELECT min(next_at) FROM deliveries WHERE route = ? AND state = 1`
	dueNow  = `SELECT delivery_id FROM deliveries WHERE route = ? AND state = 1 AND next_at <= ? ORDER BY next_at LIMIT ?`
)

// Due returns when the next delivery of a route is to be tried; false if none waits.
func (d *DB) Due(ctx context.Context, route string) (payment.Time, bool, error) {
	var at sql.NullInt64
	err := d.sql.QueryRowContext(ctx, d.text(nextDue), route).Scan(&at)
	return payment.Time(at.Int64), at.Valid, err
}

// Claim returns deliveries of a route that are due, the oldest first, for the caller to try. Nobody else gets them until
// then: whoever has not said by that time how it went is taken to have died.
func (d *DB) Claim(ctx context.Context, route string, now, until payment.Time, limit int) (list []Delivery, err error) {
	passing := ""
	if d.postgres {
		passing = " FOR UPDATE SKIP LOCKED"
	}
	err = d.change(ctx, func(t *tx) error {
		list = nil
		return d.each(ctx, t, func(r *sql.Rows) error { return scanDelivery(r, &list) },
			`UPDATE deliveries SET attempts = attempts + 1, next_at = ? WHERE delivery_id IN (`+dueNow+passing+`) RETURNING `+deliveryColumns, int64(until), route, int64(now), limit)
	})
	slices.SortFunc(list, func(a, b Delivery) int {
		return cmp.Or(cmp.Compare(a.MadeAt, b.MadeAt), strings.Compare(a.ID, b.ID))
	})
	return list, err
}

// Succeeded keeps that a delivery was delivered, and forgets what it said.
func (d *DB) Succeeded(ctx context.Context, id string, at payment.Time) error {
	return d.change(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `UPDATE deliveries SET state = 2, ended_at = ?, error = '', body = '' WHERE delivery_id = ? AND state <> 2`, int64(at), id)
		return err
	})
}

// Failed keeps why an attempt failed, and when to try next; 0 gives it up. Where somebody else tries meanwhile, that is theirs
// to say.
func (d *DB) Failed(ctx context.Context, tried *Delivery, at, next payment.Time, reason string) error {
	state, ended := Waiting, payment.Time(0)
	if next == 0 {
		state, ended = GivenUp, at
	}
	return d.change(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `UPDATE deliveries SET state = ?, ended_at = ?, next_at = ?, error = ? WHERE delivery_id = ? AND state = 1 AND attempts = ?`,
			int(state), int64(ended), int64(next), reason, tried.ID, tried.Attempts)
		return err
	})
}

// DeliveryFilter says which deliveries a list holds.
type DeliveryFilter struct {
	State DeliveryState // any if 0
	Route string        // any if empty
}

// Deliveries returns deliveries, the newest first: those behind the given one, the first if it is nil.
func (d *DB) Deliveries(ctx context.Context, f DeliveryFilter, after *Delivery, limit int) (list []Delivery, err error) {
	query, args := f.page(after, limit)
	err = d.each(ctx, d.sql, func(r *sql.Rows) error { return scanDelivery(r, &list) }, query, args...)
	return list, err
}

// page returns the statement of a page and its arguments.
func (f *DeliveryFilter) page(after *Delivery, limit int) (query string, args []any) {
	where := []string{"1 = 1"}
	if f.State != 0 {
		// A number in the text and no parameter: the index of those that are given up is chosen by it.
		where = append(where, fmt.Sprintf("state = %d", f.State))
	}
	if f.Route != "" {
		where, args = append(where, "route = ?"), append(args, f.Route)
	}
	if after != nil {
		where, args = append(where, "(made_at, delivery_id) < (?, ?)"), append(args, int64(after.MadeAt), after.ID)
	}
	return `SELECT ` + deliveryColumns + ` FROM deliveries WHERE ` + strings.Join(where, " AND ") + ` ORDER BY made_at DESC, delivery_id DESC LIMIT ?`, append(args, limit)
}

// TryAgain has a delivery tried at once that waits or is given up, as if it were new, or with id "" all that are given up.
// It returns how many they are.
func (d *DB) TryAgain(ctx context.Context, id string, e Entry) (n int64, err error) {
	err = d.change(ctx, func(t *tx) (err error) {
		const update = `UPDATE deliveries SET state = 1, attempts = 0, ended_at = 0, since = ?, next_at = ? WHERE `
		if id == "" {
			n, err = t.exec(ctx, update+`state = 3`, int64(e.At), int64(e.At))
		} else {
			n, err = t.exec(ctx, update+`state <> 2 AND delivery_id = ?`, int64(e.At), int64(e.At), id)
		}
		if err != nil || n == 0 {
			return err
		}
		return t.note(ctx, e.At, e.Actor, e.Action, e.Object, e.Detail)
	})
	return n, err
}

// ForgetDeliveries forgets deliveries that ended before the given time.
func (d *DB) ForgetDeliveries(ctx context.Context, before payment.Time) error {
	return d.change(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `DELETE FROM deliveries WHERE state <> 1 AND ended_at < ?`, int64(before))
		return err
	})
}

// LongestWaiting returns when the last alert joined that case of a queue which waits longest; false if the queue is empty.
func (d *DB) LongestWaiting(ctx context.Context, f Filter) (at payment.Time, waits bool, err error) {
	where, args := f.conditions(false)
	err = d.sql.QueryRowContext(ctx, d.text(`SELECT touched FROM cases WHERE `+strings.Join(where, " AND ")+` ORDER BY touched, case_id LIMIT 1`), args...).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return at, err == nil, err
}
