package scoring

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// wireDecision has a pointer for every field that must be there, so that a missing one and a null are seen.
type wireDecision struct {
	TransactionID *string        `json:"transaction_id"`
	AccountID     *string        `json:"account_id"`
	Timestamp     *string        `json:"timestamp"`
	Content       *string        `json:"content"`
	Action        *string        `json:"action"`
	Score         *float64       `json:"score"`
	Model         *string        `json:"model"`
	Policy        *string        `json:"policy"`
	Rules         *[]string      `json:"rules"`
	Challengers   *challengerMap `json:"challengers"`
	Policies      *shadowMap     `json:"challenger_policies"`
	Marks         *[]string      `json:"marks"`
	Flags         *[]string      `json:"flags"`
	AlertID       *string        `json:"alert_id"`
	Vector        *string        `json:"vector"`
}

// ParseDecision reads a decision as [Decision.AppendJSON] writes it. It is strict: a missing, unknown or repeated
// field, an unknown action and a score outside [0, 1] are errors that name the field.
func ParseDecision(data []byte) (*Decision, error) {
	if err := refuseRepeatedKeys(data); err != nil {
		return nil, fmt.Errorf("decision: %w", err)
	}
	var w wireDecision
	if err := decodeStrict(data, &w); err != nil {
		return nil, fmt.Errorf("decision: %w", err)
	}
	d, err := w.decision()
	if err != nil {
		return nil, fmt.Errorf("decision: %w", err)
	}
	return d, nil
}

func (w *wireDecision) decision() (*Decision, error) {
	for _, field := range []struct {
		name    string
		missing bool
	}{
		{"transaction_id", w.TransactionID == nil}, {"account_id", w.AccountID == nil}, {"timestamp", w.Timestamp == nil},
		{"action", w.Action == nil}, {"score", w.Score == nil}, {"model", w.Model == nil}, {"policy", w.Policy == nil},
		{"rules", w.Rules == nil}, {"challengers", w.Challengers == nil}, {"marks", w.Marks == nil}, {"flags", w.Flags == nil},
	} {
		if field.missing {
			return nil, fmt.Errorf("%s is missing or null", field.name)
		}
	}
	d := &Decision{
		TransactionID: *w.TransactionID, AccountID: *w.AccountID, Score: *w.Score, Model: *w.Model, Policy: *w.Policy,
		Rules: *w.Rules, Challengers: *w.Challengers, Marks: *w.Marks, Flags: *w.Flags,
	}
	var err error
	if d.Timestamp, err = payment.ParseTime(*w.Timestamp); err != nil {
		return nil, err
	}
	if w.Content != nil {
		if d.Content, err = ParseContent(*w.Content); err != nil {
			return nil, err
		}
	}
	var ok bool
	if d.Action, ok = ParseAction(*w.Action); !ok {
		return nil, fmt.Errorf("action is %s instead of approve, review or decline", payment.Quote(*w.Action))
	}
	if err := checkScore("score", d.Score); err != nil {
		return nil, err
	}
	if w.Policies != nil {
		if d.Policies = *w.Policies; len(d.Policies) == 0 {
			return nil, errors.New("challenger_policies is empty; it stands only where there are any")
		}
	}
	if w.AlertID != nil {
		if d.AlertID = *w.AlertID; d.AlertID == "" {
			return nil, errors.New("alert_id is empty; it stands only where there is an alert")
		}
	}
	if w.Vector != nil {
		if d.Vector, err = ParseVector(*w.Vector); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// ParseContent reads the eight hexadecimal digits of a decision's content.
func ParseContent(text string) (uint32, error) {
	content, err := strconv.ParseUint(text, 16, 32)
	if err != nil || len(text) != 8 || content == 0 {
		return 0, fmt.Errorf("content is %s instead of eight hexadecimal digits that are not all 0", payment.Quote(text))
	}
	return uint32(content), nil
}

func checkScore(name string, score float64) error {
	if !(score >= 0 && score <= 1) {
		return fmt.Errorf("%s is %v, not from 0 to 1", name, score)
	}
	return nil
}

// challengerMap is an object that keeps the order of its keys.
type challengerMap []Challenger

// UnmarshalJSON implements json.Unmarshaler.
func (m *challengerMap) UnmarshalJSON(data []byte) error {
	*m = challengerMap{}
	return eachMember("challengers", data, func(key string, d *json.Decoder) error {
		var score *float64
		if err := d.Decode(&score); err != nil {
			return err
		}
		c := Challenger{Model: key, Score: math.NaN()}
		if score != nil {
			c.Score = *score
		}
		*m = append(*m, c)
		return checkScore("challenger "+payment.Quote(c.Model), c.Score)
	})
}

// shadowMap is an object that keeps the order of its keys.
type shadowMap []ShadowAction

// UnmarshalJSON implements json.Unmarshaler.
func (m *shadowMap) UnmarshalJSON(data []byte) error {
	*m = shadowMap{}
	return eachMember("challenger_policies", data, func(key string, d *json.Decoder) error {
		var name string
		if err := d.Decode(&name); err != nil {
			return err
		}
		action, ok := ParseAction(name)
		if !ok {
			return fmt.Errorf("challenger policy %s has the action %s instead of approve, review or decline", payment.Quote(key), payment.Quote(name))
		}
		*m = append(*m, ShadowAction{key, action})
		return nil
	})
}

// eachMember calls f for each member of the object in data, in their order; f decodes the value.
func eachMember(name string, data []byte, f func(key string, d *json.Decoder) error) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.New(name + " is not an object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if err := f(key.(string), d); err != nil {
			return err
		}
	}
	return nil
}

// ParseVector reads what [AppendVector] writes.
func ParseVector(text string) (features.Vector, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("vector is not base64: %w", err)
	}
	if len(raw)%8 != 0 {
		return nil, fmt.Errorf("vector has %d bytes, not a multiple of 8", len(raw))
	}
	v := make(features.Vector, len(raw)/8)
	for i := range v {
		v[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return v, nil
}
