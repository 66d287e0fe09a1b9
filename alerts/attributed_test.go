package alerts_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/yamldoc"
)

func TestAttributed(t *testing.T) {
	nothing := "UNUSUAL_COMBINATION: No single figure compared with this account's past stands out; the score rests on the combination"
	small := strings.Replace(purchase, "500.00", "1.20", 1)
	tests := []struct {
		name string
		tx   string
		v    values
		phi  values
		want []string // code: text (what it adds)
	}{
		{"a comparison that applies", purchase, but(values{"amount": 500, "amount_to_mean_30d": 500 / 80.65}), values{"amount_to_mean_30d": 1, "mean_30d": 0.25},
			[]string{"AMOUNT_ABOVE_USUAL: 500.00 USD is 6.2 times this account's 30-day mean of 80.65 USD (1.25)"}},
		{"a comparison of another group stays silent", purchase, but(values{"amount": 500, "amount_to_mean_30d": 500 / 80.65}), values{"new_merchant_30d": 1},
			[]string{"KNOWN_MERCHANT: Not the first transaction at ElectronicsStore within 30 days (1)"}},
		{"an amount that is not high", small, but(values{"amount": 1.2, "amount_to_mean_30d": 1.2 / 80.65}), values{"amount": 1},
			[]string{"SMALL_AMOUNT: A purchase of only 1.20 USD (1)"}},
		{"windows are one reason", purchase, quiet, values{"count_1h": 0.5, "count_24h": 0.5, "count_30d": -0.25, "seconds_since_last": 0.5},
			[]string{
				"TRANSACTIONS: 4 earlier transactions within 24 hours, 30 within 7 days, 120 within 30 days (0.75)",
				"TIME_SINCE_LAST: This account's last transaction was 6 hours earlier (0.5)",
			}},
		{"what pushed down is no reason", purchase, quiet, values{"count_1h": 0.5, "count_24h": -0.75, "new_merchant_30d": -1, "seconds_since_last": 0.25},
			[]string{"TIME_SINCE_LAST: This account's last transaction was 6 hours earlier (0.25)"}},
		{"nothing pushed up", purchase, quiet, values{"count_1h": -0.5}, []string{nothing}},
		{"less than can be told", purchase, quiet, values{"count_1h": 0.00001}, []string{nothing}},
		{"what is missing", purchase, values{}, values{"kmh_since_last": 1, "count_1h": 0.5},
			[]string{
				"TRAVEL: Speed from the last located transaction, km/h: not known (1)",
				"TRANSACTIONS: Transactions in the last hour: not known (0.5)",
			}},
		{"a fourth and a fifth that tell something", purchase, quiet,
			values{"count_1h": 5, "amount": 4, "new_merchant_30d": 3, "seconds_since_last": 2, "km_since_last": 1.9, "sum_24h": 1.8},
			[]string{
				"TRANSACTIONS: 4 earlier transactions within 24 hours, 30 within 7 days, 120 within 30 days (5)",
				"AMOUNT: 500.00 USD, where this account's 30-day mean is 80.65 USD and its largest amount 700.00 USD (4)",
				"KNOWN_MERCHANT: Not the first transaction at ElectronicsStore within 30 days (3)",
				"TIME_SINCE_LAST: This account's last transaction was 6 hours earlier (2)",
				"TRAVEL: 4 km from this account's last located transaction, which makes 0.7 km/h (1.9)",
			}},
		{"and those that do not", purchase, quiet, values{"count_1h": 5, "amount": 4, "new_merchant_30d": 0.1, "seconds_since_last": 0.09},
			[]string{
				"TRANSACTIONS: 4 earlier transactions within 24 hours, 30 within 7 days, 120 within 30 days (5)",
				"AMOUNT: 500.00 USD, where this account's 30-day mean is 80.65 USD and its largest amount 700.00 USD (4)",
				"KNOWN_MERCHANT: Not the first transaction at ElectronicsStore within 30 days (0.1)",
			}},
	}
	set := builtin(t)
	schema, explainer := set.Schema(), explainerOf(t, set)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := vectorOf(t, schema, test.v)
			var got []string
			for _, r := range explainer.Attributed(parseTransaction(t, test.tx), v, pushing(schema, test.phi)) {
				text := fmt.Sprintf("%s: %s", r.Code, r.Text)
				if r.Contribution != 0 {
					text += fmt.Sprintf(" (%v)", r.Contribution)
				}
				got = append(got, text)
				if r.Title == "" {
					t.Errorf("%s has no title", r.Code)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(test.want, "\n\t"))
			}
		})
	}
}

// The feature that adds most stands for its group, and those that push with it are told.
func TestFiguresOfAReason(t *testing.T) {
	set := builtin(t)
	schema := set.Schema()
	phi := pushing(schema, values{"count_1h": 0.25, "count_24h": 0.5, "count_30d": -0.125})
	r := explainerOf(t, set).Attributed(parseTransaction(t, purchase), vectorOf(t, schema, quiet), phi)[0]
	if want := []alerts.Figure{{Feature: "count_24h", Value: 4}, {Feature: "count_1h", Value: 0}}; !slices.Equal(r.Figures, want) {
		t.Errorf("figures %v, want %v", r.Figures, want)
	}
	if r.Feature != "count_24h" || r.Value != 4 || r.Contribution != 0.625 {
		t.Errorf("%+v", r)
	}
}

