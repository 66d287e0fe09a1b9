// Package pipeline does the work of partitions: it folds transactions into account states, computes features, scores,
// decides, and keeps Kafka and Redis in step while doing so.
//
// Everything rests on one invariant. For each partition p:
//
//	The state of p at applied offset o is a function of the log of p before o, and of nothing else.
//
// So whoever takes p from one offset to another gets the same state, and a state that is doubted can be thrown away.
// A Worker holds to it with transactions on the Kafka side, compared heads on the Redis side, and one routine for all
// doubt (recovery.go). A Replay runs the same Engine over the same partitions in memory.
package pipeline
