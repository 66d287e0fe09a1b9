package features_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/features"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// A set is what it was when it was compiled, whatever becomes of what it was compiled from.
func TestSetIsImmutable(t *testing.T) {
	layout := features.DefaultLayout()
	layout.Rates = map[string]string{"EUR": "1.08"}
	declarations := features.Builtin()
	set, err := features.Compile(declarations, layout)
	if err != nil {
		t.Fatal(err)
	}
	state, hashes := set.State(), slices.Clone(set.Schema().Hashes)
	layout.Rates["EUR"] = "2"
	if got := set.Layout().Rates["EUR"]; got != "1.08" {
		t.Errorf("the set's rate is %s, want 1.08", got)
	}
	other := features.DefaultLayout()
	other.Lateness /= 2
	another, err := features.Compile(declarations, other)
	if err != nil {
		t.Fatal(err)
	}
	if another.State() == state || set.State() != state || !slices.Equal(set.Schema().Hashes, hashes) {
		t.Errorf("the same declarations under another layout: state %s, hashes %v", set.State(), set.Schema().Hashes)
	}
}

// What is called the same means the same in every file: Builtin is what BuiltinSource says.
func TestBuiltinSource(t *testing.T) {
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	if other := shipped(t); other.State() != set.State() || !slices.Equal(other.Schema().Hashes, set.Schema().Hashes) {
		t.Error("the shipped declarations and their source differ")
	}
}

// The golden file holds the meaning of every shipped feature: a model trained on one of these hashes refuses another.
// Where a line changes without intent, models in the field stop; where it must, rewrite the file with -update.
func TestBuiltin(t *testing.T) {
	set := shipped(t)
	var b strings.Builder
	// Live state stands under this name: where it changes, every deployment rebuilds.
	fmt.Fprintf(&b, "state %s\n", set.State())
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
