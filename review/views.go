package review

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

// caseView is a case as the API shows it.
type caseView struct {
	ID           int64      `json:"id"`
	AccountID    string     `json:"account_id"`
	State        string     `json:"state"`
	Severity     string     `json:"severity"`
	Score        float64    `json:"score"`
	MoneyAtRisk  string     `json:"money_at_risk"`
	Currency     string     `json:"currency"`
	Reason       string     `json:"reason"`
	Alerts       int        `json:"alerts"`
	Fresh        int        `json:"fresh"`
	Oldest       time.Time  `json:"oldest"`
	Newest       time.Time  `json:"newest"`
	Touched      time.Time  `json:"touched"`
	Owner        string     `json:"owner"`
	OwnedUntil   *time.Time `json:"owned_until"`
	SnoozedUntil *time.Time `json:"snoozed_until"`
	Disposition  string     `json:"disposition"`
	ClosedBy     string     `json:"closed_by"`
	ClosedAt     *time.Time `json:"closed_at"`
	Version      int64      `json:"version"`
}

// view returns the case as it is at a time: a claim that has ended is none.
func (s *Server) view(c *cases.Case, now payment.Time) caseView {
	v := caseView{
		ID: c.ID, AccountID: c.AccountID, State: c.State.String(), Severity: c.Severity.String(), Score: c.Score, MoneyAtRisk: s.money(c.AtRisk),
		Currency: s.rules.Currency.Code(), Reason: c.Reason, Alerts: c.Alerts, Fresh: c.Fresh, Oldest: c.Oldest.Std(), Newest: c.Newest.Std(),
		Touched: c.Touched.Std(), ClosedBy: c.ClosedBy, Version: c.Version,
	}
	if c.State == cases.InReview {
		if v.Owner = c.OwnedBy(now); v.Owner == "" {
			v.State = cases.New.String()
		} else {
			v.OwnedUntil = at(c.OwnedUntil)
		}
	}
	if c.SnoozedUntil > now {
		v.SnoozedUntil = at(c.SnoozedUntil)
	}
	if c.State == cases.Closed {
		v.Disposition, v.ClosedAt = c.Disposition.String(), at(c.ClosedAt)
	}
	return v
}

func (s *Server) views(list []cases.Case, now payment.Time) []caseView {
	all := make([]caseView, len(list))
	for i := range list {
		all[i] = s.view(&list[i], now)
	}
	return all
}

// money returns an amount of the reporting currency as a decimal.
func (s *Server) money(x float64) string {
	digits, ok := s.rules.Currency.Exponent()
	if !ok {
		digits = 2
	}
	return strconv.FormatFloat(x, 'f', digits, 64)
}

func at(t payment.Time) *time.Time {
	if t == 0 {
		return nil
	}
	std := t.Std()
	return &std
}

// labelView is what holds of an alert.
type labelView struct {
	Label     string    `json:"label"`
	By        string    `json:"by"`
	Timestamp time.Time `json:"timestamp"`
}

// holding returns which of the labels of a transaction to show: the one that holds, or else the last if it says unsure.
func holding(labels []feedback.Label) *labelView {
	e := feedback.Resolve(labels)
	for i := len(labels) - 1; i >= 0; i-- {
		l := &labels[i]
		if e.FeedbackID == l.ID || e.Verdict == 0 && i == len(labels)-1 && l.Verdict == feedback.Unsure {
			return &labelView{l.Verdict.String(), l.By, l.Time.Std()}
		}
	}
	return nil
}

// became is what is said of an alert beside its event.
type became struct {
	CaseID int64      `json:"case_id"`
	Label  *labelView `json:"label"`
	Lists  []listed   `json:"lists,omitzero"` // nil in a case, which has those of all its alerts
}

// appendAlert appends the event of an alert with what became of it.
func appendAlert(dst []byte, row *database.AlertRow, b became) ([]byte, error) {
	event, ok := bytes.CutSuffix(bytes.TrimSpace(row.Body), []byte("}"))
	more, err := json.Marshal(b)
	if err != nil || !ok {
		return append(dst, row.Body...), err
	}
	more[0] = ',' // in the place of its brace
	return append(append(dst, event...), more...), nil
}

// decodeAlert reads the event of an alert.
func decodeAlert(row *database.AlertRow) (alerts.Alert, error) {
	var a alerts.Alert
	err := json.Unmarshal(row.Body, &a)
	return a, err
}

// event is a payment on an account's timeline.
type event struct {
	Timestamp time.Time `json:"timestamp"`
	Amount    string    `json:"amount"`
	Currency  string    `json:"currency"`
	Type      string    `json:"type"`
	Merchant  string    `json:"merchant"`
	Category  string    `json:"category"`
	Latitude  *float64  `json:"latitude"`
	Longitude *float64  `json:"longitude"`
	AlertID   string    `json:"alert_id,omitempty"`
}
