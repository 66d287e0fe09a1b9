package forest

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// count gives every leaf a number of rows, and every node their sum.
func count(rng *rand.Rand, f *Forest) {
	for i := range f.trees {
		t := &f.trees[i]
		t.leafCounts = make([]int64, len(t.values))
		for j := range t.leafCounts {
			t.leafCounts[j] = 1 + rng.Int64N(1000)
		}
		t.nodeCounts = make([]int64, len(t.nodes))
		var fill func(child int32) int64
		fill = func(child int32) int64 {
			if child < 0 {
				return t.leafCounts[^child]
			}
			t.nodeCounts[child] = fill(t.nodes[child].left) + fill(t.nodes[child].right)
			return t.nodeCounts[child]
		}
		if len(t.nodes) > 0 {
			fill(0)
		}
	}
}

// expectation is the tree's value where only the features in known are: both ways of any other split are taken, by the
// rows that went there. It is EXPVALUE of the paper, algorithm 1.
func (t *tree) expectation(v []float64, known uint, child int32) float64 {
	if child < 0 {
		return t.values[^child]
	}
	n := &t.nodes[child]
	l, r := t.expectation(v, known, n.left), t.expectation(v, known, n.right)
	if known&(1<<n.feature) == 0 {
		left, right := float64(t.rows(t.nodeCounts, n.left)), float64(t.rows(t.nodeCounts, n.right))
		return (left*l + right*r) / (left + right)
	}
	x := v[n.feature]
	if math.IsNaN(x) && !n.nanMissing {
		x = 0
	}
	if math.IsNaN(x) && n.defaultLeft || x <= n.threshold {
		return l
	}
	return r
}

// shapley computes the Shapley values by their definition, over all subsets.
func (f *Forest) shapley(v []float64) (phi []float64, base float64) {
	width := len(f.names)
	games := make([]float64, 1<<width)
	for known := range games {
		for i := range f.trees {
			root := int32(0)
			if len(f.trees[i].nodes) == 0 {
				root = ^0
			}
			games[known] += f.trees[i].expectation(v, uint(known), root)
		}
	}
	factorial := func(n int) float64 { return math.Gamma(float64(n + 1)) }
	phi = make([]float64, width)
	for i := range phi {
		for known := range games {
			if known&(1<<i) != 0 {
				continue
			}
			size := 0
			for b := known; b != 0; b &= b - 1 {
				size++
			}
			weight := factorial(size) * factorial(width-size-1) / factorial(width)
			phi[i] += weight * (games[known|1<<i] - games[known])
		}
	}
	return phi, games[0]
}

func attribute(t testing.TB, f *Forest) *Attribution {
	t.Helper()
	a, err := f.Attribution(identity(len(f.names)), len(f.names))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func sumAbs(phi []float64) float64 {
	sum := 0.0
	for _, x := range phi {
		sum += math.Abs(x)
	}
	return sum
}

// Contributions are Shapley's by their definition, on random forests: features many times on one path, missing
// values, trees of one leaf, up to 10 features.
func TestContributionsAreShapleyValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for trial := range 150 {
		width := 1 + rng.IntN(10)
		f := randomForest(rng, 1+rng.IntN(4), 1+rng.IntN(24), width)
		if trial%3 == 0 {
			f.trees = append(f.trees, tree{values: []float64{rng.NormFloat64()}})
		}
		count(rng, f)
		a := attribute(t, f)
		scratch, phi := a.NewScratch(), make([]float64, width)
		for range 5 {
			v := randomVector(rng, width)
			base := a.Explain(v, phi, scratch)
			want, wantBase := f.shapley(v)
			tolerance := 1e-12 * (1 + sumAbs(want))
			if math.Abs(base-wantBase) > tolerance {
				t.Fatalf("trial %d: base %v, by definition %v", trial, base, wantBase)
			}
			for i := range phi {
				if math.Abs(phi[i]-want[i]) > tolerance {
					t.Fatalf("trial %d: feature %d adds %v, by definition %v", trial, i, phi[i], want[i])
				}
			}
		}
	}
}

