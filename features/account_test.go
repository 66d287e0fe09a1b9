package features_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// start is when the tests' time begins, a Monday.
var start = payment.TimeOf(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))

func currency(code string) payment.Currency {
	c, ok := payment.ParseCurrency(code)
	if !ok {
		panic("no currency " + code)
	}
	return c
}

// purchase returns a purchase of so many cents, so long after the start of the tests' time.
func purchase(id string, after time.Duration, cents int64) payment.Transaction {
	return payment.Transaction{
		ID: id, AccountID: "A1", Time: start.Add(after), Type: payment.Purchase, Amount: cents, Currency: currency("USD"),
	}
}

// observe folds all but the last transaction into a new account, and returns the account with what it sees in the last.
func observe(set *features.Set, all ...payment.Transaction) (*features.Account, *features.Observation) {
	a := set.NewAccount()
	var o features.Observation
	for i := range all {
		a.Observe(&all[i], &o)
		if i < len(all)-1 {
			a.Fold(&o)
		}
	}
	return a, &o
}

// value returns one feature of the last transaction, as its account sees it after the others.
func value(tb testing.TB, set *features.Set, name string, all ...payment.Transaction) float64 {
	tb.Helper()
	a, o := observe(set, all...)
	v := make(features.Vector, set.Schema().Len())
	a.Compute(o, v)
	i := set.Schema().Index(name)
	if i < 0 {
		tb.Fatalf("no feature is called %s", name)
	}
	return v[i]
}

func TestOutcome(t *testing.T) {
	const dedupe, lateness = 7 * 24 * time.Hour, time.Hour
	first := purchase("same", 0, 100)
	dearer := purchase("same", 0, 101)
	other := func(after time.Duration) payment.Transaction { return purchase("other", after, 100) }
	moved := func(after time.Duration) payment.Transaction { return purchase("same", after, 100) }
	for _, c := range []struct {
		name    string
		all     []payment.Transaction
		outcome features.Outcome
		late    bool
	}{
		{"the first", []payment.Transaction{first}, features.Fresh, false},
		{"the same again", []payment.Transaction{first, first}, features.Duplicate, false},
		{"another body", []payment.Transaction{first, dearer}, features.Conflict, false},
		{"another id", []payment.Transaction{first, other(0)}, features.Fresh, false},
		{"the same, nearly forgotten", []payment.Transaction{first, other(dedupe - time.Millisecond), first}, features.Duplicate, true},
		{"the same, just forgotten", []payment.Transaction{first, other(dedupe), first}, features.Fresh, true},
		{"the id, reused within the span", []payment.Transaction{first, moved(dedupe - time.Millisecond)}, features.Conflict, false},
		{"the id, reused after silence", []payment.Transaction{first, moved(dedupe)}, features.Fresh, false},
		{"as late as allowed", []payment.Transaction{first, other(-lateness)}, features.Fresh, false},
		{"later than allowed", []payment.Transaction{first, other(-lateness - time.Millisecond)}, features.Fresh, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, o := observe(shipped(t), c.all...)
			if o.Outcome != c.outcome || o.Late != c.late {
				t.Errorf("outcome %d, late %v; want %d, %v", o.Outcome, o.Late, c.outcome, c.late)
			}
		})
	}
}

// What expires is told by the newest event alone: to the millisecond, and whether it comes before or after.
func TestHorizon(t *testing.T) {
	set := shipped(t)
	horizon := set.Layout().Horizon()
	for _, c := range []struct {
		name string
		all  []payment.Transaction
		len  int
	}{
		{"inside", []payment.Transaction{purchase("a", 0, 1), purchase("b", horizon-time.Millisecond, 1)}, 2},
		{"outside", []payment.Transaction{purchase("a", 0, 1), purchase("b", horizon, 1)}, 1},
		{"inside, late", []payment.Transaction{purchase("b", horizon-time.Millisecond, 1), purchase("a", 0, 1)}, 2},
		{"outside, late", []payment.Transaction{purchase("b", horizon, 1), purchase("a", 0, 1)}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, o := observe(set, c.all...)
			a.Fold(o)
			if a.Len() != c.len {
				t.Errorf("%d events are kept, want %d", a.Len(), c.len)
			}
		})
	}
}

// A name that comes and goes must not stay, however long the account lives.
func TestNamesAreForgotten(t *testing.T) {
	set := shipped(t)
	a := set.NewAccount()
	var o features.Observation
	fold := func(i int, after time.Duration) {
		tx := purchase(fmt.Sprint(i), after, 100)
		tx.Merchant.Name = fmt.Sprintf("merchant %d", i)
		a.Observe(&tx, &o)
		a.Fold(&o)
	}
	for i := range 1000 {
		fold(i, time.Duration(i)*time.Second)
	}
	many := len(a.Append(nil))
	fold(1000, 365*24*time.Hour)
	if few := len(a.Append(nil)); few > 100 || many < 1000*len("merchant 1") {
		t.Errorf("1000 merchants take %d bytes, the one that is left %d", many, few)
	}
	fold(1000, 366*24*time.Hour)
	if got := a.History(payment.MaxTime, 1)[0].Merchant.Name; got != "merchant 1000" {
		t.Errorf("the merchant is called %q", got)
	}
}

// The account must not point into the record that a transaction was read from.
func TestNamesAreCopied(t *testing.T) {
	set := shipped(t)
	record := []byte(`{"transaction_id":"1","timestamp":"2026-01-05T09:00:00Z","account_id":"A1","transaction_type":"purchase",` +
		`"amount":1,"currency":"USD","merchant":{"name":"corner shop","category":"food"}}`)
	var d payment.Decoder
	var tx payment.Transaction
	if err := d.Decode(record, &tx); err != nil {
		t.Fatal(err)
	}
	a, o := observe(set, tx)
	a.Fold(o)
	clear(record)
	if got := a.History(payment.MaxTime, 1)[0].Merchant; got.Name != "corner shop" || got.Category != "food" {
		t.Errorf("the merchant has become %q, %q", got.Name, got.Category)
	}
}

