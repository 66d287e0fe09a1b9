package report

import (
	"fmt"
	"html/template"
	"math"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// alertView is an alert as the template reads it.
type alertView struct {
	Rank                               int
	Score, Action, Severity            string
	Known                              string // fraud, legitimate or unlabelled
	Pattern                            string
	Account, Transaction, Time, Amount string
	Merchant, Category, Type           string
	Reasons                            []string
	Past                               template.HTML
	PastNote                           string
}

func viewOf(rank int, a *Alert) alertView {
	tx := a.Transaction
	v := alertView{
		Rank: rank, Score: score(a.Score), Action: "review", Severity: a.Severity.String(), Known: a.Label.String(),
		Account: tx.AccountID, Transaction: tx.ID, Time: moment(tx.Time), Amount: money(tx.Amount, tx.Currency),
		Merchant: tx.Merchant.Name, Category: tx.Merchant.Category, Type: tx.Type.String(),
	}
	if a.Action == scoring.Decline {
		v.Action = "decline"
	}
	if a.Label == history.Fraud {
		v.Pattern = a.Pattern
	}
	for _, reason := range a.Reasons {
		v.Reasons = append(v.Reasons, reason.Text)
	}
	v.Past, v.PastNote = past(tx, a.History)
	return v
}

// past draws the amounts of the account's events before this payment, and its own at the end.
func past(tx *payment.Transaction, events []features.Retained) (drawn template.HTML, note string) {
	const width, height, most = 168.0, 36.0, 41
	amounts := make([]int64, 0, most)
	for _, e := range events {
		if e.Currency == tx.Currency {
			amounts = append(amounts, e.Amount)
		}
	}
	if len(amounts) == 0 {
		return "", "no earlier payment of this account"
	}
	amounts = append(amounts[max(0, len(amounts)-most+1):], tx.Amount)
	highest := int64(1)
	for _, a := range amounts {
		highest = max(highest, a)
	}
	p := newPicture("past", width, height, fmt.Sprintf("Amounts of the account's last %d payments and of this one", len(amounts)-1))
	step := width / most
	for i, a := range amounts {
		class := "before"
		if i == len(amounts)-1 {
			class = "this"
		}
		h := max(1, math.Round(10*(height-1)*float64(max(a, 0))/float64(highest))/10)
		x := width - float64(len(amounts)-i)*step
		p.rect(class, x, height-h, step-1, h, money(a, tx.Currency))
	}
	p.line("axis", 0, height, width, height)
	return p.done(), counted(len(amounts)-1, "earlier payment")
}
