package forest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// xgboostText is a model of one tree over three features: a split on feature 1 at 0.5, left of it a leaf, right of it a
// split on feature 2 at -2 with two leaves. Each edit replaces a text by another.
func xgboostText(t testing.TB, edits ...string) []byte {
	t.Helper()
	text := `{"learner":{"attributes":{"best_iteration":"0","nested":[{"a":[1,null,true,NaN]}]},"feature_names":["a","b","c\u0301"],"feature_types":["float","int","q"],
"gradient_booster":{"model":{"cats":{"enc":[]},"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"1"},"iteration_indptr":[0,1],"tree_info":[0],
"trees":[{"base_weights":[0,-1,0,2,3],"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],"default_left":[1,0,0,0,0],"id":0,
"left_children":[1,-1,3,-1,-1],"loss_changes":[9E0,0,NaN,0,0],"parents":[2147483647,0,0,2,2],"right_children":[2,-1,4,-1,-1],"split_conditions":[5E-1,-1.5E0,-2,2.25,3],
"split_indices":[1,0,2,0,0],"split_type":[0,0,0,0,0],"sum_hessian":[1E1,4,6,2.5,3.5],"tree_param":{"num_deleted":"0","num_feature":"3","num_nodes":"5","size_leaf_vector":"1"}}]},"name":"gbtree"},
"learner_model_param":{"base_score":"[5E-1]","boost_from_average":"1","num_class":"0","num_feature":"3","num_target":"1"},"objective":{"name":"binary:logistic","reg_loss_param":{"scale_pos_weight":"1"}}},"version":[3,2,0]}`
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("the model does not contain %s", edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	return []byte(text)
}

func TestXGBoostTrees(t *testing.T) {
	nan := math.NaN()
	for name, edits := range map[string][]string{
		"3.2":         nil,
		"3.0":         {"[5E-1]", "5E-1", `"cats":{"enc":[]},`, ""},
		"1.7":         {"[5E-1]", "0.500000", `"cats":{"enc":[]},`, "", `"iteration_indptr":[0,1],`, "", `"num_target":"1"`, `"x":""`, "[3,2,0]", "[1,7,6]"},
		"1.0":         {"[1,0,0,0,0]", "[true,false,false,false,false]", `"split_type":[0,0,0,0,0],`, `"leaf_child_counts":[0,0,0,0,0],`, `"num_deleted":"0",`, "", "[3,2,0]", "[1,0,2]"},
		"blanks":      {`{"learner":`, "\r\n\t {  \"learner\" : \n", "[5E-1,-1.5E0", "[ 5e-1 ,\n-1.5E+0 "},
		"order":       {`{"learner":`, `{"version":[3,2,0],"learner":`, `,"version":[3,2,0]}`, "}", `},"name":"gbtree"}`, `}}`, `"gradient_booster":{`, `"gradient_booster":{"name":"gbtree",`},
		"pruned":      {"[1,-1,3,-1,-1]", "[1,-1,3,-1,-1,4294967295,6]", "[2,-1,4,-1,-1]", "[2,-1,4,-1,-1,-1,-1]", "2.25,3]", "2.25,3,NaN,8]", "[1,0,2,0,0]", "[1,0,2,0,0,2147483647,9]", "3.5]", "3.5,NaN,0]", "[1,0,0,0,0]", "[1,0,0,0,0,0,0]", `"num_deleted":"0"`, `"num_deleted":"2"`, `"num_nodes":"5"`, `"num_nodes":"7"`},
		"old, pruned": {"[1,-1,3,-1,-1]", "[1,-1,3,-1,-1,-1]", "[2,-1,4,-1,-1]", "[2,-1,4,-1,-1,-1]", "2.25,3]", "2.25,3,9]", "[1,0,2,0,0]", "[1,0,2,0,0,0]", "3.5]", "3.5,0]", "[1,0,0,0,0]", "[1,0,0,0,0,0]", `"num_deleted":"0",`, "", `"num_nodes":"5"`, `"num_nodes":"6"`},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := ParseXGBoost(xgboostText(t, edits...), DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(f.Names()); got != "[a b c\u0301]" || !f.Binary() || f.Trees() != 2 {
				t.Errorf("names %s, %d trees", got, f.Trees())
			}
			s, err := f.Leaves(identity(3), 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct {
				b, c, want float64
			}{
				{0, 0, -1.5}, {nan, 0, -1.5}, {math.Inf(-1), nan, -1.5}, {0.5, nan, 3}, {0.5, -2, 3}, {0.5, -2.1, 2.25},
				{math.Nextafter(0.5, 0), 0, 3}, // rounds to 0.5
				{float64(math.Nextafter32(0.5, 0)), 0, -1.5},
				{1e300, -1e300, 2.25}, {1, math.Copysign(0, -1), 3},
			} {
				if got := s.Margin([]float64{nan, c.b, c.c}); got != c.want {
					t.Errorf("b %v, c %v: margin %v instead of %v", c.b, c.c, got, c.want)
				}
			}
		})
	}
}

func TestXGBoostBaseScore(t *testing.T) {
	for text, want := range map[string]float64{"[5E-1]": 0, "5E-1": 0, "[9E-1]": math.Log(9), "1E-2": -math.Log(99), "[1E-10]": math.Log(1e-10)} {
		f, err := ParseXGBoost(xgboostText(t, "[5E-1]", text), DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		low, high := f.Range()
		if math.Abs(low-want+1.5) > 2e-6 || math.Abs(high-want-3) > 2e-6 {
			t.Errorf("base_score %s: margins from %v to %v", text, low, high)
		}
	}
}

func TestXGBoostDart(t *testing.T) {
	edits := []string{`"gradient_booster":{"model"`, `"gradient_booster":{"gbtree":{"model"`, `"name":"gbtree"}`, `"name":"gbtree"},"name":"dart","weight_drop":[2.5E-1]}`}
	f, err := ParseXGBoost(xgboostText(t, edits...), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if low, high := f.Range(); low != -1.5/4 || high != 3.0/4 {
		t.Errorf("margins from %v to %v", low, high)
	}
	for with, want := range map[string]string{
		"[2.5E-1,1]":     "weight_drop has 2 values for 1 trees",
		"[]":             "weight_drop has 0 values for 1 trees",
		"[NaN]":          "NaN is not a finite number",
		"[1],\"more\":1": `the key "more" is not one that XGBoost 1 to 3 writes`,
	} {
		text := strings.Replace(string(xgboostText(t, edits...)), "[2.5E-1]", with, 1)
		wantRefusal(t, []byte(text), want)
	}
}

func wantRefusal(t *testing.T, data []byte, want string) {
	t.Helper()
	_, err := ParseXGBoost(data, DefaultLimits())
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error is\n  %v\nand should contain\n  %s", err, want)
	}
}

func TestParseXGBoostRefuses(t *testing.T) {
	for name, c := range map[string]struct{ old, with, want string }{
		"a version to come":    {"[3,2,0]", "[4,0,0]", `version "4" is not one of 1, 2 and 3; save the model with XGBoost 1 to 3`},
		"no version":           {`,"version":[3,2,0]`, "", `version "" is not one`},
		"a long version":       {"[3,2,0]", "[3,2,0,1]", "version: byte"},
		"unknown key":          {`"learner_model`, `"novelty":1,"learner_model`, `learner: byte 841: the key "novelty" is not one that XGBoost 1 to 3 writes, and may change what the trees mean; save the model with a version up to 3`},
		"unknown key of trees": {`"id":0`, `"leaf_weights":[1]`, `tree 0: byte 473: the key "leaf_weights" is not one`},
		"unknown key of model": {`"tree_info"`, `"tree_inf"`, `gradient_booster: model: byte`},
		"key twice":            {`"id":0`, `"id":0,"id":1`, `the key "id" stands there twice`},
		"parameter twice":      {`"num_class":"0"`, `"num_class":"0","num_class":"3"`, `the key "num_class" stands there twice`},
		"objective":            {"binary:logistic", "binary:logitraw", `the objective is "binary:logitraw": only binary:logistic gives a probability here`},
		"several classes":      {`"num_class":"0"`, `"num_class":"3"`, `num_class is "3" and num_target "1": only models of one class`},
		"several targets":      {`"num_target":"1"`, `"num_target":"2"`, `num_target "2"`},
		"several base scores":  {"[5E-1]", "[5E-1,2E-1]", `base_score is "5E-1,2E-1", not a probability above 0 and below 1`},
		"base score 0":         {"[5E-1]", "0", `base_score is "0", not a probability`},
		"base score 1":         {"[5E-1]", "1E0", `base_score is "1E0", not a probability`},
		"base score NaN":       {"[5E-1]", "NaN", `base_score is "NaN", not a probability`},
		"no base score":        {`"base_score":"[5E-1]",`, "", `base_score is "", not a probability`},
		"vector leaves":        {`"size_leaf_vector":"1"`, `"size_leaf_vector":"2"`, `size_leaf_vector is "2": only models of one class`},
		"categorical feature":  {`"q"]`, `"c"]`, "feature 2 is categorical, and cannot be scored; train with numeric features only"},
		"categorical split":    {`"split_type":[0,0,0`, `"split_type":[0,0,1`, "a split is categorical, and cannot be scored; train with numeric features only"},
		"linear":               {`"name":"gbtree"`, `"name":"gblinear"`, "the booster is gblinear: linear models cannot be scored"},
		"another booster":      {`"name":"gbtree"`, `"name":"novel"`, `the booster is "novel"; train with booster=gbtree or dart`},
		"no name":              {`,"name":"gbtree"`, "", `the booster is ""`},
		"fewer features":       {`"num_feature":"3","num_target"`, `"num_feature":"2","num_target"`, "num_feature is 2 and there are 3 feature_names"},
		"features no number":   {`"num_feature":"3","num_target"`, `"num_feature":"x","num_target"`, `num_feature is "x", not a positive number`},
		"features beyond":      {`"num_feature":"3","num_target"`, `"num_feature":"10001","num_target"`, "the model has 10001 features, and 10000 are allowed"},
		"no trees":             {`"num_trees":"1"`, `"num_trees":"0"`, `num_trees is "0": the model has no trees`},
		"more trees":           {`"num_trees":"1"`, `"num_trees":"2"`, "there are 1 trees, and num_trees is 2; the file is damaged"},
		"trees beyond":         {`"num_trees":"1"`, `"num_trees":"20001"`, "the model has 20001 trees, and 20000 are allowed"},
		"trees not there":      {`"trees":[`, `"tree_info":[],"trees":[`, "stands there twice"},
		"a node more":          {`"num_nodes":"5"`, `"num_nodes":"6"`, `left_children has 5 values, and num_nodes is "6"`},
		"a child less":         {`"right_children":[2,-1,4,-1,-1]`, `"right_children":[2,-1,4,-1]`, "right_children has 4 values instead of 5"},
		"no hessian":           {`"sum_hessian":[1E1,4,6,2.5,3.5],`, "", "sum_hessian has 0 values instead of 5"},
		"a cycle":              {`[1,-1,3,-1,-1],"loss`, `[1,-1,0,-1,-1],"loss`, "tree 0: node 0 has two parents, or there is a cycle"},
		"two parents":          {`[1,-1,3,-1,-1],"loss`, `[1,-1,1,-1,-1],"loss`, "node 1 has two parents"},
		"child out of range":   {`[1,-1,3,-1,-1],"loss`, `[1,-1,5,-1,-1],"loss`, "a node has the child 5, which does not exist"},
		"one child":            {`"right_children":[2,-1,4`, `"right_children":[2,-1,-1`, "a node has the child -1, which does not exist"},
		"child below":          {`[1,-1,3,-1,-1],"loss`, `[1,-1,-2,-1,-1],"loss`, "a node has the child -2, which does not exist"},
		"child a fraction":     {`[1,-1,3,-1,-1],"loss`, `[1,-1,3.5,-1,-1],"loss`, `"3.5" is not a whole number`},
		"an orphan":            {`[1,-1,3,-1,-1],"loss`, `[1,-1,-1,-1,-1],"loss`, "2 of 5 nodes are not reached from the root, and 0 were pruned"},
		"pruned below 0":       {`"num_deleted":"0"`, `"num_deleted":"-1"`, `num_deleted is "-1", not a number of nodes`},
		"feature out of range": {`"split_indices":[1`, `"split_indices":[3`, "node 0 splits on feature 3, and the model has 3"},
		"feature below 0":      {`"split_indices":[1`, `"split_indices":[-1`, "node 0 splits on feature -1"},
		"feature beyond":       {`"split_indices":[1`, `"split_indices":[4294967297`, "node 0 splits on feature 2147483647"},
		"leaf NaN":             {"2.25,3]", "NaN,3]", "tree 0: the leaf 3 is NaN, not a finite number; train the model again"},
		"leaf infinite":        {"2.25,3]", "-Infinity,3]", "the leaf 3 is -Inf, not a finite number"},
		"leaf beyond float32":  {"2.25,3]", "1E39,3]", `"1E39" is not a number`},
		"threshold NaN":        {"[5E-1,-1.5", "[NaN,-1.5", "the threshold of node 0 is NaN, not a number"},
		"threshold below all":  {"[5E-1,-1.5", "[-Infinity,-1.5", "the threshold of node 0 is -Inf, not a number"},
		"default no truth":     {`"default_left":[1`, `"default_left":[2`, `"2" is neither 0 nor 1`},
		"a list for a value":   {`"default_left":[1`, `"default_left":[[1]`, `'[' where a value should stand`},
		"a number for a text":  {`"num_trees":"1"`, `"num_trees":1`, `'1' instead of '"'`},
		"text after it":        {`"version":[3,2,0]}`, `"version":[3,2,0]}x`, "there is text after the JSON object"},
		"not JSON":             {`"tree_info":[0]`, `"tree_info":[0x0]`, `"0x0" where a value should stand`},
		"two commas":           {`"tree_info":[0]`, `"tree_info":[0,,0]`, `',' where a value should stand`},
		"no colon":             {`"tree_info":`, `"tree_info"`, `'[' instead of ':'`},
		"a zero before":        {`"tree_info":[0]`, `"tree_info":[01]`, `"01" where a value should stand`},
		"a line in a text":     {`"binary:logistic"`, "\"binary:\nlogistic\"", "a control character in a string"},
		"many parameters":      {`"num_class"`, strings.Repeat(`"\u0061":"",`, 40) + `"num_class"`, "stands there twice"},
		"a long text":          {`"binary:logistic"`, `"` + strings.Repeat("a", 70_000) + `"`, "a text has more than 65536 bytes"},
		"a bad escape":         {`c\u0301`, `c\x0301`, "invalid character 'x' in string escape code"},
		"nesting":              {`"attributes":{`, `"attributes":{"deep":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `,`, "values nest deeper than 64 levels"},
		"nesting of objects":   {`"attributes":{`, `"attributes":{"deep":` + strings.Repeat(`{"a":`, 100_000), "values nest deeper than 64 levels"},
	} {
		t.Run(name, func(t *testing.T) {
			wantRefusal(t, xgboostText(t, c.old, c.with), c.want)
		})
	}
	for _, text := range []string{"", "tree\nversion=v4\n", "{L\x00\x00\x00\x00", "binf\x00", "[]", "null"} {
		want := "this is not an XGBoost model in JSON (it does not begin with {)"
		if strings.HasPrefix(text, "{") {
			want = `byte 1: 'L' instead of '"'`
		}
		wantRefusal(t, []byte(text), want)
	}
	// A stump of a leaf is legal, and a model of nothing else is refused.
	stump := xgboostText(t, `[1,-1,3,-1,-1],"loss`, `[-1],"loss`, `[2,-1,4,-1,-1]`, "[-1]", `[1,0,0,0,0]`, "[0]", `[1,0,2,0,0]`, "[0]",
		"[5E-1,-1.5E0,-2,2.25,3]", "[1]", `[1E1,4,6,2.5,3.5]`, "[1]", `"num_nodes":"5"`, `"num_nodes":"1"`)
	wantRefusal(t, stump, "no tree has a split, so every transaction would get the same score")
}

// A file that is cut off anywhere is refused.
func TestParseXGBoostRefusesEveryCut(t *testing.T) {
	text := xgboostText(t)
	for n := range text {
		if _, err := ParseXGBoost(text[:n], DefaultLimits()); err == nil {
			t.Fatalf("%d of %d bytes were accepted", n, len(text))
		}
	}
}

// Comparing with justBelow is what rounding to float32 and comparing with the threshold is.
func TestJustBelowIsRounding(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	thresholds := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32,
		0x1p-126, -0x1p-126, math.MaxFloat32, -math.MaxFloat32, float32(math.Inf(1))}
	for range 20_000 {
		if t := math.Float32frombits(rng.Uint32()); t == t && !math.IsInf(float64(t), -1) {
			thresholds = append(thresholds, t)
		}
	}
	for _, threshold := range thresholds {
		below, above := math.Nextafter32(threshold, float32(math.Inf(-1))), math.Nextafter32(threshold, float32(math.Inf(1)))
		cut := justBelow(threshold)
		values := []float64{
			cut, math.Nextafter(cut, math.Inf(-1)), math.Nextafter(cut, math.Inf(1)), float64(threshold), float64(below), float64(above),
			(float64(below) + float64(threshold)) / 2, 0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64,
			float64(threshold) * (1 + rng.NormFloat64()*1e-8), rng.NormFloat64(),
		}
		for _, x := range values {
			if math.IsNaN(x) {
				continue
			}
			if got, want := x <= cut, float32(x) < threshold; got != want {
				t.Fatalf("%v against %v: %v instead of %v", x, threshold, got, want)
			}
		}
	}
}

// A small file that announces or nests much costs little.
func TestParseXGBoostAllocatesByWhatIsThere(t *testing.T) {
	limits := Limits{ModelBytes: 64 << 20, Features: 1000, Trees: 1000, Leaves: 10_000}
	ones := strings.Repeat("1,", 200_000) + "1"
	for name, edits := range map[string][]string{
		"names":      {`["a","b"`, `["a"` + strings.Repeat(`,"a"`, 100_000) + `,"b"`},
		"trees":      {`"trees":[`, `"trees":[` + strings.Repeat("{},", 200_000)},
		"nodes":      {"[1,-1,3,-1,-1]", "[" + ones + "]"},
		"weights":    {"2.25,3]", "2.25," + ones + "]"},
		"parameters": {`"num_class"`, strings.Repeat(`"a":"",`, 100_000) + `"num_class"`},
		"attributes": {`"best_iteration"`, strings.Repeat(`"a":"",`, 100_000) + `"best_iteration"`},
		"version":    {"[3,2,0]", "[" + ones + "]"},
		"a long key": {`"id"`, `"` + strings.Repeat(`\n`, 200_000) + `"`},
	} {
		data := xgboostText(t, edits...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseXGBoost(data, limits)
		runtime.ReadMemStats(&after)
		if err == nil && name != "attributes" {
			t.Errorf("%s: no error", name)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > uint64(len(data))+(2<<20) {
			t.Errorf("%s: %d bytes allocated for a file of %d", name, used, len(data))
		}
	}
}

// FuzzParseXGBoost holds that no input panics, and that what is accepted scores as a walk does.
func FuzzParseXGBoost(f *testing.F) {
	f.Add(xgboostText(f))
	for _, pattern := range []string{"../testdata/formats/*/model.json", "../testdata/refused/*.json"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatal(pattern, err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	limits := Limits{ModelBytes: 1 << 20, Features: 100, Trees: 100, Leaves: 1000}
	f.Fuzz(func(t *testing.T, data []byte) {
		forest, err := ParseXGBoost(data, limits)
		if err == nil {
			equalsAWalk(t, forest, uint64(len(data)))
		}
	})
}
