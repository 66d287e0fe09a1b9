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
// polynomial of degree m-1, and the quadrature of Gauss and Legendre is exact for it with m/2 points. That a tree's
// leaves can share such products at so few points is the insight of P. Yu, A. Bifet, J. Read, C. Xu, "Linear tree SHAP",
// 2022. What is done for each split follows from o being 0 or 1.
//
// At a point t let Q be the product of the factors above a split, T the sum over the leaves below it of v times the
// factors from there on, and z the share of the child that the vector does not go to, the cold one; the other is hot. With
// g = z (1-t),
//
//	Q_cold = g Q,  Q_hot = Q - Q_cold,  T = T_hot - g (T_hot - T_cold),
//
// and the split adds z ∫ Q (T_hot - T_cold) dt to its feature. Where a split above is on the same feature, and the vector
// satisfied it with a share of y, the feature's factor so far, u = y (1-t) + t, gives way to the new one: with
// g = z (1-t) / u the same holds, and the split adds z ∫ Q (T_hot - T_cold) / u² dt. If the vector did not satisfy it,
// nothing depends on the value here, and g is the part of the rows here that went to the child called cold.
//
// So each split is the same dozen operations at each point, on the way down for Q and on the way up for T, every term has
// a bounded size, and nothing is undone, which is what costs precision in the original algorithm. On processors that
// have AVX2 all points are computed at once, to the same bits.
type Attribution struct {
	groups  []group
	base    float64
	width   int
	largest int  // splits of the largest group
	vectors bool // the processor can, see descendVectors
}

// What an Attribution may hold: 64 MiB of numbers, where real models need a hundredth, and paths that can be searched.
const (
	maxTable = 8 << 20
	maxDepth = 1000
)

// Attribution returns the attribution of f, whose feature i is read from position at[i] of vectors that are width
// long. An error, which wraps [ErrNoAttribution], says what f lacks.
func (f *Forest) Attribution(at []int, width int) (*Attribution, error) {
	a := &Attribution{width: width, vectors: hasVectors()}
	var trees []pathTree
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
		p, err := t.paths(counts, mean, at)
		if err != nil {
			return nil, fmt.Errorf("%w: tree %d: %w", ErrNoAttribution, i, err)
		}
		if table += p.size(); table > maxTable {
			return nil, fmt.Errorf("%w: the trees are too large; train with fewer leaves", ErrNoAttribution)
		}
		trees = append(trees, p)
	}
	a.groups = newGroups(trees)
	for i := range a.groups {
		a.largest = max(a.largest, len(a.groups[i].splits))
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
