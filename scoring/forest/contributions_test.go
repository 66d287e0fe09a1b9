package forest

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// explained holds what a forest says of rows against what the library that made it says, to within a part of the sum of
// the absolute contributions, and returns the greatest difference in such parts.
func explained(t *testing.T, name string, f *Forest, rows []contributionRow, within float64) (worst float64) {
	t.Helper()
	a := attribute(t, f)
	scratch, phi := a.NewScratch(), make([]float64, len(f.names))
	missing := 0
	for i, row := range rows {
		base, size := a.Explain(row.v, phi, scratch), sumAbs(row.phi)
		sum := base
		for j, x := range phi {
			sum += x
			worst = max(worst, math.Abs(x-row.phi[j])/size)
			if !(math.Abs(x-row.phi[j]) <= within*size) {
				t.Fatalf("%s, row %d: feature %d adds %v, the library says %v", name, i, j, x, row.phi[j])
			}
			if math.IsNaN(row.v[j]) {
				missing++
			}
		}
		worst = max(worst, math.Abs(base-row.base)/(size+math.Abs(row.base)))
		if !(math.Abs(base-row.base) <= within*(size+math.Abs(row.base))) {
			t.Fatalf("%s, row %d: base %v, the library's %v", name, i, base, row.base)
		}
		if margin := f.margin(row.v); !(math.Abs(sum-margin) <= 1e-12*(size+math.Abs(margin))) {
			t.Fatalf("%s, row %d: base and contributions make %v, the margin is %v", name, i, sum, margin)
		}
	}
	if len(rows) < 50 || missing < 50 {
		t.Errorf("%s: only %d rows with %d missing values", name, len(rows), missing)
	}
	return worst
}

// Contributions are LightGBM's own for trees of the usual sizes, and for its other ways of boosting.
func TestContributionsAreLightGBMsOfEveryBoosting(t *testing.T) {
	for name, leaves := range map[string]int{"leaves_31": 31, "leaves_63": 63, "dart": 15, "rf": 15} {
		f, rows := readContributions(t, name)
		if !slices.ContainsFunc(f.trees, func(t tree) bool { return len(t.values) == leaves }) {
			t.Errorf("%s: no tree has %d leaves", name, leaves)
		}
		t.Logf("%s: %d rows differ by at most %.1e of the sum", name, len(rows), explained(t, name, f, rows, 1e-9))
	}
}

// Contributions are XGBoost's own, as far as those go: it keeps the mean of each node and every sum in float32, whose
// steps are 1.2e-7 of a number, and adds up dozens of them. The greatest difference is 2.3e-7 of the sum.
func TestContributionsAreXGBoosts(t *testing.T) {
	const within = 1e-6
	for _, name := range []string{"xgboost", "xgboost_deep", "xgboost_dart", "xgboost_forest"} {
		text, err := os.ReadFile(filepath.Join("testdata", "contributions", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		f, err := ParseXGBoost(text, DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		rows := readContributionRows(t, name, len(f.names))
		t.Logf("%s: %d rows differ by at most %.1e of the sum", name, len(rows), explained(t, name, f, rows, within))
	}
}
