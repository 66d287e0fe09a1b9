// Package stream is Kafka as Weir uses it: a consumer group whose offsets travel in transactions, producers, and the
// topics with their settings.
//
// It is the only importer of the Kafka client. It knows records, offsets and partitions, not what is in them: no
// decoding, no state, no scoring.
package stream