func TestEventsAsJSON(t *testing.T) {
	set := shipped(t)
	old := purchase("a", 0, 1250)
	late := purchase("b", 8*24*time.Hour, -99)
	late.Merchant = payment.Merchant{Name: "kiosk", Location: payment.Location{LatitudeE7: 15000000, LongitudeE7: -5, Known: true}}
	a, o := observe(set, old, late)
	a.Fold(o)
	want := []string{
		`{"timestamp":"2026-01-05T09:00:00Z","transaction_type":"purchase","amount":12.50,"currency":"USD"}`,
		`{"timestamp":"2026-01-13T09:00:00Z","transaction_type":"purchase","amount":-0.99,"currency":"USD",` +
			`"merchant":{"name":"kiosk","location":{"latitude":1.5,"longitude":-0.0000005}},"fingerprint":"%016x%04x"}`,
	}
	id, body := late.Fingerprint()
	want[1] = fmt.Sprintf(want[1], id&(1<<56-1), uint16(body^body>>16))
	for i, e := range a.Events() {
		got := string(e.AppendJSON(nil))
		if got != want[i] || !json.Valid([]byte(got)) {
			t.Errorf("event %d is %s, want %s", i, got, want[i])
		}
	}
	if got := a.History(late.Time-1, 10); len(got) != 1 || got[0].Amount != 1250 {
		t.Errorf("the history before the second event is %+v", got)
	}
	if got := a.History(late.Time, 1); len(got) != 1 || got[0].Amount != -99 {
		t.Errorf("the history of one event is %+v", got)
	}
}

// An account counts as empty once nothing in it can matter, and it is filed so that this is found without a look.
func TestForgotten(t *testing.T) {
	set := compile(t, plain, features.DefaultLayout())
	layout := set.Layout()
	idle := layout.Idle()
	if want := layout.LongestWindow + 2*layout.Lateness + layout.MaxFuture; idle != want {
		t.Errorf("idle is %v, want %v", idle, want)
	}
	if set.Forgotten(start, start.Add(idle)) || !set.Forgotten(start, start.Add(idle)+1) {
		t.Errorf("an account is not forgotten at %v to the millisecond", idle)
	}
	if before := set.DeletableBefore(0); before != 1 {
		t.Errorf("at the start of time the buckets before %d are deleted", before)
	}
	for newest := start; newest < start.Add(90*24*time.Hour); newest = newest.Add(7*time.Hour + 11*time.Millisecond) {
		for _, watermark := range []payment.Time{newest, newest.Add(idle), newest.Add(idle) + 1, newest.Add(idle + layout.Horizon())} {
			if set.Bucket(newest) < set.DeletableBefore(watermark) && !set.Forgotten(newest, watermark) {
				t.Fatalf("at %v the account of %v would be deleted and is not forgotten", watermark, newest)
			}
		}
		if late := newest.Add(idle+layout.Horizon()/2) + 1; set.Bucket(newest) >= set.DeletableBefore(late) {
			t.Fatalf("at %v the account of %v is still filed", late, newest)
		}
	}
}

// A probe of what another transaction would look like leaves no trace.
func TestComputeWithoutFold(t *testing.T) {
	set := shipped(t)
	a, o := observe(set, purchase("a", 0, 100), purchase("b", time.Minute, 200))
	before := a.Append(nil)
	v := make(features.Vector, set.Schema().Len())
	a.Compute(o, v)
	if string(a.Append(nil)) != string(before) {
		t.Error("a computation has changed the state")
	}
	if i := set.Schema().Index("sum_1h"); v[i] != 1 {
		t.Errorf("the hour's sum is %v, want 1", v[i])
	}
}

// Every missing value has the same bits.
func TestMissing(t *testing.T) {
	set := shipped(t)
	tx := purchase("a", 0, 100)
	tx.Currency = currency("EUR") // no rate
	a, o := observe(set, tx)
	v := make(features.Vector, set.Schema().Len())
	a.Compute(o, v)
	missing := map[string]bool{
		"amount": true, "mean_7d": true, "mean_30d": true, "std_7d": true, "std_30d": true, "max_24h": true, "max_7d": true, "max_30d": true,
		"last_amount": true, "new_merchant_30d": true, "new_category_30d": true, "new_device_30d": true,
		"seconds_since_last": true, "km_since_last": true, "kmh_since_last": true, "category_count_30d": true, "category_mean_30d": true,
		"withdrawal_share_7d": true, "amount_to_mean_7d": true, "amount_to_mean_30d": true, "amount_to_max_30d": true, "spent_24h_to_7d": true,
		"amount_to_category_mean_30d": true, "night_share_30d": true,
		"merchant_count_7d": true, "merchant_mean_30d": true, "merchant_small_24h": true, "merchant_unusual_24h": true,
		"merchant_frauds_30d": true, "merchant_hours_since_fraud": true, "device_count_7d": true, "device_frauds_30d": true,
		"account_frauds_30d": true, "amount_to_merchant_mean_30d": true,
	}
	for i, name := range set.Schema().Names {
		if isMissing := math.Float64bits(v[i]) == math.Float64bits(math.NaN()); isMissing != missing[name] {
			t.Errorf("%s is %v (%#x)", name, v[i], math.Float64bits(v[i]))
		}
	}
}
