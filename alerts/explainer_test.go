package alerts_test

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

const (
	purchase = `{"transaction_id":"t","timestamp":"2023-10-18T14:10:00Z","account_id":"A","transaction_type":"purchase",
		"amount":500.00,"currency":"USD","merchant":{"name":"ElectronicsStore"}}`
	inEuro = `{"transaction_id":"t","timestamp":"2023-10-18T14:10:00Z","account_id":"A","transaction_type":"purchase",
		"amount":500.00,"currency":"EUR","merchant":{"name":"ElectronicsStore"}}`
	withdrawal = `{"transaction_id":"t","timestamp":"2023-10-18T14:10:00Z","account_id":"A","transaction_type":"withdrawal",
		"amount":500.00,"currency":"USD"}`
	deposit = `{"transaction_id":"t","timestamp":"2023-10-18T14:10:00Z","account_id":"A","transaction_type":"deposit",
		"amount":500.00,"currency":"USD"}`
)

// quiet is an account of steady habits, and a transaction that fits in.
var quiet = values{
	"amount": 80, "count_1m": 0, "count_10m": 0, "count_1h": 0, "count_24h": 4, "count_7d": 30, "count_30d": 120,
	"sum_1h": 0, "sum_24h": 320, "sum_7d": 2400, "mean_30d": 80.65, "std_30d": 60, "max_30d": 700,
	"distinct_merchants_24h": 3, "distinct_merchants_7d": 8, "new_merchant_30d": 0,
	"seconds_since_last": 6 * 3600, "km_since_last": 4, "kmh_since_last": 0.7,
	"withdrawals_7d": 2, "amount_to_mean_30d": 80 / 80.65,
}

// but returns the quiet values with some of them others.
func but(changed values) values {
	all := maps.Clone(quiet)
	maps.Copy(all, changed)
	return all
}

