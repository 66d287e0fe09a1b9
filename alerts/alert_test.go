package alerts_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestIDIsStable holds ids as they were first released: stored alerts, decisions and labels refer to them.
func TestIDIsStable(t *testing.T) {
	tests := []struct{ account, transaction, want string }{
		{"A78901", "abcd1234", "aeddccdb1d5d4acaec1f2184b0166049"},
		{"", "", "41ef3a8b6b0bdb192ba580dbc468a164"},
		{"Zürich", "ä", "b5694bc0473f7c254d0490e34ab8f652"},
	}
	for _, test := range tests {
		if got := alerts.ID(test.account, test.transaction); got != test.want {
			t.Errorf("ID(%q, %q) = %s, want %s", test.account, test.transaction, got, test.want)
		}
	}
	if alerts.ID("ab", "c") == alerts.ID("a", "bc") {
		t.Error("the border between the ids is not part of the hash")
	}
}

// seeded returns an account with a few earlier transactions.
func seeded(t testing.TB, set *features.Set) *features.Account {
	t.Helper()
	account := set.NewAccount()
	for _, text := range []string{
		`{"transaction_id":"1","timestamp":"2023-10-02T08:00:00Z","account_id":"A78901","transaction_type":"deposit","amount":2000,"currency":"USD"}`,
		`{"transaction_id":"2","timestamp":"2023-10-03T12:30:00Z","account_id":"A78901","transaction_type":"purchase","amount":61.20,"currency":"USD",
			"merchant":{"name":"Grocer \"No. 1\"","category":"Food","location":{"latitude":40.7,"longitude":-73.9}}}`,
		`{"transaction_id":"3","timestamp":"2023-10-08T18:05:30.250Z","account_id":"A78901","transaction_type":"withdrawal","amount":100,"currency":"USD"}`,
		`{"transaction_id":"4","timestamp":"2023-10-14T09:00:00Z","account_id":"A78901","transaction_type":"purchase","amount":74.50,"currency":"EUR","merchant":{"name":"Bäckerei"}}`,
		`{"transaction_id":"5","timestamp":"2023-10-17T19:45:00Z","account_id":"A78901","transaction_type":"purchase","amount":79.45,"currency":"USD","merchant":{"name":"Grocer \"No. 1\"","category":"Food"}}`,
	} {
		var o features.Observation
		account.Observe(parseTransaction(t, text), &o)
		account.Fold(&o)
	}
	return account
}

const flagged = `{"transaction_id":"abcd1234","timestamp":"2023-10-18T14:10:00Z","account_id":"A78901",
	"transaction_type":"purchase","amount":500.00,"currency":"USD",
	"merchant":{"name":"ElectronicsStore","category":"Electronics","location":{"latitude":40.730610,"longitude":-73.935242}},
	"attributes":{"device_id":"d-17","channel":"online"}}`

// example returns the alert on a transaction of the seeded account.
func example(t testing.TB) *alerts.Alert {
	t.Helper()
	set := builtin(t)
	account, tx := seeded(t, set), parseTransaction(t, flagged)
	v := make(features.Vector, set.Schema().Len())
	var o features.Observation
	account.Observe(tx, &o)
	account.Compute(&o, v)
	return alerts.New(alerts.Alert{
		ID: alerts.ID(tx.AccountID, tx.ID), Timestamp: tx.Time + 5000, TransactionID: tx.ID, AccountID: tx.AccountID,
		Action: scoring.Review, Score: 0.97, Model: "cards/2023-10-01", Severity: scoring.High, MoneyAtRisk: 485,
		Reasons: explainerOf(t, set).Attributed(tx, v, pushing(set.Schema(), values{
			"amount_to_mean_30d": 1.2, "amount": 0.25, "mean_30d": -0.04, "new_merchant_30d": 0.5, "merchant_frauds_30d": 0.125, "count_1h": -0.7,
		})),
		Marks: []string{"unusual_amount"}, Entities: []alerts.Entity{{Name: "merchant", Key: "ElectronicsStore"}, {Name: "device", Key: "d-17"}},
		Schema: set.Schema(), Vector: v, Transaction: tx, History: account.History(tx.Time, 50),
	})
}

// pushing returns what the named features add to a margin; the others add nothing.
func pushing(schema *features.Schema, named values) []float64 {
	phi := make([]float64, schema.Len())
	for name, x := range named {
		phi[schema.Index(name)] = x
	}
	return phi
}

func TestAlertJSON(t *testing.T) {
	line := example(t).AppendJSON(nil)
	if bytes.ContainsRune(line, '\n') {
		t.Error("the alert is more than one line")
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, line, "", "  "); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, line)
	}
	indented.WriteByte('\n')
	golden := filepath.Join("testdata", "alert.golden.json")
	if *update {
		if err := os.WriteFile(golden, indented.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(indented.Bytes(), want) {
		t.Errorf("the alert differs from %s; if that is meant, run with -update\n%s", golden, indented.Bytes())
	}
}

// TestFieldOrder holds the public shape apart from the golden file, which -update would let change.
func TestFieldOrder(t *testing.T) {
	got := keys(t, example(t).AppendJSON(nil))
	want := []string{
		"alert_id", "timestamp", "transaction_id", "account_id", "reason", "action",
		"score", "model", "severity", "money_at_risk", "reasons", "marks", "entities", "features", "transaction", "history",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// keys returns the keys of a JSON object, in order.
func keys(t *testing.T, object []byte) []string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	var all []string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, key.(string))
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestRoundTrip(t *testing.T) {
	made := example(t)
	made.Reasons = append(made.Reasons, alerts.Reason{Code: alerts.UnusualCombination, Text: "A reason without a feature"})
	made.Vector[0] = math.NaN()
	line := made.AppendJSON(nil)
	var read alerts.Alert
	if err := json.Unmarshal(line, &read); err != nil {
		t.Fatal(err)
	}
	if got := read.AppendJSON(nil); !bytes.Equal(got, line) {
		t.Errorf("encoded again:\n%s\nwant\n%s", got, line)
	}
	if !slices.Equal(read.Schema.Names, made.Schema.Names) || !sameNumbers(read.Vector, made.Vector) {
		t.Errorf("features: got %v %v, want %v %v", read.Schema.Names, read.Vector, made.Schema.Names, made.Vector)
	}
	marshalled, err := json.Marshal(*made)
	if err != nil || !bytes.Equal(marshalled, line) {
		t.Errorf("json.Marshal gives %s, %v", marshalled, err)
	}
	for i := range read.Reasons { // the encodings are equal, and NaN is not equal to itself
		read.Reasons[i].Value, made.Reasons[i].Value = 0, 0
		read.Reasons[i].Figures, made.Reasons[i].Figures = nil, nil
	}
	want := *made
	read.Schema, want.Schema, read.Vector, want.Vector = nil, nil, nil, nil
	if !reflect.DeepEqual(read, want) {
		t.Errorf("got  %+v\nwant %+v", read, want)
	}
}

func sameNumbers(a, b features.Vector) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) })
}

