package alerts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// wire is the alert as encoding/json reads it.
type wire struct {
	wireSubject
	Timestamp   string            `json:"timestamp"`
	Reason      string            `json:"reason"`
	Action      string            `json:"action"`
	Score       *float64          `json:"score"`
	Model       string            `json:"model"`
	Severity    string            `json:"severity"`
	MoneyAtRisk *float64          `json:"money_at_risk"`
	Reasons     []wireReason      `json:"reasons"`
	Features    json.RawMessage   `json:"features"`
	History     []json.RawMessage `json:"history"`
}

type wireReason struct {
	Code         Code            `json:"code"`
	Title        string          `json:"title"`
	Text         string          `json:"text"`
	Feature      string          `json:"feature"`
	Value        *float64        `json:"value"`
	Contribution float64         `json:"contribution"`
	Features     json.RawMessage `json:"features"`
}

// UnmarshalJSON sets a to the alert that data holds. The first six fields must be there, reason excepted, which may be
// empty; what else is missing stays zero (a severity: low), a number NaN, and unknown fields are ignored. An error names the alert and the field.
func (a *Alert) UnmarshalJSON(data []byte) error {
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return fmt.Errorf("alert: %w", err)
	}
	decoded, err := w.alert()
	if err != nil {
		return fmt.Errorf("alert %q: %w", w.ID, err)
	}
	*a = decoded
	return nil
}

func (w *wire) alert() (Alert, error) {
	s, err := w.subject()
	if err != nil {
		return Alert{}, err
	}
	a := Alert{
		ID: s.ID, TransactionID: s.TransactionID, AccountID: s.AccountID, Marks: s.Marks, Entities: s.Entities, Transaction: s.Transaction,
		Reason: w.Reason, Score: orMissing(w.Score), Model: w.Model, MoneyAtRisk: orMissing(w.MoneyAtRisk),
	}
	if a.Timestamp, err = payment.ParseTime(w.Timestamp); err != nil {
		return Alert{}, fmt.Errorf("timestamp: %w", err)
	}
	var ok bool
	if a.Action, ok = parseAction(w.Action); !ok {
		return Alert{}, fmt.Errorf("action: %q is none of those an alert may have", w.Action)
	}
	if a.Severity, ok = scoring.ParseSeverity(w.Severity); !ok && w.Severity != "" {
		return Alert{}, fmt.Errorf("severity: %q is not low, medium or high", w.Severity)
	}
	for i := range w.Reasons {
		reason, err := w.Reasons[i].reason()
		if err != nil {
			return Alert{}, fmt.Errorf("reasons[%d]: features: %w", i, err)
		}
		a.Reasons = append(a.Reasons, reason)
	}
	if a.Schema, a.Vector, err = decodeFeatures(w.Features); err != nil {
		return Alert{}, fmt.Errorf("features: %w", err)
	}
	for i, event := range w.History {
		r, err := decodeRetained(event)
		if err != nil {
			return Alert{}, fmt.Errorf("history[%d]: %w", i, err)
		}
		a.History = append(a.History, r)
	}
	return a, nil
}

func (w *wireReason) reason() (Reason, error) {
	r := Reason{Code: w.Code, Title: w.Title, Text: w.Text, Feature: w.Feature, Contribution: w.Contribution}
	if w.Feature != "" {
		r.Value = orMissing(w.Value)
	}
	err := members(w.Features, func(name string, raw json.RawMessage) error {
		var value *float64
		err := json.Unmarshal(raw, &value)
		r.Figures = append(r.Figures, Figure{name, orMissing(value)})
		return err
	})
	return r, err
}

// orMissing returns what a JSON number or null stands for.
func orMissing(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

// decodeFeatures reads an object of numbers.
func decodeFeatures(object json.RawMessage) (*features.Schema, features.Vector, error) {
	if isNull(object) {
		return nil, nil, nil
	}
	schema, vector := new(features.Schema), features.Vector(nil)
	err := members(object, func(name string, raw json.RawMessage) error {
		var value *float64
		if err := json.Unmarshal(raw, &value); err != nil {
			return err
		}
		schema.Names, vector = append(schema.Names, name), append(vector, orMissing(value))
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return schema, vector, nil
}

// members calls f for each member of an object in its order, which encoding/json would lose.
func members(object json.RawMessage, f func(name string, value json.RawMessage) error) error {
	if isNull(object) {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("is not a JSON object")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("%v: %w", name, err)
		}
		if err := f(name.(string), value); err != nil { // the key of an object is always a string
			return fmt.Errorf("%v: %w", name, err)
		}
	}
	return nil
}

func decodeTransaction(object json.RawMessage) (*payment.Transaction, error) {
	if isNull(object) {
		return nil, nil
	}
	// The strings of tx are views into object, which is a copy of its own that nobody changes.
	var d payment.Decoder
	tx := new(payment.Transaction)
	if err := d.Decode(object, tx); err != nil {
		return nil, err
	}
	return tx, nil
}

// decodeRetained reads an event of the history: a transaction without ids, which the strict decoder must be lent.
func decodeRetained(object json.RawMessage) (features.Retained, error) {
	body, ok := bytes.CutPrefix(object, []byte("{"))
	if !ok {
		return features.Retained{}, errors.New("is not a JSON object")
	}
	tx, err := decodeTransaction(append([]byte(`{"transaction_id":"-","account_id":"-",`), body...))
	if err != nil {
		return features.Retained{}, err
	}
	return features.Retained{Time: tx.Time, Type: tx.Type, Amount: tx.Amount, Currency: tx.Currency, Merchant: tx.Merchant}, nil
}

func isNull(value json.RawMessage) bool { return len(value) == 0 || string(value) == "null" }
