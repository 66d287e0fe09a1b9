package scoring_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/forest"
)

// Every kind of model that would not score here as it does in LightGBM is refused, in real files of it.
func TestLoadRefusesOtherModels(t *testing.T) {
	for name, want := range map[string]string{
		"linear":          `tree 0: is_linear is "1": linear trees cannot be scored; train with linear_tree=false`,
		"categorical":     `tree 0: num_cat is "1": categorical splits cannot be scored; train with numeric features only`,
		"multiclass":      `num_class is "3": only models of one class can be scored; train with objective=binary`,
		"regression":      `the objective is "regression": only binary gives a probability here; train with objective=binary`,
		"sigmoid":         `the objective is "binary sigmoid:2": only sigmoid:1 is supported; train with sigmoid=1`,
		"zero_as_missing": "takes 0 for a missing value, and here only NaN is missing; train with zero_as_missing=false",
		"constant":        "no tree has a split, so every transaction would get the same score; train on more data",
	} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", "refused", name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			d := readDirectory(t, "cards")
			d.put(scoring.ModelFile, string(text))
			_, err = d.load()
			wantError(t, err, "model.txt: ")
			wantError(t, err, want)
		})
	}
	files, err := filepath.Glob("testdata/refused/*.txt")
	if err != nil || len(files) != 7 {
		t.Errorf("%d files of refused models: %v", len(files), err)
	}
}

// Damage to a good file. Each edit is one that a disk, an editor or an attacker could make.
func TestLoadRefusesDamage(t *testing.T) {
	for name, c := range map[string]struct{ old, with, want string }{
		"another format":       {"tree\nversion", "\ntree\nversion", `this is not a LightGBM text model (its first line is not "tree"); write it with Booster.save_model`},
		"a later version":      {"version=v4", "version=v5", `version "v5" is not one of v2, v3 and v4`},
		"no version":           {"version=v4\n", "", `version "" is not one of`},
		"no class":             {"num_class=1\n", "", `num_class is "": only models of one class`},
		"trees an iteration":   {"num_tree_per_iteration=1", "num_tree_per_iteration=3", `num_tree_per_iteration is "3"`},
		"no objective":         {"objective=binary sigmoid:1\n", "", "is no log-odds, since the file states no objective, and the link in manifest.json is logistic"},
		"empty objective":      {"objective=binary sigmoid:1\n", "objective=\n", `the objective is ""`},
		"sigmoid not a number": {"sigmoid:1", "sigmoid:x", `the objective is "binary sigmoid:x"`},
		"no sigmoid":           {"binary sigmoid:1", "binary", `the objective is "binary"`},
		"unknown header key":   {"label_index=0", "label_index=0\nmystery=1", `header: the key "mystery" is not one that LightGBM 2 to 4 writes`},
		"header key twice":     {"label_index=0", "label_index=0\nlabel_index=0", `header: the key "label_index" stands there twice`},
		"feature index":        {"max_feature_idx=7", "max_feature_idx=8", `max_feature_idx is "8" and there are 8 feature_names`},
		"no feature index":     {"max_feature_idx=7\n", "", `max_feature_idx is "" and there are 8 feature_names`},
		"a feature less":       {"max_feature_idx=7", "max_feature_idx=6", "the header contradicts itself"},
		"feature order":        {"feature_names=amount amount_to_mean_30d", "feature_names=amount_to_mean_30d amount", `feature 0 is called "amount_to_mean_30d" here and "amount" in manifest.json; copy the whole directory again`},
		"no trees":             {"tree_sizes=", "tree_sizes=\nfeature_infos_=", `the key "feature_infos_" is not one`},
		"a tree size less":     {"tree_sizes=", "tree_sizes=1 ", "the file is cut off: it has 12 of 13 trees; copy it again"},
		"cut after a tree":     {"Tree=11\n", "end of trees\n\nTree=11\n", "the file is cut off: it has 11 of 12 trees; copy it again"},
		"no end":               {"end of trees\n\nfeature_importances:", "feature_importances:", `the file is cut off: "end of trees" is missing; copy it again`},
		"a tree left out":      {"Tree=3\n", "Tree=4\n", `tree 3: the section is headed Tree="4"; the file is damaged or cut`},
		"unknown tree key":     {"shrinkage=1\n", "shrinkage=1\nmystery=1\n", `tree 0: the key "mystery" is not one that LightGBM 2 to 4 writes`},
		"leaves not a number":  {"num_leaves=7", "num_leaves=x", `tree 0: num_leaves is "x", not a positive number`},
		"no leaves":            {"num_leaves=7", "num_leaves=0", `tree 0: num_leaves is "0", not a positive number`},
		"leaves beyond int":    {"num_leaves=7", "num_leaves=99999999999999999999", "not a positive number"},
		"many leaves":          {"num_leaves=7", "num_leaves=2000000000", "tree 0: num_leaves is 2000000000, and 131072 are allowed"},
		"a leaf more":          {"num_leaves=7", "num_leaves=8", "tree 0: leaf_value has 7 values instead of 8; the file is damaged or cut"},
		"a blank in a tree":    {"leaf_value=", "\nleaf_value=", "tree 0: leaf_value is missing"},
		"one child less":       {"left_child=1 ", "left_child=", "tree 0: left_child has 5 values instead of 6"},
		"two blanks":           {"left_child=1 ", "left_child=1  ", "tree 0: left_child has 7 values instead of 6"},
		"feature out of range": {"split_feature=2", "split_feature=8", "tree 0: node 0 splits on feature 8, and the model has 8"},
		"feature below 0":      {"split_feature=2", "split_feature=-1", "tree 0: node 0 splits on feature -1"},
		"feature a fraction":   {"split_feature=2", "split_feature=2.5", `tree 0: split_feature 0 is "2.5", not a whole number`},
		"child out of range":   {"left_child=1 ", "left_child=6 ", "tree 0: node 0 has the child 6, which does not exist"},
		"leaf out of range":    {"left_child=1 ", "left_child=-8 ", "tree 0: node 0 has the child -8, which does not exist"},
		"child beyond int32":   {"left_child=1 ", "left_child=4294967297 ", "tree 0: node 0 has the child 4294967297"},
		"a cycle":              {"left_child=1 ", "left_child=0 ", "tree 0: a node or leaf has two parents, or there is a cycle"},
		"two parents":          {"right_child=-2 ", "right_child=2 ", "tree 0: a node or leaf has two parents"},
		"an orphan":            {"left_child=1 ", "left_child=2 ", "tree 0: 2 of 13 nodes and leaves are not reached from the root"},
		"leaf NaN":             {"leaf_value=-", "leaf_value=nan -", "leaf_value has 8 values"},
		"threshold infinite":   {"threshold=", "threshold=inf ", "threshold has 7 values"},
		"decision type":        {"decision_type=", "decision_type=12 ", "decision_type has 7 values"},
	} {
		t.Run(name, func(t *testing.T) {
			d := readDirectory(t, "cards")
			d.replace(t, scoring.ModelFile, c.old, c.with)
			_, err := d.load()
			wantError(t, err, c.want)
		})
	}
}

