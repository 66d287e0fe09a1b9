package database

import "github.com/weir-fraud/weir/alerts/cases"

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
