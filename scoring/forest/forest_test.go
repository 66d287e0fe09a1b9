package forest

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// margin walks the trees as LightGBM's documentation describes a numerical decision. It shares nothing with the
// library that serves, and is its oracle.
func (f *Forest) margin(v []float64) float64 {
	sum := 0.0
	for i := range f.trees {
		t := &f.trees[i]
		at := int32(0)
		if len(t.nodes) == 0 {
			at = ^0
		}
		for at >= 0 {
			n := &t.nodes[at]
			x := v[n.feature]
			if math.IsNaN(x) && !n.nanMissing {
				x = 0
			}
			if math.IsNaN(x) && n.defaultLeft || x <= n.threshold {
				at = n.left
			} else {
				at = n.right
			}
		}
		sum += t.values[^at]
	}
	return sum
}

func identity(n int) []int {
	at := make([]int, n)
	for i := range at {
		at[i] = i
	}
	return at
}

// randomForest grows trees leaf by leaf at random, as deep and lopsided as LightGBM's.
func randomForest(rng *rand.Rand, trees, leaves, width int) *Forest {
	f := &Forest{}
	for i := range width {
		f.names = append(f.names, fmt.Sprintf("f%d", i))
	}
	for range trees {
		t := tree{values: []float64{rng.NormFloat64()}}
		type place struct {
			node  int
			right bool
		}
		places := []place{{node: -1}} // where each leaf hangs
		for len(t.values) < leaves {
			split := rng.IntN(len(t.values))
			fresh := len(t.nodes)
			if p := places[split]; p.node >= 0 {
				if p.right {
					t.nodes[p.node].right = int32(fresh)
				} else {
					t.nodes[p.node].left = int32(fresh)
				}
			}
			t.nodes = append(t.nodes, node{
				threshold: rng.NormFloat64(), feature: int32(rng.IntN(width)), left: ^int32(split), right: ^int32(len(t.values)),
				nanMissing: rng.IntN(3) > 0, defaultLeft: rng.IntN(2) > 0,
			})
			places[split] = place{node: fresh}
			places = append(places, place{node: fresh, right: true})
			t.values = append(t.values, rng.NormFloat64())
		}
		f.trees = append(f.trees, t)
	}
	return f
}

func randomVector(rng *rand.Rand, width int) []float64 {
	v := make([]float64, width)
	for i := range v {
		switch rng.IntN(12) {
		case 0, 1:
			v[i] = math.NaN()
		case 2:
			v[i] = math.Copysign(0, rng.NormFloat64())
		case 3:
			v[i] = math.Inf(1 - 2*rng.IntN(2))
		case 4:
			v[i] = math.Ldexp(rng.NormFloat64(), rng.IntN(2000)-1000)
		default:
			v[i] = rng.NormFloat64()
		}
	}
	return v
}

// What serves equals the reference walk bit for bit, on random forests of every shape, with features moved about.
func TestEnsembleEqualsAWalk(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for trial := range 60 {
		width := 1 + rng.IntN(20)
		f := randomForest(rng, 1+rng.IntN(30), 1+rng.IntN(40), width)
		if trial%3 == 0 { // LightGBM writes such a tree where nothing can be split
			f.trees = append(f.trees, tree{values: []float64{rng.NormFloat64()}})
		}
		wide := width + rng.IntN(10)
		at := rng.Perm(wide)[:width]
		s, err := f.Leaves(at, wide)
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			v := randomVector(rng, wide)
			own := make([]float64, width)
			for i, j := range at {
				own[i] = v[j]
			}
			if got, want := s.Margin(v), f.margin(own); math.Float64bits(got) != math.Float64bits(want) {
				t.Fatalf("trial %d: margin %v, a walk gives %v", trial, got, want)
			}
		}
	}
}

