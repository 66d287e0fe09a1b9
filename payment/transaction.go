package payment

import "strings"

// Transaction is one payment as the rest of Weir sees it: decoded, checked, and exact.
//
// The strings of a decoded Transaction are views into the bytes it was decoded from; see [Decoder.Decode].
type Transaction struct {
	ID         string      // unique within its account
	Time       Time        // event time
	AccountID  string      // the account whose history the transaction belongs to, and the Kafka key
	Type       Type        // purchase, withdrawal or deposit
	Amount     int64       // minor units of Currency: 500.00 USD is 50000, 500 JPY is 500
	Currency   Currency    // ISO 4217
	Merchant   Merchant    // zero where the transaction names none
	Attributes []Attribute // in the order they were given, keys unique
}

// Merchant is the receiving side of a transaction. Every part may be missing: an empty string, an unknown location.
type Merchant struct {
	Name     string
	Category string
	Location Location
}

// Location is a place on earth in units of 1e-7 degree (1.1 cm at the equator), so that it is exact in every
// encoding. Known tells a place from a missing one.
type Location struct {
	LatitudeE7  int32 // -90e7 … 90e7
	LongitudeE7 int32 // -180e7 … 180e7
	Known       bool
}

// Attribute is one free-form fact that the payment system sent along: device_id, channel. Numbers and booleans keep
// the text they were written with.
type Attribute struct {
	Key   string
	Value string
}

// Attribute returns the value under key, and whether it is present.
func (t *Transaction) Attribute(key string) (string, bool) {
	for i := range t.Attributes {
		if t.Attributes[i].Key == key {
			return t.Attributes[i].Value, true
		}
	}
	return "", false
}

// Clone returns a copy of t that shares no memory with the bytes t was decoded from, nor with t itself.
func (t *Transaction) Clone() Transaction {
	c := *t
	c.ID, c.AccountID = strings.Clone(t.ID), strings.Clone(t.AccountID)
	c.Merchant.Name, c.Merchant.Category = strings.Clone(t.Merchant.Name), strings.Clone(t.Merchant.Category)
	c.Attributes = nil
	for _, a := range t.Attributes {
		c.Attributes = append(c.Attributes, Attribute{Key: strings.Clone(a.Key), Value: strings.Clone(a.Value)})
	}
	return c
}

// Type says which way the money moves.
type Type uint8

// The transaction types. The zero Type is not a legal one.
const (
	Purchase Type = iota + 1
	Withdrawal
	Deposit
)

// String returns the type's name on the wire.
func (t Type) String() string {
	switch t {
	case Purchase:
		return "purchase"
	case Withdrawal:
		return "withdrawal"
	case Deposit:
		return "deposit"
	}
	return "unknown"
}

// ParseType returns the Type with the given wire name.
func ParseType(s string) (Type, bool) {
	switch s {
	case "purchase":
		return Purchase, true
	case "withdrawal":
		return Withdrawal, true
	case "deposit":
		return Deposit, true
	}
	return 0, false
}

// AllowsNegative reports whether an amount below zero is legal: a purchase can be refunded, so its amount may be
// negative; cash handed out or paid in never is.
func (t Type) AllowsNegative() bool { return t == Purchase }
