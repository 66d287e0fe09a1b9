package forest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/weir-fraud/weir/payment"
)

// hessianUnit is the unit that leaves are weighed in. XGBoost does not write how many rows reached a leaf but the sum of
// their second derivatives, a fraction, and its attribution goes by that.
const hessianUnit = 1 << 24

// xgboostTree reads trees. Its lists are those of the file, one value for each node, and are used again for the next tree.
type xgboostTree struct {
	r        jsonReader
	features int
	limits   Limits

	left, right []int32
	feature     []int32
	condition   []float32 // the threshold of a split, the value of a leaf
	hessian     []float32
	defaultLeft []bool
	seen        []bool
}

// read reads a tree and multiplies its leaves by weight.
func (p *xgboostTree) read(weight float64) (tree, error) {
	r := &p.r
	p.left, p.right, p.feature, p.condition = p.left[:0], p.right[:0], p.feature[:0], p.condition[:0]
	p.hessian, p.defaultLeft = p.hessian[:0], p.defaultLeft[:0]
	parameters := map[string]string{}
	// Pruned nodes stay in the lists, so there may be more of them than a tree of so many leaves has.
	nodes := 4 * p.limits.Leaves
	err := r.fields(map[string]func() error{
		"left_children":       appendAll(r, nodes, &p.left, r.child),
		"right_children":      appendAll(r, nodes, &p.right, r.child),
		"split_indices":       appendAll(r, nodes, &p.feature, r.child),
		"split_conditions":    appendAll(r, nodes, &p.condition, r.float),
		"sum_hessian":         appendAll(r, nodes, &p.hessian, r.float),
		"default_left":        appendAll(r, nodes, &p.defaultLeft, r.truth),
		"tree_param":          r.parameters(parameters),
		"split_type":          func() error { return r.array(nodes, r.numericSplit) },
		"base_weights":        r.skip,
		"categories":          r.skip,
		"categories_nodes":    r.skip,
		"categories_segments": r.skip,
		"categories_sizes":    r.skip,
		"id":                  r.skip,
		"leaf_child_counts":   r.skip,
		"loss_changes":        r.skip,
		"parents":             r.skip,
	})
	if err != nil {
		return tree{}, err
	}
	deleted, err := p.check(parameters)
	if err != nil {
		return tree{}, err
	}
	return p.build(weight, deleted)
}

// check holds that the lists are of one length, and returns how many nodes of them were pruned, or -1 where the file does
// not say, as those of version 1.0.
func (p *xgboostTree) check(parameters map[string]string) (int, error) {
	n := len(p.left)
	switch {
	case n == 0:
		return 0, errors.New("left_children is missing or empty; the file is damaged, copy it again")
	case !slices.Contains([]string{"", "0", "1"}, parameters["size_leaf_vector"]):
		return 0, fmt.Errorf("size_leaf_vector is %s: only models of one class can be scored; train with objective=binary:logistic",
			payment.Quote(parameters["size_leaf_vector"]))
	case parameters["num_nodes"] != strconv.Itoa(n):
		return 0, fmt.Errorf("left_children has %d values, and num_nodes is %s; the file is damaged, copy it again",
			n, payment.Quote(parameters["num_nodes"]))
	}
	for _, list := range []struct {
		name   string
		length int
	}{
		{"right_children", len(p.right)},
		{"split_indices", len(p.feature)},
		{"split_conditions", len(p.condition)},
		{"default_left", len(p.defaultLeft)},
		{"sum_hessian", len(p.hessian)},
	} {
		if list.length != n {
			return 0, fmt.Errorf("%s has %d values instead of %d; the file is damaged, copy it again", list.name, list.length, n)
		}
	}
	text, ok := parameters["num_deleted"]
	if !ok {
		return -1, nil
	}
	deleted, err := strconv.Atoi(text)
	if err != nil || deleted < 0 {
		return 0, fmt.Errorf("num_deleted is %s, not a number of nodes; the file is damaged, copy it again", payment.Quote(text))
	}
	return deleted, nil
}