// A rendered forest reads back as it was: nothing is lost on the way to the library.
func TestRenderedForestReadsBack(t *testing.T) {
	f := randomForest(rand.New(rand.NewPCG(5, 6)), 5, 17, 4)
	text := f.appendText(nil, identity(4), 4)
	head := "tree\nobjective=binary sigmoid:1\nfeature_names=f0 f1 f2 f3\n"
	text = append(bytes.Replace(text, []byte("tree\n"), []byte(head), 1), "end of trees\n"...)
	back, err := ParseLightGBM(text, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(back.trees), fmt.Sprint(f.trees); got != want {
		t.Errorf("read back\n%s\ninstead of\n%s", got, want)
	}
}

func TestCountsAreKept(t *testing.T) {
	text, err := os.ReadFile("../testdata/cards/model.txt")
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseLightGBM(text, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for i, tree := range f.trees {
		if len(tree.nodeCounts) != len(tree.nodes) || len(tree.leafCounts) != len(tree.values) {
			t.Fatalf("tree %d: %d and %d counts for %d nodes and %d leaves", i, len(tree.nodeCounts), len(tree.leafCounts),
				len(tree.nodes), len(tree.values))
		}
		for j, n := range tree.nodes {
			sum := int64(0)
			for _, child := range []int32{n.left, n.right} {
				if child >= 0 {
					sum += tree.nodeCounts[child]
				} else {
					sum += tree.leafCounts[^child]
				}
			}
			if sum != tree.nodeCounts[j] {
				t.Errorf("tree %d, node %d: its children count %d of %d rows", i, j, sum, tree.nodeCounts[j])
			}
		}
	}
}

func TestParseRefusesAnOverflowingSum(t *testing.T) {
	tree := func(i int) string {
		return fmt.Sprintf("Tree=%d\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=1\ndecision_type=2\nleft_child=-1\n"+
			"right_child=-2\nleaf_value=1 1.7e308\nis_linear=0\nshrinkage=1\n\n\n", i)
	}
	text := "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=0\nobjective=binary sigmoid:1\n" +
		"feature_names=a\ntree_sizes=1 1\n\n" + tree(0) + tree(1) + "end of trees\n"
	_, err := ParseLightGBM([]byte(text), DefaultLimits())
	if err == nil || !strings.Contains(err.Error(), "so large that their sum overflows") {
		t.Errorf("error %v", err)
	}
}

// A small file that announces much costs little.
func TestParseAllocatesByWhatIsThere(t *testing.T) {
	head := "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=0\nobjective=binary sigmoid:1\nfeature_names=a\n"
	hostile := map[string]string{
		"leaves":   head + "tree_sizes=1\n\nTree=0\nnum_leaves=131072\nnum_cat=0\nleaf_value=1\n\n",
		"trees":    head + "tree_sizes=" + strings.Repeat("1 ", 19_000) + "1\n\n",
		"features": strings.Replace(head, "names=a", "names=a"+strings.Repeat(" a", 9_000_000), 1) + "tree_sizes=1\n\n",
		"sizes":    head + "tree_sizes=1" + strings.Repeat(" 1", 9_000_000) + "\n\n",
		"lines":    head + strings.Repeat("label_index=0\n", 1_000_000),
		"values":   head + "tree_sizes=1\n\nTree=0\nnum_leaves=2\nnum_cat=0\nleaf_value=1" + strings.Repeat(" 1", 9_000_000) + "\n\n",
	}
	for name, text := range hostile {
		data := []byte(text)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseLightGBM(data, DefaultLimits())
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > uint64(len(data))+(4<<20) {
			t.Errorf("%s: %d bytes allocated for a file of %d", name, used, len(data))
		}
	}
}

// FuzzParseLightGBM holds that no input panics, and that what is accepted scores as a walk does.
func FuzzParseLightGBM(f *testing.F) {
	for _, pattern := range []string{"../testdata/*/model.txt", "../testdata/formats/*/model.txt", "../testdata/refused/*.txt"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatal(pattern, err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			if i := bytes.Index(text, []byte("feature_importances")); i > 0 {
				text = text[:i]
			}
			f.Add(text)
		}
	}
	limits := Limits{ModelBytes: 1 << 20, Features: 100, Trees: 100, Leaves: 1000}
	f.Fuzz(func(t *testing.T, data []byte) {
		forest, err := ParseLightGBM(data, limits)
		if err == nil {
			equalsAWalk(t, forest, uint64(len(data)))
		}
	})
}

func equalsAWalk(t *testing.T, forest *Forest, seed uint64) {
	t.Helper()
	width := len(forest.names)
	s, err := forest.Leaves(identity(width), width)
	if err != nil {
		t.Fatalf("accepted, and then: %v", err)
	}
	rng := rand.New(rand.NewPCG(7, seed))
	for range 20 {
		v := randomVector(rng, width)
		got, want := s.Margin(v), forest.margin(v)
		if math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("margin %v, a walk gives %v", got, want)
		}
	}
}

func BenchmarkMargin(b *testing.B) {
	for _, size := range []struct{ trees, leaves, width int }{{200, 31, 40}, {200, 60, 40}} {
		b.Run(fmt.Sprintf("trees=%d/leaves=%d/features=%d", size.trees, size.leaves, size.width), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			f := randomForest(rng, size.trees, size.leaves, size.width)
			s, err := f.Leaves(identity(size.width), size.width)
			if err != nil {
				b.Fatal(err)
			}
			vectors := make([][]float64, 1024)
			for i := range vectors {
				vectors[i] = randomVector(rng, size.width)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.Margin(vectors[i%len(vectors)])
			}
		})
	}
}