const least = `{"alert_id":"a","timestamp":"2023-10-18T14:10:05Z","transaction_id":"t","account_id":"A","reason":"","action":"Declined"}`

// TestDecodeLeast reads an alert of the six fixed fields alone.
func TestDecodeLeast(t *testing.T) {
	var a alerts.Alert
	if err := json.Unmarshal([]byte(least), &a); err != nil {
		t.Fatal(err)
	}
	if a.Action != scoring.Decline || !math.IsNaN(a.Score) || a.Transaction != nil || a.History != nil {
		t.Errorf("got %+v", a)
	}
	if line := a.AppendJSON(nil); !json.Valid(line) {
		t.Errorf("encoded again, it is not JSON: %s", line)
	}
}

func TestDecodeErrors(t *testing.T) {
	tests := []struct{ from, to, want string }{
		{`"alert_id":"a",`, ``, "alert_id is missing"},
		{`"transaction_id":"t",`, ``, "transaction_id is missing"},
		{`"account_id":"A",`, ``, "account_id is missing"},
		{`2023-10-18T14:10:05Z`, `yesterday`, "timestamp"},
		{`Declined`, `Approved`, `action: "Approved"`},
		{`}`, `,"severity":"grave"}`, `severity: "grave"`},
		{`}`, `,"reasons":[{"code":"A","features":{"x":"y"}}]}`, "reasons[0]: features: x"},
		{`}`, `,"features":[1]}`, "features"},
		{`}`, `,"features":{"amount":"5"}}`, "features: amount"},
		{`}`, `,"transaction":{"amount":5}}`, "transaction"},
		{`}`, `,"history":[{}]}`, "history[0]"},
		{`}`, `,"history":[7]}`, "history[0]: is not a JSON object"},
	}
	for _, test := range tests {
		text := strings.Replace(least, test.from, test.to, 1)
		var a alerts.Alert
		err := json.Unmarshal([]byte(text), &a)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "alert ") {
			t.Errorf("%s: got %v, want %q", text, err, test.want)
		}
	}
}

// FuzzAppendJSON holds that an alert is JSON whatever its strings and numbers are.
func FuzzAppendJSON(f *testing.F) {
	f.Add("abcd1234", "A78901", "Unusual \"high\" amount\n", "cards/\\1", 0.97, int64(1697638200000))
	f.Add("\xff\u2028", "\x00", "</script>", "", math.Inf(-1), int64(-62135596800001))
	f.Fuzz(func(t *testing.T, id, account, text, model string, x float64, at int64) {
		a := alerts.New(alerts.Alert{
			ID: id, Timestamp: payment.Time(at % int64(payment.MaxTime)), TransactionID: text, AccountID: account, Model: model, Score: x,
			Action: scoring.Decline, Severity: scoring.Medium,
			Reasons: []alerts.Reason{{Code: alerts.Code(id), Text: text, Feature: model, Value: x, Contribution: x, Figures: []alerts.Figure{{Feature: id, Value: x}}}, {Code: alerts.FirstTransaction}},
			Schema:  &features.Schema{Names: []string{id, text, model}}, Vector: features.Vector{x, -x, 1 / x},
			Transaction: &payment.Transaction{
				ID: id, AccountID: account, Merchant: payment.Merchant{Name: text, Category: model},
				Attributes: []payment.Attribute{{Key: account, Value: text}},
			},
			History: []features.Retained{{Merchant: payment.Merchant{Name: text}}, {Merchant: payment.Merchant{Category: id}}},
		})
		if line := a.AppendJSON(nil); !json.Valid(line) {
			t.Errorf("not JSON: %s", line)
		}
	})
}

// FuzzUnmarshalJSON holds that decoding refuses or reads, and that what it reads it gives again.
func FuzzUnmarshalJSON(f *testing.F) {
	f.Add([]byte(least))
	f.Add(example(f).AppendJSON(nil))
	f.Add([]byte(strings.Replace(least, "}", `,"score":1e-7,"features":{"a":null,"b":-0},"history":[{"timestamp":"x"}]}`, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second alerts.Alert
		if json.Unmarshal(data, &first) != nil {
			return
		}
		line := first.AppendJSON(nil)
		if err := json.Unmarshal(line, &second); err != nil {
			t.Fatalf("reading %s: %v", line, err)
		}
		if again := second.AppendJSON(nil); !bytes.Equal(again, line) {
			t.Errorf("got  %s\nwant %s", again, line)
		}
	})
}
