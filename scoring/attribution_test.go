package scoring_test

import (
	"math"
	"testing"
)

// The shares of a model of any method add up to its margin, and a distance from a group that moves a score has one.
func TestSharesAddUpToTheMargin(t *testing.T) {
	for _, name := range []string{"cards", "grouped", "random_forest", "isolation", "isolation_and_groups", "groups_alone"} {
		m := load(t, name)
		schema := m.Schema()
		s := bind(t, m, schema)
		a, err := m.Attribution(schema)
		if err != nil {
			t.Fatal(err)
		}
		grouped := m.Manifest().Groups != nil
		if want := schema.Len(); a.Width() != want && !grouped || a.Width() != want+1 && grouped {
			t.Fatalf("%s: %d shares of %d features", name, a.Width(), want)
		}
		shares, scratch, distance := make([]float64, a.Width()), a.NewScratch(), 0.0
		for i, row := range goldenRows(t, name) {
			sum := a.Explain(row.vector, shares, scratch)
			size := math.Abs(sum)
			for _, share := range shares {
				sum += share
				size += math.Abs(share)
			}
			if margin := s.Margin(row.vector); math.Abs(sum-margin) > 1e-9*size {
				t.Errorf("%s: the shares of vector %d add up to %v instead of %v", name, i+1, sum, margin)
			}
			if grouped {
				distance = max(distance, math.Abs(shares[len(shares)-1]))
			}
		}
		if grouped && distance < 0.05 {
			t.Errorf("%s: the distance moves no margin by more than %v", name, distance)
		}
	}
}
