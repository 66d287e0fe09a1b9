package tile

import "github.com/weir-fraud/weir/payment"

// ChunkTiles is the number of consecutive tiles in a chunk, which is what is encoded and stored as one value.
const ChunkTiles = 24

// Number returns the tile that t lies in: tile n covers the event times from n·length up to, not including,
// (n+1)·length.
func Number(t, length payment.Time) int64 { return floor(int64(t), int64(length)) }

// Last returns the newest tile that a window with the given delay sees at t. It is the last one before the tile that
// t − delay lies in, so all of it is at least delay old.
func Last(t, delay, length payment.Time) int64 { return Number(t-delay, length) - 1 }

// Chunk returns the chunk that a tile belongs to: chunk n holds the tiles from n·ChunkTiles on.
func Chunk(tile int64) int64 { return floor(tile, ChunkTiles) }

func floor(x, by int64) int64 {
	q := x / by
	if x%by < 0 {
		q--
	}
	return q
}
