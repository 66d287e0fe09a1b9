package scoring_test

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/scoring"
)

// Of models of every library and kind, what the features add leads from the base to the margin.
func TestContributionsAddUpInEveryFormat(t *testing.T) {
	var dirs []string
	for _, pattern := range []string{"testdata/*/manifest.json", "testdata/formats/*/manifest.json"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		dirs = append(dirs, found...)
	}
	rng := rand.New(rand.NewPCG(21, 22))
	for _, path := range dirs {
		m, err := scoring.Load(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		s, err := m.Bind(m.Schema())
		if err != nil {
			t.Fatal(err)
		}
		a, err := m.Attribution(m.Schema())
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		v, phi, scratch := make(features.Vector, m.Schema().Len()), make([]float64, a.Width()), a.NewScratch()
		for range 200 {
			for i := range v {
				if v[i] = 100 * rng.ExpFloat64(); rng.IntN(6) == 0 {
					v[i] = math.NaN()
				}
			}
			sum, size := a.Explain(v, phi, scratch), 0.0
			for _, x := range phi {
				sum, size = sum+x, size+math.Abs(x)
			}
			if margin := s.Margin(v); !(math.Abs(sum-margin) <= 1e-9*size) {
				t.Fatalf("%s: base and contributions make %v, the margin is %v", path, sum, margin)
			}
		}
	}
}
