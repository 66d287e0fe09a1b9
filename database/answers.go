package database

import (
	"context"
	"database/sql"
	"errors"
	"net/http"

	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/payment"
)

// Answer is what a write was answered with.
type Answer struct {
	Request  string // tells requests apart that have the same key
	At       payment.Time
	Status   int // 0 while it is not answered
	Response []byte
}

// Write is a write that is done once, however often it comes.
type Write struct {
	Actor, Key string
	Request    string
	At, Oldest payment.Time // now, and from when on answers are kept
}

// ErrRepeated is why a write is not done.
var ErrRepeated = errors.New("the same write was done before")

// Answered returns what a write with an actor's key was answered with, nil if none was begun.
func (d *DB) Answered(ctx context.Context, actor, key string) (*Answer, error) {
	var a Answer
	err := d.sql.QueryRowContext(ctx, d.text(answered), actor, key).Scan(&a.Request, &a.At, &a.Status, &a.Response)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &a, err
}

const answered = `SELECT request, at, status, response FROM answers WHERE actor = ? AND key = ?`

// DoOnce takes steps as Do does, unless a write with this key was done before, and keeps the answer with them: of a process
// that dies, the steps and the answer are there, or neither. answer is what to answer where the cases are now so.
func (d *DB) DoOnce(ctx context.Context, w *Write, answer func(after []cases.Case) ([]byte, error), steps ...Step) (text []byte, err error) {
	err = d.change(ctx, func(t *tx) error {
		// First, so that the same write waits here for this one to end.
		switch n, err := t.begin(ctx, w, http.StatusOK); {
		case err != nil:
			return err
		case n == 0:
			return ErrRepeated
		}
		after, err := t.doAll(ctx, steps)
		if err != nil {
			return err
		}
		if text, err = answer(after); err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE answers SET response = ? WHERE actor = ? AND key = ?`, string(text), w.Actor, w.Key)
		return err
	})
	return text, err
}

// begin keeps the key of a write, if it is not taken, and forgets old ones.
func (t *tx) begin(ctx context.Context, w *Write, status int) (kept int64, err error) {
	if _, err := t.exec(ctx, `DELETE FROM answers WHERE at < ?`, int64(w.Oldest)); err != nil {
		return 0, err
	}
	return t.exec(ctx, `INSERT INTO answers (actor, key, request, at, status, response) VALUES (?, ?, ?, ?, ?, '') ON CONFLICT DO NOTHING`,
		w.Actor, w.Key, w.Request, int64(w.At), status)
}

// Begin keeps the key of a write whose effect is elsewhere, and which Finish then ends. If the key is taken, it returns what
// is known of it; a write that was begun before stale and not answered is taken to have died.
func (d *DB) Begin(ctx context.Context, w *Write, stale payment.Time) (taken *Answer, err error) {
	err = d.change(ctx, func(t *tx) error {
		taken = nil
		if _, err := t.exec(ctx, `DELETE FROM answers WHERE actor = ? AND key = ? AND status = 0 AND at < ?`, w.Actor, w.Key, int64(stale)); err != nil {
			return err
		}
		n, err := t.begin(ctx, w, 0)
		if err != nil || n > 0 {
			return err
		}
		var a Answer
		err = t.row(ctx, answered, w.Actor, w.Key).Scan(&a.Request, &a.At, &a.Status, &a.Response)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrChanged
		}
		taken = &a
		return err
	})
	return taken, err
}

// Finish keeps the answer of a write that was begun. With status 0 the key is free again.
func (d *DB) Finish(ctx context.Context, actor, key string, status int, response []byte) error {
	return d.change(ctx, func(t *tx) error {
		if status == 0 {
			_, err := t.exec(ctx, `DELETE FROM answers WHERE actor = ? AND key = ?`, actor, key)
			return err
		}
		_, err := t.exec(ctx, `UPDATE answers SET status = ?, response = ? WHERE actor = ? AND key = ?`, status, string(response), actor, key)
		return err
	})
}
