package features

import (
	"errors"

	"github.com/weir-fraud/weir/payment"
)

// Head is what a store keeps for the state of one partition as a whole. Head and account states change together,
// atomically, so the head tells which prefix of the log the accounts stand for. The zero Head is no state at all.
type Head struct {
	Applied    int64        // offset of the first record that is not folded in
	TopicID    string       // the id that Kafka gave the topic when it was created
	Partitions int32        // the topic's partition count
	Watermark  payment.Time // newest event time folded in, 0 for none
	Generation uint64       // names the keys of this state, above 0; a discarded state's generation is never used again
}

// Known reports whether there is any state.
func (h *Head) Known() bool { return h.Generation != 0 }

// ErrMismatch is the outcome of a write whose partition is not in the state that the writer started from: somebody
// else has written, or the store has lost something. Nothing was written.
var ErrMismatch = errors.New("the stored head is not the one this worker started from")

// Read asks a store for what it holds of one partition.
type Read struct {
	Partition  int32
	Generation uint64
	Accounts   []string
	Values     [][]byte   // filled in: the encoding of each account, nil where there is none
	Tiles      []TileRead // filled in as well
	Indexes    []IndexRead
	Head       Head // filled in, read after the values
}

// TileRead asks for the tiles of one entity's key: the chunks from From to To, or all.
type TileRead struct {
	Cell     CellName
	All      bool
	From, To int64
	Chunks   []Chunk // filled in: those that there are
}

// IndexRead asks for an index of an entity's keys: see [IndexAppend].
type IndexRead struct {
	Entity string
	Chunk  int64
	From   int64  // bytes to leave out
	Keys   []byte // filled in
}

// CellName names what is kept of one key of an entity.
type CellName struct{ Entity, Key string }

// Chunk is a run of tiles as it is stored: see [tile.Cell.AppendChunk].
type Chunk struct {
	Number int64
	Value  []byte // nil says that the chunk has no rows any more
}

// Peer is how far somebody has got with a partition.
type Peer struct {
	Head Head
	Hint
}

// Hint is what the owner of a partition adds to its head. None of it is state.
type Hint struct {
	Reached int64        // offset up to which there is nothing after what the head stands for: markers, records that are gone
	Ahead   payment.Time // event time of the transaction that is folded next, 0 where that is not known
}

// Watermark returns the watermark that the partition has, or will have with the next transaction that it folds.
func (p *Peer) Watermark() payment.Time { return max(p.Head.Watermark, p.Ahead) }

// Write hands a store the changes of one partition. They are made, all at once, if the partition's head is still From.
type Write struct {
	Partition int32
	From, To  Head
	Changes   []Change
	Tiles     []TileChange
	Indexes   []IndexAppend
	Err       error // filled in: nil, ErrMismatch, or the store's failure
}

// Change is the new state of one account: its canonical encoding. A store files the account under the bucket of its
// newest event time, so that accounts idle for long are found without looking at the others.
type Change struct {
	Account string
	Value   []byte
	Filing
}

// TileChange is what is new of one entity's key: the chunks that changed. It is filed like an account.
type TileChange struct {
	Cell   CellName
	Chunks []Chunk
	Filing
}

// IndexAppend adds keys to those that have tiles in a chunk. Each is a hash of 4 bytes: an index tells which partitions
// need not be asked for a key, and an answer too many does no harm. Bucket is the one to file the index under.
type IndexAppend struct {
	Entity string
	Chunk  int64
	Keys   []byte
	Bucket int64
}

// Filing says which bucket something is filed under now, 0 for none, and which it is to be filed under.
type Filing struct{ Filed, Bucket int64 }
