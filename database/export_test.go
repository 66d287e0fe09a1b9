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

// RelatedQuery is the statement behind Related.
const RelatedQuery = alertsOfKey

// The statements behind Due and Claim.
const (
	NextDue = nextDue
	DueNow  = dueNow
)

// DeliveriesQuery is the statement behind Deliveries.
func DeliveriesQuery(f DeliveryFilter, after *Delivery, limit int) (string, []any) {
	return f.page(after, limit)
}
