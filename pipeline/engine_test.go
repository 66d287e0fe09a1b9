package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/policy"
)

// hotFlags returns the flags of a decision on the transaction after so many, one a second, and the features of the set
// that are approximate then.
func hotFlags(t *testing.T, source string, events int) (flags, approximate []string) {
	t.Helper()
	d, err := features.ParseDeclarations("features.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	layout := features.DefaultLayout()
	set, err := features.Compile(d, layout)
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.FromThresholds("v", scoring.Bands{Review: 0.5, Decline: 0.9}, set)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := NewEngine(EngineConfig{Set: set, Policy: p})
	if err != nil {
		t.Fatal(err)
	}
	j, a := newJudge(engine), set.NewAccount()
	usd, _ := payment.ParseCurrency("USD")
	tx := payment.Transaction{AccountID: "A", Type: payment.Purchase, Amount: 100, Currency: usd, Time: payment.TimeOf(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))}
	for i := range events {
		tx.ID, tx.Time = fmt.Sprint("t", i), tx.Time.Add(time.Second)
		a.Observe(&tx, &j.observation)
		a.Fold(&j.observation)
	}
	tx.ID, tx.Time = "last", tx.Time.Add(time.Second)
	a.Observe(&tx, &j.observation)
	a.Compute(&j.observation, j.vector)
	for _, at := range j.observation.Approximate() {
		approximate = append(approximate, set.Schema().Names[at])
	}
	return slices.Clone(j.decide(&tx).Flags), approximate
}

// A decision names each feature that its account's event budget makes inexact.
func TestApproximateFlags(t *testing.T) {
	const few = `
format: 1
features:
  - {name: amount, value: amount, description: x}
  - {name: "count_{window}", aggregate: count, windows: [1m, 24h], description: x}
  - {name: double, value: 2 * count_24h, description: x}
  - {name: seconds_since, aggregate: since, windows: [24h], description: x}
`
	if flags, _ := hotFlags(t, few, 700); len(flags) != 0 {
		t.Errorf("within the budget the flags are %q", flags)
	}
	if flags, _ := hotFlags(t, few, 3000); !slices.Equal(flags, []string{"approximate:count_24h", "approximate:double"}) {
		t.Errorf("beyond the budget the flags are %q", flags)
	}
	many := few
	for i := range 100 {
		many += fmt.Sprintf("  - {name: value_%d, value: count_24h + %d, description: x}\n", i, i)
	}
	flags, approximate := hotFlags(t, many, 3000)
	if len(approximate) != 102 || len(flags) != 65 || flags[63] != "approximate:"+approximate[63] || flags[64] != "approximate" || strings.Contains(strings.Join(flags, " "), "seconds") {
		t.Errorf("of %d features the flags are %q", len(approximate), flags)
	}
}
