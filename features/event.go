package features

import "github.com/weir-fraud/weir/payment"

// event is what the state keeps of one transaction.
type event struct {
	time     payment.Time
	original int64  // minor units of currency, as sent
	amount   int64  // minor units of the reporting currency; meaningless where noAmount is set
	id       uint64 // fingerprint of the transaction id, and
	body     uint32 // of all the rest, for the dedupe
	merchant uint32 // index into the account's names, 0 for none
	category uint32 // likewise
	latE7    int32
	lonE7    int32
	matches  uint32 // bit i is set when filter i of the plan lets the event in; derived, never stored
	currency payment.Currency
	kind     payment.Type
	flags    eventFlags
}

type eventFlags uint8

const (
	located  eventFlags = 1 << iota // latE7 and lonE7 are a place
	noAmount                        // the currency has no rate
)

// A filter decides which events an aggregate sees. It reads retained fields only, so it can be told again from a
// decoded event.
type filter struct {
	name  string
	match func(*event) bool
}

// filterNamed returns the named filter.
func filterNamed(name string) (filter, bool) {
	switch name {
	case "":
		return filter{name, func(*event) bool { return true }}, true
	case "spending":
		return filter{name, func(e *event) bool { return e.kind != payment.Deposit }}, true
	case "deposits":
		return filter{name, func(e *event) bool { return e.kind == payment.Deposit }}, true
	case "withdrawals":
		return filter{name, func(e *event) bool { return e.kind == payment.Withdrawal }}, true
	}
	return filter{}, false
}
