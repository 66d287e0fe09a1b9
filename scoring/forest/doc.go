// Package forest holds boosted trees: the one checked form that every model file is parsed into, and what evaluates it.
//
// Here live the parsers, each of which refuses what would not score here as it does in the library that wrote the file,
// and the evaluators of raw margins. A file is parsed and checked in full before any prediction library sees it, so a bad
// file is an error and never a wrong score or a crash.
//
// The package knows positions in a vector and nothing of what stands there: features, manifests and probabilities are
// scoring's. It has neither clock nor randomness: equal vectors give equal bits.
package forest
