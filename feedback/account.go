package feedback

import (
	"slices"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// Account holds the ledgers of one account's labelled transactions. The zero Account is ready for use.
//
// What it holds of a transaction depends on the labels alone, not on their order, so accounts that have seen the same
// have the same encoding, as long as their payloads and what was dropped are the same too.
type Account struct {
	entries []*Entry // in the order of their transactions' ids
}

// Entry is what an Account holds of one transaction.
type Entry struct {
	// Payload belongs to who folds labels into other state: what it has counted for the transaction, and where, so
	// that it can be taken back. It is kept with the ledger and means nothing here. Empty and nil are the same.
	Payload []byte

	id     string
	time   payment.Time
	ledger Ledger
}

// TransactionID returns the id of the transaction, unique within the account.
func (e *Entry) TransactionID() string { return e.id }

// Time returns the transaction's event time. Where labels disagree about it, it is the latest they name.
func (e *Entry) Time() payment.Time { return e.time }

// Effective returns what holds for the transaction.
func (e *Entry) Effective() Effective { return e.ledger.Effective() }

// Add takes in a legal label of the account. It returns the transaction's entry, which is new if this is the
// transaction's first label, and what held before and what holds after.
func (a *Account) Add(l *Label) (e *Entry, before, after Effective) {
	i, found := a.find(l.TransactionID)
	if !found {
		a.entries = slices.Insert(a.entries, i, &Entry{id: l.TransactionID})
	}
	e = a.entries[i]
	e.time = max(e.time, l.TransactionTime)
	before, after = e.ledger.Add(l)
	return e, before, after
}

// Entry returns what is held of the transaction, or nil. It is the account's own and valid until it is dropped.
func (a *Account) Entry(transactionID string) *Entry {
	if i, found := a.find(transactionID); found {
		return a.entries[i]
	}
	return nil
}

func (a *Account) find(transactionID string) (int, bool) {
	return slices.BinarySearchFunc(a.entries, transactionID, func(e *Entry, id string) int { return strings.Compare(e.id, id) })
}

// Drop forgets the transactions from before t, and returns how many there were. A label that still comes for one of
// them finds nothing that held before it.
func (a *Account) Drop(t payment.Time) int {
	n := len(a.entries)
	a.entries = slices.DeleteFunc(a.entries, func(e *Entry) bool { return e.time < t })
	return n - len(a.entries)
}

// Len returns the number of labelled transactions.
func (a *Account) Len() int { return len(a.entries) }

// Newest returns the latest time of a transaction, and whether there is one.
func (a *Account) Newest() (payment.Time, bool) {
	var newest payment.Time
	for _, e := range a.entries {
		newest = max(newest, e.time)
	}
	return newest, len(a.entries) > 0
}
