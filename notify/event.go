package notify

import (
	"encoding/json"
	"math"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// event is what is told, as a webhook's receiver gets it. Its fields are a public contract (docs/notify.md): all of them are
// always there, so that a template which works for one event works for all of its kind.
type event struct {
	ID        string    `json:"delivery_id"`
	Route     string    `json:"route"`
	Event     string    `json:"event"`
	Timestamp string    `json:"timestamp"` // when it was made
	Test      bool      `json:"test"`      // it is a sample
	Alert     *alert    `json:"alert,omitempty"`
	Question  *question `json:"question,omitempty"`
	Queue     *queue    `json:"queue,omitempty"`
	Behind    *behind   `json:"behind,omitempty"`
}

// alert is what of an alert is told. Whoever wants more asks the review API.
type alert struct {
	ID            string   `json:"alert_id"`
	Timestamp     string   `json:"timestamp"`
	AccountID     string   `json:"account_id"`
	TransactionID string   `json:"transaction_id"`
	Action        string   `json:"action"`
	Severity      string   `json:"severity"`
	Score         *float64 `json:"score"` // null where there is none
	MoneyAtRisk   *float64 `json:"money_at_risk"`
	Model         string   `json:"model"`
	Reason        string   `json:"reason"`
	Reasons       []reason `json:"reasons"`
	Marks         []string `json:"marks"`
	Payment       paid     `json:"transaction"`
}

type reason struct {
	Code  string `json:"code"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

// paid is the payment; what the alert does not tell of it is empty.
type paid struct {
	Timestamp string `json:"timestamp"`
	Type      string `json:"transaction_type"`
	Amount    string `json:"amount"`
	Currency  string `json:"currency"`
	Merchant  string `json:"merchant"`
	Category  string `json:"category"`
}

// question asks the account holder. The token is made when it is sent: the database does not have it.
type question struct {
	Expires string `json:"expires"`
	URL     string `json:"answer_url"`
	Token   string `json:"answer_token"`
}

type queue struct {
	Cases        int   `json:"cases"`
	LimitCases   int   `json:"limit_cases"` // 0 for none
	Waiting      int64 `json:"waiting_seconds"`
	LimitWaiting int64 `json:"limit_waiting_seconds"`
}

type behind struct {
	Group        string `json:"group"`
	Records      int64  `json:"records"`
	LimitRecords int64  `json:"limit_records"`
	Seconds      int64  `json:"seconds"`
	LimitSeconds int64  `json:"limit_seconds"`
}

func alertEvent(a *alerts.Alert) *alert {
	known := func(x float64) *float64 {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
		return &x
	}
	v := &alert{
		ID: a.ID, Timestamp: a.Timestamp.String(), AccountID: a.AccountID, TransactionID: a.TransactionID, Action: a.Action.String(),
		Severity: a.Severity.String(), Score: known(a.Score), MoneyAtRisk: known(a.MoneyAtRisk), Model: a.Model, Reason: a.Reason,
		Reasons: make([]reason, len(a.Reasons)), Marks: append([]string{}, a.Marks...),
	}
	for i := range a.Reasons {
		v.Reasons[i] = reason{string(a.Reasons[i].Code), a.Reasons[i].Title, a.Reasons[i].Text}
	}
	if t := a.Transaction; t != nil {
		v.Payment = paid{t.Time.String(), t.Type.String(), payment.FormatAmount(t.Amount, t.Currency), t.Currency.Code(), t.Merchant.Name, t.Merchant.Category}
	}
	return v
}

// json returns the event as JSON.
func (v *event) json() []byte {
	text, err := json.Marshal(v)
	if err != nil { // it holds texts and numbers that are finite
		panic("notify: " + err.Error())
	}
	return text
}

// sample returns an event of the route as it could be, for checks and tests.
func (e *route) sample(q *Questions, now payment.Time, full bool) event {
	v := e.event("sample", now)
	v.Test = true
	switch e.on {
	case onAlert, onQuestion:
		a := alerts.Alert{ID: "sample", Timestamp: now, TransactionID: "T-1", AccountID: "A-1", Score: math.NaN(), MoneyAtRisk: math.NaN()}
		if full {
			usd, _ := payment.ParseCurrency("USD")
			a.Score, a.MoneyAtRisk, a.Model, a.Severity, a.Action, a.Marks = 0.97, 500, "cards/1", scoring.High, scoring.Review, []string{"unusual_amount"}
			a.Reasons = []alerts.Reason{{Code: alerts.NewMerchant, Title: "First time at this merchant", Text: "500.00 USD at a merchant that is new to this account"}}
			a.Transaction = &payment.Transaction{
				ID: "T-1", Time: now, AccountID: "A-1", Type: payment.Purchase, Amount: 50000, Currency: usd, Merchant: payment.Merchant{Name: "ElectronicsStore", Category: "Electronics"},
			}
		}
		v.Alert = alertEvent(alerts.New(a))
		if e.on == onQuestion {
			v.Question = q.ask(now)
		}
	case onQueue:
		v.Queue = &queue{Cases: e.cases + 1, LimitCases: e.cases, Waiting: int64(e.waiting.Seconds()) + 1, LimitWaiting: int64(e.waiting.Seconds())}
	case onBehind:
		v.Behind = &behind{Group: "weir", Records: e.records + 1, LimitRecords: e.records, Seconds: int64(e.late.Seconds()) + 1, LimitSeconds: int64(e.late.Seconds())}
	}
	return v
}
