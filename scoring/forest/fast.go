package forest

import (
	"fmt"
	"math"
	"sync"
)

// Fast evaluates a forest with the bits of [Leaves] in a fraction of its time. It is safe for use by several goroutines
// and allocates nothing per vector.
//
// What costs time in a walk down a tree is the branch at each node that the processor guesses wrong, and then the wait for
// the next node. So trees are walked without branches, eight at a time: comparisons are numbers that are added to the
// index of the next node. The eight walkers do not wait for each other, since a leaf leads on to the root of its
// walker's next tree.
//
//   - A threshold is compared as an integer that orders as the number does, see [keyOf].
//   - Which way NaN goes is no question at the node: a feature has a column for each of the ways, see [column].
//   - A node stores its threshold in the slot of its tree as if it were a leaf's value. The leaf comes last.
//   - Columns and slots are counted in bytes, so that no index needs a check; a forest that needs more of them is cut
//     into blocks.
//
// Trees that this does not suit, see [plan.choose], are walked one at a time.
type Fast struct {
	blocks  []block
	width   int
	scratch sync.Pool // of *scratch
}

// scratch is what one vector is evaluated in.
type scratch struct {
	keys  [256]int64 // per column; column 0 is never at or below a threshold
	slots [256]int64 // the bits of each tree's value; the last is never read
}

const (
	walkers    = 8
	maxColumns = 255 // of a block, besides column 0
	maxTrees   = 255 // of a block
	unread     = 255 // the slot of nodes that are not leaves
)

// Fast returns an evaluator of f whose feature i is read from position at[i] of vectors that are width long; width must
// be above every position.
func (f *Forest) Fast(at []int, width int) *Fast {
	e := &Fast{width: width, blocks: newBlocks(f, at)}
	e.scratch.New = func() any {
		s := new(scratch)
		s.keys[0] = math.MaxInt64
		return s
	}
	return e
}

// Margin returns the sum of the trees; it is finite. A vector of another length than the width is a mistake in the
// program, and panics.
func (e *Fast) Margin(v []float64) float64 {
	if len(v) != e.width {
		panic(fmt.Sprintf("forest: a vector of %d values for an evaluator of %d", len(v), e.width))
	}
	s := e.scratch.Get().(*scratch)
	sum := 0.0
	for i := range e.blocks {
		sum = e.blocks[i].add(sum, v, s)
	}
	e.scratch.Put(s)
	return sum
}

// Margins sets dst to the margins of the vectors that lie one after the other in rows: the same bits as from Margin.
func (e *Fast) Margins(dst, rows []float64) {
	if len(rows) != len(dst)*e.width {
		panic(fmt.Sprintf("forest: %d values for %d vectors of %d", len(rows), len(dst), e.width))
	}
	clear(dst)
	s := e.scratch.Get().(*scratch)
	for i := range e.blocks { // a block stays in the processor's cache
		for j := range dst {
			dst[j] = e.blocks[i].add(dst[j], rows[j*e.width:(j+1)*e.width], s)
		}
	}
	e.scratch.Put(s)
}

// add returns the sum with the block's trees added one by one, in their order, as floating-point numbers demand.
func (b *block) add(sum float64, v []float64, s *scratch) float64 {
	if len(b.walked) > 0 {
		b.fill(v, &s.keys)
		b.walk(s)
	}
	for i := range b.single {
		t := &b.single[i]
		s.slots[t.slot] = t.value(v)
	}
	for _, bits := range s.slots[:b.trees] {
		sum += math.Float64frombits(uint64(bits))
	}
	return sum
}

// fill sets the columns.
func (b *block) fill(v []float64, keys *[256]int64) {
	for i, c := range b.columns {
		// The sum makes -0 the 0 that it equals.
		bits := int64(math.Float64bits(v[c.at] + 0))
		nan := (infinity - bits&math.MaxInt64) >> 63 // all ones or none
		keys[uint8(i+1)] = keyOf(bits)&^nan | c.missing&nan
	}
}

// infinity is the bits of +Inf. Those of NaN are above, the sign apart.
const infinity = 0x7FF << 52

// keyOf returns an integer that orders as the number does whose bits are given, NaN and -0 apart.
func keyOf(bits int64) int64 { return bits ^ int64(uint64(bits>>63)>>1) }

// walk walks down the trees that are walked beside each other.
func (b *block) walk(s *scratch) {
	nodes := b.walked
	w0, w1, w2, w3, w4, w5, w6, w7 := b.roots[0], b.roots[1], b.roots[2], b.roots[3], b.roots[4], b.roots[5], b.roots[6], b.roots[7]
	for w0|w1|w2|w3|w4|w5|w6|w7 != 0 { // node 0 leads to itself
		w0 = nodes[w0].step(s)
		w1 = nodes[w1].step(s)
		w2 = nodes[w2].step(s)
		w3 = nodes[w3].step(s)
		w4 = nodes[w4].step(s)
		w5 = nodes[w5].step(s)
		w6 = nodes[w6].step(s)
		w7 = nodes[w7].step(s)
	}
}

// step returns the index of the node to go to.
func (n *walkNode) step(s *scratch) uint32 {
	key := n.key
	s.slots[n.slot] = key
	left := uint32(0)
	if s.keys[n.column] <= key { // compiled to a number, not to a branch
		left = 1
	}
	return n.next + left
}

// value returns the bits of the value of the leaf that v comes to.
func (t *singleTree) value(v []float64) int64 {
	at := t.root
	for at >= 0 {
		n := &t.nodes[at]
		x := v[n.feature]
		switch {
		case x <= n.threshold:
			at = n.left
		case x > n.threshold:
			at = n.right
		default:
			at = n.missing
		}
	}
	return t.values[^at]
}
