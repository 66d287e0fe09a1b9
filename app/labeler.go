package app

import (
	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/pipeline"
)

// labeler makes label events of replayed rows, such as somebody would have sent who knew at once.
type labeler struct {
	entities []features.Entity
	marks    []string
}

func newLabeler(set *features.Set) labeler {
	return labeler{entities: set.Entities(), marks: set.Marks()}
}

// label returns the label event of a labelled row.
func (l *labeler) label(rec *history.Record, row *pipeline.Replayed) *feedback.Label {
	tx := &rec.Transaction
	event := &feedback.Label{
		ID: "import-" + alerts.ID(tx.AccountID, tx.ID), Time: tx.Time,
		TransactionID: tx.ID, AccountID: tx.AccountID, TransactionTime: tx.Time, Amount: tx.Amount, Currency: tx.Currency,
		Verdict: feedback.Legitimate, Source: feedback.Import,
	}
	if rec.Label == history.Fraud {
		event.Verdict = feedback.Fraud
	}
	for i, key := range row.Keys {
		if key == "" {
			continue
		}
		if event.Entities == nil {
			event.Entities = make(map[string]string)
		}
		event.Entities[l.entities[i].Name] = key
	}
	for i, name := range l.marks {
		if row.Marks>>i&1 != 0 {
			event.Marks = append(event.Marks, name)
		}
	}
	return event
}
