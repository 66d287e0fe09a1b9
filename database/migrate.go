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
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	dialect := goose.DialectSQLite3
	if d.postgres {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, d.sql, files, goose.WithGoMigrations(
		goose.NewGoMigration(5, &goose.GoFunc{RunTx: d.addScores}, &goose.GoFunc{RunTx: dropScores})))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// addScores is a migration that is not in a file, since the two databases read JSON in different ways. The score of an alert
// stands beside its event, so that related alerts are shown without reading the events of all; and the cases that are
// snoozed, few among the open ones, have an index.
func (d *DB) addScores(ctx context.Context, t *sql.Tx) error {
	score := `json_extract(body, '$.score')`
	if d.postgres {
		score = `CAST(CAST(body AS json) ->> 'score' AS double precision)`
	}
	return run(ctx, t,
		`ALTER TABLE alerts ADD COLUMN score DOUBLE PRECISION`,
		`UPDATE alerts SET score = `+score,
		`CREATE INDEX cases_snoozed ON cases (snoozed_until) WHERE snoozed_until > 0`,
	)
}

func dropScores(ctx context.Context, t *sql.Tx) error {
	return run(ctx, t, `DROP INDEX cases_snoozed`, `ALTER TABLE alerts DROP COLUMN score`)
}

func run(ctx context.Context, t *sql.Tx, statements ...string) error {
	for _, s := range statements {
		if _, err := t.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
