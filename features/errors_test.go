package features_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/yamldoc"
)

// mistakes are files with one mistake each, in the line that ends with #!, if it is in any.
var mistakes = []struct {
	name string
	file string
	want string // part of the reason
}{
	{"empty", "", "the file is empty: it needs format: 1 and a list of features"},
	{"only a comment", "# nothing\n", "the file is empty"},
	{"no keys", "features #!\n", "the file is made of keys"},
	{"bad YAML", "format: 1\nfeatures: [ #!\n", "not valid YAML"},
	{"two documents", "format: 1\n---\nformat: 1 #!\n", "a second YAML document"},
	{"no format", "features:\n  - {name: amount, value: amount}\n", "format is missing: add format: 1"},
	{"another format", "format: 2 #!\n", "format: must be 1"},
	{"no features", "format: 1\n", "features is missing"},
	{"empty list", "format: 1\nfeatures: []\n", "features is missing"},
	{"no list", "format: 1\nfeatures: {a: 1} #!\n", "features: needs a list"},
	{"unknown key", "format: 1\nfeature: [] #!\n", `unknown key "feature"; the keys here are attributes, entities, features, filters, format, labels, marks, tables`},
	{"key twice", "format: 1\nformat: 1 #!\n", `mapping key "format" already defined`},

	{"unknown key of a feature", file("", "name: f, value: amount, window: [1h]} #!"), `unknown key "window"; the keys here are aggregate, delay`},
	{"no name", file("", "value: amount} #!"), "a feature without a name"},
	{"bad name", file("", "name: F-1, value: amount} #!"), `feature "F-1": a name is up to 64 lower-case letters`},
	{"long name", file("", "name: "+strings.Repeat("a", 65)+", value: amount} #!"), "up to 64"},
	{"name of the language", file("", "name: max, value: amount} #!"), `feature "max": the name is a word of expressions`},
	{"neither value nor windows", file("", "name: f, aggregate: count} #!"), `feature "f": it needs a value, or an aggregate and windows`},
	{"several windows, one name", file("", "name: f, aggregate: count, windows: [1h, 2h]} #!"), "with several windows the name needs {window}"},
	{"window twice", file("", `name: "f_{window}", aggregate: count, windows: [1h, 1h]} #!`), `feature "f_1h": the name is taken by a feature above it`},
	{"name taken", file("", "name: f, value: amount", "name: f, value: latitude} #!"), `feature "f": the name is taken by a feature above it`},
	{"a field twice", file("", "name: amount, value: amount", "name: amount, value: amount} #!"), "the name is taken by a feature above it"},
	{"a name that is itself", file("", "name: f, value: amount", "name: f, value: f} #!"), "the name is taken by a feature above it"},
	{"name of a field", file("", "name: latitude, value: amount} #!"), "a feature may be called like a field only if its value is that field"},
	{"name of an attribute", file("attributes: {risk: number}", "name: risk, aggregate: mean, of: risk, windows: [1h]} #!"), "may be called like a field only"},
	{"name of a mark", file("marks: {odd: {when: amount > 1}}", "name: odd, value: amount} #!"), "the name is taken"},
	{"attribute like a field", file("attributes: {merchant: text} #!", "name: f, value: amount"), `attribute "merchant" is called like a field of every transaction`},
	{"attribute like a function", file("attributes: {hour: number} #!", "name: f, value: amount"), `attribute "hour": the name is a word of expressions`},
	{"attribute of no kind", file("attributes: {a: date} #!", "name: f, value: amount"), "attributes.a: must be text or number"},
	{"attribute twice", file("attributes:\n  a: text\n  a: number #!", "name: f, value: amount"), `mapping key "a" already defined`},
	{"too many attributes", file("attributes:\n"+numbered(65, "  a%d: text"), "name: f, value: amount"), "attributes.a64 is one too many: 64 attributes are possible"},

	{"unknown name", file("", "name: f, value: amuont} #!"), `feature "f": the name amuont is not known: did you mean amount?`},
	{"bad expression", file("", "name: f, value: amount +} #!"), `feature "f": the expression ends where a value is expected`},
	{"unknown function", file("", "name: f, value: median(amount)} #!"), "there is no function or table median"},
	{"unknown zone", file("", `name: f, value: 'hour("Mars")'} #!`), `there is no time zone "Mars"`},
	{"text for a number", file("", "name: f, value: merchant} #!"), `feature "f": a number is wanted here, but merchant is a text`},
	{"number and text", file("", `name: f, value: amount == "a"} #!`), "compares two of a kind, but amount is a number"},
	{"value with a window", file("", "name: f, value: amount, windows: [1h]} #!"), "a value has no windows"},
	{"value with an aggregate", file("", "name: f, value: amount, aggregate: count} #!"), "a value has no aggregate"},
	{"value with a delay", file("", "name: f, value: amount, delay: 1h} #!"), "a value has no delay"},

	{"no aggregate", file("", "name: f, windows: [1h]} #!"), "aggregate is missing; there are count, distinct, km_since"},
	{"unknown aggregate", file("", "name: f, aggregate: median, windows: [1h]} #!"), `unknown aggregate "median"; there are count, distinct`},
	{"count of something", file("", "name: f, aggregate: count, of: amount, windows: [1h]} #!"), "count has no of"},
	{"sum of nothing", file("", "name: f, aggregate: sum, windows: [1h]} #!"), "sum needs of: what to aggregate, such as amount"},
	{"sum of a text", file("", "name: f, aggregate: sum, of: merchant, windows: [1h]} #!"), "a number is wanted here, but merchant is a text"},
	{"sum of a feature", file("", "name: a, value: amount", "name: f, aggregate: sum, of: a, windows: [1h]} #!"), "the name a is not known"},
	{"sum of a feature, why", file("", "name: a, value: amount", "name: f, aggregate: sum, of: a, windows: [1h]} #!"), "read the fields, attributes and marks of an earlier event"},
	{"distinct numbers", file("attributes: {risk: number}", "name: f, aggregate: distinct, of: risk, windows: [1h]} #!"), `of needs a retained text, and "risk" is none; there are merchant, category`},
	{"new what is not kept", file("attributes: {device: text}", "name: f, aggregate: new, of: phone, windows: [1h]} #!"), "there are merchant, category, device (declare others under attributes)"},
	{"same number", file("", "name: f, aggregate: count, same: amount, windows: [1h]} #!"), `same needs a retained text, and "amount" is none`},
	{"largest of the same", file("", "name: f, aggregate: max, of: amount, same: merchant, windows: [1h]} #!"), "same goes with count, sum, mean and std"},
	{"no time", file("", "name: f, aggregate: count, windows: [1x]} #!"), `feature "f": window "1x" is not a time such as 10m, 36h or 30d`},
	{"no window", file("", "name: f, aggregate: count, windows: [0h]} #!"), "window 0 days is not between 1ms and the longest window that the state keeps, 30 days (features.longest_window in weir.yaml)"},
	{"window too long", file("", "name: f, aggregate: count, windows: [31d]} #!"), "window 31 days is not between 1ms and the longest window"},
	{"windows no list", file("", "name: f, aggregate: count, windows: 1h} #!"), "windows: needs a list"},
	{"labels without an entity", file("labels: {delay: 1d}", "name: f, labels: fraud, aggregate: count, windows: [1h]} #!"), "labels and delay go with an entity"},
	{"delay without an entity", file("", "name: f, delay: 1h, aggregate: count, windows: [1h]} #!"), "labels and delay go with an entity"},

	{"unknown filter", file("filters: {out: amount < 0}", "name: f, aggregate: count, filter: abroad, windows: [1h]} #!"), `no filter is called "abroad": declare it under filters, where there are out, or write a condition`},
	{"no filters", file("", "name: f, aggregate: count, filter: abroad, windows: [1h]} #!"), "where there are none"},
	{"filter that is no condition", file("", "name: f, aggregate: count, filter: amount + 1, windows: [1h]} #!"), "a bool is wanted here"},
	{"filter that nobody uses", file("filters:\n  out: amuont < 0 #!", "name: f, value: amount"), `filter "out": the name amuont is not known: did you mean amount?`},
	{"filter that reads a feature", file("filters:\n  out: f > 1 #!", "name: f, value: amount"), "read the fields, attributes and marks of an earlier event"},
	{"filter that reads the account", file("filters:\n  out: account == \"A\" #!", "name: f, value: amount"), "the name account is not known"},
	{"filter called like a mark", file("marks: {odd: {when: amount > 1}}\nfilters:\n  odd: amount > 2 #!", "name: f, value: amount"), `filter "odd": the name is taken by a mark`},
	{"filter without a condition", file("filters:\n  out: #!", "name: f, value: amount"), "filters.out: is empty"},
	{"too many filters", file("", append(manyFilters(31), "name: last, aggregate: count, filter: amount > 31, windows: [1h]} #!")...), "one filter too many: 31 different ones are possible"},

	{"table by a wrong name", file("tables:\n  t: {buy: merchant, values: {a: 1}} #!", "name: f, value: amount"), `tables.t: unknown key "buy"; the keys here are by, default, values`},
	{"table of texts", file("tables:\n  t: {values: {a: x}} #!", "name: f, value: amount"), `tables.t.values.a: "x" is not a number`},
	{"table of infinities", file("tables:\n  t: {values: {a: .inf}} #!", "name: f, value: amount"), `is not a number`},
	{"table called like a function", file("tables:\n  log: {values: {a: 1}} #!", "name: f, value: amount"), `table "log": the name is a word of expressions`},
	{"table of a number", file("tables: {t: {values: {a: 1}}}", "name: f, value: t(amount)} #!"), "the table t needs a text"},

	{"mark without a condition", file("marks:\n  odd: {description: none} #!", "name: f, value: amount"), "marks.odd: when is missing"},
	{"mark that is a number", file("marks:\n  odd: {when: amount} #!", "name: f, value: amount"), `mark "odd": a bool is wanted here`},
	{"mark like a field", file("marks:\n  amount: {when: amount > 1} #!", "name: f, value: amount"), `mark "amount": the name is taken by a field, an attribute or another mark`},
	{"mark like an attribute", file("attributes: {a: text}\nmarks:\n  a: {when: amount > 1} #!", "name: f, value: amount"), "the name is taken"},
	{"mark of an unknown feature", file("marks:\n  odd: {when: mean > 1} #!", "name: f, value: amount"), `mark "odd": the name mean is not known`},
	{"too many marks", file("marks:\n"+numbered(17, "  m%d: {when: amount > 1}"), "name: f, value: amount"), "marks.m16 is one too many: 16 marks are possible"},
	{"mark that reads an entity", file("entities: {shop: {key: merchant}}\nmarks: {odd: {when: n > 1}}", "name: n, entity: shop, aggregate: count, windows: [1h]} #!"),
		"a mark reads it, and a mark may not look at entities"},
	{"mark that reads an entity, by way of another", file("entities: {shop: {key: merchant}}\nmarks: {odd: {when: f > 1}}",
		"name: f, value: n / 2", "name: n, entity: shop, aggregate: count, windows: [1h]} #!"), "a mark may not look at entities"},

	{"cycle of one", file("", "name: f, value: f + 1} #!"), `feature "f": it depends on itself: f, which reads f`},
	{"cycle of two", file("", "name: a, value: b + 1} #!", "name: b, value: a + 1"), "it depends on itself: a, which reads b, which reads a"},
	{"cycle of marks", file("marks:\n  a: {when: not b} #!\n  b: {when: not a}", "name: f, value: amount"), "it depends on itself: a, which reads b, which reads a"},
	{"cycle of a mark and a feature", file("marks:\n  a: {when: f > 1} #!", "name: f, value: a"), "it depends on itself: a, which reads f, which reads a"},
	{"cycle by way of a filter", file("filters: {marked: a and amount > 1}\nmarks:\n  a: {when: n > 1} #!",
		"name: n, aggregate: count, filter: marked, windows: [1h]"), `mark "a": it depends on itself: a, which reads n, which reads a`},
	{"cycle by way of what is summed", file("marks:\n  a: {when: n > 1} #!", "name: n, aggregate: sum, of: 'a ? amount : 0', windows: [1h]"), "it depends on itself"},

	{"entity without a key", file("entities:\n  shop: {tile: 1h} #!", "name: f, value: amount"), "entities.shop: key is missing"},
	{"entity with an unknown key", file("entities:\n  shop: {key: merchant, window: 1h} #!", "name: f, value: amount"), `unknown key "window"; the keys here are delay, key, tile`},
	{"key that is a number", file("entities:\n  shop: {key: amount} #!", "name: f, value: amount"), `entity "shop": a text is wanted here`},
	{"key that is a feature", file("entities:\n  shop: {key: f} #!", "name: f, value: amount"), "a key is made of the transaction's texts"},
	{"tile too short", file("entities:\n  shop: {key: merchant, tile: 59s} #!", "name: f, value: amount"), "tile is 59 seconds: it must be between 1m and 7d"},
	{"tile too long", file("entities:\n  shop: {key: merchant, tile: 8d} #!", "name: f, value: amount"), "tile is 8 days: it must be between 1m and 7d"},
	{"delay below the lateness", file("entities:\n  shop: {key: merchant, delay: 59m} #!", "name: f, value: amount"),
		"delay is 59 minutes: it must be at least the allowed lateness, 1 hour, since until then events may still come"},
	{"a feature's delay below it", shopFile("aggregate: count, windows: [1h], delay: 59m} #!"), "delay is 59 minutes: it must be at least the allowed lateness, 1 hour"},
	{"delay that is no time", file("entities:\n  shop: {key: merchant, delay: soon} #!", "name: f, value: amount"), `"soon" is not a time such as 10m`},
	{"too many entities", file("entities:\n"+numbered(65, "  e%d: {key: merchant}"), "name: f, value: amount"), "entities.e64 is one too many: 64 entities are possible"},
	{"unknown entity", file("", "name: f, entity: shop, aggregate: count, windows: [1h]} #!"), `entity "shop" is not declared: add it under entities`},
	{"what does not add up", shopFile("aggregate: max, of: amount, windows: [1h]} #!"), `aggregate "max" does not add up over accounts; over tiles there are age, count, mean, std and sum`},
	{"the same at an entity", shopFile("aggregate: count, same: category, windows: [1h]} #!"), "same does not go with an entity"},
	{"part of a tile", shopFile("aggregate: count, windows: [90m]} #!"), "window 90 minutes is not a multiple of the entity's tile, 1 hour"},
	{"less than a tile", shopFile("aggregate: count, windows: [30m]} #!"), "window 30 minutes is not a multiple"},
	{"years of tiles", shopFile("aggregate: count, windows: [401d]} #!"), "up to 400 days"},
	{"age of something", shopFile("aggregate: age, of: amount, windows: [1h]} #!"), "age has no of"},
	{"an entity's sum of nothing", shopFile("aggregate: sum, windows: [1h]} #!"), "sum needs of"},

	{"labels without a delay", shopFile("labels: fraud, aggregate: count, windows: [1h]} #!"), "features over labels need labels: {delay: …} in the file"},
	{"unknown label", labelFile("labels: theft, aggregate: count, windows: [1h]} #!"), `labels is "theft": it must be fraud or legitimate`},
	{"sum of labels", labelFile("labels: fraud, aggregate: sum, of: amount, windows: [1h]} #!"), "labels are counted: the aggregate must be count or age"},
	{"labels with a delay of their own", labelFile("labels: fraud, aggregate: count, delay: 2h, windows: [1h]} #!"), "the delay of labels is the same for all features: labels.delay"},
	{"labels by category", labelFile(`labels: fraud, aggregate: count, filter: category == "a", windows: [1h]} #!`), "a filter of labels reads marks and the amount"},
	{"labels by the hour", labelFile("labels: fraud, aggregate: count, filter: hour() < 6, windows: [1h]} #!"), "it reads the time of the transaction; a filter of labels reads marks and the amount"},
	{"labels of no time", file("labels: {delay: later} #!", "name: f, value: amount"), `labels.delay: "later" is not a time`},
}