// Features that no group lists are worded by their descriptions, or else their names.
func TestFeaturesWithoutASentence(t *testing.T) {
	set := compile(t, `
format: 1
features:
  - {name: spent, value: amount, description: ärgerlich viel Geld}
  - {name: count_3h, aggregate: count, windows: [3h], description: transactions in three hours}
  - {name: bare, value: amount}
  - {name: half, value: amount / 2}
`)
	var got []string
	for _, r := range explainerOf(t, set).Attributed(parseTransaction(t, purchase), features.Vector{500, 3, math.NaN(), 0.0625}, []float64{4, 3, 2, 1.5}) {
		got = append(got, fmt.Sprintf("%s, %s: %s", r.Code, r.Title, r.Text))
	}
	want := []string{
		"SPENT, Ärgerlich viel Geld: Ärgerlich viel Geld: 500",
		"TRANSACTIONS, Transactions so far: Transactions in three hours: 3", // the shipped sentences are of other windows
		"BARE, bare: Bare: not known",
		"HALF, half: Half: 0.062",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// A catalogue of one's own speaks of features of one's own.
func TestOwnCatalogue(t *testing.T) {
	set := compile(t, `
format: 1
features:
  - {name: spent, value: amount}
  - {name: share, value: amount / 1000}
  - {name: wait, value: amount}
  - {name: age, value: amount}
  - {name: visits, value: amount}
`)
	catalogue, err := alerts.ParseCatalogue("own.yaml", []byte(`
format: 1
groups:
  - code: MONEY
    title: Money
    features: [spent, sha*]
    sentences:
      - {code: NEVER, title: Never, when: spent > 1000, text: "No"}
      - {text: "Needs {attributes.absent}"}
      - {when: 'type == "purchase" and spent >= 500 and merchant startsWith "Elec"', text: "{spent:money} ({payment}), {share:percent}, {wait:duration}, {age:hours}, {visits:count visit}, {share}, at {merchant} on {weekday} at {time}"}
`))
	if err != nil {
		t.Fatal(err)
	}
	explainer, err := alerts.NewExplainer(set, catalogue)
	if err != nil {
		t.Fatal(err)
	}
	r := explainer.Attributed(parseTransaction(t, purchase), features.Vector{500, 0.5, 7200, 48, 1}, []float64{1, 1, 0, 0, 0})[0]
	want := "500.00 USD (500.00 USD), 50 %, 2 hours, 2 days, 1 visit, 0.5, at ElectronicsStore on Wednesday at 14:10 UTC"
	if r.Code != "MONEY" || r.Title != "Money" || r.Text != want || r.Contribution != 2 {
		t.Errorf("got %+v", r)
	}
}

func TestCatalogueMistakes(t *testing.T) {
	set := compile(t, "format: 1\nfeatures: [{name: spent, value: amount}]")
	group := func(rest string) string {
		return "format: 1\ngroups:\n  - code: MONEY\n    title: Money\n    features: [spent]\n" + rest
	}
	tests := []struct{ text, want string }{
		{"", "own.yaml: the file is empty"},
		{"groups: []", "own.yaml: format is missing"},
		{"format: 2", `own.yaml:1: format: must be 1`},
		{"format: 1\ngroups: {}", "own.yaml:2: groups: needs a list"},
		{"format: 1\nwords: []", `own.yaml:2: unknown key "words"`},
		{"format: 1\ngroups:\n  - {code: A, title: A}", "own.yaml:3: a group needs a code, a title and features"},
		{"format: 1\ngroups:\n  - {code: a b, title: A, features: [x]}", `own.yaml:3: code: "a b"`},
		{"format: 1\ngroups:\n  - {code: A, title: A, features: ['[']}", `own.yaml:3: features: "["`},
		{group("    comparisons: [AMOUNT]"), `own.yaml:6: comparisons: there is no "AMOUNT"; there are IMPOSSIBLE_SPEED`},
		{group("    sentences: [{when: spent > 1}]"), "own.yaml:6: a sentence needs a text"},
		{group("    sentences: [{code: A, text: A}]"), "own.yaml:6: a sentence has a code and a title of its own, or neither"},
		{group("    sentences:\n    - text: 'a {spent'"), "own.yaml:7: text: a { without its }"},
		{group("    sentences:\n    - text: 'a } b'"), "own.yaml:7: text: a } without a {"},
		{group("    sentences:\n    - text: '{spent:gold}'"), "own.yaml:7: text: {spent:gold}: a value is written"},
		{group("    sentences:\n    - text: '{merchant:money}'"), "own.yaml:7: text: {merchant} is a text"},
		{group("    sentences:\n    - text: '{spend}'"), `own.yaml:7: text: there is no feature "spend"`},
		{group("    sentences:\n    - text: A\n      when: spend > 1"), "own.yaml:8: when: "},
		{group("    sentences:\n    - text: A\n      when: spent"), "own.yaml:8: when: a bool is wanted"},
	}
	for _, test := range tests {
		c, err := alerts.ParseCatalogue("own.yaml", []byte(test.text))
		if err == nil {
			_, err = alerts.NewExplainer(set, c)
		}
		var mistake *yamldoc.Error
		if !errors.As(err, &mistake) || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%q: got %v, want %s", test.text, err, test.want)
		}
	}
}

// Every shipped feature is in a group of the shipped catalogue, and none is left to its description where nothing is missing.
func TestShippedCatalogueIsComplete(t *testing.T) {
	set := builtin(t)
	schema, explainer := set.Schema(), explainerOf(t, set)
	v := make(features.Vector, schema.Len()) // all 0
	for at, name := range schema.Names {
		phi := make([]float64, schema.Len())
		phi[at] = 1
		r := explainer.Attributed(parseTransaction(t, flagged), v, phi)[0]
		if string(r.Code) == strings.ToUpper(name) {
			t.Errorf("%s is in no group", name)
		}
		if strings.HasSuffix(r.Text, ": 0") {
			t.Errorf("%s has no sentence: %s", name, r.Text)
		}
	}
}
