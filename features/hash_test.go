package features_test

import (
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
)

// wired is a file in which everything that can decide a value decides that of a feature called target: through a table,
// a mark, filters, attributes, entities and other features.
const wired = `format: 1
attributes: {device: text, risk: number}
filters:
  spending: type != "deposit"
tables:
  tiers: {by: category, values: {a: 1, b: 2}, default: 3}
marks:
  large: {when: amount > 2 * mean and risk < 0.5, description: a large one}
entities:
  shop: {key: merchant, tile: 1h, delay: 2h}
labels: {delay: 7d}
features:
  - {name: mean, aggregate: mean, of: amount, filter: spending, windows: [24h], description: the mean}
  - {name: n, aggregate: count, filter: large, windows: [7d]}
  - {name: tier, value: tiers(category)}
  - {name: devices, aggregate: distinct, of: device, windows: [7d]}
  - {name: alike, aggregate: sum, of: risk * 2, same: device, windows: [7d]}
  - {name: at_shop, entity: shop, aggregate: mean, of: risk, filter: large, windows: [24h]}
  - {name: frauds, entity: shop, labels: fraud, aggregate: count, filter: not large, windows: [24h]}
  - {name: target, value: n + tier + devices + alike + at_shop + frauds}
`

// edit is a piece of a file and what to put in its place.
type edit struct{ old, new string }

func edited(tb testing.TB, edits ...edit) *features.Set {
	tb.Helper()
	text := wired
	for _, e := range edits {
		text = replaced(tb, text, e.old, e.new)
	}
	return compile(tb, text, features.DefaultLayout())
}

func target(set *features.Set) string { return set.Schema().Hashes[set.Schema().Index("target")] }

// Names and descriptions, the order of things, and the way an expression is spelt decide nothing.
func TestDefinitionHashIsOfTheMeaning(t *testing.T) {
	want := target(edited(t))
	for name, edits := range map[string][]edit{
		"descriptions":         {{"a large one", "an unusual one"}, {"the mean", "what it spends"}},
		"a feature's name":     {{"name: mean,", "name: average,"}, {"2 * mean", "2 * average"}},
		"a filter's name":      {{"  spending:", "  out:"}, {"filter: spending", "filter: out"}},
		"a filter written out": {{"filter: spending", `filter: 'type != "deposit"'`}},
		"a mark's name":        {{"  large: ", "  big: "}, {"filter: large, windows: [7d]", "filter: big, windows: [7d]"}, {"filter: large, windows: [24h]", "filter: big, windows: [24h]"}, {"not large", "not big"}},
		"a table's name":       {{"  tiers:", "  levels:"}, {"tiers(category)", "levels(category)"}},
		"what a table is by":   {{"by: category", "by: kind"}},
		"an entity's name":     {{"  shop: ", "  place: "}, {"entity: shop, aggregate", "entity: place, aggregate"}, {"entity: shop, labels", "entity: place, labels"}},
		"spelling":             {{"2 * mean and risk < 0.5", "(2.0*mean) && (risk<0.50)"}, {"n + tier", "(n+tier)"}},
		"units of time":        {{"same: device, windows: [7d]", "same: device, windows: [168h]"}, {"delay: 2h", "delay: 120m"}},
		"order of features":    {{"  - {name: n, aggregate: count, filter: large, windows: [7d]}\n", ""}, {"features:\n", "features:\n  - {name: n, aggregate: count, filter: large, windows: [7d]}\n"}},
		"order of attributes":  {{"device: text, risk: number", "risk: number, device: text"}},
		"order of a table":     {{"a: 1, b: 2", "b: 2, a: 1"}},
		"an attribute more":    {{"device: text,", "channel: text, device: text,"}},
		"a delay said twice":   {{"filter: large, windows: [24h]", "filter: large, windows: [24h], delay: 2h"}},
		"a feature more":       {{"features:\n", "features:\n  - {name: more, aggregate: max, of: amount, windows: [30d]}\n"}},
	} {
		if got := target(edited(t, edits...)); got != want {
			t.Errorf("%s changes the hash", name)
		}
	}
	layout := features.DefaultLayout()
	layout.Dedupe, layout.LongestWindow = time.Hour, 60*24*time.Hour
	if got := target(compile(t, wired, layout)); got != want {
		t.Error("the layout changes the hash")
	}
}