func TestReasons(t *testing.T) {
	nothing := "UNUSUAL_COMBINATION: No single figure compared with this account's past stands out; the score rests on the combination"
	high := but(values{"amount": 500, "amount_to_mean_30d": 500 / 80.65})
	highInEuro := but(values{"amount": 550, "amount_to_mean_30d": 550 / 80.65})
	tests := []struct {
		name string
		tx   string
		v    values
		want []string
	}{
		{"nothing stands out", purchase, quiet, []string{nothing}},
		{"all missing", purchase, values{}, []string{"NOT_COMPARED: Nothing about this payment could be compared with this account's past"}},
		{"no history", purchase, values{"amount": 500, "count_1m": 0, "count_24h": 0, "count_30d": 0, "new_merchant_30d": 1},
			[]string{"FIRST_TRANSACTION: First transaction seen of this account within 30 days"}},
		{"hardly a history", purchase, values{"amount": 500, "mean_30d": 5, "std_30d": 1, "amount_to_mean_30d": 100, "count_24h": 1, "count_30d": 1},
			[]string{"LITTLE_HISTORY: Only 1 earlier transaction of this account within 30 days: too few to tell what is usual for it"}},

		{"amount", purchase, high, []string{"AMOUNT_ABOVE_USUAL: 500.00 USD is 6.2 times this account's 30-day mean of 80.65 USD"}},
		{"amount in another currency", inEuro, highInEuro,
			[]string{"AMOUNT_ABOVE_USUAL: 500.00 EUR (550.00 USD) is 6.8 times this account's 30-day mean of 80.65 USD"}},
		{"amount without a rate", inEuro, but(values{"amount": math.NaN(), "amount_to_mean_30d": math.NaN()}), []string{nothing}},
		{"amount is wide of an account of wide amounts", purchase, but(values{"amount": 500, "amount_to_mean_30d": 500 / 80.65, "std_30d": 300}), []string{nothing}},
		{"equal amounts have a range", purchase, but(values{"amount": 80, "mean_30d": 75, "std_30d": 0, "amount_to_mean_30d": 80. / 75}), []string{nothing}},
		{"a deposit is not spending", deposit, high, []string{nothing}},

		{"rate", purchase, but(values{"count_1m": 1, "count_10m": 5, "count_1h": 5, "count_24h": 7}),
			[]string{"RATE_ABOVE_USUAL: 6 transactions within 10 minutes, this one included; the rest of the last 30 days saw 115 transactions (3.8 a day)"}},
		{"rate of a new account", purchase, values{"count_1m": 8, "count_10m": 8, "count_1h": 8, "count_24h": 8, "count_30d": 8},
			[]string{"RATE_ABOVE_USUAL: 9 transactions within a minute, this one included; the rest of the last 30 days saw no transactions"}},
		{"rate of a vector that contradicts itself", purchase, values{"count_10m": 9, "count_30d": 5},
			[]string{"NOT_COMPARED: Nothing about this payment could be compared with this account's past"}},
		{"first day of a new account", purchase, values{"count_1m": 0, "count_10m": 1, "count_1h": 1, "count_24h": 4, "count_30d": 4},
			[]string{"LITTLE_HISTORY: Only 4 earlier transactions of this account within 30 days: too few to tell what is usual for it"}},

		{"spending", purchase, but(values{"sum_24h": 1620, "sum_7d": 1890, "count_24h": 7}),
			[]string{"SPENDING_ABOVE_USUAL: 1700.00 USD spent within 24 hours, this payment included, against 45.00 USD a day over the six days before"}},
		{"spending that one more payment explains", purchase, but(values{"sum_24h": 300, "sum_7d": 570, "count_24h": 7}), []string{nothing}},
		{"spending after refunds", purchase, but(values{"sum_24h": 1620, "sum_7d": 1590, "count_24h": 7}), []string{nothing}},
		{"spending is this payment", purchase, but(values{"amount": 900, "sum_24h": 800, "sum_7d": 1070, "amount_to_mean_30d": math.NaN()}), []string{nothing}},

		{"merchants", purchase, but(values{"distinct_merchants_24h": 10, "distinct_merchants_7d": 12, "count_24h": 10, "count_30d": 48}),
			[]string{
				"RATE_ABOVE_USUAL: 11 transactions within 24 hours, this one included; the rest of the last 30 days saw 38 transactions (1.3 a day)",
				"MANY_MERCHANTS: 10 different merchants in the last 24 hours, 2 others in the six days before; the 29 days before saw 38 transactions (1.3 a day)",
			}},
		{"merchants of a vector that contradicts itself", purchase, but(values{"distinct_merchants_24h": 10, "distinct_merchants_7d": 8, "count_24h": 10, "count_30d": 48}),
			[]string{"RATE_ABOVE_USUAL: 11 transactions within 24 hours, this one included; the rest of the last 30 days saw 38 transactions (1.3 a day)"}},
		{"new merchant of a faithful account", purchase, but(values{"new_merchant_30d": 1, "distinct_merchants_7d": 1, "count_7d": 210, "distinct_merchants_24h": 1}),
			[]string{"NEW_MERCHANT: First transaction at ElectronicsStore within 30 days; the 210 transactions of the last 7 days name 1 merchant"}},
		{"new merchant of a roaming account", purchase, but(values{"new_merchant_30d": 1}), []string{nothing}},
		{"new merchant and most spent", purchase, but(values{"new_merchant_30d": 1, "amount": 500, "max_30d": 120, "std_30d": 300, "amount_to_mean_30d": 500 / 80.65}),
			[]string{"NEW_MERCHANT: First transaction at ElectronicsStore within 30 days, and at 500.00 USD above the most spent at once in that time, 120.00 USD"}},
		{"new merchant without a name", withdrawal, but(values{"new_merchant_30d": 1, "distinct_merchants_7d": 1, "count_7d": 110}), []string{nothing}},

		{"withdrawals", withdrawal, but(values{"withdrawals_7d": 9, "count_7d": 12, "count_30d": 20}),
			[]string{"MANY_WITHDRAWALS: 10 withdrawals within 7 days, this one included; the 23 days before saw 8 transactions of any kind"}},
		{"withdrawals as many as transactions are usual", withdrawal, but(values{"withdrawals_7d": 9, "count_7d": 12, "count_30d": 35}), []string{nothing}},
		{"withdrawals of others do not explain a purchase", purchase, but(values{"withdrawals_7d": 9, "count_7d": 12, "count_30d": 20}), []string{nothing}},

		{"speed", purchase, but(values{"km_since_last": 4180, "kmh_since_last": 25080}),
			[]string{"IMPOSSIBLE_SPEED: 4180 km from this account's last located transaction, 10 minutes earlier: 25080 km/h, where an airliner makes 900"}},
		{"two places at once", purchase, but(values{"km_since_last": 4180, "kmh_since_last": 4180 * 3600}),
			[]string{"IMPOSSIBLE_SPEED: 4180 km from this account's last located transaction, at most a second earlier: 15048000 km/h, where an airliner makes 900"}},
		{"next door at once", purchase, but(values{"km_since_last": 1.2, "kmh_since_last": 4320}), []string{nothing}},
		{"a flight", purchase, but(values{"km_since_last": 4180, "kmh_since_last": 418}),
			[]string{"FAR_FROM_LAST: 4180 km from this account's last located transaction, 10 hours earlier"}},
		{"a journey of days", purchase, but(values{"km_since_last": 4180, "kmh_since_last": 58}), []string{nothing}},

		{"silence", purchase, but(values{"seconds_since_last": 12 * 86400, "count_24h": 0, "count_7d": 0, "sum_24h": 0, "sum_7d": 0, "count_30d": 40}),
			[]string{"UNUSUAL_SILENCE: First transaction in 12 days; the 18 days before saw 40 transactions (2.2 a day)"}},

		{"furthest first, at most three", purchase, but(values{
			"amount": 5000, "amount_to_mean_30d": 5000 / 80.65, "count_10m": 3, "count_24h": 7, "km_since_last": 4180,
			"kmh_since_last": 25080, "new_merchant_30d": 1,
		}), []string{
			"AMOUNT_ABOVE_USUAL: 500.00 USD is 62 times this account's 30-day mean of 80.65 USD",
			"IMPOSSIBLE_SPEED: 4180 km from this account's last located transaction, 10 minutes earlier: 25080 km/h, where an airliner makes 900",
			"RATE_ABOVE_USUAL: 4 transactions within 10 minutes, this one included; the rest of the last 30 days saw 117 transactions (3.9 a day)",
		}},
	}
	set := builtin(t)
	schema, explainer := set.Schema(), explainerOf(t, set)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := vectorOf(t, schema, test.v)
			var got []string
			for _, r := range explainer.Reasons(parseTransaction(t, test.tx), v) {
				got = append(got, string(r.Code)+": "+r.Text)
				if r.Feature != "" && v[schema.Index(r.Feature)] != r.Value {
					t.Errorf("%s: value %v, feature %s is %v", r.Code, r.Value, r.Feature, v[schema.Index(r.Feature)])
				}
				if r.Title == "" || r.Title == string(r.Code) {
					t.Errorf("%s has no title", r.Code)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(test.want, "\n\t"))
			}
		})
	}
}

