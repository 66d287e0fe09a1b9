package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// Difference is something that a case expects and that came out otherwise.
type Difference struct{ What, Got, Want string }

// Check decides about the case's transaction, with the entries of the policy's own file, and returns what differs from
// what the case expects. What the case says of features and marks that do not exist, or of a transaction that cannot
// be, is an error that names the line.
func (p *Policy) Check(c *Case) ([]Difference, error) {
	tx, err := c.decode(p.set.Layout().Currency)
	if err != nil {
		return nil, err
	}
	if err := p.known(c); err != nil {
		return nil, err
	}
	var v Verdict
	env := p.set.NewScene().Suppose(tx, c.features, c.marks)
	p.Decide(env, c.score, p.entries, &v)
	var all []Difference
	differ := func(stated bool, what, got, want string) {
		if stated && got != want {
			all = append(all, Difference{what, got, want})
		}
	}
	w := &c.want
	differ(true, "action", v.Action.String(), w.action.String())
	if w.severity != nil {
		differ(true, "severity", v.Severity.String(), w.severity.String())
	}
	differ(w.segment != "", "segment", v.Segment, w.segment)
	differ(w.rules != nil, "rules", list(v.Rules), list(w.rules))
	var reasons []string
	for _, r := range v.Reasons {
		reasons = append(reasons, r.Code)
	}
	differ(w.reasons != nil, "reasons", list(reasons), list(w.reasons))
	// A sum of decimals, such as 0.1 and 0.2, is written as a person would write it.
	if math.Abs(v.Score-w.adjusted) > 1e-9 {
		differ(true, "adjusted_score", number(v.Score), number(w.adjusted))
	}
	differ(!math.IsNaN(w.money), "money_at_risk", number(p.MoneyAtRisk(env)), number(w.money))
	return all, nil
}

func list(of []string) string { return "[" + strings.Join(of, ", ") + "]" }

func number(x float64) string {
	if math.IsNaN(x) {
		return "unknown"
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// decode returns the case's transaction. What it leaves out of the required fields is made up.
func (c *Case) decode(currency string) (*payment.Transaction, error) {
	object := map[string]any{
		"transaction_id": "T-1", "timestamp": "2026-01-01T12:00:00Z", "account_id": "A-1", "transaction_type": "purchase", "amount": json.Number("100"),
		"currency": currency,
	}
	maps.Copy(object, c.transaction)
	text, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("test %q: %w", c.Name, err)
	}
	var d payment.Decoder
	tx := new(payment.Transaction)
	if err := d.Decode(text, tx); err != nil {
		return nil, c.doc.Mistake(c.described, "test %q: transaction: %v", c.Name, err)
	}
	return tx, nil
}

// known refuses features and marks that the set does not have.
func (p *Policy) known(c *Case) error {
	for _, name := range slices.Sorted(maps.Keys(c.features)) {
		if p.set.Schema().Index(name) < 0 {
			return c.doc.Mistake(c.named[name], "test %q: there is no feature %q; weir features list prints them", c.Name, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.marks)) {
		if !slices.Contains(p.set.Marks(), name) {
			return c.doc.Mistake(c.named[name], "test %q: there is no mark %q; there are %s", c.Name, name, list(p.set.Marks()))
		}
	}
	return nil
}
