package features_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// supposed compiles the shipped features and returns an evaluator of expressions over one supposed transaction, that
// supplies 0.25 as score and 0.5 as other.
func supposed(t *testing.T, given map[string]float64, marks map[string]bool) func(source string) float64 {
	t.Helper()
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	usd, _ := payment.ParseCurrency("USD")
	tx := &payment.Transaction{
		ID: "t", AccountID: "A", Time: payment.TimeOf(time.Date(2026, 1, 5, 9, 30, 0, 0, time.UTC)), Type: payment.Purchase, Amount: 250, Currency: usd,
		Merchant: payment.Merchant{Name: "Shop", Location: payment.Location{LatitudeE7: 5e7, Known: true}}, Attributes: []payment.Attribute{{Key: "device_id", Value: "d"}},
	}
	env := set.NewScene().Suppose(tx, given, marks)
	set.Supply(env, 0, 0.25)
	set.Supply(env, 1, 0.5)
	return func(source string) float64 {
		p, err := set.Expression(source, expression.Number, "score", "other")
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		return p.Number(env)
	}
}

func TestSuppose(t *testing.T) {
	for _, c := range []struct {
		given  map[string]float64
		marks  map[string]bool
		source string
		want   float64
	}{
		{nil, nil, `amount == 2.5 and account == "A" and merchant == "Shop" and device_id == "d" and latitude == 5`, 1},
		{nil, nil, "hour_of_day", 9},
		{nil, nil, "missing(count_1h) and missing(amount_to_mean_30d)", 1},
		{map[string]float64{"mean_30d": 5}, nil, "amount_to_mean_30d", 0.5},
		{map[string]float64{"mean_30d": 5, "amount_to_mean_30d": 7}, nil, "amount_to_mean_30d", 7},
		{nil, nil, "small_amount", 1},
		{nil, map[string]bool{"small_amount": false}, "small_amount", 0},
		{map[string]float64{"count_30d": 3, "mean_30d": 0.9}, nil, "unusual_amount", 1},
		{map[string]float64{"count_30d": 2, "mean_30d": 0.9}, nil, "unusual_amount", 0},
		{nil, nil, "score + 10 * other", 5.25},
		{nil, nil, "missing(category) and missing(channel)", 1},
	} {
		if got := supposed(t, c.given, c.marks)(c.source); got != c.want {
			t.Errorf("%s with %v %v is %v instead of %v", c.source, c.given, c.marks, got, c.want)
		}
	}
}

// What a scene supposes and what an account observes of a first transaction are the same to expressions.
func TestObservedAndSupposedAgree(t *testing.T) {
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	usd, _ := payment.ParseCurrency("USD")
	tx := &payment.Transaction{ID: "t", AccountID: "A", Time: 1e12, Type: payment.Withdrawal, Amount: 12345, Currency: usd, Merchant: payment.Merchant{Name: "Shop"}}
	var o features.Observation
	vector := make(features.Vector, set.Schema().Len())
	a := set.NewAccount()
	a.Observe(tx, &o)
	a.Compute(&o, vector)
	given := make(map[string]float64)
	for i, name := range set.Schema().Names {
		if !math.IsNaN(vector[i]) {
			given[name] = vector[i]
		}
	}
	env := set.NewScene().Suppose(tx, given, nil)
	for _, name := range append(set.Schema().Names, "small_amount", "unusual_amount", "amount", "latitude") {
		p, err := set.Expression(name, expression.Number)
		if err != nil {
			t.Fatal(err)
		}
		if x, y := p.Number(o.Env()), p.Number(env); math.Float64bits(x) != math.Float64bits(y) {
			t.Errorf("%s: %v observed, %v supposed", name, x, y)
		}
	}
}

func TestExpressionRefuses(t *testing.T) {
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		"amont > 1": "did you mean amount?", "score > 1": "the name score is not known", "1 +": "", "merchant": "a bool is wanted here",
	} {
		if _, err := set.Expression(source, expression.Bool); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", source, err)
		}
	}
	if _, err := set.Expression("amount > 1", expression.Bool, "amount"); err == nil || !strings.Contains(err.Error(), "amount means two things") {
		t.Errorf("%v", err)
	}
}
