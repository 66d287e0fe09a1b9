package app

import (
	"github.com/weir-fraud/weir/export"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/history"
)

// appendFeatures appends a row of training data.
func appendFeatures(dst []byte, rec *history.Record, v features.Vector) []byte {
	tx := &rec.Transaction
	row := export.Row{TransactionID: tx.ID, AccountID: tx.AccountID, Time: tx.Time, Pattern: rec.Pattern, Vector: v}
	switch rec.Label {
	case history.Fraud:
		row.Label = feedback.Fraud
	case history.Legitimate:
		row.Label = feedback.Legitimate
	}
	return export.AppendRow(dst, &row)
}
