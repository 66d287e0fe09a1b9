package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

const caseColumns = `case_id, account_id, state, alerts, severity, score, at_risk, reason, oldest, newest, touched, fresh, ` +
	`owner, owned_until, snoozed_until, disposition, closed_by, closed_at, version`

// scanCase reads the columns of caseColumns.
func scanCase(r interface{ Scan(...any) error }, c *cases.Case) error {
	return r.Scan(&c.ID, &c.AccountID, &c.State, &c.Alerts, &c.Severity, &c.Score, &c.AtRisk, &c.Reason, &c.Oldest, &c.Newest, &c.Touched, &c.Fresh,
		&c.Owner, &c.OwnedUntil, &c.SnoozedUntil, &c.Disposition, &c.ClosedBy, &c.ClosedAt, &c.Version)
}

// columns returns the values of caseColumns.
func columns(c *cases.Case) []any {
	return []any{
		c.ID, c.AccountID, int(c.State), c.Alerts, int(c.Severity), c.Score, c.AtRisk, c.Reason, int64(c.Oldest), int64(c.Newest), int64(c.Touched), c.Fresh,
		c.Owner, int64(c.OwnedUntil), int64(c.SnoozedUntil), int(c.Disposition), c.ClosedBy, int64(c.ClosedAt), c.Version,
	}
}

// put writes cases: new ones, and changed ones, which who calls it has locked. It gives them the number of their change as it does,
// and does not write each twice as [tx.number] does: whoever wants to change a case waits from here on until the commit.
func (t *tx) put(ctx context.Context, list []*cases.Case) error {
	const count = 20 // columns
	if len(list) == 0 {
		return nil
	}
	change, err := t.next(ctx, "change")
	if err != nil {
		return err
	}
	values := make([]any, 0, len(list)*count)
	for _, c := range list {
		values = append(append(values, columns(c)...), change)
	}
	n, err := t.insert(ctx, `INSERT INTO cases (`+caseColumns+`, changed)`, `ON CONFLICT (case_id) DO UPDATE SET state = excluded.state, alerts = excluded.alerts,
		severity = excluded.severity, score = excluded.score, at_risk = excluded.at_risk, reason = excluded.reason, oldest = excluded.oldest,
		newest = excluded.newest, touched = excluded.touched, fresh = excluded.fresh, owner = excluded.owner, owned_until = excluded.owned_until,
		snoozed_until = excluded.snoozed_until, disposition = excluded.disposition, closed_by = excluded.closed_by, closed_at = excluded.closed_at,
		version = excluded.version, changed = excluded.changed WHERE cases.account_id = excluded.account_id AND cases.version < excluded.version`, count, values)
	if err == nil && n < int64(len(list)) {
		err = ErrChanged
	}
	return err
}

// update writes a case that was of the given version.
func (t *tx) update(ctx context.Context, c *cases.Case, version int64) error {
	t.changed[c.ID] = true
	n, err := t.exec(ctx, `UPDATE cases SET state = ?, alerts = ?, severity = ?, score = ?, at_risk = ?, reason = ?, oldest = ?, newest = ?, touched = ?,
		fresh = ?, owner = ?, owned_until = ?, snoozed_until = ?, disposition = ?, closed_by = ?, closed_at = ?, version = ? WHERE case_id = ? AND version = ?`,
		append(columns(c)[2:], c.ID, version)...)
	if err == nil && n == 0 {
		err = ErrChanged
	}
	return err
}

// Case returns a case.
func (d *DB) Case(ctx context.Context, id int64) (cases.Case, error) {
	var c cases.Case
	err := scanCase(d.sql.QueryRowContext(ctx, d.text(`SELECT `+caseColumns+` FROM cases WHERE case_id = ?`), id), &c)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("case %d: %w", id, ErrUnknown)
	}
	return c, err
}

// AlertRow is an alert of a case.
type AlertRow struct {
	ID            string
	CaseID        int64
	TransactionID string
	EventTime     payment.Time
	Score         *float64 // nil where there is none
	Body          []byte   // the event; nil where it was not asked for
}

const alertColumns = `alert_id, case_id, transaction_id, event_time, score, body`

// scanAlert reads the columns of alertColumns.
func scanAlert(r interface{ Scan(...any) error }, a *AlertRow) error {
	return r.Scan(&a.ID, &a.CaseID, &a.TransactionID, &a.EventTime, &a.Score, &a.Body)
}

const alertsOfCase = `SELECT ` + alertColumns + ` FROM alerts WHERE case_id = ? ORDER BY event_time, alert_id`

// Alerts returns the alerts of a case, oldest first.
func (d *DB) Alerts(ctx context.Context, caseID int64) ([]AlertRow, error) {
	return d.alerts(ctx, d.sql, alertsOfCase, caseID)
}

