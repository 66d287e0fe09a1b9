package export

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// Row is one transaction as training data.
type Row struct {
	TransactionID string
	AccountID     string
	Time          payment.Time
	Label         feedback.Verdict // Fraud, Legitimate, or none
	Pattern       string           // the name of the fraud's pattern, where that is known
	Vector        features.Vector
	Served        *Served // nil for a transaction that nobody was served a decision on
}

// Served is what was said of a transaction when it came, and where its label is from.
type Served struct {
	Score  float64
	Action scoring.Action
	Model  string
	Policy string

	LabelSource string       // the source's name, [Matured], or empty
	LabelTime   payment.Time // when the source said so; 0 where no source did
	LabelID     string       // of the label event
}

// The columns before the features and, of what was served, those behind.
var (
	leading  = []string{"transaction_id", "account_id", "timestamp", "label", "pattern"}
	trailing = []string{
		"label_source", "label_timestamp", "label_feedback_id", "decision_score", "decision_action", "decision_model", "decision_policy",
	}
)

// Layout is what stands beside a file: the features in the order of their columns, and the columns behind them, which
// are no features.
type Layout struct {
	features.Schema
	Trailing []string `json:"trailing,omitempty"`
}

// NewLayout returns the layout of a file with what was served. A feature cannot have the name of another column.
func NewLayout(s *features.Schema) (Layout, error) {
	for _, name := range s.Names {
		if slices.Contains(leading, name) || slices.Contains(trailing, name) {
			return Layout{}, fmt.Errorf("the feature %s has the name of a column of its own: rename it in the features file", name)
		}
	}
	return Layout{Schema: *s, Trailing: trailing}, nil
}

// AppendHeader appends the line of column names.
func AppendHeader(dst []byte, l *Layout) []byte {
	for i, name := range slices.Concat(leading, l.Names, l.Trailing) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, name...)
	}
	return append(dst, '\n')
}

// AppendRow appends a line. A missing value is an empty field; floats read back exactly.
func AppendRow(dst []byte, r *Row) []byte {
	dst = append(appendText(dst, r.TransactionID), ',')
	dst = append(appendText(dst, r.AccountID), ',')
	dst = append(r.Time.Append(dst), ',')
	switch r.Label {
	case feedback.Fraud:
		dst = append(dst, '1')
	case feedback.Legitimate:
		dst = append(dst, '0')
	}
	dst = appendText(append(dst, ','), r.Pattern)
	for _, x := range r.Vector {
		if dst = append(dst, ','); !math.IsNaN(x) {
			dst = strconv.AppendFloat(dst, x, 'g', -1, 64)
		}
	}
	if s := r.Served; s != nil {
		dst = append(dst, ',')
		dst = append(append(dst, s.LabelSource...), ',')
		if s.LabelTime != 0 {
			dst = s.LabelTime.Append(dst)
		}
		dst = append(appendText(append(dst, ','), s.LabelID), ',')
		dst = append(strconv.AppendFloat(dst, s.Score, 'g', -1, 64), ',')
		dst = append(append(dst, s.Action.String()...), ',')
		dst = append(appendText(dst, s.Model), ',')
		dst = appendText(dst, s.Policy)
	}
	return append(dst, '\n')
}

// appendText appends a field, quoted if it must be.
func appendText(dst []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		switch s[i] {
		case '"', ',', '\n', '\r':
			plain = false
		}
	}
	if plain {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for i := range len(s) {
		if s[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}
