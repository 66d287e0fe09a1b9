// Package payment holds the Transaction: its schema, its strict JSON form, its money and its time.
//
// Everything a payment system may send is decided here: which fields are required, which values are legal, and how
// an amount becomes an exact integer. Nothing here knows of features, models, Kafka or Redis, and the package imports
// nothing else of this module.
package payment
