package forest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// LightGBM packs a split's kind into decision_type: bit 0 categorical, bit 1 default left, bits 2 and 3 what counts
// as missing (0 nothing, 1 zero, 2 NaN).
const (
	decisionCategorical = 1 << 0
	decisionDefaultLeft = 1 << 1
	missingShift        = 2
	missingZero         = 1
	missingNaN          = 2
)

// parseTree reads and checks the section of tree number index in a model of the given number of features.
func parseTree(s map[string]string, index, features int, limits Limits) (tree, error) {
	if s["Tree"] != strconv.Itoa(index) {
		return tree{}, fmt.Errorf("the section is headed Tree=%s; the file is damaged or cut, copy it again", payment.Quote(s["Tree"]))
	}
	if v := s["num_cat"]; v != "0" {
		return tree{}, fmt.Errorf("num_cat is %s: categorical splits cannot be scored; train with numeric features only", payment.Quote(v))
	}
	if v, ok := s["is_linear"]; ok && v != "0" {
		return tree{}, fmt.Errorf("is_linear is %s: linear trees cannot be scored; train with linear_tree=false", payment.Quote(v))
	}
	leaves, err := strconv.Atoi(s["num_leaves"])
	switch {
	case err != nil || leaves < 1:
		return tree{}, fmt.Errorf("num_leaves is %s, not a positive number", payment.Quote(s["num_leaves"]))
	case leaves > limits.Leaves:
		return tree{}, fmt.Errorf("num_leaves is %d, and %d are allowed; train with fewer, or raise the limit", leaves, limits.Leaves)
	}
	t := tree{}
	if t.values, err = floats(s, "leaf_value", leaves); err != nil {
		return tree{}, err
	}
	if t.leafCounts, err = counts(s, "leaf_count", leaves); err != nil {
		return tree{}, err
	}
	if t.nodeCounts, err = counts(s, "internal_count", leaves-1); err != nil {
		return tree{}, err
	}
	if t.nodes, err = parseNodes(s, leaves-1, features); err != nil {
		return tree{}, err
	}
	return t, checkShape(t.nodes, leaves)
}

func parseNodes(s map[string]string, n, features int) ([]node, error) {
	// LightGBM writes inf where a split sends every value one way and what is missing the other.
	thresholds, err := floats(s, "threshold", n, math.Inf(1))
	if err != nil {
		return nil, err
	}
	var columns [4][]int64
	for i, key := range []string{"split_feature", "decision_type", "left_child", "right_child"} {
		if columns[i], err = integers(s, key, n); err != nil {
			return nil, err
		}
	}
	nodes := make([]node, n)
	for i := range nodes {
		feature, decision, left, right := columns[0][i], columns[1][i], columns[2][i], columns[3][i]
		if feature < 0 || feature >= int64(features) {
			return nil, fmt.Errorf("node %d splits on feature %d, and the model has %d; the file is damaged, copy it again",
				i, feature, features)
		}
		if err := checkDecision(i, decision); err != nil {
			return nil, err
		}
		for _, child := range []int64{left, right} {
			if child >= int64(n) || child < -int64(n)-1 {
				return nil, fmt.Errorf("node %d has the child %d, which does not exist; the file is damaged, copy it again", i, child)
			}
		}
		nodes[i] = node{
			threshold:   thresholds[i],
			feature:     int32(feature),
			left:        int32(left),
			right:       int32(right),
			nanMissing:  decision>>missingShift == missingNaN,
			defaultLeft: decision&decisionDefaultLeft != 0,
		}
	}
	return nodes, nil
}

func checkDecision(i int, decision int64) error {
	switch {
	case decision < 0 || decision>>missingShift > missingNaN:
		return fmt.Errorf("node %d has the decision_type %d, which LightGBM does not write; the file is damaged, copy it again",
			i, decision)
	case decision&decisionCategorical != 0:
		return fmt.Errorf("node %d is a categorical split, which cannot be scored; train with numeric features only", i)
	case decision>>missingShift == missingZero:
		return fmt.Errorf("node %d takes 0 for a missing value, and here only NaN is missing; train with zero_as_missing=false", i)
	}
	return nil
}

// checkShape walks from the root and holds that every node and every leaf is reached exactly once, which also bounds
// every later walk.
func checkShape(nodes []node, leaves int) error {
	if len(nodes) == 0 {
		return nil // a single leaf
	}
	seenNode, seenLeaf := make([]bool, len(nodes)), make([]bool, leaves)
	seenNode[0] = true
	reached := 1
	for stack := []int32{0}; len(stack) > 0; {
		n := nodes[stack[len(stack)-1]]
		stack = stack[:len(stack)-1]
		for _, child := range [2]int32{n.left, n.right} {
			seen, at := seenNode, child
			if child < 0 {
				seen, at = seenLeaf, ^child
			}
			if seen[at] {
				return errors.New("a node or leaf has two parents, or there is a cycle; the file is damaged, copy it again")
			}
			seen[at] = true
			reached++
			if child >= 0 {
				stack = append(stack, child)
			}
		}
	}
	if total := len(nodes) + leaves; reached != total {
		return fmt.Errorf("%d of %d nodes and leaves are not reached from the root; the file is damaged, copy it again",
			total-reached, total)
	}
	return nil
}

// fields cuts the value of key into exactly n parts. It counts before it allocates.
func fields(s map[string]string, key string, n int) ([]string, error) {
	value, ok := s[key]
	if !ok && n > 0 {
		return nil, fmt.Errorf("%s is missing; the file is damaged or cut, copy it again", key)
	}
	have := 0
	if value != "" {
		have = strings.Count(value, " ") + 1
	}
	if have != n {
		return nil, fmt.Errorf("%s has %d values instead of %d; the file is damaged or cut, copy it again", key, have, n)
	}
	if n == 0 {
		return nil, nil
	}
	return strings.Split(value, " "), nil
}

// floats reads n numbers, finite but for those that are listed.
func floats(s map[string]string, key string, n int, besides ...float64) ([]float64, error) {
	parts, err := fields(s, key, n)
	if err != nil {
		return nil, err
	}
	values := make([]float64, n)
	for i, part := range parts {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) && !slices.Contains(besides, v) {
			return nil, fmt.Errorf("%s %d is %s, not a finite number; train the model again", key, i, payment.Quote(part))
		}
		values[i] = v
	}
	return values, nil
}

func integers(s map[string]string, key string, n int) ([]int64, error) {
	parts, err := fields(s, key, n)
	if err != nil {
		return nil, err
	}
	values := make([]int64, n)
	for i, part := range parts {
		v, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s %d is %s, not a whole number; the file is damaged, copy it again", key, i, payment.Quote(part))
		}
		values[i] = v
	}
	return values, nil
}

// counts is integers for a key that a model may lack, and whose values are not negative.
func counts(s map[string]string, key string, n int) ([]int64, error) {
	if s[key] == "" {
		return nil, nil
	}
	values, err := integers(s, key, n)
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		if v < 0 {
			return nil, fmt.Errorf("%s %d is negative; the file is damaged, copy it again", key, i)
		}
	}
	return values, nil
}