// shopFile returns a file with a feature of merchants; labelFile one that knows when labels may be used.
func shopFile(keys string) string {
	return file("entities: {shop: {key: merchant}}", "name: f, entity: shop, "+keys)
}

func labelFile(keys string) string {
	return file("labels: {delay: 7d}\nentities: {shop: {key: merchant}}", "name: f, entity: shop, "+keys)
}

// numbered returns n lines, the last one the mistake.
func numbered(n int, format string) string {
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf(format, i))
	}
	return strings.Join(lines, "\n") + " #!"
}

func manyFilters(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("name: n%d, aggregate: count, filter: amount > %d, windows: [1h]", i, i)
	}
	return list
}

// Every mistake is told with the file, the line and what to do.
func TestMistakes(t *testing.T) {
	for _, c := range mistakes {
		t.Run(c.name, func(t *testing.T) {
			text := strings.ReplaceAll(c.file, "} #!}", "} #!") // the helper's own bracket
			line := 0
			if before, _, marked := strings.Cut(text, "#!"); marked {
				line = 1 + strings.Count(before, "\n")
			}
			_, err := compileFile(text, features.DefaultLayout())
			var e *yamldoc.Error
			if !errors.As(err, &e) {
				t.Fatalf("the error is %v, want a mistake with %q", err, c.want)
			}
			if e.Path != "features.yaml" || e.Line != line || !strings.Contains(e.Reason, c.want) {
				t.Errorf("the mistake is in line %d of %s: %s\nwant line %d: %s", e.Line, e.Path, e.Reason, line, c.want)
			}
		})
	}
}