func TestReasonsInYen(t *testing.T) {
	layout := features.DefaultLayout()
	layout.Currency = "JPY"
	set, err := features.Compile(features.Builtin(), layout)
	if err != nil {
		t.Fatal(err)
	}
	schema, explainer := set.Schema(), explainerOf(t, set)
	v := vectorOf(t, schema, but(values{"amount": 74810, "mean_30d": 6020.4, "std_30d": 3000, "amount_to_mean_30d": 74810 / 6020.4}))
	got := explainer.Reasons(parseTransaction(t, purchase), v)[0].Text
	if want := "500.00 USD (74810 JPY) is 12 times this account's 30-day mean of 6020 JPY"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRuleNeedsItsFeatures takes away a feature, or its meaning, and with it the sentence.
func TestRuleNeedsItsFeatures(t *testing.T) {
	// The features file declares both windows of std in one line.
	const declared = `  - {name: "std_{window}", aggregate: std, of: amount, filter: spending, windows: [7d, 30d]`
	const first = "\nfeatures:\n"
	const longer = "  - {name: std_30d, aggregate: std, of: amount, filter: spending, windows: [30d]}\n"
	shorter := strings.Replace(declared, "[7d, 30d]", "[7d]", 1)
	edited := func(edits ...string) *features.Set {
		text := features.BuiltinSource()
		for i := 0; i < len(edits); i += 2 {
			if strings.Count(text, edits[i]) != 1 {
				t.Fatalf("the shipped file does not have %q once", edits[i])
			}
			text = strings.Replace(text, edits[i], edits[i+1], 1)
		}
		return compile(t, text)
	}
	tests := []struct {
		name  string
		edits []string // pieces of the shipped file, each with what is put in its place
		want  alerts.Code
	}{
		{"as shipped", nil, alerts.AmountAboveUsual},
		{"in another order", []string{declared, shorter, first, first + longer}, alerts.AmountAboveUsual},
		{"without std_30d", []string{declared, shorter}, alerts.UnusualCombination},
		{"std_30d over 29 days", []string{declared, shorter, first, first + strings.Replace(longer, "[30d]", "[29d]", 1)}, alerts.UnusualCombination},
	}
	for _, test := range tests {
		set := edited(test.edits...)
		schema := set.Schema()
		high := but(values{"amount": 500, "amount_to_mean_30d": 500 / 80.65})
		if schema.Index("std_30d") < 0 {
			delete(high, "std_30d")
		}
		got := explainerOf(t, set).Reasons(parseTransaction(t, purchase), vectorOf(t, schema, high))
		if len(got) != 1 || got[0].Code != test.want {
			t.Errorf("%s: got %v, want %s", test.name, codes(got), test.want)
		}
	}
	foreign := compile(t, "format: 1\nfeatures: [{name: x, value: amount}]")
	if got := explainerOf(t, foreign).Reasons(parseTransaction(t, purchase), features.Vector{5}); codes(got)[0] != alerts.NotCompared {
		t.Errorf("without the shipped features: got %v", codes(got))
	}
}

func FuzzReasons(f *testing.F) {
	set := builtin(f)
	schema := set.Schema()
	explainer := explainerOf(f, set)
	f.Add([]byte{1, 2, 3}, uint8(payment.Purchase), int64(50000))
	f.Add([]byte{}, uint8(payment.Withdrawal), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, raw []byte, kind uint8, amount int64) {
		v := fuzzVector(schema.Len(), raw)
		tx := &payment.Transaction{Type: payment.Type(kind), Amount: amount, Currency: currency(t, "EUR"), Merchant: payment.Merchant{Name: "M"}}
		checkSound(t, schema, v, explainer.Reasons(tx, v))
		phi := make([]float64, len(v))
		for i := range raw[:min(len(raw), len(phi))] {
			phi[len(phi)-1-i] = float64(int8(raw[i])) / 100
		}
		checkSound(t, schema, v, explainer.Attributed(tx, v, phi))
	})
}

