package forest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// chain returns a tree in which every node has a leaf, so that the last leaf has as many nodes above it as there are.
// NaN, and in most vectors any value, follows the chain to its end where the leaves are rare.
func chain(rng *rand.Rand, leaves, width int, rare bool) tree {
	t := tree{}
	for i := range leaves - 1 {
		n := node{feature: int32(rng.IntN(width)), threshold: rng.NormFloat64(), left: ^int32(i), right: int32(i + 1), nanMissing: true}
		if rare {
			n.threshold = -4 + rng.Float64()
		}
		if rng.IntN(2) > 0 && !rare {
			n.left, n.right, n.defaultLeft = n.right, n.left, rng.IntN(2) > 0
		}
		t.nodes = append(t.nodes, n)
		t.values = append(t.values, rng.NormFloat64())
	}
	t.values = append(t.values, rng.NormFloat64())
	if n := len(t.nodes); n > 0 {
		last := &t.nodes[n-1]
		if last.left == int32(n) {
			last.left = ^int32(n)
		} else {
			last.right = ^int32(n)
		}
	}
	return t
}

// special returns a forest whose thresholds and leaves are the numbers that comparisons and sums go wrong at, and vectors
// that tie with them.
func special(rng *rand.Rand, trees, leaves, width int) (*Forest, func() []float64) {
	numbers := []float64{
		0, math.Copysign(0, -1), 1, -1, math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, 0x1p-1022, -0x1p-1022,
		math.MaxFloat64, -math.MaxFloat64, 1e-35, -1e-35, 1.0000000000000002, 0.1, 1 << 53, float64(math.MaxFloat32),
	}
	f := randomForest(rng, trees, leaves, width)
	for i := range f.trees {
		t := &f.trees[i]
		for j := range t.nodes {
			t.nodes[j].threshold = numbers[rng.IntN(len(numbers))]
			if rng.IntN(12) == 0 {
				t.nodes[j].threshold = math.Inf(1)
			}
		}
		for j := range t.values {
			if v := numbers[rng.IntN(len(numbers))]; math.Abs(v) < math.MaxFloat64 {
				t.values[j] = v
			}
		}
	}
	numbers = append(numbers, math.Inf(1), math.Inf(-1), math.NaN(), math.Float64frombits(0xFFF8000000000001), math.Float64frombits(0x7FF0000000000001))
	return f, func() []float64 {
		v := make([]float64, width)
		for i := range v {
			v[i] = numbers[rng.IntN(len(numbers))]
		}
		return v
	}
}

// sameBits holds that the engines agree on the vectors: one at a time, and all at once.
func sameBits(t *testing.T, f *Forest, at []int, width int, vectors [][]float64) {
	t.Helper()
	slow, err := f.Leaves(at, width)
	if err != nil {
		t.Fatal(err)
	}
	fast := f.Fast(at, width)
	rows, margins := make([]float64, 0, len(vectors)*width), make([]float64, len(vectors))
	for _, v := range vectors {
		rows = append(rows, v...)
	}
	fast.Margins(margins, rows)
	for i, v := range vectors {
		want := slow.Margin(v)
		if got := fast.Margin(v); math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("vector %v: margin %v, leaves gives %v", v, got, want)
		}
		if math.Float64bits(margins[i]) != math.Float64bits(want) {
			t.Fatalf("vector %v: margin %v among others, leaves gives %v", v, margins[i], want)
		}
	}
}

func TestFastEqualsLeaves(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	for range 150 {
		width := 1 + rng.IntN(70)
		f := randomForest(rng, 1+rng.IntN(60), 1+rng.IntN(80), width)
		for range rng.IntN(4) {
			f.trees[rng.IntN(len(f.trees))] = chain(rng, 1+rng.IntN(200), width, rng.IntN(2) > 0)
		}
		wide := width + rng.IntN(10)
		vectors := make([][]float64, 40)
		for i := range vectors {
			vectors[i] = randomVector(rng, wide)
		}
		sameBits(t, f, rng.Perm(wide)[:width], wide, vectors)
	}
}

// More trees, features and leaves than a block has room for.
func TestFastEqualsLeavesBeyondABlock(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 11))
	for _, c := range []struct{ trees, leaves, width int }{
		{254, 4, 5}, {255, 4, 5}, {256, 4, 5}, {700, 3, 4}, {40, 31, 400}, {12, 200, 300}, {3, 900, 1000}, {10, 400, 86}, {300, 31, 1},
	} {
		f := randomForest(rng, c.trees, c.leaves, c.width)
		vectors := make([][]float64, 60)
		for i := range vectors {
			vectors[i] = randomVector(rng, c.width)
		}
		sameBits(t, f, identity(c.width), c.width, vectors)
	}
}

func TestFastEqualsLeavesAtTiesAndLimits(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 13))
	for _, trees := range []int{1, 7, 8, 9, 50} { // a few trees are walked by themselves
		for range 30 {
			f, vector := special(rng, trees, 1+rng.IntN(40), 1+rng.IntN(12))
			vectors := make([][]float64, 60)
			for i := range vectors {
				vectors[i] = vector()
			}
			sameBits(t, f, identity(len(f.names)), len(f.names), vectors)
		}
	}
}

