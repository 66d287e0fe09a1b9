package app

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/weir-fraud/weir/scoring/forest"
)

// benchWidth is how many features the models have that engines are measured with: as many as the shipped model.
const benchWidth = 63

// benchRows returns vectors of independent values, a twelfth of them missing.
func benchRows(rng *rand.Rand, n int) [][]float64 {
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = make([]float64, benchWidth)
		for j := range rows[i] {
			rows[i][j] = rng.NormFloat64()
			if rng.IntN(12) == 0 {
				rows[i][j] = math.NaN()
			}
		}
	}
	return rows
}

// benchNames are the names of the values of [benchRows].
func benchNames() []string {
	names := make([]string, benchWidth)
	for i := range names {
		names[i] = fmt.Sprintf("f%d", i)
	}
	return names
}

// grownForest returns a forest, and the file it is read from, of so many trees and leaves that split rows of the named values as a
// trainer would who learned nothing: the larger of some leaves is split at one of its values. Shape and counts, and so
// paths, are like those of a trained one.
func grownForest(rng *rand.Rand, names []string, rows [][]float64, trees, leaves int) (*forest.Forest, string, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=%d\n"+
		"objective=binary sigmoid:1\nfeature_names=%s\ntree_sizes=%s\n\n",
		len(names)-1, strings.Join(names, " "), strings.TrimSpace(strings.Repeat("1 ", trees)))
	for i := range trees {
		g := &growing{rng: rng, leaves: [][][]float64{rows}, parent: []int{-1}}
		for len(g.leaves) < leaves {
			g.split()
		}
		g.write(&text, i)
	}
	text.WriteString("end of trees\n")
	f, err := forest.ParseLightGBM([]byte(text.String()), forest.DefaultLimits())
	if err != nil {
		return nil, "", fmt.Errorf("the model of %d leaves: %w", leaves, err)
	}
	return f, text.String(), nil
}

// growing is a tree that is being grown.
type growing struct {
	rng    *rand.Rand
	leaves [][][]float64 // the rows in each
	parent []int         // the node that each leaf hangs on

	features    []int
	thresholds  []float64
	left, right []int
	counts      []int // rows of each node
}

// split splits the largest of three leaves drawn at random.
func (g *growing) split() {
	at := g.rng.IntN(len(g.leaves))
	for range 2 {
		if other := g.rng.IntN(len(g.leaves)); len(g.leaves[other]) > len(g.leaves[at]) {
			at = other
		}
	}
	rows := g.leaves[at]
	if len(rows) == 0 {
		return
	}
	feature := g.rng.IntN(len(rows[0]))
	threshold := rows[g.rng.IntN(len(rows))][feature]
	if math.IsNaN(threshold) {
		return
	}
	var left, right [][]float64
	for _, row := range rows {
		if row[feature] <= threshold {
			left = append(left, row)
		} else {
			right = append(right, row)
		}
	}
	if len(left) == 0 || len(right) == 0 {
		return
	}
	node, fresh := len(g.features), len(g.leaves)
	if p := g.parent[at]; p >= 0 {
		children := g.left
		if g.right[p] == ^at {
			children = g.right
		}
		children[p] = node
	}
	g.features, g.thresholds = append(g.features, feature), append(g.thresholds, threshold)
	g.left, g.right = append(g.left, ^at), append(g.right, ^fresh)
	g.counts = append(g.counts, len(rows))
	g.leaves[at], g.parent[at] = left, node
	g.leaves, g.parent = append(g.leaves, right), append(g.parent, node)
}

// write writes the tree down as LightGBM does.
func (g *growing) write(w *strings.Builder, index int) {
	fmt.Fprintf(w, "Tree=%d\nnum_leaves=%d\nnum_cat=0\n", index, len(g.leaves))
	values, counts := make([]float64, len(g.leaves)), make([]int, len(g.leaves))
	for i, rows := range g.leaves {
		values[i], counts[i] = 0.1*g.rng.NormFloat64(), len(rows)
	}
	const nanIsMissing = 2 << 2 // decision_type; NaN goes to the right
	line(w, "split_feature", g.features)
	line(w, "threshold", g.thresholds)
	line(w, "decision_type", slices.Repeat([]int{nanIsMissing}, len(g.features)))
	line(w, "left_child", g.left)
	line(w, "right_child", g.right)
	line(w, "leaf_value", values)
	line(w, "leaf_count", counts)
	line(w, "internal_count", g.counts)
	w.WriteString("is_linear=0\nshrinkage=0.1\n\n\n")
}

func line[T any](w *strings.Builder, key string, list []T) {
	w.WriteString(key)
	for i, v := range list {
		w.WriteByte("= "[min(i, 1)])
		_, _ = fmt.Fprint(w, v) // a float64 in the shortest form that reads back to the same bits
	}
	w.WriteByte('\n')
}