// Every part that decides the value changes the hash, however many steps away, and to a hash of its own.
func TestDefinitionHashCoversEverything(t *testing.T) {
	seen := map[string]string{target(edited(t)): "nothing"}
	for name, edits := range map[string][]edit{
		"the expression":                  {{"n + tier", "n - tier"}},
		"an order that rounds otherwise":  {{"n + tier", "tier + n"}},
		"a window":                        {{"filter: large, windows: [7d]", "filter: large, windows: [6d]"}},
		"an aggregate":                    {{"aggregate: distinct", "aggregate: new"}},
		"what is told apart":              {{"of: device", "of: merchant"}},
		"what is aggregated":              {{"risk * 2", "risk * 3"}},
		"what is the same":                {{"same: device", "same: category"}},
		"nothing the same":                {{"same: device, ", ""}},
		"a filter less":                   {{"filter: large, windows: [7d]", "windows: [7d]"}},
		"another filter":                  {{"filter: large, windows: [7d]", "filter: not large, windows: [7d]"}},
		"a table's value":                 {{"b: 2", "b: 2.5"}},
		"a table's text":                  {{"b: 2", "c: 2"}},
		"a table's default":               {{"default: 3", "default: 4"}},
		"a mark's condition":              {{"2 * mean", "3 * mean"}},
		"a window that a mark reads":      {{"windows: [24h], description", "windows: [23h], description"}},
		"an aggregate that a mark reads":  {{"name: mean, aggregate: mean", "name: mean, aggregate: max"}},
		"the filter of one":               {{`type != "deposit"`, `type != "withdrawal"`}},
		"an entity's key":                 {{"key: merchant", "key: category"}},
		"an entity's tile":                {{"tile: 1h", "tile: 2h"}},
		"an entity's delay":               {{"delay: 2h", "delay: 3h"}},
		"a delay of its own":              {{"filter: large, windows: [24h]", "filter: large, windows: [24h], delay: 4h"}},
		"an entity's aggregate":           {{"aggregate: mean, of: risk, filter: large", "aggregate: std, of: risk, filter: large"}},
		"what an entity aggregates":       {{"of: risk, filter: large", "of: amount, filter: large"}},
		"an entity's window":              {{"filter: large, windows: [24h]", "filter: large, windows: [25h]"}},
		"an entity's filter":              {{"filter: large, windows: [24h]", "windows: [24h]"}},
		"the label":                       {{"labels: fraud", "labels: legitimate"}},
		"the delay of labels":             {{"labels: {delay: 7d}", "labels: {delay: 8d}"}},
		"the filter of labels":            {{"not large", "large and amount > 1"}},
		"the age of labels":               {{"labels: fraud, aggregate: count", "labels: fraud, aggregate: age"}},
		"the transactions of its labels":  {{"entity: shop, labels: fraud", "entity: shop"}},
		"the account's own transactions":  {{"entity: shop, aggregate: mean", "aggregate: mean"}},
		"an attribute, called otherwise":  {{"device: text", "phone: text"}, {"of: device", "of: phone"}, {"same: device", "same: phone"}},
		"what an attribute is called too": {{"risk: number", "hint: number"}, {"risk < 0.5", "hint < 0.5"}, {"risk * 2", "hint * 2"}, {"of: risk,", "of: hint,"}},
	} {
		h := target(edited(t, edits...))
		if other, taken := seen[h]; taken {
			t.Errorf("%s has the hash of %s", name, other)
		}
		seen[h] = name
	}
}

// Whether an attribute is a text or a number decides whether "x" is one that is known.
func TestDefinitionHashCoversKinds(t *testing.T) {
	known := func(kind string) string {
		return compile(t, file("attributes: {a: "+kind+"}", "name: f, value: known(a)"), features.DefaultLayout()).Schema().Hashes[0]
	}
	if known("text") == known("number") {
		t.Error("a text and a number of the same name share a hash")
	}
}