func TestFastPanicsOnAVectorOfAnotherLength(t *testing.T) {
	fast := randomForest(rand.New(rand.NewPCG(1, 2)), 9, 4, 3).Fast(identity(3), 3)
	for name, call := range map[string]func(){
		"short": func() { fast.Margin(make([]float64, 2)) },
		"long":  func() { fast.Margin(make([]float64, 4)) },
		"rows":  func() { fast.Margins(make([]float64, 2), make([]float64, 5)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}

// FuzzFast holds that the engines agree on forests and vectors that the input chooses, and so ties are common.
func FuzzFast(f *testing.F) {
	f.Add(uint64(1), uint8(9), uint8(7), uint8(3), []byte{0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255})
	f.Add(uint64(2), uint8(1), uint8(1), uint8(1), []byte{7})
	f.Add(uint64(3), uint8(200), uint8(31), uint8(40), []byte("thresholds and values are taken from here"))
	f.Fuzz(func(t *testing.T, seed uint64, trees, leaves, width uint8, numbers []byte) {
		if trees == 0 || leaves == 0 || width == 0 || len(numbers) == 0 {
			return
		}
		// Nine bytes are a number of any bits, and what is left over are small ones.
		var pool []float64
		for ; len(numbers) >= 9; numbers = numbers[9:] {
			bits := uint64(0)
			for _, b := range numbers[:8] {
				bits = bits<<8 | uint64(b)
			}
			pool = append(pool, math.Float64frombits(bits))
		}
		for _, b := range numbers {
			pool = append(pool, float64(int8(b)))
		}
		rng := rand.New(rand.NewPCG(seed, 5))
		forest := randomForest(rng, int(trees), int(leaves), int(width))
		if seed%3 == 0 {
			forest.trees[0] = chain(rng, int(leaves), int(width), seed%2 == 0)
		}
		for i := range forest.trees {
			for j := range forest.trees[i].nodes {
				if x := pool[rng.IntN(len(pool))]; !math.IsNaN(x) && x != math.Inf(-1) {
					forest.trees[i].nodes[j].threshold = x
				}
			}
		}
		vectors := make([][]float64, 12)
		for i := range vectors {
			vectors[i] = randomVector(rng, int(width))
			for j := range vectors[i] {
				if rng.IntN(2) > 0 {
					vectors[i][j] = pool[rng.IntN(len(pool))]
				}
			}
		}
		sameBits(t, forest, identity(int(width)), int(width), vectors)
	})
}

// BenchmarkEngines compares the engines on forests of many shapes. There is none at which Fast may be the slower one.
func BenchmarkEngines(b *testing.B) {
	const width = 63
	rng := rand.New(rand.NewPCG(1, 1))
	text, err := os.ReadFile(filepath.Join("..", "..", "models", "cards", "model.txt"))
	if err != nil {
		b.Fatal(err)
	}
	shipped, err := ParseLightGBM(text, DefaultLimits())
	if err != nil {
		b.Fatal(err)
	}
	type shape struct {
		name   string
		forest *Forest
	}
	shapes := []shape{{"shipped", shipped}}
	for _, c := range [][2]int{{200, 31}, {200, 63}, {200, 500}, {1000, 31}, {200, 2}, {200, 1}, {1, 1}, {1, 2}, {1, 31}, {2, 31}, {4, 31}, {8, 31}, {16, 31}, {1, 1000}, {8, 1000}} {
		shapes = append(shapes, shape{fmt.Sprintf("%dx%d", c[0], c[1]), randomForest(rng, c[0], c[1], width)})
	}
	for _, c := range [][2]int{{1, 500}, {10, 500}, {200, 500}, {200, 31}, {200, 48}} {
		for _, rare := range []bool{false, true} {
			f := &Forest{names: shipped.names}
			for range c[0] {
				f.trees = append(f.trees, chain(rng, c[1], width, rare))
			}
			shapes = append(shapes, shape{fmt.Sprintf("chain_%dx%d_rare=%v", c[0], c[1], rare), f})
		}
	}
	vectors := make([][]float64, 1024)
	var rows []float64
	for i := range vectors {
		vectors[i] = randomVector(rng, width)
		rows = append(rows, vectors[i]...)
	}
	margins := make([]float64, len(vectors))
	for _, s := range shapes {
		slow, err := s.forest.Leaves(identity(width), width)
		if err != nil {
			b.Fatal(err)
		}
		fast := s.forest.Fast(identity(width), width)
		single := func(b *testing.B, margin func([]float64) float64) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				margin(vectors[i%len(vectors)])
			}
		}
		b.Run(s.name+"/leaves", func(b *testing.B) { single(b, slow.Margin) })
		b.Run(s.name+"/fast", func(b *testing.B) { single(b, fast.Margin) })
		b.Run(s.name+"/batch", func(b *testing.B) {
			for b.Loop() {
				fast.Margins(margins, rows)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(vectors)), "ns/row")
		})
	}
}
