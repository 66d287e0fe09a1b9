package features_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// hotLayout is the shipped layout with rates for the currencies of hotTraffic.
func hotLayout() features.Layout {
	l := features.DefaultLayout()
	l.Rates = map[string]string{"EUR": "1.0842"}
	return l
}

func hotCompile(tb testing.TB, d *features.Declarations, l features.Layout) *features.Set {
	tb.Helper()
	set, err := features.Compile(d, l)
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

// hotFold folds the next n transactions without asking for features.
func hotFold(a *features.Account, s *hotTraffic, n int) {
	var o features.Observation
	var tx payment.Transaction
	for range n {
		s.next(&tx)
		a.Observe(&tx, &o)
		a.Fold(&o)
		s.marked[o.Marks()]++
	}
}

// BenchmarkHot is one transaction of an account in memory, observed, computed and folded: of one with a hundred in 30
// days, and of some with a million.
func BenchmarkHot(b *testing.B) {
	for _, c := range []struct {
		name    string
		every   time.Duration
		warm    int
		choices int
	}{
		{"normal", 30 * 24 * time.Hour / 100, 300, 20},
		{"attacked", 30 * 24 * time.Hour / 1_000_000, 1_000_000, 20},
		{"everyone", 30 * 24 * time.Hour / 1_000_000, 1_000_000, 5_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			set := hotCompile(b, features.Builtin(), hotLayout())
			a, s := set.NewAccount(), newHotTraffic(1, c.every, c.choices)
			hotFold(a, s, c.warm)
			v := make(features.Vector, set.Schema().Len())
			var o features.Observation
			var tx payment.Transaction
			b.ReportAllocs()
			for b.Loop() {
				s.next(&tx)
				a.Observe(&tx, &o)
				a.Compute(&o, v)
				a.Fold(&o)
			}
			b.ReportMetric(float64(len(a.Append(nil))), "bytes")
		})
	}
}

// TestHotSize holds the default budget to what it is to keep an account below.
func TestHotSize(t *testing.T) {
	for _, c := range []struct{ choices, events int }{{20, 1_000_000}, {5_000, 200_000}} {
		t.Run(fmt.Sprint(c.choices), func(t *testing.T) {
			t.Parallel()
			set := hotCompile(t, hotParse(t, features.BuiltinSource()+`
  - {name: unusual_30d, aggregate: count, filter: unusual_amount, windows: [30d], description: x}
  - {name: small_30d, aggregate: count, filter: small_amount, windows: [30d], description: x}
`), hotLayout())
			a, s := set.NewAccount(), newHotTraffic(2, 30*24*time.Hour/time.Duration(c.events), c.choices)
			most := 0
			for range 40 {
				hotFold(a, s, c.events/40)
				most = max(most, len(a.Append(nil)))
			}
			t.Logf("%d events, up to %d bytes", c.events, most)
			if most > 64<<10 {
				t.Errorf("%d bytes, want at most 64 KiB", most)
			}
			kept := map[payment.Type]int64{}
			for _, e := range a.Events() {
				kept[e.Type] += max(1, e.Bundle.Events)
			}
			if !maps.Equal(kept, s.sent) {
				t.Errorf("the account stands for %v events by type, want %v", kept, s.sent)
			}
			unusual, small := float64(s.marked[1]+s.marked[3]), float64(s.marked[2]+s.marked[3])
			tx := payment.Transaction{ID: "last", AccountID: "A1", Time: s.now, Type: payment.Purchase, Amount: 1, Currency: 1}
			if v, _ := hotValues(a, set, &tx); v["unusual_30d"] != unusual || v["small_30d"] != small {
				t.Errorf("%v unusual and %v small ones, want %v and %v", v["unusual_30d"], v["small_30d"], unusual, small)
			}
		})
	}
}
