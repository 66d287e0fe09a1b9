// Package telemetry measures distributions cheaply enough for every transaction, and reads them as quantiles or as
// cumulative buckets.
//
// It knows numbers only: what they mean, their names and how they leave the process is decided where they are made
// and in app.
package telemetry
