package forest

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/dmitryikh/leaves"
)

// Leaves evaluates a forest with the leaves library. It is safe for use by several goroutines and allocates nothing per
// vector.
type Leaves struct {
	ensemble *leaves.Ensemble
	width    int
	results  sync.Pool // of *[1]float64: the library's result must be on the heap
}

// Leaves returns an evaluator of f whose feature i is read from position at[i] of vectors that are width long; width must
// be above every position.
func (f *Forest) Leaves(at []int, width int) (*Leaves, error) {
	e, err := f.ensemble(at, width)
	if err != nil {
		return nil, err
	}
	l := &Leaves{ensemble: e, width: width}
	l.results.New = func() any { return new([1]float64) }
	return l, nil
}

// Margin returns the sum of the trees; it is finite. A vector of another length than the width is a mistake in the
// program, and panics.
func (l *Leaves) Margin(v []float64) float64 {
	if len(v) != l.width {
		panic(fmt.Sprintf("forest: a vector of %d values for an evaluator of %d", len(v), l.width))
	}
	result := l.results.Get().(*[1]float64)
	// The only errors are a short vector and a short result, and both have just been ruled out.
	_ = l.ensemble.Predict(v, 0, result[:])
	margin := result[0]
	l.results.Put(result)
	return margin
}

// ensemble builds the library's form of f.
//
// The library reads text only, of versions 2 and 3, and trusts it. It is therefore given text made from the checked
// forest, never the bytes of a file, and raw margins are asked of it, which need no objective.
func (f *Forest) ensemble(at []int, width int) (*leaves.Ensemble, error) {
	text := f.appendText(nil, at, width)
	e, err := leaves.LGEnsembleFromReader(bufio.NewReader(bytes.NewReader(text)), false)
	if err != nil {
		return nil, fmt.Errorf("build the ensemble: %w", err)
	}
	if e.NEstimators() != len(f.trees) {
		return nil, fmt.Errorf("build the ensemble: it has %d trees instead of %d", e.NEstimators(), len(f.trees))
	}
	return e, nil
}

// appendText renders f as LightGBM text, version 3, with its features moved to the positions at.
func (f *Forest) appendText(dst []byte, at []int, width int) []byte {
	dst = append(dst, "tree\nversion=v3\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx="...)
	dst = strconv.AppendInt(dst, int64(width-1), 10)
	dst = append(dst, "\ntree_sizes=0"...) // the library counts the entries and does not use them
	dst = append(dst, strings.Repeat(" 0", len(f.trees)-1)...)
	dst = append(dst, "\n\n"...)
	for i := range f.trees {
		dst = f.trees[i].appendText(dst, i, at)
	}
	return dst
}

func (t *tree) appendText(dst []byte, index int, at []int) []byte {
	dst = append(dst, "Tree="...)
	dst = strconv.AppendInt(dst, int64(index), 10)
	dst = append(dst, "\nnum_leaves="...)
	dst = strconv.AppendInt(dst, int64(len(t.values)), 10)
	dst = append(dst, "\nnum_cat=0"...)
	dst = appendList(dst, "leaf_value", t.values, appendFloat)
	if len(t.nodes) > 0 {
		integer := func(value func(*node) int) func([]byte, node) []byte {
			return func(dst []byte, n node) []byte { return strconv.AppendInt(dst, int64(value(&n)), 10) }
		}
		dst = appendList(dst, "split_feature", t.nodes, integer(func(n *node) int { return at[n.feature] }))
		dst = appendList(dst, "threshold", t.nodes, func(dst []byte, n node) []byte { return appendFloat(dst, n.threshold) })
		dst = appendList(dst, "decision_type", t.nodes, integer((*node).decisionType))
		dst = appendList(dst, "left_child", t.nodes, integer(func(n *node) int { return int(n.left) }))
		dst = appendList(dst, "right_child", t.nodes, integer(func(n *node) int { return int(n.right) }))
	}
	return append(dst, "\n\n"...)
}

func (n *node) decisionType() int {
	d := 0
	if n.defaultLeft {
		d |= decisionDefaultLeft
	}
	if n.nanMissing {
		d |= missingNaN << missingShift
	}
	return d
}

func appendList[T any](dst []byte, key string, list []T, appendOne func([]byte, T) []byte) []byte {
	dst = append(dst, '\n')
	dst = append(dst, key...)
	for i, v := range list {
		dst = append(dst, "= "[min(i, 1)])
		dst = appendOne(dst, v)
	}
	return dst
}

// appendFloat writes v in the shortest form that reads back to the same bits.
func appendFloat(dst []byte, v float64) []byte { return strconv.AppendFloat(dst, v, 'g', -1, 64) }
