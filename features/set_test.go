package features_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

func TestCompileErrors(t *testing.T) {
	amount := features.Definition{Name: "amount", Fact: "amount"}
	count := features.Definition{Name: "n", Aggregate: "count", Window: time.Hour}
	for _, c := range []struct {
		name string
		last features.Definition // after amount and n
		want string
	}{
		{"no name", features.Definition{Fact: "amount"}, `feature "": the name is empty or taken`},
		{"name taken", features.Definition{Name: "n", Fact: "amount"}, `feature "n": the name is empty or taken`},
		{"nothing at all", features.Definition{Name: "f"}, `feature "f": it needs one of an aggregate, a fact and a ratio`},
		{"fact and aggregate", features.Definition{Name: "f", Fact: "amount", Aggregate: "count", Window: time.Hour}, "one of an aggregate, a fact and a ratio"},
		{"fact and ratio", features.Definition{Name: "f", Fact: "amount", Ratio: [2]string{"n", "amount"}}, "one of an aggregate, a fact and a ratio"},
		{"aggregate and ratio", features.Definition{Name: "f", Aggregate: "count", Window: time.Hour, Ratio: [2]string{"n", "n"}}, "one of an aggregate, a fact and a ratio"},
		{"unknown fact", features.Definition{Name: "f", Fact: "colour"}, `unknown fact "colour"`},
		{"fact with a window", features.Definition{Name: "f", Fact: "amount", Window: time.Hour}, "a fact has no field, window or filter"},
		{"fact with a field", features.Definition{Name: "f", Fact: "amount", Field: "amount"}, "a fact has no field, window or filter"},
		{"ratio with a filter", features.Definition{Name: "f", Ratio: [2]string{"n", "n"}, Filter: "spending"}, "a ratio has no field, window or filter"},
		{"ratio of something later", features.Definition{Name: "f", Ratio: [2]string{"amount", "later"}}, `"amount" and "later" must both be declared before it`},
		{"ratio of itself", features.Definition{Name: "f", Ratio: [2]string{"f", "n"}}, "must both be declared before it"},
		{"half a ratio", features.Definition{Name: "f", Ratio: [2]string{"n", ""}}, "must both be declared before it"},
		{"the other half", features.Definition{Name: "f", Ratio: [2]string{"", "n"}}, "must both be declared before it"},
		{"unknown aggregate", features.Definition{Name: "f", Aggregate: "median", Field: "amount", Window: time.Hour}, `unknown aggregate "median"`},
		{"count of a field", features.Definition{Name: "f", Aggregate: "count", Field: "amount", Window: time.Hour}, `count does not go with field "amount"`},
		{"sum of nothing", features.Definition{Name: "f", Aggregate: "sum", Window: time.Hour}, `sum does not go with field ""`},
		{"sum of merchants", features.Definition{Name: "f", Aggregate: "sum", Field: "merchant", Window: time.Hour}, `sum does not go with field "merchant"`},
		{"different amounts", features.Definition{Name: "f", Aggregate: "distinct", Field: "amount", Window: time.Hour}, `distinct does not go with field "amount"`},
		{"new location", features.Definition{Name: "f", Aggregate: "new", Field: "location", Window: time.Hour}, `new does not go with field "location"`},
		{"no window", features.Definition{Name: "f", Aggregate: "count"}, "window 0s is not between 1ms and the longest window, 720h0m0s"},
		{"negative window", features.Definition{Name: "f", Aggregate: "count", Window: -time.Hour}, "window -1h0m0s is not between"},
		{"window too long", features.Definition{Name: "f", Aggregate: "count", Window: 720*time.Hour + time.Millisecond}, "window 720h0m0.001s is not between"},
		{"window too fine", features.Definition{Name: "f", Aggregate: "count", Window: time.Second + 1}, "window 1.000000001s is not between 1ms and the longest window, 720h0m0s, in whole milliseconds"},
		{"unknown filter", features.Definition{Name: "f", Aggregate: "count", Window: time.Hour, Filter: "abroad"}, `unknown filter "abroad"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := features.Compile([]features.Definition{amount, count, c.last}, features.DefaultLayout())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
			if err != nil && !strings.HasPrefix(err.Error(), fmt.Sprintf("feature %q: ", c.last.Name)) {
				t.Errorf("the error %q does not say which feature", err)
			}
		})
	}
}

// A set is what it was when it was compiled, whatever becomes of what it was compiled from.
func TestSetIsImmutable(t *testing.T) {
	layout := features.DefaultLayout()
	layout.Rates = map[string]string{"EUR": "1.08"}
	definitions := features.Builtin()
	set := compile(t, definitions, layout)
	hash := layout.Hash()
	layout.Rates["EUR"] = "2"
	definitions[0].Name = "changed"
	if got := set.Layout().Hash(); got != hash {
		t.Errorf("the layout's hash is %s, want %s", got, hash)
	}
	if got := set.Definitions()[0].Name; got != "amount" {
		t.Errorf("the first definition is called %s", got)
	}
}

// The golden file holds the meaning of every shipped feature: a model trained on one of these hashes refuses another.
// Where a line changes without intent, models in the field stop; where it must, rewrite the file with -update.
func TestBuiltin(t *testing.T) {
	set := shipped(t)
	var b strings.Builder
	for i, d := range set.Definitions() {
		fmt.Fprintf(&b, "%s  %s\n", set.Schema().Hashes[i], d.String())
		if d.Description == "" {
			t.Errorf("%s has no description", d.Name)
		}
	}
	golden(t, "builtin.golden", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./features -update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test ./features -update rewrites it); got\n%s", path, got)
	}
}

// The hash covers what decides the value, and nothing else: neither the name nor the description, but for a ratio all
// that it is made of.
func TestDefinitionHash(t *testing.T) {
	hashes := func(definitions ...features.Definition) []string {
		return compile(t, definitions, features.DefaultLayout()).Schema().Hashes
	}
	sum := features.Definition{Name: "a", Aggregate: "sum", Field: "amount", Filter: "spending", Window: time.Hour}
	renamed := sum
	renamed.Name, renamed.Description = "b", "in other words"
	if h := hashes(sum, renamed); h[0] != h[1] {
		t.Errorf("name or description change the hash: %v", h)
	}
	unfiltered, longer, mean := sum, sum, sum
	unfiltered.Name, unfiltered.Filter = "c", ""
	longer.Name, longer.Window = "d", time.Hour+time.Millisecond
	mean.Name, mean.Aggregate = "e", "mean"
	merchants := features.Definition{Name: "f", Aggregate: "distinct", Field: "merchant", Window: time.Hour}
	categories := features.Definition{Name: "g", Aggregate: "distinct", Field: "category", Window: time.Hour}
	fact := features.Definition{Name: "h", Fact: "amount"}
	ratio := features.Definition{Name: "i", Ratio: [2]string{"a", "c"}}
	inverse := features.Definition{Name: "j", Ratio: [2]string{"c", "a"}}
	all := hashes(sum, unfiltered, longer, mean, merchants, categories, fact, ratio, inverse)
	for i := range all {
		for j := range i {
			if all[i] == all[j] {
				t.Errorf("definitions %d and %d share the hash %s", j, i, all[i])
			}
		}
	}
	// The same ratio by name, of something else.
	longer.Name = "a"
	if other := hashes(longer, unfiltered, ratio); other[2] == all[7] {
		t.Error("a ratio's hash does not cover its numerator")
	}
}
