package forest

import (
	"errors"
	"fmt"
	"math"
)

// ErrNoAttribution is matched by the errors of [Forest.Attribution].
var ErrNoAttribution = errors.New("no attribution")

// Attribution says what each feature adds to a margin: the path-dependent Shapley values of S. M. Lundberg, G. G. Erion,
// S.-I. Lee, "Consistent Individualized Feature Attribution for Tree Ensembles", 2018, which LightGBM calls
// pred_contrib. It is immutable and safe for use by several goroutines, each with a [Scratch] of its own.
//
// A leaf is reached by satisfying the splits of the features 1 … m on its path. Let o be 1 where the vector satisfies all
// splits of a feature and 0 where it does not, and z the share of the training rows that did. A leaf of value v then
// gives feature i
//
//	v · (o_i - z_i) · ∫ ∏_{j≠i} (z_j (1-t) + o_j t) dt    over t from 0 to 1,
//
// since ∫ t^k (1-t)^{m-1-k} dt is Shapley's weight of a set of k out of the m-1 other features. The integrand is a
// polynomial of degree m-1, and the quadrature of Gauss and Legendre is exact for it with m/2 points. So the product is
// carried down the tree at those points, one factor for each edge, and the values are summed on the way up: the time is
// that of edges times points, every term has a bounded size, and nothing is undone, which is what costs precision in the
// original algorithm.
type Attribution struct {
	trees []pathTree
	reads []int // the positions that the model's features are read from
	base  float64
	width int
	room  int // floats of the largest tree
	rows  int // splits of the largest tree
}

// pathTree is a tree as its paths see it. The children of splits[i] are the places 2i+1 and 2i+2; the root is place 0. A
// parent comes before its children.
type pathTree struct {
	rule     *quadrature
	splits   []pathSplit
	places   []place
	inverses []float64 // per place, per point: 1 / (share·(1-t) + t)
}

type pathSplit struct {
	node
	at       int32 // its place
	up       int32 // the nearest place above that is a child of a split on the same feature, or -1
	position int32 // of the feature in the vector
}

// place is a node or a leaf below the root.
type place struct {
	share float64 // of the rows at the last split that does not follow from the feature's earlier ones: z of its feature
	ratio float64 // of the rows at its parent that came here
	scale float64 // a leaf's value, less the mean of its tree; 1 for a node
}

// What an Attribution may hold: 64 MiB of numbers, where real models need a hundredth, and paths that can be searched.
const (
	maxTable = 8 << 20
	maxDepth = 1000
)

// Attribution returns the attribution of f, whose feature i is read from position at[i] of vectors that are width
// long. An error, which wraps [ErrNoAttribution], says what f lacks.
func (f *Forest) Attribution(at []int, width int) (*Attribution, error) {
	a := &Attribution{reads: at, width: width}
	rules := make(map[int]*quadrature)
	table := 0
	for i := range f.trees {
		t := &f.trees[i]
		counts, err := t.counts()
		if err != nil {
			return nil, fmt.Errorf("%w: tree %d: %w", ErrNoAttribution, i, err)
		}
		mean := t.mean(counts)
		a.base += mean
		if len(t.nodes) == 0 {
			continue
		}
		p, features, err := t.paths(counts, mean, at)
		if err != nil {
			return nil, fmt.Errorf("%w: tree %d: %w", ErrNoAttribution, i, err)
		}
		points := (features + 1) / 2
		if table += points * len(p.places); table > maxTable {
			return nil, fmt.Errorf("%w: the trees are too large; train with fewer leaves", ErrNoAttribution)
		}
		if rules[points] == nil {
			rules[points] = newQuadrature(points)
		}
		p.rule = rules[points]
		p.fillInverses()
		a.trees = append(a.trees, p)
		a.room, a.rows = max(a.room, points*len(p.places)), max(a.rows, len(p.splits))
	}
	return a, nil
}