// What is just short of a mistake is none.
func TestLimits(t *testing.T) {
	for name, text := range map[string]string{
		"16 marks":             file(strings.TrimSuffix("marks:\n"+numbered(16, "  m%d: {when: amount > 1}"), " #!"), "name: f, value: amount"),
		"64 attributes":        file(strings.TrimSuffix("attributes:\n"+numbered(64, "  a%d: text"), " #!"), "name: f, aggregate: new, of: a63, windows: [1h]"),
		"64 entities":          file(strings.TrimSuffix("entities:\n"+numbered(64, "  e%d: {key: merchant}"), " #!"), "name: f, entity: e63, aggregate: count, windows: [1h]"),
		"31 filters":           file("", manyFilters(31)...),
		"the longest window":   file("", "name: f, aggregate: count, windows: [30d]"),
		"the shortest window":  file("", "name: f, aggregate: count, windows: [1ms]"),
		"the shortest tile":    file("entities: {e: {key: merchant, tile: 1m}}", "name: f, entity: e, aggregate: count, windows: [1m]"),
		"the longest tile":     file("entities: {e: {key: merchant, tile: 7d}}", "name: f, entity: e, aggregate: count, windows: [399d]"),
		"a delay at the limit": file("entities: {e: {key: merchant, delay: 1h}}", "name: f, entity: e, aggregate: count, windows: [1h], delay: 1h"),
		"a field by its name":  file("attributes: {risk: number}\nmarks: {odd: {when: amount > 1}}", "name: amount, value: amount", "name: risk, value: risk", "name: odd, value: odd"),
		"a mark as a filter":   file("marks: {odd: {when: amount > 1}}", "name: f, aggregate: count, filter: odd, windows: [1h]"),
		"a table like a field": file("tables: {category: {values: {a: 1}}}", "name: f, value: category(category)"),
	} {
		if _, err := compileFile(text, features.DefaultLayout()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
