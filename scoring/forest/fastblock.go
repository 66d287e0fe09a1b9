package forest

import (
	"math"
)

// block is a run of trees in the form that they are evaluated in.
type block struct {
	trees   int
	columns []column // from column 1
	walked  []walkNode
	roots   [walkers]uint32
	single  []singleTree
}

// column is a feature with what stands for a missing value. A node at which NaN goes left reads a column in which it is
// below everything, one at which it goes right a column in which it is above everything, +Inf too; one that takes NaN for 0
// reads a column in which it is 0.
type column struct {
	at      int
	missing int64
}

// walkNode is a node or a leaf of a tree that is walked beside others.
type walkNode struct {
	key    int64  // of the threshold; in a leaf, the bits of its value, which are below the key of column 0
	next   uint32 // the right child, after which comes the left; for a leaf, the root of the walker's next tree
	column uint8  // 0 in a leaf, so that it leads to next
	slot   uint8
}

// singleTree is a tree that is walked by itself. Its children are as those of [node].
type singleTree struct {
	nodes  []singleNode
	values []int64
	root   int32
	slot   uint8
}

type singleNode struct {
	threshold   float64
	feature     int32
	left, right int32
	missing     int32 // where NaN goes
}

// newBlocks returns the forest in blocks, with feature i at at[i].
func newBlocks(f *Forest, at []int) []block {
	var blocks []block
	p := &plan{at: at}
	for i := range f.trees {
		if !p.take(&f.trees[i]) {
			blocks = append(blocks, p.build())
			p = &plan{at: at}
			p.take(&f.trees[i])
		}
	}
	return append(blocks, p.build())
}

// plan gathers the trees of a block.
type plan struct {
	at      []int
	trees   []*tree
	beside  []bool // per tree: whether it is walked beside others
	columns columns
}

// take adds a tree, or reports that the block is full. An empty one takes any tree.
func (p *plan) take(t *tree) bool {
	if len(p.trees) == maxTrees {
		return false
	}
	before := len(p.columns.list)
	p.columns.add(t, p.at)
	beside := len(t.nodes) > 0
	if len(p.columns.list) > maxColumns {
		p.columns.cut(before)
		if before > 0 {
			return false
		}
		beside = false
	}
	p.trees, p.beside = append(p.trees, t), append(p.beside, beside)
	return true
}

// choose leaves beside others only trees for which that pays. It pays where all walkers have about as much to do, since a
// walk by itself waits for every node, and a long one that is mostly guessed right is then the slower one; and where the
// columns, each of which takes about as long as a level, are few beside the levels.
func (p *plan) choose() {
	total := 0.0
	for i, t := range p.trees {
		if p.beside[i] {
			total += t.meanDepth() + 1
		}
	}
	walked, levels := 0, 0.0
	p.columns = columns{}
	for i, t := range p.trees {
		if p.beside[i] = p.beside[i] && float64(walkers*t.maxDepth()) <= total; p.beside[i] {
			walked, levels = walked+1, levels+t.meanDepth()
			p.columns.add(t, p.at)
		}
	}
	if walked < walkers || float64(len(p.columns.list)) > 2*levels {
		clear(p.beside)
	}
}

// build makes the block.
func (p *plan) build() block {
	p.choose()
	b := block{trees: len(p.trees)}
	var lanes [walkers]lane
	for slot, t := range p.trees {
		if !p.beside[slot] {
			b.single = append(b.single, newSingleTree(t, p.at, uint8(slot)))
			continue
		}
		shortest := 0
		for i := range lanes {
			if lanes[i].levels < lanes[shortest].levels {
				shortest = i
			}
		}
		l := &lanes[shortest]
		l.slots, l.levels = append(l.slots, uint8(slot)), l.levels+t.pathLength()+1
	}
	if len(b.single) == b.trees {
		return b
	}
	b.columns = p.columns.list
	b.walked = []walkNode{{slot: unread}} // where walkers stay that have no tree left
	for i := range lanes {
		b.roots[i] = p.lay(&b, lanes[i].slots)
	}
	return b
}

// columns is a list of columns with the place of each.
type columns struct {
	list  []column
	index map[column]int
}

// add adds the columns that a tree reads, unless they are there.
func (c *columns) add(t *tree, at []int) {
	if c.index == nil {
		c.index = make(map[column]int)
	}
	for i := range t.nodes {
		fresh := t.nodes[i].column(at)
		if _, ok := c.index[fresh]; !ok {
			c.index[fresh] = len(c.list)
			c.list = append(c.list, fresh)
		}
	}
}

