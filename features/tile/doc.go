// Package tile keeps additive aggregates of one key over tiles of event time.
//
// A tile is a span of event time of a fixed length. A row holds what one tile adds up to: counters, and sums of 128
// bits. A [Cell] is the rows that one partition holds of a key, and what is stored. A [Series] is the same key over all
// partitions, up to the newest tile that is closed in each of them, and what windows are read off. Everything is an
// integer and every merge is an addition, so neither the order of events nor how partitions share them matters.
//
// What the counters count, which events arrive too late, and where chunks are stored is decided elsewhere.
package tile
