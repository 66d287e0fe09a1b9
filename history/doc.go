// Package history reads files of past transactions as a stream of payment.Transactions.
//
// Here live the file formats (CSV and JSONL, plain, gzip or zstd, and Parquet), the mapping that says which column is
// which field, and the conversion of a row. A [Mapping] is loaded once, bound to the columns of each file when the file
// is opened, and run for every row as a flat list of column numbers. A [Sample] is read without one, to find one. What a
// legal transaction is, package payment decides: a row becomes a Record only if its transaction passes
// [payment.Transaction.Validate].
//
// The package knows nothing of features, models, Kafka or Redis, and holds no clock. A local time is resolved with the
// time zone database of the program; a program that must run where there is none imports time/tzdata.
package history