// Contributions and base add up to the margin, in trees of every size, also where the vector is wider than the model,
// and what the model does not read adds nothing.
func TestContributionsAddUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	for _, leaves := range []int{2, 31, 63, 500, 3000} {
		width := 1 + rng.IntN(60)
		f := randomForest(rng, 10, leaves, width)
		count(rng, f)
		wide := width + 5
		at := rng.Perm(wide)[:width]
		a, err := f.Attribution(at, wide)
		if err != nil {
			t.Fatal(err)
		}
		read := make([]bool, wide)
		for _, i := range at {
			read[i] = true
		}
		scratch, phi := a.NewScratch(), make([]float64, wide)
		for range 20 {
			v, own := randomVector(rng, wide), make([]float64, width)
			for i, j := range at {
				own[i] = v[j]
			}
			sum := a.Explain(v, phi, scratch)
			for i, x := range phi {
				if x != 0 && !read[i] {
					t.Fatalf("position %d is not read, and adds %v", i, x)
				}
				sum += x
			}
			if want := f.margin(own); math.Abs(sum-want) > 1e-11*(1+sumAbs(phi)) {
				t.Fatalf("%d leaves: base and contributions make %v, the margin is %v", leaves, sum, want)
			}
		}
	}
}

// A leaf that no row reached weighs nothing, and a vector that reaches it is explained all the same.
func TestEmptyLeaves(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	for trial := range 50 {
		f := randomForest(rng, 1, 12, 4)
		count(rng, f)
		f.trees[0].leafCounts[rng.IntN(12)] = 0
		f.trees[0].nodeCounts = nil
		a, err := f.Attribution(identity(4), 4)
		if err != nil {
			t.Fatal(err)
		}
		f.trees[0].nodeCounts, _ = f.trees[0].counts()
		scratch, phi := a.NewScratch(), make([]float64, 4)
		for range 20 {
			v := randomVector(rng, 4)
			a.Explain(v, phi, scratch)
			want, _ := f.shapley(v)
			for i := range phi {
				if !(math.Abs(phi[i]-want[i]) <= 1e-12*(1+sumAbs(want))) {
					t.Fatalf("trial %d: feature %d adds %v, by definition %v", trial, i, phi[i], want[i])
				}
			}
		}
	}
}

func TestAttributionNeedsCounts(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 18))
	chain := func(depth int) tree {
		var t tree
		for i := range depth {
			next := int32(i + 1)
			if i == depth-1 {
				next = ^int32(depth)
			}
			t.nodes = append(t.nodes, node{left: ^int32(i), right: next})
		}
		t.values, t.leafCounts = make([]float64, depth+1), make([]int64, depth+1)
		for i := range t.leafCounts {
			t.leafCounts[i] = 1
		}
		return t
	}
	tests := []struct {
		name, want string
		spoil      func(f *Forest)
	}{
		{"none", "tree 2: the file does not say how many rows reached each leaf", func(f *Forest) { f.trees[2].leafCounts = nil }},
		{"contradiction", "internal_count 0 is 7", func(f *Forest) { f.trees[2].nodeCounts[0] = 7 }},
		{"no rows", "no training row reached node", func(f *Forest) { f.trees[2].nodeCounts = nil; clear(f.trees[2].leafCounts) }},
		{"overflow", "leaf_count overflows", func(f *Forest) {
			f.trees[2].nodeCounts = nil
			for i := range f.trees[2].leafCounts {
				f.trees[2].leafCounts[i] = math.MaxInt64
			}
		}},
		{"too deep", "deeper than 1000 splits", func(f *Forest) { f.trees[2] = chain(1001) }},
	}
	for _, test := range tests {
		f := randomForest(rng, 3, 8, 4)
		count(rng, f)
		test.spoil(f)
		_, err := f.Attribution(identity(4), 4)
		if !errors.Is(err, ErrNoAttribution) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v", test.name, err)
		}
	}
}

// All points at once give the bits of one point after the other: trees that need few points and many, features many
// times on one path, and many trees in a group.
func TestVectorsGiveTheSameBits(t *testing.T) {
	if !hasVectors() {
		t.Skip("this processor computes one point after the other")
	}
	rng := rand.New(rand.NewPCG(21, 22))
	for trial := range 60 {
		width := 1 + rng.IntN(60)
		f := randomForest(rng, 1+rng.IntN(40), 2+rng.IntN(1+1<<rng.IntN(11)), width)
		count(rng, f)
		vectors, plain := attribute(t, f), attribute(t, f)
		plain.vectors = false
		one, other := vectors.NewScratch(), plain.NewScratch()
		got, want := make([]float64, width), make([]float64, width)
		for range 20 {
			v := randomVector(rng, width)
			vectors.Explain(v, got, one)
			plain.Explain(v, want, other)
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("trial %d: feature %d adds %v, one point after the other %v", trial, i, got[i], want[i])
				}
			}
		}
	}
}