// handmade returns a model of one tree over the eight features, for damage that needs exact shapes.
func handmade(lines ...string) string {
	fields := map[string]string{
		"num_leaves": "3", "num_cat": "0", "split_feature": "0 1", "threshold": "0.5 1.5", "decision_type": "10 2",
		"left_child": "1 -1", "right_child": "-3 -2", "leaf_value": "0.25 -1 2", "leaf_count": "5 3 2", "internal_count": "10 8",
		"is_linear": "0", "shrinkage": "1",
	}
	for _, line := range lines {
		key, value, _ := strings.Cut(line, "=")
		fields[key] = value
	}
	var b strings.Builder
	b.WriteString("tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=7\n" +
		"objective=binary sigmoid:1\nfeature_names=amount amount_to_mean_30d count_1h hour km_from_last new_merchant merchant_share gap_s\n" +
		"tree_sizes=300\n\nTree=0\n")
	for _, key := range []string{"num_leaves", "num_cat", "split_feature", "threshold", "decision_type", "left_child",
		"right_child", "leaf_value", "leaf_count", "internal_count", "is_linear", "shrinkage"} {
		b.WriteString(key + "=" + fields[key] + "\n")
	}
	return b.String() + "\n\nend of trees\n\nfeature_importances:\n"
}

func TestLoadRefusesTrees(t *testing.T) {
	for name, c := range map[string]struct{ line, want string }{
		"threshold NaN":       {"threshold=nan 1.5", `tree 0: threshold 0 is "nan", not a finite number; train the model again`},
		"threshold infinite":  {"threshold=0.5 -inf", `threshold 1 is "-inf", not a finite number`},
		"threshold too large": {"threshold=0.5 1e999", `threshold 1 is "1e999", not a finite number`},
		"leaf NaN":            {"leaf_value=0.25 NaN 2", `leaf_value 1 is "NaN", not a finite number`},
		"leaf infinite":       {"leaf_value=0.25 -1 Infinity", `leaf_value 2 is "Infinity", not a finite number`},
		"a very long token":   {"leaf_value=0.25 -1 " + strings.Repeat("y", 5000), `leaf_value 2 is "` + strings.Repeat("y", 40) + `"…, not a`},
		"categorical bit":     {"decision_type=10 1", "node 1 is a categorical split, which cannot be scored"},
		"zero is missing":     {"decision_type=10 6", "node 1 takes 0 for a missing value"},
		"missing kind 3":      {"decision_type=14 2", "node 0 has the decision_type 14, which LightGBM does not write"},
		"decision type below": {"decision_type=10 -2", "node 1 has the decision_type -2"},
		"decision type large": {"decision_type=10 258", "node 1 has the decision_type 258"},
		"unreachable":         {"left_child=-1 1", "2 of 5 nodes and leaves are not reached from the root"},
		"leaf of two parents": {"right_child=-3 -1", "a node or leaf has two parents, or there is a cycle"},
		"count below 0":       {"leaf_count=5 -3 2", "leaf_count 1 is negative"},
		"count too few":       {"internal_count=10", "internal_count has 1 values instead of 2"},
		"count not a number":  {"leaf_count=5 3 many", `leaf_count 2 is "many", not a whole number`},
		"no thresholds":       {"threshold=", "threshold has 0 values instead of 2"},
		"linear spelt out":    {"is_linear=yes", `is_linear is "yes": linear trees cannot be scored`},
		"scores the same":     {"threshold=0.5 1.5", "golden.csv: vector 1 scores"}, // a legal model, and not the manifest's
	} {
		t.Run(name, func(t *testing.T) {
			d := readDirectory(t, "cards")
			line := c.line
			if name == "unreachable" {
				d.put(scoring.ModelFile, handmade(line, "right_child=-2 -3"))
			} else {
				d.put(scoring.ModelFile, handmade(line))
			}
			_, err := d.load()
			wantError(t, err, c.want)
		})
	}
	d := readDirectory(t, "cards")
	d.put(scoring.ModelFile, strings.Replace(handmade(), "tree_sizes=300", "tree_sizes=", 1))
	_, err := d.load()
	wantError(t, err, "the model has no trees (tree_sizes is empty or missing); train at least one")
	d.put(scoring.ModelFile, handmade("leaf_value=1e308 -1 2"))
	_, err = d.load()
	wantError(t, err, "golden.csv: ") // finite, so it is read; its score is not the trainer's
}

