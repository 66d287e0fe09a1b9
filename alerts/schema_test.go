package alerts_test

import (
	"math"
	"testing"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// values are features by name; those not named are missing.
type values map[string]float64

func builtin(t testing.TB) *features.Set {
	t.Helper()
	layout := features.DefaultLayout()
	layout.Rates = map[string]string{"EUR": "1.10"}
	set, err := features.Compile(features.Builtin(), layout)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// explainerOf returns an Explainer with the shipped catalogue.
func explainerOf(t testing.TB, set *features.Set) *alerts.Explainer {
	t.Helper()
	e, err := alerts.NewExplainer(set, alerts.BuiltinCatalogue())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func compile(t testing.TB, source string) *features.Set {
	t.Helper()
	declarations, err := features.ParseDeclarations("features.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	set, err := features.Compile(declarations, features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func vectorOf(t testing.TB, schema *features.Schema, named values) features.Vector {
	t.Helper()
	v := make(features.Vector, schema.Len())
	for i := range v {
		v[i] = math.NaN()
	}
	for name, x := range named {
		at := schema.Index(name)
		if at < 0 {
			t.Fatalf("no feature %q", name)
		}
		v[at] = x
	}
	return v
}

func currency(t testing.TB, code string) payment.Currency {
	t.Helper()
	c, ok := payment.ParseCurrency(code)
	if !ok {
		t.Fatalf("no currency %q", code)
	}
	return c
}

func parseTransaction(t testing.TB, text string) *payment.Transaction {
	t.Helper()
	var d payment.Decoder
	tx := new(payment.Transaction)
	if err := d.Decode([]byte(text), tx); err != nil {
		t.Fatal(err)
	}
	return tx
}

func codes(reasons []alerts.Reason) []alerts.Code {
	var all []alerts.Code
	for _, r := range reasons {
		all = append(all, r.Code)
	}
	return all
}
