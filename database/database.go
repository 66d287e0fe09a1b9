package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	"github.com/mattn/go-sqlite3"
)

// The errors that callers tell apart.
var (
	ErrUnknown = errors.New("there is no such thing")
	ErrChanged = errors.New("somebody has changed it meanwhile")
)

// DB is a database of the current form. It is safe for concurrent use.
type DB struct {
	sql      *sql.DB
	postgres bool
	file     string // of SQLite
}

// Open opens the database that a URL names, and brings it to the current form: sqlite:PATH, or postgres://….
func Open(ctx context.Context, address string) (*DB, error) {
	d, err := connect(address)
	if err != nil {
		return nil, err
	}
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", redacted(address), err), d.Close())
	}
	return d, nil
}

func connect(address string) (*DB, error) {
	switch scheme, rest, _ := strings.Cut(address, ":"); scheme {
	case "sqlite":
		if rest == "" {
			return nil, fmt.Errorf("database %s: name a file, such as sqlite:weir.db", address)
		}
		// One writer at a time, which waits for the one before it; readers wait for nobody.
		options := url.Values{"_busy_timeout": {"10000"}, "_journal_mode": {"WAL"}, "_foreign_keys": {"on"}, "_synchronous": {"FULL"}, "_txlock": {"immediate"}}
		file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: rest}).EscapedPath(), RawQuery: options.Encode()}
		db, err := over("sqlite3", file.String())
		return &DB{sql: db, file: rest}, err
	case "postgres", "postgresql":
		db, err := over("pgx", address)
		return &DB{sql: db, postgres: true}, err
	default:
		return nil, fmt.Errorf("database %s: the address must be sqlite:FILE or postgres://USER@HOST/NAME", redacted(address))
	}
}

// connections is how many there are at most. Those that nobody needs stay open: a new one takes longer than most statements, and
// knows no plans.
const connections = 16

func over(driver, address string) (*sql.DB, error) {
	db, err := sql.Open(driver, address)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, nil
}

// redacted returns an address without its password.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(an address that is no URL)"
	}
	return u.Redacted()
}

// Close closes the connections.
func (d *DB) Close() error { return d.sql.Close() }

// Ping checks that the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.sql.PingContext(ctx) }

// text returns a statement as the database wants it, whose parameters are written ? here.
func (d *DB) text(query string) string {
	if !d.postgres {
		return query
	}
	var b strings.Builder
	for n := 1; ; n++ {
		before, after, more := strings.Cut(query, "?")
		b.WriteString(before)
		if !more {
			return b.String()
		}
		b.WriteString("$" + strconv.Itoa(n))
		query = after
	}
}

// tx is a transaction.
type tx struct {
	*sql.Tx
	db      *DB
	changed map[int64]bool // cases
}

func (t *tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := t.ExecContext(ctx, t.db.text(query), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t *tx) row(ctx context.Context, query string, args ...any) *sql.Row {
	return t.QueryRowContext(ctx, t.db.text(query), args...)
}

// next takes the next number of a counter. Whoever else wants one waits until the transaction ends.
func (t *tx) next(ctx context.Context, counter string) (int64, error) { return t.take(ctx, counter, 1) }

// take takes the next n numbers of a counter, and returns the last.
func (t *tx) take(ctx context.Context, counter string, n int64) (last int64, err error) {
	err = t.row(ctx, `UPDATE counters SET value = value + ? WHERE name = ? RETURNING value`, n, counter).Scan(&last)
	return last, err
}

// change runs f in a transaction, again where the database asks for that: two that want the same rows in another order.
func (d *DB) change(ctx context.Context, f func(t *tx) error) error {
	const attempts = 5
	for i := 1; ; i++ {
		err := d.once(ctx, f)
		if err == nil || i == attempts || !passing(err) {
			return err
		}
	}
}

func (d *DB) once(ctx context.Context, f func(t *tx) error) error {
	t, err := d.sql.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	changing := &tx{t, d, make(map[int64]bool)}
	err = f(changing)
	if err == nil {
		err = changing.number(ctx)
	}
	if err != nil {
		return errors.Join(err, ignoreDone(t.Rollback()))
	}
	return t.Commit()
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// passing reports whether a transaction may succeed if it is tried again.
func passing(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization failure, deadlock
	}
	var lite sqlite3.Error
	return errors.As(err, &lite) && lite.Code == sqlite3.ErrBusy
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls scan with each row of a query.
func (d *DB) each(ctx context.Context, q querier, scan func(r *sql.Rows) error, query string, args ...any) (err error) {
	rows, err := q.QueryContext(ctx, d.text(query), args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// locking is what a SELECT ends with whose rows nobody may change until the transaction ends. SQLite locks all by itself.
func (d *DB) locking() string {
	if d.postgres {
		return " FOR UPDATE"
	}
	return ""
}
