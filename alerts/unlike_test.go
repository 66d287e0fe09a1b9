package alerts_test

import (
	"math"
	"testing"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/scoring"
)

func TestUnlike(t *testing.T) {
	set := builtin(t)
	schema := set.Schema()
	e := explainerOf(t, set)
	v := vectorOf(t, schema, values{"amount": 500, "count_24h": 0})
	for name, c := range map[string]struct {
		kind scoring.Kind
		want string
	}{
		"above": {
			scoring.Kind{Accounts: 1398, Distance: 2.6, Furthest: scoring.Term{Feature: "amount"}, At: schema.Index("amount"), Mean: 80.04, Deviations: 5.25},
			"Amount in the reporting currency: 500, 5.3 standard deviations above the 80 that is usual among accounts that behave like this one (1398 accounts)",
		},
		"below, of a logarithm": {
			scoring.Kind{Accounts: 1, Distance: 2.6, Furthest: scoring.Term{Feature: "count_24h", Log: true}, At: schema.Index("count_24h"), Mean: math.Log1p(4), Deviations: -3},
			"Transactions in the last 24 hours: 0, 3 standard deviations below the 4 that is usual among accounts that behave like this one (1 account)",
		},
		"nothing known": {scoring.Kind{Accounts: 3, Distance: math.NaN(), At: -1}, "Nothing of it could be compared with accounts that behave like this one"},
	} {
		r := e.Unlike(c.kind, v, 0.25)
		if r.Code != alerts.UnlikeItsKind || r.Title != "Unlike accounts of its kind" || r.Feature != scoring.GroupDistance || r.Contribution != 0.25 {
			t.Errorf("%s: %+v", name, r)
		}
		if r.Text != c.want {
			t.Errorf("%s: %q instead of %q", name, r.Text, c.want)
		}
	}
}

// What is no feature takes its place by what it adds, and is silent where it adds nothing.
func TestUnlikeAmongAttributed(t *testing.T) {
	set := builtin(t)
	schema := set.Schema()
	e := explainerOf(t, set)
	tx, v := parseTransaction(t, purchase), vectorOf(t, schema, quiet)
	phi := make([]float64, schema.Len())
	phi[schema.Index("count_1h")], phi[schema.Index("amount")] = 0.5, 0.25
	for adds, want := range map[float64][]alerts.Code{
		1: {alerts.UnlikeItsKind, "TRANSACTIONS", "AMOUNT"}, 0.4: {"TRANSACTIONS", alerts.UnlikeItsKind, "AMOUNT"},
		0: {"TRANSACTIONS", "AMOUNT"}, -1: {"TRANSACTIONS", "AMOUNT"},
	} {
		got := codes(e.Attributed(tx, v, phi, e.Unlike(scoring.Kind{Accounts: 3, At: -1}, v, adds)))
		if len(got) != len(want) {
			t.Fatalf("adding %v: %v instead of %v", adds, got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("adding %v: %v instead of %v", adds, got, want)
			}
		}
	}
}
