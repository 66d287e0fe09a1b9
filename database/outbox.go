package database

import (
	"context"
	"database/sql"

	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

// Outgoing is a label that is to be published.
type Outgoing struct {
	Seq       int64 // they are published in this order
	AccountID string
	Body      []byte // the event
}

// Outgoing returns the labels that come after seq, in order. A label is there only if all before it are: whoever published
// up to seq has missed none.
func (d *DB) Outgoing(ctx context.Context, seq int64, limit int) (list []Outgoing, err error) {
	err = d.each(ctx, d.sql, func(r *sql.Rows) error {
		var o Outgoing
		err := r.Scan(&o.Seq, &o.AccountID, &o.Body)
		list = append(list, o)
		return err
	}, `SELECT o.seq, l.account_id, l.body FROM outbox o JOIN labels l ON l.feedback_id = o.feedback_id WHERE o.seq > ? ORDER BY o.seq LIMIT ?`, seq, limit)
	return list, err
}

// Published forgets the entries of the outbox up to seq. The labels stay.
func (d *DB) Published(ctx context.Context, seq int64) error {
	return d.change(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `DELETE FROM outbox WHERE seq <= ?`, seq)
		return err
	})
}

// SkipTo makes the next label's number greater than seq. A new database begins behind what an older one has published.
func (d *DB) SkipTo(ctx context.Context, seq int64) error {
	return d.change(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `UPDATE counters SET value = ? WHERE name = 'outbox' AND value < ?`, seq, seq)
		return err
	})
}

// Labels returns what was said about a transaction, oldest first.
func (d *DB) Labels(ctx context.Context, accountID, transactionID string) ([]feedback.Label, error) {
	return d.labels(ctx, `SELECT body FROM labels WHERE account_id = ? AND transaction_id = ? ORDER BY made_at, feedback_id`, accountID, transactionID)
}

func (d *DB) labels(ctx context.Context, query string, args ...any) (list []feedback.Label, err error) {
	err = d.each(ctx, d.sql, func(r *sql.Rows) error {
		var body []byte
		if err := r.Scan(&body); err != nil {
			return err
		}
		l, err := feedback.Decode(body)
		list = append(list, l)
		return err
	}, query, args...)
	return list, err
}

// Note is what a person wrote about a case.
type Note struct {
	CaseID int64
	At     payment.Time
	Author string
	Body   string
}

// AddNote adds a note to a case.
func (d *DB) AddNote(ctx context.Context, n Note) error {
	return d.change(ctx, func(t *tx) error {
		if err := t.addNote(ctx, n); err != nil {
			return err
		}
		return t.note(ctx, n.At, n.Author, "note", caseObject(n.CaseID), "")
	})
}

func (t *tx) addNote(ctx context.Context, n Note) error {
	_, err := t.exec(ctx, `INSERT INTO notes (case_id, at, author, body) VALUES (?, ?, ?, ?)`, n.CaseID, int64(n.At), n.Author, n.Body)
	return err
}

// Notes returns the notes of a case, oldest first.
func (d *DB) Notes(ctx context.Context, caseID int64) (list []Note, err error) {
	err = d.each(ctx, d.sql, func(r *sql.Rows) error {
		n := Note{CaseID: caseID}
		err := r.Scan(&n.At, &n.Author, &n.Body)
		list = append(list, n)
		return err
	}, `SELECT at, author, body FROM notes WHERE case_id = ? ORDER BY at`, caseID)
	return list, err
}

// Entry is a line of the audit.
type Entry struct {
	ID     int64
	At     payment.Time
	Actor  string
	Action string // such as dispose
	Object string // such as case:17
	Detail string
}

// Audit returns the entries behind the given number, oldest first, of one object or of all if it is empty.
func (d *DB) Audit(ctx context.Context, object string, after int64, limit int) (list []Entry, err error) {
	query, args := `SELECT audit_id, at, actor, action, object, detail FROM audit WHERE audit_id > ?`, []any{after}
	if object != "" {
		query, args = query+` AND object = ?`, append(args, object)
	}
	err = d.each(ctx, d.sql, func(r *sql.Rows) error {
		var e Entry
		err := r.Scan(&e.ID, &e.At, &e.Actor, &e.Action, &e.Object, &e.Detail)
		list = append(list, e)
		return err
	}, query+` ORDER BY audit_id LIMIT ?`, append(args, limit)...)
	return list, err
}

// Record adds a line to the audit.
func (d *DB) Record(ctx context.Context, e Entry) error {
	return d.change(ctx, func(t *tx) error { return t.note(ctx, e.At, e.Actor, e.Action, e.Object, e.Detail) })
}
