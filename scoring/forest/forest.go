package forest

import (
	"math"
	"slices"
)

// Forest is a checked model: every index is in range, every tree is a tree, every number is finite, but for thresholds of
// +Inf. Only the parsers make one.
type Forest struct {
	names  []string // one per feature, in the model's order
	trees  []tree
	binary bool // the file says that the margin is a log-odds
}

// tree is one binary decision tree. A tree of a single leaf has no nodes.
type tree struct {
	nodes  []node    // node 0 is the root
	values []float64 // per leaf: what it adds to the margin, shrinkage included

	// The number of training rows that reached each node and leaf, which exact attribution weighs paths with; for XGBoost
	// the weight of those rows, in units of 1/hessianUnit, and of leaves alone. Nil where the file has none.
	nodeCounts []int64
	leafCounts []int64
}

// node sends a value at or below its threshold to the left. A child is the index of a node, or ^i for leaf i.
type node struct {
	threshold   float64
	feature     int32
	left, right int32
	nanMissing  bool // NaN follows defaultLeft; otherwise NaN is read as 0
	defaultLeft bool
}

// Names returns the model's names of its features, in its order.
func (f *Forest) Names() []string { return f.names }

// Trees returns the number of trees.
func (f *Forest) Trees() int { return len(f.trees) }

// Binary reports whether the file says that the margin is a log-odds. Otherwise it says nothing of its meaning.
func (f *Forest) Binary() bool { return f.binary }

// Range returns the sums over trees of the smallest and of the largest leaf: no margin lies outside.
func (f *Forest) Range() (low, high float64) {
	for i := range f.trees {
		low += slices.Min(f.trees[i].values)
		high += slices.Max(f.trees[i].values)
	}
	return low, high
}

// splits counts the nodes of all trees.
func (f *Forest) splits() int {
	n := 0
	for i := range f.trees {
		n += len(f.trees[i].nodes)
	}
	return n
}

// bound is the largest magnitude a margin can have: the sum over trees of the largest leaf.
func (f *Forest) bound() float64 {
	sum := 0.0
	for i := range f.trees {
		largest := 0.0
		for _, v := range f.trees[i].values {
			largest = math.Max(largest, math.Abs(v))
		}
		sum += largest
	}
	return sum
}