// The memory has the size that its attribution needs, so that of another is refused.
func TestScratchIsOfOneAttribution(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 24))
	f := randomForest(rng, 3, 8, 4)
	count(rng, f)
	a, b := attribute(t, f), attribute(t, f)
	defer func() {
		if r := recover(); r == nil {
			t.Error("no panic")
		}
	}()
	a.Explain(make([]float64, 4), make([]float64, 4), b.NewScratch())
}

func TestExplainAllocatesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 20))
	f := randomForest(rng, 20, 31, 12)
	count(rng, f)
	a := attribute(t, f)
	scratch, phi, v := a.NewScratch(), make([]float64, 12), randomVector(rng, 12)
	if n := testing.AllocsPerRun(100, func() { a.Explain(v, phi, scratch) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkExplain(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchmarkExplain(b, false) })
	b.Run("vectors", func(b *testing.B) { benchmarkExplain(b, hasVectors()) })
}

func benchmarkExplain(b *testing.B, vectors bool) {
	for _, size := range []struct{ trees, leaves, width int }{{200, 31, 40}, {200, 63, 40}} {
		b.Run(fmt.Sprintf("trees=%d/leaves=%d/features=%d", size.trees, size.leaves, size.width), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			f := randomForest(rng, size.trees, size.leaves, size.width)
			count(rng, f)
			a := attribute(b, f)
			a.vectors = vectors
			scratch, phi := a.NewScratch(), make([]float64, size.width)
			vectors := make([][]float64, 1024)
			for i := range vectors {
				vectors[i] = randomVector(rng, size.width)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				a.Explain(vectors[i%len(vectors)], phi, scratch)
			}
		})
	}
}

// contributionRow is a vector and what the library says each of its values adds.
type contributionRow struct {
	v, phi []float64
	base   float64
}

func readContributions(t *testing.T, name string) (*Forest, []contributionRow) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "contributions", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseLightGBM(text, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return f, readContributionRows(t, name, len(f.names))
}

func readContributionRows(t *testing.T, name string, width int) []contributionRow {
	t.Helper()
	table, err := os.Open(filepath.Join("testdata", "contributions", name+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = table.Close() }()
	records, err := csv.NewReader(table).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []contributionRow
	for _, record := range records[1:] {
		values := make([]float64, 2*width+1)
		for i, field := range record {
			if values[i] = math.NaN(); field != "" {
				if values[i], err = strconv.ParseFloat(field, 64); err != nil {
					t.Fatal(err)
				}
			}
		}
		rows = append(rows, contributionRow{values[:width], values[width : 2*width], values[2*width]})
	}
	return rows
}

// Contributions are LightGBM's own, to 1e-9 of their absolute sum: missing values, values at thresholds, infinities, a
// feature split on many times on one path, a tree of one leaf.
func TestContributionsAreLightGBMs(t *testing.T) {
	for _, name := range []string{"deep", "few_features", "single_leaf"} {
		f, rows := readContributions(t, name)
		a := attribute(t, f)
		scratch, phi := a.NewScratch(), make([]float64, len(f.names))
		worst := 0.0
		for i, row := range rows {
			base := a.Explain(row.v, phi, scratch)
			tolerance := 1e-9 * sumAbs(row.phi)
			sum := base
			for j, x := range phi {
				sum += x
				worst = max(worst, math.Abs(x-row.phi[j])/sumAbs(row.phi))
				if !(math.Abs(x-row.phi[j]) <= tolerance) {
					t.Fatalf("%s, row %d: feature %d adds %v, LightGBM says %v", name, i, j, x, row.phi[j])
				}
			}
			if !(math.Abs(base-row.base) <= tolerance) || !(math.Abs(sum-f.margin(row.v)) <= tolerance) {
				t.Fatalf("%s, row %d: base %v and sum %v, LightGBM's base %v, margin %v", name, i, base, sum, row.base, f.margin(row.v))
			}
		}
		if len(rows) < 50 {
			t.Errorf("%s: only %d rows", name, len(rows))
		}
		t.Logf("%s: %d rows differ by at most %.1e of the sum", name, len(rows), worst)
	}
	repeated, _ := readContributions(t, "few_features")
	if len(repeated.trees[0].nodes) <= len(repeated.names)*3 {
		t.Error("no feature is split on several times")
	}
	single, _ := readContributions(t, "single_leaf")
	if len(single.trees[0].nodes) != 0 || len(single.trees[1].nodes) == 0 {
		t.Error("there is no tree of a single leaf before others")
	}
}
