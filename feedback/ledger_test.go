package feedback_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

// said reads labels of one transaction, written "source verdict time id"; without an id it is the time.
func said(t testing.TB, script string) []feedback.Label {
	t.Helper()
	var all []feedback.Label
	for line := range strings.SplitSeq(script, ",") {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		l := feedback.Label{TransactionID: "t", AccountID: "a", ID: words[len(words)-1]}
		var ok1, ok2 bool
		l.Source, ok1 = feedback.ParseSource(words[0])
		l.Verdict, ok2 = feedback.ParseVerdict(words[1])
		if _, err := fmt.Sscan(words[2], &l.Time); err != nil || !ok1 || !ok2 {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, l)
	}
	return all
}

func show(e feedback.Effective) string {
	if e == (feedback.Effective{}) {
		return "none"
	}
	return fmt.Sprintf("%s %s %d %s", e.Source, e.Verdict, e.Time, e.FeedbackID)
}

func TestResolve(t *testing.T) {
	tests := []struct{ what, labels, want string }{
		{"nothing", "", "none"},
		{"one", "analyst fraud 10", "analyst fraud 10 10"},
		{"the later one", "analyst fraud 10, analyst legitimate 20", "analyst legitimate 20 20"},
		{"the id where the time is the same", "analyst fraud 10 b, analyst legitimate 10 a", "analyst fraud 10 b"},
		{"ids compare as bytes", "analyst fraud 10 b9, analyst legitimate 10 b10", "analyst fraud 10 b9"},
		{"time before id", "analyst fraud 9 z, analyst legitimate 10 a", "analyst legitimate 10 a"},

		{"a customer beats an analyst", "customer legitimate 10, analyst fraud 20", "customer legitimate 10 10"},
		{"an analyst beats an import", "analyst legitimate 10, import fraud 20", "analyst legitimate 10 10"},
		{"a chargeback beats everyone", "chargeback fraud 10, customer legitimate 20, analyst legitimate 30, import legitimate 40", "chargeback fraud 10 10"},
		{"a lost dispute", "chargeback legitimate 10, customer fraud 20", "chargeback legitimate 10 10"},

		{"withdrawn", "analyst fraud 10, analyst withdrawn 20", "none"},
		{"withdrawn, then said again", "analyst fraud 10, analyst withdrawn 20, analyst fraud 30", "analyst fraud 30 30"},
		{"a withdrawal of what comes later in time only", "analyst withdrawn 20, analyst fraud 30", "analyst fraud 30 30"},
		{"a withdrawal takes back all before it", "analyst fraud 5, analyst legitimate 10, analyst withdrawn 20", "none"},
		{"another source's withdrawal", "analyst fraud 10, customer withdrawn 20", "analyst fraud 10 10"},
		{"the lesser source holds again", "analyst fraud 10, chargeback legitimate 20, chargeback withdrawn 30", "analyst fraud 10 10"},

		{"unsure", "analyst unsure 10", "none"},
		{"unsure afterwards", "analyst fraud 10, analyst unsure 20", "none"},
		{"sure afterwards", "analyst unsure 10, analyst fraud 20", "analyst fraud 20 20"},
		{"an unsure customer", "import fraud 5, analyst fraud 10, customer fraud 15, customer unsure 20", "analyst fraud 10 10"},

		{"sent twice", "analyst fraud 10, analyst fraud 10", "analyst fraud 10 10"},
		{"sent again after a withdrawal", "analyst fraud 10, analyst withdrawn 20, analyst fraud 10", "none"},
		{"one id, two verdicts", "analyst fraud 10 x, analyst legitimate 10 x", "analyst legitimate 10 x"},
		{"one id, taken back", "analyst legitimate 10 x, analyst withdrawn 10 x, analyst unsure 10 x", "none"},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			labels := said(t, test.labels)
			permutations(labels, func(order []feedback.Label) {
				if got := show(feedback.Resolve(order)); got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
			})
		})
	}
}

// permutations calls f with every order of s, Heap's way.
func permutations[T any](s []T, f func([]T)) {
	var walk func(n int)
	walk = func(n int) {
		if n <= 1 {
			f(s)
			return
		}
		for i := range n {
			walk(n - 1)
			if n%2 == 0 {
				s[i], s[n-1] = s[n-1], s[i]
			} else {
				s[0], s[n-1] = s[n-1], s[0]
			}
		}
	}
	walk(len(s))
}

