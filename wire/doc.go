// Package wire reads and seals the canonical encodings in which states are stored: a version, integers of variable length,
// texts, and a checksum over all of it.
//
// What an encoding holds is its owner's to say. A value that could have been written in other bytes is refused here, so
// that equal states have equal encodings. The package imports nothing of ours.
package wire
