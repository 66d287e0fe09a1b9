package app

import (
	"fmt"
	"testing"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/screen"
	"github.com/weir-fraud/weir/simulate"
)

func TestTally(t *testing.T) {
	tally := newTally([]simulate.Pattern{simulate.DefaultCardTesting(), simulate.DefaultCashOut()})
	event := func(id, pattern string) {
		tally.send(&simulate.Event{Transaction: payment.Transaction{ID: id}, Fraud: pattern != "", Pattern: pattern})
	}
	decide := func(id, action string) {
		tally.decided(fmt.Appendf(nil, `{"transaction_id":%q,"account_id":"A","timestamp":"2023-10-18T14:10:00Z","action":%q}`, id, action))
	}
	event("a", "cash_out")
	event("b", "")
	event("c", "cash_out")
	event("d", "card_testing")
	decide("a", "review")
	decide("b", "decline")
	decide("c", "approve")
	alerts, patterns := tally.counts()
	want := []screen.Pattern{{Name: "card_testing"}, {Name: "cash_out", Frauds: 2, Found: 1}}
	if alerts != 2 || fmt.Sprint(patterns) != fmt.Sprint(want) {
		t.Errorf("%d alerts, patterns %v, want 2, %v", alerts, patterns, want)
	}
	for i := range tallyKeeps - 1 {
		event(fmt.Sprint("later ", i), "card_testing")
	}
	if tally.isFraud("a") || tally.isFraud("b") || !tally.isFraud("d") || len(tally.frauds) != tallyKeeps {
		t.Errorf("after %d more frauds, a: %v, d: %v, %d remembered", tallyKeeps-1, tally.isFraud("a"), tally.isFraud("d"), len(tally.frauds))
	}
}
