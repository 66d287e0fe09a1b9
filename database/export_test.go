package database

import "github.com/weir-fraud/weir/alerts/cases"

// PageQuery is the statement behind Page.
func PageQuery(f Filter, after *cases.Case, limit int) (string, []any) {
	query, args, err := f.page(after, limit)
	if err != nil {
		panic(err)
	}
	return query, args
}

// The statements behind Related, NewestAlerts, Timeline, LabelsOf and Search.
const (
	RelatedQuery  = relatedAlerts
	NewestQuery   = newestAlerts
	TimelineQuery = timeline
	LabelsQuery   = labelsOfAlerts
	OfKeyQuery    = casesOfKey
)