// Events are long, and the database keeps them elsewhere than the rest of a row: only those that are asked for are looked up.
const newestAlerts = `SELECT n.alert_id, n.case_id, n.transaction_id, n.event_time, n.score,
		CASE WHEN n.place <= ? OR n.strength = 1 THEN (SELECT a.body FROM alerts a WHERE a.alert_id = n.alert_id) END
	FROM (SELECT newest.*, row_number() OVER (ORDER BY event_time DESC, alert_id DESC) AS place,
			row_number() OVER (ORDER BY coalesce(score, 0) DESC, event_time, alert_id) AS strength
		FROM (SELECT alert_id, case_id, transaction_id, event_time, score FROM alerts WHERE case_id = ?
			ORDER BY event_time DESC, alert_id DESC LIMIT ?) newest) n
	ORDER BY n.event_time DESC, n.alert_id DESC`

// NewestAlerts returns the newest alerts of a case, newest first. The first few are whole and so is, of all these, the first in time of
// those with the highest score; the others are without their events.
func (d *DB) NewestAlerts(ctx context.Context, caseID int64, limit, whole int) ([]AlertRow, error) {
	return d.alerts(ctx, d.sql, newestAlerts, whole, caseID, limit)
}

const timeline = `SELECT ` + alertColumns + ` FROM alerts WHERE account_id = ? ORDER BY event_time DESC, alert_id DESC LIMIT ?`

// Timeline returns the newest alerts of an account, newest first.
func (d *DB) Timeline(ctx context.Context, accountID string, limit int) ([]AlertRow, error) {
	return d.alerts(ctx, d.sql, timeline, accountID, limit)
}

func (d *DB) alerts(ctx context.Context, q querier, query string, args ...any) (list []AlertRow, err error) {
	err = d.each(ctx, q, func(r *sql.Rows) error {
		var a AlertRow
		err := scanAlert(r, &a)
		list = append(list, a)
		return err
	}, query, args...)
	return list, err
}

// Step is a change of one case by a person.
type Step struct {
	CaseID  int64
	Version int64 // that the person saw; 0 for whichever
	Actor   string
	At      payment.Time
	Action  string // for the audit
	Detail  string
	Note    string // to be added to the case; "" for none
	Bare    bool   // Apply needs no alerts, and gets none

	// Apply changes the case, and returns the labels that follow. It must not do anything else: it may be called again.
	Apply func(c *cases.Case, alerts []AlertRow) ([]feedback.Label, error)
}

// Do takes steps, all of them or none. Their labels are in the outbox then, and the steps in the audit. It returns the cases
// as they are now.
func (d *DB) Do(ctx context.Context, steps ...Step) ([]cases.Case, error) {
	var after []cases.Case
	err := d.change(ctx, func(t *tx) (err error) {
		after, err = t.doAll(ctx, steps)
		return err
	})
	return after, err
}

func (t *tx) doAll(ctx context.Context, steps []Step) ([]cases.Case, error) {
	after := make([]cases.Case, len(steps))
	for i := range steps {
		var err error
		if after[i], err = t.do(ctx, &steps[i]); err != nil {
			return nil, fmt.Errorf("case %d: %w", steps[i].CaseID, err)
		}
	}
	return after, nil
}

func (t *tx) do(ctx context.Context, s *Step) (cases.Case, error) {
	var c cases.Case
	switch err := scanCase(t.row(ctx, `SELECT `+caseColumns+` FROM cases WHERE case_id = ?`+t.db.locking(), s.CaseID), &c); {
	case errors.Is(err, sql.ErrNoRows):
		return c, ErrUnknown
	case err != nil:
		return c, err
	case s.Version != 0 && s.Version != c.Version:
		return c, ErrChanged
	}
	var list []AlertRow
	var err error
	if !s.Bare {
		if list, err = t.db.alerts(ctx, t, alertsOfCase, s.CaseID); err != nil {
			return c, err
		}
	}
	version := c.Version
	labels, err := s.Apply(&c, list)
	if err != nil {
		return c, err
	}
	if err := t.update(ctx, &c, version); err != nil {
		return c, err
	}
	if err := t.publish(ctx, labels); err != nil {
		return c, err
	}
	if s.Note != "" {
		if err := t.addNote(ctx, Note{CaseID: s.CaseID, At: s.At, Author: s.Actor, Body: s.Note}); err != nil {
			return c, err
		}
	}
	return c, t.note(ctx, s.At, s.Actor, s.Action, caseObject(s.CaseID), s.Detail)
}

// publish keeps labels and puts them into the outbox.
func (t *tx) publish(ctx context.Context, list []feedback.Label) error {
	if len(list) == 0 {
		return nil
	}
	if err := t.addLabels(ctx, list); err != nil {
		return err
	}
	last, err := t.take(ctx, "outbox", int64(len(list)))
	if err != nil {
		return err
	}
	var rows []any
	for i := range list {
		rows = append(rows, last-int64(len(list)-1-i), list[i].ID)
	}
	_, err = t.insert(ctx, `INSERT INTO outbox (seq, feedback_id)`, ``, 2, rows)
	return err
}

// note adds a line to the audit.
func (t *tx) note(ctx context.Context, at payment.Time, actor, action, object, detail string) error {
	id, err := t.next(ctx, "audit")
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO audit (audit_id, at, actor, action, object, detail) VALUES (?, ?, ?, ?, ?, ?)`, id, int64(at), actor, action, object, detail)
	return err
}

// caseObject names a case in the audit.
func caseObject(id int64) string { return "case:" + strconv.FormatInt(id, 10) }
