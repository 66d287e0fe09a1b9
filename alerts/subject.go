package alerts

import (
	"encoding/json"
	"fmt"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// Subject is what an alert is about, without why it was made and what was before: to read it takes a third of the time that
// the whole alert takes.
type Subject struct {
	ID            string
	TransactionID string
	AccountID     string
	Marks         []string
	Entities      []Entity
	Transaction   *payment.Transaction // nil where the alert has none
}

// wireSubject is the part of [wire] that a Subject comes of.
type wireSubject struct {
	ID            string          `json:"alert_id"`
	TransactionID string          `json:"transaction_id"`
	AccountID     string          `json:"account_id"`
	Marks         []string        `json:"marks"`
	Entities      json.RawMessage `json:"entities"`
	Transaction   json.RawMessage `json:"transaction"`
}

// ReadSubject reads what the event of an alert is about.
func ReadSubject(event []byte) (Subject, error) {
	var w wireSubject
	if err := json.Unmarshal(event, &w); err != nil {
		return Subject{}, fmt.Errorf("alert: %w", err)
	}
	s, err := w.subject()
	if err != nil {
		return Subject{}, fmt.Errorf("alert %q: %w", w.ID, err)
	}
	return s, nil
}

func (w *wireSubject) subject() (Subject, error) {
	s := Subject{ID: w.ID, TransactionID: w.TransactionID, AccountID: w.AccountID, Marks: w.Marks}
	for _, required := range [...]struct{ field, value string }{
		{"alert_id", w.ID}, {"transaction_id", w.TransactionID}, {"account_id", w.AccountID},
	} {
		if required.value == "" {
			return Subject{}, fmt.Errorf("%s is missing", required.field)
		}
	}
	if err := members(w.Entities, func(name string, value json.RawMessage) error {
		var key string
		err := json.Unmarshal(value, &key)
		s.Entities = append(s.Entities, Entity{name, key})
		return err
	}); err != nil {
		return Subject{}, fmt.Errorf("entities: %w", err)
	}
	var err error
	if s.Transaction, err = decodeTransaction(w.Transaction); err != nil {
		return Subject{}, fmt.Errorf("transaction: %w", err)
	}
	return s, nil
}

// PaymentReader reads the payments that alerts tell of: those they are about, and those of the accounts' past. What several
// have in their past is nearly all of it where they come close together; it is read once.
type PaymentReader struct {
	read map[string]bool // events of a past, as they are written
}

// NewPaymentReader returns a reader that has read nothing.
func NewPaymentReader() *PaymentReader { return &PaymentReader{make(map[string]bool)} }

// Read returns the transaction of an alert, nil where it has none, and of its history what no alert before had.
func (r *PaymentReader) Read(event []byte) (*payment.Transaction, []features.Retained, error) {
	var w struct {
		ID          string            `json:"alert_id"`
		Transaction json.RawMessage   `json:"transaction"`
		History     []json.RawMessage `json:"history"`
	}
	if err := json.Unmarshal(event, &w); err != nil {
		return nil, nil, fmt.Errorf("alert: %w", err)
	}
	tx, err := decodeTransaction(w.Transaction)
	if err != nil {
		return nil, nil, fmt.Errorf("alert %q: transaction: %w", w.ID, err)
	}
	var past []features.Retained
	for i, text := range w.History {
		if r.read[string(text)] {
			continue
		}
		r.read[string(text)] = true
		h, err := decodeRetained(text)
		if err != nil {
			return nil, nil, fmt.Errorf("alert %q: history[%d]: %w", w.ID, i, err)
		}
		past = append(past, h)
	}
	return tx, past, nil
}
