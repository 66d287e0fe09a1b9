package forest

import (
	"cmp"
	"fmt"
	"slices"
)

// pathTree is a tree as its paths see it: a parent comes before its children.
type pathTree struct {
	splits []pathSplit
	points int // of the quadrature that is exact for it
}

// pathSplit is a split whose children and earlier splits are places: place 2k is the right child of splits[k], place 2k+1
// the left one.
type pathSplit struct {
	split
	nodes  [2]int32 // its children, right and left: an index of splits, or -1 for a leaf
	above  int32    // its own place, or -1 for the root
	upper  int32    // the nearest place above that is a child of a split on the same feature, or -1
	share  float64  // of the rows that satisfy the splits on the feature as far as that place
	height int      // 1 if both children are leaves
}

// paths returns the tree as its paths see it.
func (t *tree) paths(counts []int64, mean float64, at []int) (pathTree, error) {
	order := t.preorder()
	p := pathTree{splits: make([]pathSplit, len(order))}
	placeOf := make([]int32, len(t.nodes)) // of each node
	placeOf[0] = -1
	different := make([]int, 2*len(order)) // features on the way to each place
	depth := make([]int, 2*len(order))
	for k, i := range order {
		n := &t.nodes[i]
		s := &p.splits[k]
		s.threshold, s.column = n.threshold, n.explainedColumn(at)
		s.above, s.upper, s.share, s.nodes = placeOf[i], -1, 1, [2]int32{-1, -1}
		features, levels := 1, 1
		if s.above >= 0 {
			features, levels = different[s.above]+1, depth[s.above]+1
			p.splits[s.above/2].nodes[s.above%2] = int32(k)
		}
		if levels > maxDepth {
			return p, fmt.Errorf("it is deeper than %d splits; train with a max_depth", maxDepth)
		}
		for q := s.above; q >= 0 && s.upper < 0; q = p.splits[q/2].above {
			if t.nodes[order[q/2]].feature == n.feature {
				s.upper, s.share = q, p.splits[q/2].shares[1-q%2]
				features--
			}
		}
		p.points = max(p.points, (features+1)/2)
		for side, child := range [...]int32{n.right, n.left} {
			q := 2*k + side
			different[q], depth[q] = features, levels
			// The share of the left child is that of the cold one if the vector goes to the right.
			s.shares[1-side] = s.share * (float64(t.rows(counts, child)) / float64(counts[i]))
			if child < 0 {
				s.values[side] = t.values[^child] - mean
			} else {
				placeOf[child] = int32(q)
			}
		}
	}
	for k := len(p.splits) - 1; k >= 0; k-- {
		s := &p.splits[k]
		s.height++
		if s.above >= 0 {
			up := &p.splits[s.above/2]
			up.height = max(up.height, s.height)
		}
	}
	return p, nil
}

// size is about how many numbers the tree takes.
func (t *pathTree) size() int {
	repeated := 0
	for i := range t.splits {
		if t.splits[i].upper >= 0 {
			repeated++
		}
	}
	return (t.points + lanes - 1) / lanes * (8*len(t.splits) + 2*blockSize*repeated)
}

// A feature has three columns: as it is, where NaN is above every threshold; with -Inf for NaN; and with 0 for NaN.
const columnsOf = 3

// explainedColumn returns the column that the node compares.
func (n *node) explainedColumn(at []int) uint32 {
	c := columnsOf * uint32(at[n.feature])
	switch {
	case !n.nanMissing:
		c += 2
	case n.defaultLeft:
		c++
	}
	return c
}

// lanes is how many points are computed at once. A block is what a split multiplies with at each of them: (1-t)/u, and
// then 1/u².
const (
	lanes     = 8
	blockSize = 2 * lanes
)

