package alerts_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// What is read of a part is what is read of the whole.
func TestReadSubject(t *testing.T) {
	a := example(t)
	want := alerts.Subject{ID: a.ID, TransactionID: a.TransactionID, AccountID: a.AccountID, Marks: a.Marks, Entities: a.Entities, Transaction: a.Transaction}
	if got, err := alerts.ReadSubject(a.AppendJSON(nil)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	if got, err := alerts.ReadSubject([]byte(least)); err != nil || got.ID != "a" || got.Transaction != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, test := range []struct{ from, to, want string }{
		{`"alert_id":"a",`, ``, "alert_id is missing"}, {`}`, `,"entities":{"merchant":7}}`, "entities"}, {`}`, `,"transaction":{"amount":5}}`, "transaction"}, {`}`, ``, "JSON"},
	} {
		text := strings.Replace(least, test.from, test.to, 1)
		if _, err := alerts.ReadSubject([]byte(text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", text, err, test.want)
		}
	}
}

// Of alerts that follow each other closely, each payment of the past is read once, and none is left out.
func TestPaymentReader(t *testing.T) {
	var past []features.Retained
	for i := range 6 {
		past = append(past, features.Retained{Time: payment.Time(1_700_000_000_000 + 1000*i), Type: payment.Purchase, Amount: 100, Currency: example(t).Transaction.Currency})
	}
	past[3] = past[2] // twice the same, which nobody can tell apart
	first, second := example(t), example(t)
	first.History, second.History, second.Transaction = past[:4], past[1:], nil
	r := alerts.NewPaymentReader()
	tx, before, err := r.Read(first.AppendJSON(nil))
	if err != nil || !reflect.DeepEqual(tx, first.Transaction) || !reflect.DeepEqual(before, past[:3]) {
		t.Errorf("of the first %+v and %+v, %v", tx, before, err)
	}
	if tx, before, err = r.Read(second.AppendJSON(nil)); err != nil || tx != nil || !reflect.DeepEqual(before, past[4:]) {
		t.Errorf("of the second %+v and %+v, %v", tx, before, err)
	}
	for _, test := range []struct{ more, want string }{{`,"history":[7]}`, "history[0]"}, {`,"transaction":7}`, "transaction"}, {``, "JSON"}} {
		if _, _, err := r.Read([]byte(strings.Replace(least, "}", test.more, 1))); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", test.more, err)
		}
	}
}
