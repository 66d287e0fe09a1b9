package database

import (
	"context"

	"github.com/weir-fraud/weir/alerts/cases"
)

// BackTo takes the database back to an older form, and runs a statement on that.
func (d *DB) BackTo(ctx context.Context, form int64, statement string) error {
	p, err := d.forms()
	if err != nil {
		return err
	}
	if _, err := p.DownTo(ctx, form); err != nil {
		return err
	}
	_, err = d.sql.ExecContext(ctx, statement)
	return err
}

// Statement is a query as it is sent.
type Statement struct {
	Query string
	Args  []any
}

// PageStatement is the statement behind Page.
func PageStatement(f Filter, after *cases.Case, limit int) Statement {
	query, args, err := f.page(after, limit)
	if err != nil {
		panic(err)
	}
	return Statement{query, args}
}

// SizeStatement is the statement behind Size.
func SizeStatement(f Filter, limit int) Statement {
	query, args := f.size(limit)
	return Statement{query, args}
}

// The statements behind NewestAlerts, Timeline, LabelsOf, Related and Search.
const (
	NewestQuery   = newestAlerts
	TimelineQuery = timeline
	LabelsQuery   = labelsOfAlerts
	RelatedQuery  = relatedAlerts
	OfKeyQuery    = casesOfKey
)
