// Package features computes rolling per-account features, exact in event time.
//
// Here live the declared feature set and its compilation, the windows and aggregates, the account state with its
// canonical encoding, and the state layout. The package knows neither Redis nor Kafka, and neither clock nor model:
// what it computes is a function of the transactions it is given, in their order. Storage is features/redisstate.
package features
