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

// Read asks a store for account states of one partition.
type Read struct {
	Partition  int32
	Generation uint64
	Accounts   []string
	Values     [][]byte // filled in: the encoding of each account, nil where there is none
	Head       Head     // filled in, read after the values
}

// Write hands a store the changes of one partition. They are made, all at once, if the partition's head is still From.
type Write struct {
	Partition int32
	From, To  Head
	Changes   []Change
	Err       error // filled in: nil, ErrMismatch, or the store's failure
}

// Change is the new state of one account: its canonical encoding. A store files the account under the bucket of its
// newest event time, so that accounts idle for long are found without looking at the others. Filed is the bucket it
// is filed under now, 0 for none.
type Change struct {
	Account string
	Value   []byte
	Filed   int64
	Bucket  int64
}
