package pipeline

import "sync/atomic"

// Stats counts what workers have done since they started. It is safe for concurrent use.
type Stats struct {
	Transactions atomic.Int64 // scored
	Alerts       atomic.Int64
	DeadLetters  atomic.Int64
	Duplicates   atomic.Int64 // repeated transactions, which produce nothing
	Conflicts    atomic.Int64 // repeated ids with another body, which produce nothing either
	Late         atomic.Int64
	Folded       atomic.Int64 // folded without a decision, while catching up
	Commits      atomic.Int64 // Kafka transactions committed
	Aborts       atomic.Int64 // Kafka transactions that were not
	Recoveries   atomic.Int64 // runs of the recovery routine
	Discards     atomic.Int64 // of those, with the stored state thrown away
	Mismatches   atomic.Int64 // heads found in Redis that were not the worker's own
}