// group is some trees whose splits take turns, at up to so many points as there are lanes. The children of a split come
// before it, and next to each other are splits that do not wait for each other.
type group struct {
	splits   []split
	pairs    int            // the first of them, whose children are leaves
	factors  []float64      // blocks; the first is that of all splits that are the first on their feature
	roots    []uint32       // slots
	points   int            // the lanes that are used; the others are 0
	weighted [lanes]float64 // the weights of the points: Q of a root
}

// split is what is needed of a split. Slot i+1, of as many numbers as there are lanes, is that of splits[i]; it is
// denoted by its first number. Slot 0 stands for leaves. The assembly knows that a split has 64 bytes.
type split struct {
	threshold float64
	shares    [2]float64 // of the cold child, if the vector goes to the right, or to the left: z
	values    [2]float64 // of the children that are leaves, right and left, less the mean of the tree; otherwise 0
	children  [2]uint32  // their slots, right and left
	column    uint32
	upper     uint32 // in lost, of the nearest child above of a split on the same feature, or else of slot 0
	factors   uint32 // the first number of its block; after it comes the one for where the vector lost its way to the split
	_         uint32
}

// maxGroup is about how many splits a group has, whose slots should stay in the processor's first cache.
const maxGroup = 128

// newGroups returns trees in groups of those that need equally many points, once for each so many points as there are
// lanes.
func newGroups(trees []pathTree) []group {
	slices.SortStableFunc(trees, func(a, b pathTree) int { return cmp.Compare(a.points, b.points) })
	var groups []group
	for len(trees) > 0 {
		n, splits := 0, 0
		for n < len(trees) && trees[n].points == trees[0].points && (n == 0 || splits+len(trees[n].splits) <= maxGroup) {
			splits += len(trees[n].splits)
			n++
		}
		rule := newQuadrature(trees[0].points)
		for from := 0; from < len(rule.points); from += lanes {
			groups = append(groups, newGroup(trees[:n], rule.part(from, min(from+lanes, len(rule.points)))))
		}
		trees = trees[n:]
	}
	return groups
}

func newGroup(trees []pathTree, rule quadrature) group {
	type member struct{ tree, split, height int }
	var members []member
	for i := range trees {
		for k := range trees[i].splits {
			members = append(members, member{i, k, trees[i].splits[k].height})
		}
	}
	slices.SortStableFunc(members, func(a, b member) int { return cmp.Compare(a.height, b.height) })
	slots := make([][]uint32, len(trees)) // by tree and split
	for i := range trees {
		slots[i] = make([]uint32, len(trees[i].splits))
	}
	for i, m := range members {
		slots[m.tree][m.split] = uint32(i+1) * lanes
	}
	g := group{points: len(rule.points)}
	copy(g.weighted[:], rule.weights)
	g.addBlock(func(k int) (e, p float64) { return rule.rests[k], 1 })
	for _, m := range members {
		from := &trees[m.tree].splits[m.split]
		s := from.split
		for side, child := range from.nodes {
			if child >= 0 {
				s.children[side] = slots[m.tree][child]
			}
		}
		if from.upper >= 0 {
			s.upper = slots[m.tree][from.upper/2]/lanes*2 + uint32(from.upper%2)
			s.factors = g.addBlock(func(k int) (e, p float64) {
				u := float64(from.share*rule.rests[k]) + rule.points[k]
				return rule.rests[k] / u, 1 / float64(u*u)
			})
			g.addBlock(func(int) (e, p float64) { return 1 / from.share, 0 })
		}
		if m.height == 1 {
			g.pairs++
		}
		if from.above < 0 {
			g.roots = append(g.roots, slots[m.tree][m.split])
		}
		g.splits = append(g.splits, s)
	}
	return g
}

// addBlock appends a block, and returns where it starts.
func (g *group) addBlock(at func(point int) (e, p float64)) uint32 {
	start := len(g.factors)
	g.factors = append(g.factors, make([]float64, blockSize)...)
	for k := range g.points {
		g.factors[start+k], g.factors[start+lanes+k] = at(k)
	}
	return uint32(start)
}