// cut removes what was added after the first n.
func (c *columns) cut(n int) {
	for _, last := range c.list[n:] {
		delete(c.index, last)
	}
	c.list = c.list[:n]
}

// lane is what one walker walks.
type lane struct {
	slots  []uint8
	levels float64
}

// lay appends the trees of a walker, and returns the index of the first one's root.
func (p *plan) lay(b *block, slots []uint8) uint32 {
	next := uint32(0)
	for i := len(slots) - 1; i >= 0; i-- {
		root := uint32(len(b.walked))
		p.layTree(b, slots[i], next)
		next = root
	}
	return next
}

// layTree appends a tree level by level, since what is near the root is read the most. Its leaves lead to next.
func (p *plan) layTree(b *block, slot uint8, next uint32) {
	t := p.trees[slot]
	type place struct {
		child int32
		index int
	}
	b.walked = append(b.walked, walkNode{})
	for queue := []place{{0, len(b.walked) - 1}}; len(queue) > 0; queue = queue[1:] {
		child, index := queue[0].child, queue[0].index
		if child < 0 {
			b.walked[index] = walkNode{key: valueBits(t.values[^child]), next: next, slot: slot}
			continue
		}
		n := &t.nodes[child]
		right := len(b.walked)
		b.walked = append(b.walked, walkNode{}, walkNode{})
		queue = append(queue, place{n.right, right}, place{n.left, right + 1})
		b.walked[index] = walkNode{
			key: keyOf(valueBits(n.threshold + 0)), next: uint32(right), column: uint8(1 + p.columns.index[n.column(p.at)]), slot: unread,
		}
	}
}

func newSingleTree(t *tree, at []int, slot uint8) singleTree {
	s := singleTree{slot: slot, nodes: make([]singleNode, len(t.nodes)), values: make([]int64, len(t.values))}
	if len(t.nodes) == 0 {
		s.root = ^0
	}
	for i, v := range t.values {
		s.values[i] = valueBits(v)
	}
	for i := range t.nodes {
		n := &t.nodes[i]
		missing := n.right
		if n.nanMissing && n.defaultLeft || !n.nanMissing && 0 <= n.threshold {
			missing = n.left
		}
		s.nodes[i] = singleNode{threshold: n.threshold, feature: int32(at[n.feature]), left: n.left, right: n.right, missing: missing}
	}
	return s
}

func valueBits(v float64) int64 { return int64(math.Float64bits(v)) }

// column returns the column that the node reads.
func (n *node) column(at []int) column {
	c := column{at: at[n.feature]}
	switch {
	case !n.nanMissing:
	case n.defaultLeft:
		c.missing = math.MinInt64
	default:
		c.missing = math.MaxInt64
	}
	return c
}

// meanDepth returns the mean over leaves of the nodes above.
func (t *tree) meanDepth() float64 {
	sum := 0
	t.eachLeaf(func(_ int32, depth int) { sum += depth })
	return float64(sum) / float64(len(t.values))
}

// maxDepth returns the most nodes that are above a leaf.
func (t *tree) maxDepth() int {
	most := 0
	t.eachLeaf(func(_ int32, depth int) { most = max(most, depth) })
	return most
}

// pathLength returns the nodes that a vector meets on average: the mean over training rows, or else over leaves.
func (t *tree) pathLength() float64 {
	if t.leafCounts == nil {
		return t.meanDepth()
	}
	sum, rows := 0.0, 0.0
	t.eachLeaf(func(leaf int32, depth int) {
		n := float64(t.leafCounts[leaf])
		sum, rows = sum+n*float64(depth), rows+n
	})
	return sum / max(1, rows)
}

// eachLeaf calls visit with each leaf and the number of nodes above it.
func (t *tree) eachLeaf(visit func(leaf int32, depth int)) {
	if len(t.nodes) == 0 {
		visit(0, 0)
		return
	}
	type place struct {
		node  int32
		depth int
	}
	for stack := []place{{0, 1}}; len(stack) > 0; {
		p := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, child := range [2]int32{t.nodes[p.node].left, t.nodes[p.node].right} {
			if child < 0 {
				visit(^child, p.depth)
			} else {
				stack = append(stack, place{child, p.depth + 1})
			}
		}
	}
}
