package forest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// Limits bounds what a model file may hold, so that a hostile or broken one costs bounded memory and time.
type Limits struct {
	ModelBytes int64 // size of the file
	Features   int   // features of the model
	Trees      int   // trees in the model
	Leaves     int   // leaves of one tree
}

// DefaultLimits allows 64 MiB, 10,000 features, 20,000 trees, and 131,072 leaves a tree, the most LightGBM can grow.
func DefaultLimits() Limits {
	return Limits{ModelBytes: 64 << 20, Features: 10_000, Trees: 20_000, Leaves: 131_072}
}

// The keys that LightGBM's text versions 2 to 4 write. One that is not here could change what the trees mean, so it is
// refused.
var (
	headerKeys = keySet("tree", "version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx",
		"objective", "average_output", "feature_names", "monotone_constraints", "feature_infos", "tree_sizes")
	treeKeys = keySet("Tree", "num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type",
		"left_child", "right_child", "leaf_value", "leaf_weight", "leaf_count", "internal_value", "internal_weight",
		"internal_count", "cat_boundaries", "cat_threshold", "is_linear", "leaf_const", "num_features",
		"leaf_features", "leaf_coeff", "shrinkage")
)

func keySet(keys ...string) map[string]bool {
	set := make(map[string]bool, len(keys))
	for _, k := range keys {
		set[k] = true
	}
	return set
}

// ParseLightGBM reads a model in LightGBM's text form, version 2, 3 or 4, and checks that every score it can give is
// the one LightGBM gives. What it does not understand it refuses.
func ParseLightGBM(data []byte, limits Limits) (*Forest, error) {
	if int64(len(data)) > limits.ModelBytes {
		return nil, tooLarge(int64(len(data)), limits)
	}
	if first, _, _ := bytes.Cut(data, []byte{'\n'}); string(bytes.TrimSuffix(first, []byte{'\r'})) != "tree" {
		return nil, errors.New(`this is not a LightGBM text model (its first line is not "tree"); ` +
			"write it with Booster.save_model")
	}
	r := &sectionReader{rest: data}
	header, err := r.section(headerKeys)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	f, want, err := parseHeader(header, limits)
	if err != nil {
		return nil, err
	}
	for r.more() {
		if len(f.trees) == want {
			return nil, fmt.Errorf("the file has more trees than the %d that tree_sizes names; save the model again", want)
		}
		section, err := r.section(treeKeys)
		if err != nil {
			return nil, fmt.Errorf("tree %d: %w", len(f.trees), err)
		}
		t, err := parseTree(section, len(f.trees), len(f.names), limits)
		if err != nil {
			return nil, fmt.Errorf("tree %d: %w", len(f.trees), err)
		}
		f.trees = append(f.trees, t)
	}
	if _, ok := header["average_output"]; ok {
		f.average()
	}
	return f, checkForest(f, want, r.ended || header["version"] == "v2")
}

// average divides the leaves by the number of trees: what boosting=rf predicts from is the mean of its trees.
func (f *Forest) average() {
	for i := range f.trees {
		for j := range f.trees[i].values {
			f.trees[i].values[j] /= float64(len(f.trees))
		}
	}
}

// checkForest checks what no single tree can show.
func checkForest(f *Forest, want int, ended bool) error {
	switch {
	case len(f.trees) < want:
		return fmt.Errorf("the file is cut off: it has %d of %d trees; copy it again", len(f.trees), want)
	case !ended:
		return errors.New(`the file is cut off: "end of trees" is missing; copy it again`)
	case f.splits() == 0:
		return errors.New("no tree has a split, so every transaction would get the same score; " +
			"train on more data or with smaller leaves")
	case math.IsInf(f.bound(), 0):
		return errors.New("the leaf values are so large that their sum overflows; train the model again")
	}
	return nil
}

func tooLarge(size int64, limits Limits) error {
	return fmt.Errorf("the file has %d bytes, and %d are allowed; train fewer trees or leaves, or raise the limit",
		size, limits.ModelBytes)
}

