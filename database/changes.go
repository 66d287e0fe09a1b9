package database

import (
	"context"
	"database/sql"
	"strings"

	"github.com/weir-fraud/weir/alerts/cases"
)

// LastChange returns the number of the last change of any case.
func (d *DB) LastChange(ctx context.Context) (n int64, err error) {
	err = d.sql.QueryRowContext(ctx, `SELECT value FROM counters WHERE name = 'change'`).Scan(&n)
	return n, err
}

// Changed returns cases that have changed since a change, in the order of their last change, and that of the last of them.
func (d *DB) Changed(ctx context.Context, since int64, limit int) (list []cases.Case, last int64, err error) {
	last = since
	err = d.each(ctx, d.sql, func(r *sql.Rows) error {
		var c cases.Case
		err := scanCase(also{r, &last}, &c)
		list = append(list, c)
		return err
	}, `SELECT `+caseColumns+`, changed FROM cases WHERE changed > ? ORDER BY changed LIMIT ?`, since, limit)
	return list, last, err
}

// also scans one column more.
type also struct {
	rows *sql.Rows
	into any
}

func (a also) Scan(into ...any) error { return a.rows.Scan(append(into, a.into)...) }

// number gives the cases that the transaction has changed their number. It comes last: who takes a number holds up all others
// that want one until the commit.
func (t *tx) number(ctx context.Context) error {
	if len(t.changed) == 0 {
		return nil
	}
	n, err := t.next(ctx, "change")
	if err != nil {
		return err
	}
	args := []any{n}
	for id := range t.changed {
		args = append(args, id)
	}
	_, err = t.exec(ctx, `UPDATE cases SET changed = ? WHERE case_id IN (?`+strings.Repeat(", ?", len(t.changed)-1)+`)`, args...)
	return err
}
