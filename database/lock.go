package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"os"
	"syscall"
	"time"
)

// Lock is what one process of several on a database has. Nobody keeps a time: it is gone with the process that held it. It
// keeps the peace and no more: when a connection breaks, two may take it for theirs for some seconds.
type Lock struct {
	conn *sql.Conn // PostgreSQL: whose session has it
	file *os.File  // SQLite
}

// TryLock takes the lock of a name, or returns nil if somebody has it.
func (d *DB) TryLock(ctx context.Context, name string) (*Lock, error) {
	if d.postgres {
		return d.lockSession(ctx, name)
	}
	f, err := os.OpenFile(d.file+"-"+name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, f.Close()
	case err != nil:
		return nil, errors.Join(err, f.Close())
	}
	return &Lock{file: f}, nil
}

// lockSession takes an advisory lock, of the schema that the tables are in. A machine that is suddenly gone loses it within
// twenty seconds.
func (d *DB) lockSession(ctx context.Context, name string) (*Lock, error) {
	conn, err := d.sql.Conn(ctx)
	if err != nil {
		return nil, err
	}
	l := &Lock{conn: conn}
	var mine bool
	err = conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock(hashtext('weir ' || $1), hashtext(current_schema()))`, name).Scan(&mine)
	if err == nil && !mine {
		return nil, conn.Close()
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, `SELECT set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '5', false),
			set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '20000', false)`)
	}
	if err != nil {
		l.Release()
		return nil, err
	}
	return l, nil
}

// lock waits for a lock.
func (d *DB) lock(ctx context.Context, name string) (*Lock, error) {
	for {
		l, err := d.TryLock(ctx, name)
		if l != nil || err != nil {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Check returns an error if somebody else may have the lock by now.
func (l *Lock) Check(ctx context.Context) error {
	if l.conn == nil {
		return nil
	}
	_, err := l.conn.ExecContext(ctx, `SELECT 1`)
	return err
}

// Release lets somebody else have the lock.
func (l *Lock) Release() {
	if l.conn == nil {
		_ = l.file.Close()
		return
	}
	// The session ends, and the lock with it.
	_ = l.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = l.conn.Close()
}