// parseHeader checks the header and returns an empty forest with the number of trees it announces.
func parseHeader(h map[string]string, limits Limits) (*Forest, int, error) {
	switch v := h["version"]; v {
	case "v2", "v3", "v4":
	default:
		return nil, 0, fmt.Errorf("version %s is not one of v2, v3 and v4; save the model with LightGBM 2.1 to 4", payment.Quote(v))
	}
	for _, key := range []string{"num_class", "num_tree_per_iteration"} {
		if h[key] != "1" {
			return nil, 0, fmt.Errorf("%s is %s: only models of one class can be scored; train with objective=binary",
				key, payment.Quote(h[key]))
		}
	}
	// LightGBM leaves the line out where the objective was a function of the caller's, and predicts the plain sum then.
	objective, binary := h["objective"]
	if binary {
		if err := checkObjective(objective); err != nil {
			return nil, 0, err
		}
	}
	if n := strings.Count(h["feature_names"], " ") + 1; n > limits.Features {
		return nil, 0, fmt.Errorf("the model has %d features, and %d are allowed; train on fewer, or raise the limit",
			n, limits.Features)
	}
	names := strings.Fields(h["feature_names"])
	if last, err := strconv.Atoi(h["max_feature_idx"]); err != nil || len(names) == 0 || last != len(names)-1 {
		return nil, 0, fmt.Errorf("max_feature_idx is %s and there are %d feature_names: the header contradicts itself; "+
			"save the model again", payment.Quote(h["max_feature_idx"]), len(names))
	}
	want := strings.Count(h["tree_sizes"], " ") + 1
	switch {
	case h["tree_sizes"] == "":
		return nil, 0, errors.New("the model has no trees (tree_sizes is empty or missing); train at least one")
	case want > limits.Trees:
		return nil, 0, fmt.Errorf("the model has %d trees, and %d are allowed; train fewer with a higher learning_rate, "+
			"or raise the limit", want, limits.Trees)
	}
	return &Forest{names: names, binary: binary}, want, nil
}

func checkObjective(objective string) error {
	name, parameter, _ := strings.Cut(objective, " ")
	if name != "binary" {
		return fmt.Errorf("the objective is %s: only binary gives a probability here; train with objective=binary",
			payment.Quote(objective))
	}
	value, ok := strings.CutPrefix(parameter, "sigmoid:")
	if s, err := strconv.ParseFloat(value, 64); !ok || err != nil || s != 1 {
		return fmt.Errorf("the objective is %s: only sigmoid:1 is supported; train with sigmoid=1", payment.Quote(objective))
	}
	return nil
}

// sectionReader cuts the file into sections: runs of key=value lines that a blank line ends.
type sectionReader struct {
	rest  []byte
	ended bool // the line "end of trees" was met
}

// line returns the next line without its end, and whether there was one.
func (r *sectionReader) line() ([]byte, bool) {
	if len(r.rest) == 0 {
		return nil, false
	}
	line, rest, _ := bytes.Cut(r.rest, []byte{'\n'})
	r.rest = rest
	return bytes.TrimSuffix(line, []byte{'\r'}), true
}

// more skips blank lines and reports whether a section follows: not at the end of the file, nor where the trees end.
func (r *sectionReader) more() bool {
	for {
		before := r.rest
		line, ok := r.line()
		switch {
		case !ok:
			return false
		case len(line) == 0:
			continue
		case string(line) == "end of trees":
			r.ended = true
			return false
		case string(line) == "feature importances:" || string(line) == "feature_importances:":
			return false
		}
		r.rest = before
		return true
	}
}

// section reads lines up to the next blank one. A line without "=" is a key with an empty value.
func (r *sectionReader) section(known map[string]bool) (map[string]string, error) {
	values := make(map[string]string, len(known))
	for {
		line, ok := r.line()
		if !ok || len(line) == 0 {
			return values, nil
		}
		key, value, _ := bytes.Cut(line, []byte{'='})
		if !known[string(key)] {
			return nil, fmt.Errorf("the key %s is not one that LightGBM 2 to 4 writes, and may change what the trees mean; "+
				"save the model with a version up to 4", payment.Quote(string(key)))
		}
		if _, twice := values[string(key)]; twice {
			return nil, fmt.Errorf("the key %s stands there twice; save the model again", payment.Quote(string(key)))
		}
		values[string(key)] = string(value)
	}
}