// build walks from the root, and holds that no node is reached twice and that all others were pruned.
func (p *xgboostTree) build(weight float64, deleted int) (tree, error) {
	n := len(p.left)
	p.seen = append(p.seen[:0], make([]bool, n)...)
	type place struct {
		node   int32
		parent int32 // in the tree that is built, or -1
		right  bool
	}
	t, reached := tree{}, 0
	for stack := []place{{parent: -1}}; len(stack) > 0; {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if at.node < 0 || int(at.node) >= n {
			return tree{}, fmt.Errorf("a node has the child %d, which does not exist; the file is damaged, copy it again", at.node)
		}
		if p.seen[at.node] {
			return tree{}, fmt.Errorf("node %d has two parents, or there is a cycle; the file is damaged, copy it again", at.node)
		}
		p.seen[at.node] = true
		reached++
		child, err := p.place(&t, at.node, weight)
		if err != nil {
			return tree{}, err
		}
		switch {
		case at.parent >= 0 && at.right:
			t.nodes[at.parent].right = child
		case at.parent >= 0:
			t.nodes[at.parent].left = child
		}
		if child >= 0 {
			stack = append(stack, place{p.right[at.node], child, true}, place{p.left[at.node], child, false})
		}
	}
	if deleted >= 0 && n-reached != deleted {
		return tree{}, fmt.Errorf("%d of %d nodes are not reached from the root, and %d were pruned; the file is damaged, copy it again",
			n-reached, n, deleted)
	}
	return t, nil
}

// place appends a node of the file to t and returns the index its parent has it by.
func (p *xgboostTree) place(t *tree, i int32, weight float64) (int32, error) {
	condition := p.condition[i]
	if p.left[i] == -1 {
		if v := float64(condition); math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("the leaf %d is %g, not a finite number; train the model again", i, v)
		}
		if len(t.values) == p.limits.Leaves {
			return 0, fmt.Errorf("there are more than %d leaves, which are allowed; train with fewer, or raise the limit", p.limits.Leaves)
		}
		t.values = append(t.values, float64(float64(condition)*weight))
		t.leafCounts = append(t.leafCounts, leafWeight(p.hessian[i]))
		return ^int32(len(t.values) - 1), nil
	}
	switch f := p.feature[i]; {
	case f < 0 || int(f) >= p.features:
		return 0, fmt.Errorf("node %d splits on feature %d, and the model has %d; the file is damaged, copy it again", i, f, p.features)
	case math.IsNaN(float64(condition)) || math.IsInf(float64(condition), -1):
		return 0, fmt.Errorf("the threshold of node %d is %g, not a number; train the model again", i, condition)
	}
	t.nodes = append(t.nodes, node{
		threshold:   justBelow(condition),
		feature:     p.feature[i],
		nanMissing:  true,
		defaultLeft: p.defaultLeft[i],
	})
	return int32(len(t.nodes) - 1), nil
}

// leafWeight is a sum of hessians in units, at least 1: a leaf is there because rows reached it.
func leafWeight(hessian float32) int64 {
	units := math.Round(float64(hessian) * hessianUnit)
	if !(units > 1) {
		return 1
	}
	return int64(min(units, 1<<52))
}

// appendAll returns a function that reads an array and appends its values to list.
func appendAll[T any](r *jsonReader, limit int, list *[]T, one func() (T, error)) func() error {
	return func() error {
		return r.array(limit, func() error {
			v, err := one()
			*list = append(*list, v)
			return err
		})
	}
}

// child reads the index of a node or of a feature. XGBoost marks what is pruned with numbers beyond an int32.
func (r *jsonReader) child() (int32, error) {
	w, err := r.word()
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseInt(string(w), 10, 64)
	if err != nil {
		return 0, r.errorf("%s is not a whole number; the file is damaged, copy it again", payment.Quote(string(w)))
	}
	if v < math.MinInt32 || v > math.MaxInt32 {
		v = math.MaxInt32
	}
	return int32(v), nil
}

// float reads a float32, which may be NaN or infinite.
func (r *jsonReader) float() (float32, error) {
	w, err := r.word()
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(string(w), 32)
	if err != nil {
		return 0, r.errorf("%s is not a number; the file is damaged, copy it again", payment.Quote(string(w)))
	}
	return float32(v), nil
}

// single reads a finite float32.
func (r *jsonReader) single() (float32, error) {
	v, err := r.float()
	if err == nil && (math.IsNaN(float64(v)) || math.IsInf(float64(v), 0)) {
		err = r.errorf("%g is not a finite number; train the model again", v)
	}
	return v, err
}

// truth reads true, false, 1 or 0: versions up to 1 write words, later ones numbers.
func (r *jsonReader) truth() (bool, error) {
	w, err := r.word()
	if err != nil {
		return false, err
	}
	switch string(w) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, r.errorf("%s is neither 0 nor 1; the file is damaged, copy it again", payment.Quote(string(w)))
}

// numericSplit passes the type of a split, which must be 0.
func (r *jsonReader) numericSplit() error {
	w, err := r.word()
	if err == nil && string(w) != "0" {
		err = r.errorf("a split is categorical, and cannot be scored; train with numeric features only")
	}
	return err
}