func TestLoadRefusesOtherFormats(t *testing.T) {
	for _, text := range []string{
		"", "\n", "tre", "trees\nversion=v4\n", "\x00\x00\x00\x3fbinf\xff\xff", `{"learner":{"attributes":{}},"version":[3,2,0]}`, `{"name":"tree","version":"v4"}`,
	} {
		d := readDirectory(t, "cards")
		d.put(scoring.ModelFile, text)
		_, err := d.load()
		wantError(t, err, `model.txt: this is not a LightGBM text model (its first line is not "tree"); write it with Booster.save_model`)
	}
	d := readDirectory(t, "cards")
	d.put(scoring.ModelFile, "tree")
	_, err := d.load()
	wantError(t, err, `model.txt: version "" is not one of v2, v3 and v4`)
}

func TestLoadHoldsItsLimits(t *testing.T) {
	d := readDirectory(t, "cards")
	for name, c := range map[string]struct {
		change func(*forest.Limits)
		want   string
	}{
		"bytes":    {func(l *forest.Limits) { l.ModelBytes = 1000 }, "bytes, and 1000 are allowed; train a smaller model, or raise the limit"},
		"features": {func(l *forest.Limits) { l.Features = 7 }, "the model has 8 features, and 7 are allowed"},
		"trees":    {func(l *forest.Limits) { l.Trees = 11 }, "the model has 12 trees, and 11 are allowed"},
		"leaves":   {func(l *forest.Limits) { l.Leaves = 6 }, "tree 0: num_leaves is 7, and 6 are allowed"},
	} {
		limits := forest.DefaultLimits()
		c.change(&limits)
		_, err := scoring.LoadFS(d.fs(), limits)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		wantError(t, err, c.want)
	}
}