// fuzzVector turns bytes into features of every size, sign and absence.
func fuzzVector(n int, raw []byte) features.Vector {
	v := make(features.Vector, n)
	for i := range v {
		v[i] = math.NaN()
		if i < len(raw) {
			switch b := raw[i]; {
			case b < 128:
				v[i] = float64(b)
			case b < 192:
				v[i] = math.Pow(10, float64(b)-160)
			case b < 224:
				v[i] = -math.Pow(2, float64(b)-200)
			case b == 224:
				v[i] = math.Inf(1)
			case b == 225:
				v[i] = math.MaxFloat64
			case b == 226:
				v[i] = math.SmallestNonzeroFloat64
			}
		}
	}
	return v
}

// checkSound checks what holds for the reasons of any vector.
func checkSound(t *testing.T, schema *features.Schema, v features.Vector, reasons []alerts.Reason) {
	t.Helper()
	if len(reasons) == 0 || len(reasons) > 5 {
		t.Fatalf("%d reasons", len(reasons))
	}
	seen := make(map[alerts.Code]bool)
	for _, r := range reasons {
		if seen[r.Code] {
			t.Errorf("%s is given twice", r.Code)
		}
		seen[r.Code] = true
		if r.Text == "" || strings.Contains(r.Text, "NaN") || strings.Contains(r.Text, "Inf") || strings.Contains(r.Text, "%!") {
			t.Errorf("%s: %q", r.Code, r.Text)
		}
		if r.Feature == "" {
			continue
		}
		if at := schema.Index(r.Feature); at < 0 || v[at] != r.Value && !math.IsNaN(v[at]) {
			t.Errorf("%s names %s = %v, which the vector does not hold", r.Code, r.Feature, r.Value)
		}
	}
}
