package scoring_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/forest"
)

// Models of other boosting modes and of XGBoost score what their own library scores: on missing, huge, infinite,
// subnormal and signed-zero values, on values right at the thresholds, on their neighbours in float32 and float64, and
// on ties of the rounding between the two.
func TestScoresAreTheLibrarys(t *testing.T) {
	for name, trees := range map[string]int{ // XGBoost's margin to begin with is a tree
		"lightgbm_dart": 9, "lightgbm_rf": 9, "xgboost": 7, "xgboost_pruned": 7, "xgboost_dart": 7, "xgboost_forest": 19,
	} {
		t.Run(name, func(t *testing.T) {
			name := filepath.Join("formats", name)
			m := load(t, name)
			if m.Trees() != trees {
				t.Errorf("%d trees instead of %d", m.Trees(), trees)
			}
			s := bind(t, m, m.Schema())
			rows := goldenRows(t, name)
			if len(rows) < 180 {
				t.Fatalf("only %d golden vectors", len(rows))
			}
			low, high := 1.0, 0.0
			for i, row := range rows {
				if got := s.Margin(row.vector); math.Abs(got-row.margin) > 2e-6 {
					t.Errorf("vector %d, %v: margin %v, the library has %v", i, row.vector, got, row.margin)
				}
				if got := s.Score(row.vector); math.Abs(got-row.probability) > 1e-6 {
					t.Errorf("vector %d, %v: score %v, the library has %v", i, row.vector, got, row.probability)
				}
				low, high = min(low, row.probability), max(high, row.probability)
			}
			if high-low < 0.2 {
				t.Errorf("scores from %v to %v test little", low, high)
			}
		})
	}
}

func TestManifestNamesOneModelFile(t *testing.T) {
	d := readModel(t, "xgboost")
	sum := hash(d[scoring.XGBoostFile])
	d.replace(t, scoring.ManifestFile, `"model.json": "`, `"model.txt": "`+sum+`", "model.json": "`)
	_, err := d.load()
	wantError(t, err, "manifest.json: files needs the sha256 of either model.txt or model.json, and of golden.csv")

	d = readModel(t, "xgboost")
	d.replace(t, scoring.ManifestFile, `"model.json": "`, `"model.txt": "`)
	_, err = d.load()
	wantError(t, err, "model.txt is missing; a model directory has manifest.json, model.txt (or model.json) and golden.csv")

	d = readModel(t, "xgboost")
	d[scoring.XGBoostFile] += "\n"
	_, err = d.load()
	wantError(t, err, "model.json has the sha256 ")

	d = readModel(t, "xgboost")
	d.put(scoring.XGBoostFile, readModel(t, "xgboost_dart")[scoring.XGBoostFile])
	_, err = d.load()
	wantError(t, err, "golden.csv: vector 1 scores ")

	d = readModel(t, "xgboost")
	d.put(scoring.XGBoostFile, strings.Replace(d[scoring.XGBoostFile], `["amount","ratio"`, `["ratio","amount"`, 1))
	_, err = d.load()
	wantError(t, err, `model.json: feature 0 is called "ratio" here and "amount" in manifest.json`)

	d = readModel(t, "xgboost")
	limits := forest.DefaultLimits()
	limits.ModelBytes = 1000
	_, err = scoring.LoadFS(d.fs(), limits)
	wantError(t, err, "bytes, and 1000 are allowed")
}

// Real files of XGBoost that would not score here as they do there.
func TestLoadRefusesOtherXGBoostModels(t *testing.T) {
	for name, want := range map[string]string{
		"xgboost_linear":      "model.json: the booster is gblinear: linear models cannot be scored; train with booster=gbtree",
		"xgboost_multiclass":  `the objective is "multi:softprob": only binary:logistic gives a probability here; train with objective=binary:logistic`,
		"xgboost_regression":  `the objective is "reg:squarederror": only binary:logistic`,
		"xgboost_vector_leaf": `num_class is "0" and num_target "2": only models of one class can be scored; train with objective=binary:logistic`,
		"xgboost_categorical": "feature 2 is categorical, and cannot be scored; train with numeric features only",
	} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", "refused", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			d := readModel(t, "xgboost")
			d.put(scoring.XGBoostFile, string(text))
			_, err = d.load()
			wantError(t, err, want)
		})
	}
	files, err := filepath.Glob("testdata/refused/*.json")
	if err != nil || len(files) != 5 {
		t.Errorf("%d files of refused models: %v", len(files), err)
	}
}

// readModel reads a directory of testdata/formats that has a model.json.
func readModel(t *testing.T, name string) directory {
	t.Helper()
	d := directory{}
	for _, file := range []string{scoring.ManifestFile, scoring.XGBoostFile, scoring.GoldenFile} {
		text, err := os.ReadFile(filepath.Join("testdata", "formats", name, file))
		if err != nil {
			t.Fatal(err)
		}
		d[file] = string(text)
	}
	return d
}
