package features_test

import (
	"strings"
	"testing"

	"github.com/weir-fraud/weir/features"
)

// TestStateHash holds which changes of a features file make another state, and which read what is there already.
func TestStateHash(t *testing.T) {
	base := compiled(t, everyKind)
	for _, c := range []struct {
		name     string
		old, new string
		changes  bool
	}{
		{"a description", "far above the hour's mean", "large", false},
		{"a feature's name", "name: kmh_1d", "name: speed_1d", false},
		{"a window of events", "windows: [10m, 1h]", "windows: [10m, 1h, 7d]", false},
		{"a filter of events", "filter: large, windows: [1d]}\n  - {name: risk", "filter: night, windows: [1d]}\n  - {name: risk", false},
		{"a table", "food: 4.5", "food: 4.6", false},
		{"what is aggregated", "of: risk * 2", "of: risk * 3", false},
		{"a shorter window of tiles", "aggregate: sum, of: risk, windows: [1d]", "aggregate: sum, of: risk, windows: [12h]", false},

		{"an attribute", "risk: number", "risk: number, more: text", true},
		{"an attribute's kind", "attributes: {device: text", "attributes: {other: text, device: text", true},
		{"a mark", "amount > 2 * mean_1h", "amount > 3 * mean_1h", true},
		{"what a mark reads", "name: \"count_{window}\", aggregate: count,", "name: \"count_{window}\", aggregate: count, filter: spending,", true},
		{"an entity's key", "key: merchant", "key: category", true},
		{"an entity's name", "shop", "store", true},
		{"an entity's tile", "tile: 1h", "tile: 30m", true},
		{"what an entity counts", "entity: shop, aggregate: count, filter: spending", "entity: shop, aggregate: count", true},
		{"a longer window of tiles", "aggregate: sum, of: risk, windows: [1d]", "aggregate: sum, of: risk, windows: [40d]", true},
		{"the labels' delay", "labels: {delay: 1d}", "labels: {delay: 2d}", true},
	} {
		text := strings.ReplaceAll(everyKind, c.old, c.new)
		text = strings.Replace(text, "filters: {", "filters: {night: hour() < 6, ", 1)
		if !strings.Contains(everyKind, c.old) {
			t.Fatalf("%s: nothing to change", c.name)
		}
		if changed := compiled(t, text).State() != base.State(); changed != c.changes {
			t.Errorf("%s changes the state: %v", c.name, changed)
		}
	}
}

// No two features of the shipped file are the same, so no two have the same hash.
func TestHashesDiffer(t *testing.T) {
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]string)
	for i, h := range set.Schema().Hashes {
		name := set.Schema().Names[i]
		if other, taken := seen[h]; taken {
			t.Errorf("%s and %s have the hash %s", other, name, h)
		}
		seen[h] = name
	}
}
