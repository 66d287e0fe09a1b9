package database

import (
	"context"
	"database/sql"
	"errors"

	"github.com/weir-fraud/weir/payment"
)

// Answer is what a write was answered with.
type Answer struct {
	Request  string // tells requests apart that have the same key
	At       payment.Time
	Status   int // 0 while it is not answered
	Response []byte
}

// Begin keeps a key of an actor's for a write, and forgets those from before oldest. If the key is taken, it returns what is
// known of it; a write that was begun before stale and not answered is taken to have died.
func (d *DB) Begin(ctx context.Context, actor, key, request string, now, stale, oldest payment.Time) (taken *Answer, err error) {
	err = d.change(ctx, func(t *tx) error {
		taken = nil
		if _, err := t.exec(ctx, `DELETE FROM answers WHERE at < ?`, int64(oldest)); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM answers WHERE actor = ? AND key = ? AND status = 0 AND at < ?`, actor, key, int64(stale)); err != nil {
			return err
		}
		n, err := t.exec(ctx, `INSERT INTO answers (actor, key, request, at, status, response) VALUES (?, ?, ?, ?, 0, '') ON CONFLICT DO NOTHING`,
			actor, key, request, int64(now))
		if err != nil || n > 0 {
			return err
		}
		var a Answer
		err = t.row(ctx, `SELECT request, at, status, response FROM answers WHERE actor = ? AND key = ?`, actor, key).Scan(&a.Request, &a.At, &a.Status, &a.Response)
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
