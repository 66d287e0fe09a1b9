package history

import (
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// Label says what is known of a past transaction.
type Label uint8

// The labels. The zero Label is Unlabelled.
const (
	Unlabelled Label = iota
	Legitimate
	Fraud
)

// String returns the label in lower case: unlabelled, legitimate or fraud.
func (l Label) String() string {
	switch l {
	case Legitimate:
		return "legitimate"
	case Fraud:
		return "fraud"
	}
	return "unlabelled"
}

// ParseLabel returns the Label with the given name in Weir's own JSONL: legitimate or fraud.
func ParseLabel(s string) (Label, bool) {
	switch s {
	case "legitimate":
		return Legitimate, true
	case "fraud":
		return Fraud, true
	}
	return Unlabelled, false
}

// Record is one row of a file: a legal transaction, and what the file knows of it.
//
// The strings and the attributes of a Record that [Reader.Next] has filled never change and stay valid for as long as
// they are held: later calls of Next write elsewhere. They are views into the block of input that they came with, so a
// single short string keeps up to a megabyte in memory. That is what batches want; to keep a few records for long, call
// [Record.Detach].
type Record struct {
	Transaction payment.Transaction
	Label       Label
	Pattern     string // the named fraud pattern of the transaction, "" where the file names none
	Row         int64  // the row's number in its file: 1 for the first row below the header, rejected rows included
}

// Detach copies all strings and attributes of r, so that r no longer keeps the block of input in memory.
func (r *Record) Detach() {
	t := &r.Transaction
	for _, s := range []*string{&t.ID, &t.AccountID, &t.Merchant.Name, &t.Merchant.Category, &r.Pattern} {
		*s = strings.Clone(*s)
	}
	if len(t.Attributes) == 0 {
		t.Attributes = nil
		return
	}
	attributes := make([]payment.Attribute, len(t.Attributes))
	for i, a := range t.Attributes {
		attributes[i] = payment.Attribute{Key: strings.Clone(a.Key), Value: strings.Clone(a.Value)}
	}
	t.Attributes = attributes
}