// The state's name changes with what is stored, and not with what is read off it.
func TestStateHash(t *testing.T) {
	base := edited(t).State()
	for name, edits := range map[string][]edit{
		"a window more":                    {{"same: device, windows: [7d]}", "same: device, windows: [7d]}\n  - {name: more, aggregate: mean, of: risk * 3, filter: type == \"deposit\", windows: [30d]}"}},
		"a window less":                    {{"  - {name: devices, aggregate: distinct, of: device, windows: [7d]}\n", ""}, {"devices + ", ""}},
		"a shorter window over tiles more": {{"features:\n", "features:\n  - {name: more, entity: shop, aggregate: mean, of: risk, filter: large, windows: [5h]}\n"}},
		"a value":                          {{"n + tier", "n * tier"}},
		"a table that no mark reads":       {{"b: 2", "b: 3"}},
		"names":                            {{"name: mean,", "name: average,"}, {"2 * mean", "2 * average"}},
		"descriptions":                     {{"a large one", "an unusual one"}},
	} {
		if got := edited(t, edits...).State(); got != base {
			t.Errorf("%s changes the hash of the state", name)
		}
	}
	seen := map[string]string{base: "nothing"}
	for name, edits := range map[string][]edit{
		"an attribute more":             {{"device: text,", "device: text, channel: text,"}},
		"attributes in another order":   {{"device: text, risk: number", "risk: number, device: text"}},
		"a mark's condition":            {{"2 * mean", "3 * mean"}},
		"what a mark reads":             {{"windows: [24h], description", "windows: [23h], description"}},
		"a mark more":                   {{"marks:\n", "marks:\n  odd: {when: risk > 1}\n"}},
		"a counter more":                {{"features:\n", "features:\n  - {name: more, entity: shop, aggregate: count, windows: [5h]}\n"}},
		"a sum more":                    {{"aggregate: mean, of: risk, filter: large", "aggregate: std, of: risk, filter: large"}},
		"what is summed":                {{"of: risk, filter: large", "of: risk * 2, filter: large"}},
		"what is counted":               {{"of: risk, filter: large", "of: risk, filter: not large"}},
		"a counter of labels more":      {{"features:\n", "features:\n  - {name: more, entity: shop, labels: legitimate, aggregate: count, windows: [5h]}\n"}},
		"labels that are counted":       {{"not large", "large"}},
		"the delay of labels":           {{"labels: {delay: 7d}", "labels: {delay: 6d}"}},
		"a key":                         {{"key: merchant", "key: category"}},
		"a tile":                        {{"tile: 1h", "tile: 2h"}},
		"an entity's name":              {{"  shop: ", "  place: "}, {"entity: shop, aggregate", "entity: place, aggregate"}, {"entity: shop, labels", "entity: place, labels"}},
		"an entity more":                {{"entities:\n", "entities:\n  kind: {key: category}\n"}},
		"how long tiles are kept":       {{"filter: not large, windows: [24h]", "filter: not large, windows: [25h]"}},
		"how long tiles are kept, late": {{"filter: large, windows: [24h]", "filter: large, windows: [24h], delay: 300h"}},
		"nothing of an entity any longer": {{" + at_shop + frauds", ""},
			{"  - {name: at_shop, entity: shop, aggregate: mean, of: risk, filter: large, windows: [24h]}\n", ""},
			{"  - {name: frauds, entity: shop, labels: fraud, aggregate: count, filter: not large, windows: [24h]}\n", ""}},
	} {
		h := edited(t, edits...).State()
		if other, taken := seen[h]; taken {
			t.Errorf("%s has the state of %s", name, other)
		}
		seen[h] = name
	}
	for name, change := range map[string]func(*features.Layout){
		"the lateness": func(l *features.Layout) { l.Lateness /= 2 },
		"a rate":       func(l *features.Layout) { l.Rates = map[string]string{"EUR": "1.1"} },
	} {
		l := features.DefaultLayout()
		change(&l)
		if h := compile(t, wired, l).State(); seen[h] != "" {
			t.Errorf("%s has the state of %s", name, seen[h])
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