// counts returns the rows that reached each node, from those of the leaves.
func (t *tree) counts() ([]int64, error) {
	if t.leafCounts == nil {
		return nil, errors.New("the file does not say how many rows reached each leaf (leaf_count); save the model with LightGBM")
	}
	counts := make([]int64, len(t.nodes))
	order := t.preorder()
	for k := len(order) - 1; k >= 0; k-- {
		i := order[k]
		n := &t.nodes[i]
		left, right := t.rows(counts, n.left), t.rows(counts, n.right)
		switch {
		case left > math.MaxInt64-right:
			return nil, errors.New("leaf_count overflows; the file is damaged, copy it again")
		case left+right == 0:
			return nil, fmt.Errorf("no training row reached node %d by leaf_count; train the model again", i)
		case t.nodeCounts != nil && t.nodeCounts[i] != left+right:
			return nil, fmt.Errorf("internal_count %d is %d, and by leaf_count it is %d; the file is damaged, copy it again",
				i, t.nodeCounts[i], left+right)
		}
		counts[i] = left + right
	}
	return counts, nil
}

// rows returns the count of a child.
func (t *tree) rows(counts []int64, child int32) int64 {
	if child < 0 {
		return t.leafCounts[^child]
	}
	return counts[child]
}

// preorder returns the nodes, each before its children.
func (t *tree) preorder() []int32 {
	if len(t.nodes) == 0 {
		return nil
	}
	order := make([]int32, 0, len(t.nodes))
	for stack := []int32{0}; len(stack) > 0; {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		order = append(order, i)
		for _, child := range [...]int32{t.nodes[i].right, t.nodes[i].left} {
			if child >= 0 {
				stack = append(stack, child)
			}
		}
	}
	return order
}

// mean returns the tree's mean over the rows.
func (t *tree) mean(counts []int64) float64 {
	if len(t.nodes) == 0 {
		return t.values[0]
	}
	mean, total := 0.0, float64(counts[0])
	for i, v := range t.values {
		mean += float64(v * (float64(t.leafCounts[i]) / total))
	}
	return mean
}

// paths returns the tree's splits and places, and the most different features on one path.
func (t *tree) paths(counts []int64, mean float64, at []int) (pathTree, int, error) {
	order := t.preorder()
	p := pathTree{splits: make([]pathSplit, len(order)), places: make([]place, 2*len(order)+1)}
	p.places[0] = place{share: 1, ratio: 1, scale: 1}
	placeOf := make([]int32, len(t.nodes)) // of each node
	above := make([]int32, len(p.places))  // the split above each place
	above[0] = -1
	different := make([]int, len(p.places)) // features on the way to each place
	depth := make([]int, len(p.places))
	most := 0
	for k, i := range order {
		n := t.nodes[i]
		s := pathSplit{node: n, at: placeOf[i], up: -1, position: int32(at[n.feature])}
		for q := s.at; q != 0 && s.up < 0; q = p.splits[above[q]].at {
			if p.splits[above[q]].feature == n.feature {
				s.up = q
			}
		}
		p.splits[k] = s
		for side, child := range [...]int32{n.left, n.right} {
			q := int32(2*k + 1 + side)
			ratio := float64(t.rows(counts, child)) / float64(counts[i])
			p.places[q] = place{share: ratio, ratio: ratio, scale: 1}
			different[q] = different[s.at] + 1
			if depth[q] = depth[s.at] + 1; depth[q] > maxDepth {
				return p, 0, fmt.Errorf("it is deeper than %d splits; train with a max_depth", maxDepth)
			}
			if s.up >= 0 {
				p.places[q].share *= p.places[s.up].share
				different[q]--
			}
			above[q] = int32(k)
			if child < 0 {
				p.places[q].scale = t.values[^child] - mean
			} else {
				placeOf[child] = q
			}
			most = max(most, different[q])
		}
	}
	return p, most, nil
}

func (t *pathTree) fillInverses() {
	n := len(t.rule.points)
	t.inverses = make([]float64, n*len(t.places))
	for i := range t.places {
		for k, point := range t.rule.points {
			t.inverses[i*n+k] = 1 / (float64(t.places[i].share*t.rule.rests[k]) + point)
		}
	}
}
