package database

import (
	"context"

	"github.com/weir-fraud/weir/alerts"
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

// RelatedStatement is the statement behind Related.
func RelatedStatement(keys []alerts.Entity, caseID int64, limit int) Statement {
	s := Statement{relatedTo(len(keys)), []any{caseID}}
	for _, k := range keys {
		s.Args = append(s.Args, k.Name, k.Key, limit)
	}
	return s
}

// The statements behind NewestAlerts, Timeline, LabelsOf and Search.
const (
	NewestQuery   = newestAlerts
	TimelineQuery = timeline
	LabelsQuery   = labelsOfAlerts
	OfKeyQuery    = casesOfKey
)

// The statements behind Due and Claim.
const (
	NextDue = nextDue
	DueNow  = dueNow
)

// DeliveriesQuery is the statement behind Deliveries.
func DeliveriesQuery(f DeliveryFilter, after *Delivery, limit int) (string, []any) {
	return f.page(after, limit)
}
