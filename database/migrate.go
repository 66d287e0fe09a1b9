package database

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the database to the current form.
func (d *DB) migrate(ctx context.Context) error {
	p, err := d.forms()
	if err != nil {
		return err
	}
	lock, err := d.lock(ctx, "migration") // of processes that start together
	if err != nil {
		return err
	}
	defer lock.Release()
	_, err = p.Up(ctx)
	return err
}

// forms returns what leads from one form of the database to the next.
func (d *DB) forms() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectSQLite3
	if d.postgres {
		dialect = goose.DialectPostgres
	}
	return goose.NewProvider(dialect, d.sql, files, goose.WithGoMigrations(
		goose.NewGoMigration(5, &goose.GoFunc{RunTx: d.addScores}, &goose.GoFunc{RunTx: dropScores})))
}

// addScores is a migration that is not in a file, since the two databases read JSON in different ways. The score of an alert
// stands beside its event, so that related alerts are shown without reading the events of all. The cases that are snoozed, few
// among the open ones, have an index, and what the figures count is counted by indexes alone.
func (d *DB) addScores(ctx context.Context, t *sql.Tx) error {
	score := `json_extract(body, '$.score')`
	if d.postgres {
		score = `CAST(CAST(body AS json) ->> 'score' AS double precision)`
	}
	if err := d.compressQuickly(ctx, t); err != nil {
		return err
	}
	return run(ctx, t,
		`ALTER TABLE alerts ADD COLUMN score DOUBLE PRECISION`,
		`UPDATE alerts SET score = `+score,
		`CREATE INDEX cases_snoozed ON cases (snoozed_until) WHERE snoozed_until > 0`,
		`CREATE INDEX cases_open ON cases (state, snoozed_until, owned_until, severity, score, at_risk) WHERE state < 3`,
		`CREATE INDEX cases_by_end ON cases (closed_at, disposition) WHERE state = 3`,
	)
}

// compressQuickly has PostgreSQL compress events by LZ4 where it can: by its own method they take most of the time of taking
// alerts in.
func (d *DB) compressQuickly(ctx context.Context, t *sql.Tx) error {
	if !d.postgres {
		return nil
	}
	var can bool
	err := t.QueryRowContext(ctx, `SELECT count(*) > 0 FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)`).Scan(&can)
	if err != nil || !can {
		return err
	}
	return run(ctx, t, `ALTER TABLE alerts ALTER COLUMN body SET COMPRESSION lz4`)
}

func dropScores(ctx context.Context, t *sql.Tx) error {
	return run(ctx, t, `DROP INDEX cases_snoozed`, `DROP INDEX cases_open`, `DROP INDEX cases_by_end`, `ALTER TABLE alerts DROP COLUMN score`)
}

func run(ctx context.Context, t *sql.Tx, statements ...string) error {
	for _, s := range statements {
		if _, err := t.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