// slowResolve follows the rule as it is told: sort, let each source speak, and let the weightiest that says something win.
func slowResolve(labels []feedback.Label) feedback.Effective {
	labels = slices.Clone(labels)
	claims := map[feedback.Verdict]int{feedback.Fraud: 4, feedback.Legitimate: 3, feedback.Unsure: 2, feedback.Withdrawn: 1}
	slices.SortFunc(labels, func(a, b feedback.Label) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), strings.Compare(a.ID, b.ID), cmp.Compare(claims[b.Verdict], claims[a.Verdict]))
	})
	holds := map[feedback.Source]feedback.Effective{}
	for _, l := range labels {
		delete(holds, l.Source)
		if l.Verdict == feedback.Fraud || l.Verdict == feedback.Legitimate {
			holds[l.Source] = feedback.Effective{Verdict: l.Verdict, Source: l.Source, Time: l.Time, FeedbackID: l.ID}
		}
	}
	for _, source := range []feedback.Source{feedback.Chargeback, feedback.Customer, feedback.Analyst, feedback.Import} {
		if e, ok := holds[source]; ok {
			return e
		}
	}
	return feedback.Effective{}
}

// randomLabel has few times and ids, so that they often coincide.
func randomLabel(rng *rand.Rand) feedback.Label {
	return feedback.Label{
		ID: string(rune('a' + rng.IntN(4))), TransactionID: fmt.Sprint("t", rng.IntN(5)), AccountID: "a",
		Time: payment.Time(rng.IntN(5)), TransactionTime: payment.Time(rng.IntN(10)),
		Verdict: feedback.Verdict(1 + rng.IntN(4)), Source: feedback.Source(1 + rng.IntN(4)),
	}
}

// Whatever the order, and however often labels come again, the end is the same, and it is what the rule says. On the
// way, what Add returns joins without a gap.
func TestLedgerDependsOnNoOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	outcomes := map[string]int{}
	for range 2_000 {
		labels := make([]feedback.Label, rng.IntN(6))
		for i := range labels {
			labels[i] = randomLabel(rng)
		}
		want := slowResolve(labels)
		outcomes[fmt.Sprint(want.Source, want.Verdict)]++
		permutations(labels, func(order []feedback.Label) {
			var g feedback.Ledger
			var held feedback.Effective
			for i := range order {
				before, after := g.Add(&order[i])
				if before != held || after != slowResolve(order[:i+1]) || after != g.Effective() {
					t.Fatalf("%+v: from %s to %s, had %s", order[:i+1], show(before), show(after), show(held))
				}
				held = after
			}
			for i := range order {
				if before, after := g.Add(&order[i]); before != want || after != want {
					t.Fatalf("%+v sent again: from %s to %s, want %s", order[i], show(before), show(after), show(want))
				}
			}
			if got := feedback.Resolve(order); got != want || held != want {
				t.Fatalf("%+v: %s, one by one %s, want %s", order, show(got), show(held), show(want))
			}
		})
	}
	if len(outcomes) != 9 {
		t.Errorf("outcomes %v: not every source and verdict has won", outcomes)
	}
}

func TestNames(t *testing.T) {
	for v := feedback.Fraud; v <= feedback.Withdrawn; v++ {
		if got, ok := feedback.ParseVerdict(v.String()); !ok || got != v {
			t.Errorf("%s is read as %s", v, got)
		}
	}
	for s := feedback.Import; s <= feedback.Chargeback; s++ {
		if got, ok := feedback.ParseSource(s.String()); !ok || got != s {
			t.Errorf("%s is read as %s", s, got)
		}
	}
	for _, s := range []string{"", "unknown", "Fraud"} {
		if v, ok := feedback.ParseVerdict(s); ok {
			t.Errorf("%q is read as %s", s, v)
		}
		if v, ok := feedback.ParseSource(s); ok {
			t.Errorf("%q is read as %s", s, v)
		}
	}
	if s := feedback.Verdict(0).String() + feedback.Source(9).String(); s != "unknownunknown" {
		t.Errorf("got %s", s)
	}
}

// A case is open while the last word of a source is that it does not know.
func TestUnsure(t *testing.T) {
	var g feedback.Ledger
	for i, c := range []struct {
		verdict feedback.Verdict
		source  feedback.Source
		unsure  bool
	}{
		{feedback.Fraud, feedback.Analyst, false},
		{feedback.Unsure, feedback.Customer, true},
		{feedback.Withdrawn, feedback.Analyst, true},
		{feedback.Withdrawn, feedback.Customer, false},
	} {
		g.Add(&feedback.Label{ID: "f", Time: payment.Time(i), Verdict: c.verdict, Source: c.source})
		if g.Unsure() != c.unsure {
			t.Errorf("after %v of the %v: unsure is %v", c.verdict, c.source, !c.unsure)
		}
	}
}
