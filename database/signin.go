package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/weir-fraud/weir/payment"
)

// User is somebody who may sign in.
type User struct {
	Name     string
	Role     string
	Hash     string // of the password
	Disabled bool
}

// SetUser adds a user, or changes one. Who is signed in under the name is signed out: the role or the password may be another.
func (d *DB) SetUser(ctx context.Context, u User, e Entry) error {
	return d.change(ctx, func(t *tx) error {
		disabled := 0
		if u.Disabled {
			disabled = 1
		}
		_, err := t.exec(ctx, `INSERT INTO users (name, role, hash, disabled) VALUES (?, ?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET role = excluded.role, hash = excluded.hash, disabled = excluded.disabled`, u.Name, u.Role, u.Hash, disabled)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM sessions WHERE name = ?`, u.Name); err != nil {
			return err
		}
		return t.note(ctx, e.At, e.Actor, e.Action, e.Object, e.Detail)
	})
}

// User returns a user.
func (d *DB) User(ctx context.Context, name string) (User, error) {
	u := User{Name: name}
	var disabled int
	err := d.sql.QueryRowContext(ctx, d.text(`SELECT role, hash, disabled FROM users WHERE name = ?`), name).Scan(&u.Role, &u.Hash, &disabled)
	u.Disabled = disabled != 0
	return u, unknown(err, "user "+name)
}

// Users returns all users by name.
func (d *DB) Users(ctx context.Context) (list []User, err error) {
	err = d.each(ctx, d.sql, func(r *sql.Rows) error {
		var u User
		var disabled int
		err := r.Scan(&u.Name, &u.Role, &u.Hash, &disabled)
		u.Disabled = disabled != 0
		list = append(list, u)
		return err
	}, `SELECT name, role, hash, disabled FROM users ORDER BY name`)
	return list, err
}

// unknown makes ErrUnknown of a row that is not there.
func unknown(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", what, ErrUnknown)
	}
	return err
}

// Session is somebody's browser that is signed in.
type Session struct {
	Hash    string // of what its cookie holds
	Name    string
	Role    string
	CSRF    string
	Expires payment.Time
}

// AddSession signs somebody in, and forgets the sessions that have ended.
func (d *DB) AddSession(ctx context.Context, s Session, e Entry) error {
	return d.change(ctx, func(t *tx) error {
		if _, err := t.exec(ctx, `DELETE FROM sessions WHERE expires <= ?`, int64(e.At)); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO sessions (hash, name, role, csrf, expires) VALUES (?, ?, ?, ?, ?)`,
			s.Hash, s.Name, s.Role, s.CSRF, int64(s.Expires)); err != nil {
			return err
		}
		return t.note(ctx, e.At, e.Actor, e.Action, e.Object, e.Detail)
	})
}

// Session returns a session that has not ended.
func (d *DB) Session(ctx context.Context, hash string, now payment.Time) (Session, error) {
	s := Session{Hash: hash}
	err := d.sql.QueryRowContext(ctx, d.text(`SELECT name, role, csrf, expires FROM sessions WHERE hash = ? AND expires > ?`), hash, int64(now)).
		Scan(&s.Name, &s.Role, &s.CSRF, &s.Expires)
	return s, unknown(err, "session")
}

// EndSession signs a browser out.
func (d *DB) EndSession(ctx context.Context, hash string, e Entry) error {
	return d.change(ctx, func(t *tx) error {
		if _, err := t.exec(ctx, `DELETE FROM sessions WHERE hash = ?`, hash); err != nil {
			return err
		}
		return t.note(ctx, e.At, e.Actor, e.Action, e.Object, e.Detail)
	})
}

// Token is what a program bears.
type Token struct {
	Hash    string
	Name    string // unique, for the audit and for revoking it
	Scopes  string // separated by commas
	MadeAt  payment.Time
	Expires payment.Time // 0 for never
}

// AddToken lets a program in.
func (d *DB) AddToken(ctx context.Context, k Token, e Entry) error {
	return d.change(ctx, func(t *tx) error {
		n, err := t.exec(ctx, `INSERT INTO tokens (hash, name, scopes, made_at, expires) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			k.Hash, k.Name, k.Scopes, int64(k.MadeAt), int64(k.Expires))
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("token %s: %w: there is one of this name", k.Name, ErrChanged)
		}
		return t.note(ctx, e.At, e.Actor, e.Action, e.Object, e.Detail)
	})
}

// Token returns a token that has not expired.
func (d *DB) Token(ctx context.Context, hash string, now payment.Time) (Token, error) {
	k := Token{Hash: hash}
	err := d.sql.QueryRowContext(ctx, d.text(`SELECT name, scopes, made_at, expires FROM tokens WHERE hash = ? AND (expires = 0 OR expires > ?)`), hash, int64(now)).
		Scan(&k.Name, &k.Scopes, &k.MadeAt, &k.Expires)
	return k, unknown(err, "token")
}

// RevokeToken ends a token by its name.
func (d *DB) RevokeToken(ctx context.Context, name string, e Entry) error {
	return d.change(ctx, func(t *tx) error {
		n, err := t.exec(ctx, `DELETE FROM tokens WHERE name = ?`, name)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("token %s: %w", name, ErrUnknown)
		}
		return t.note(ctx, e.At, e.Actor, e.Action, e.Object, e.Detail)
	})
}
