package features

import "github.com/weir-fraud/weir/payment"

// event is what the state keeps of every transaction. What a set retains beyond that, the attributes, and what it
// derives, the numbers that aggregates add up, stands in the account's rows: one for each event, first the attributes
// (a text by its number in the account's names, a number as fixed-point) and then the derived numbers (fixed-point).
type event struct {
	time     payment.Time
	original int64  // minor units of currency, as sent
	amount   int64  // minor units of the reporting currency; meaningless where noAmount is set
	id       uint64 // fingerprint of the transaction id, 56 bits, for the dedupe
	merchant uint32 // index into the account's names, 0 for none
	category uint32 // likewise
	latE7    int32
	lonE7    int32
	matches  uint32 // bit i is set when filter i of the plan lets the event in; derived, never stored
	currency payment.Currency
	body     uint16 // of all the rest; it tells a conflict from a repetition, which are counted apart and nothing else
	marks    uint16 // bit i is set when mark i holds
	kind     payment.Type
	flags    eventFlags
}

type eventFlags uint8

const (
	located  eventFlags = 1 << iota // latE7 and lonE7 are a place
	noAmount                        // the currency has no rate
)

// How many marks an event has room for, how many attributes a textField tells apart with ease, and how many entities an
// Observation does.
const (
	maxMarks      = 16
	maxAttributes = 64
	maxEntities   = 64
)
