package policy_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring/policy"
)

// TestListsAgainstMaps applies random changes in pieces of all sizes, and compares with a plain map after each. What was
// there before a change must stay as it was.
func TestListsAgainstMaps(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	type key struct{ list, key string }
	want := map[key]policy.Entry{}
	var lists *policy.Lists
	for range 60 {
		before, had := lists, lists.Len("block:a")
		var changes []policy.Change
		for range 1 + rng.IntN(1+rng.IntN(2500)) {
			c := policy.Change{List: []string{"block:a", "allow:b"}[rng.IntN(2)], Remove: rng.IntN(3) == 0}
			c.Entry = policy.Entry{Key: fmt.Sprint(rng.IntN(3000)), Until: payment.Time(1 + rng.IntN(1000)), Note: fmt.Sprint(rng.IntN(5))}
			changes = append(changes, c)
			if c.Remove {
				delete(want, key{c.List, c.Key})
			} else {
				want[key{c.List, c.Key}] = c.Entry
			}
		}
		lists = lists.Apply(changes...)
		if before.Len("block:a") != had {
			t.Fatalf("applying changes turned %d entries of the lists before into %d", had, before.Len("block:a"))
		}
		n := 0
		for _, name := range lists.Names() {
			all := lists.Entries(name)
			if len(all) != lists.Len(name) {
				t.Fatalf("%s has %d entries and says %d", name, len(all), lists.Len(name))
			}
			n += len(all)
			for i, e := range all {
				if e != want[key{name, e.Key}] || i > 0 && all[i-1].Key >= e.Key {
					t.Fatalf("%s: %+v instead of %+v", name, e, want[key{name, e.Key}])
				}
				if !lists.Contains(name, e.Key, e.Until-1) || lists.Contains(name, e.Key, e.Until) {
					t.Fatalf("%s: %+v does not end at its time", name, e)
				}
			}
		}
		if n != len(want) {
			t.Fatalf("%d entries instead of %d", n, len(want))
		}
	}
}

func TestListsOfNothing(t *testing.T) {
	var none *policy.Lists
	if none.Contains("block:a", "k", 0) || none.Len("block:a") != 0 || none.Names() != nil || none.Entries("block:a") != nil {
		t.Error("nil lists hold something")
	}
	l := none.Apply(policy.Change{List: "block:a", Remove: true, Entry: policy.Entry{Key: "k"}})
	if l.Len("block:a") != 0 || len(l.Names()) != 0 {
		t.Errorf("removing from nothing leaves %v", l.Names())
	}
	if l = none.Apply(policy.Change{List: "block:a", Entry: policy.Entry{Key: "", Until: policy.Forever}}); l.Contains("block:a", "", 0) {
		t.Error("a missing key is on a list")
	}
}

func BenchmarkListsApplyOne(b *testing.B) {
	var all []policy.Change
	for i := range 100_000 {
		all = append(all, policy.Change{List: "block:a", Entry: policy.Entry{Key: fmt.Sprint(i), Until: policy.Forever}})
	}
	var none *policy.Lists
	lists := none.Apply(all...)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		lists.Apply(all[i%len(all)])
	}
}

// BenchmarkApply makes lists of so many changes, as a process does when the control topic tells of one more.
func BenchmarkApply(b *testing.B) {
	for _, n := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprint("changes=", n), func(b *testing.B) {
			changes := make([]policy.Change, n)
			for i := range changes {
				changes[i] = policy.Change{List: "block:accounts", Entry: policy.Entry{Key: fmt.Sprint("account-", i), Until: policy.Forever, Note: "a note"}}
			}
			var lists *policy.Lists
			b.ReportAllocs()
			for b.Loop() {
				lists.Apply(changes...)
			}
		})
	}
}
