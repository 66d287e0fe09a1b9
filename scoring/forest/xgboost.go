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

// ParseXGBoost reads a model in XGBoost's JSON form, of versions 1 to 3, and checks that every score it can give is the
// one XGBoost gives, but for the rounding of sums, which are float32 there. What it does not understand it refuses.
//
// The margin that XGBoost starts from is the forest's first tree, of a single leaf. Comparisons in float32 are folded
// into the thresholds, see justBelow.
func ParseXGBoost(data []byte, limits Limits) (*Forest, error) {
	if int64(len(data)) > limits.ModelBytes {
		return nil, tooLarge(int64(len(data)), limits)
	}
	r := &jsonReader{data: data}
	if r.peek() != '{' {
		return nil, errors.New("this is not an XGBoost model in JSON (it does not begin with {); " +
			`write it with Booster.save_model("model.json")`)
	}
	h, err := readXGBoostHeader(r, limits)
	if err != nil {
		return nil, err
	}
	f := &Forest{names: h.names, binary: true}
	base, err := baseMargin(h.model["base_score"])
	if err != nil {
		return nil, err
	}
	f.trees = append(f.trees, tree{values: []float64{base}, leafCounts: []int64{1}})
	if err := h.booster.read(f, len(f.names), limits); err != nil {
		return nil, err
	}
	return f, checkForest(f, len(f.trees), true)
}

// xgboostHeader is all of a file but its trees.
type xgboostHeader struct {
	version   []string
	names     []string
	types     []string
	objective string
	model     map[string]string
	booster   xgboostBooster
}

// readXGBoostHeader passes the whole file, so that what comes after the trees is known before they are read.
func readXGBoostHeader(r *jsonReader, limits Limits) (*xgboostHeader, error) {
	h := &xgboostHeader{model: map[string]string{}}
	var booster jsonReader
	texts := func(into *[]string, limit int, one func() (string, error)) func() error {
		return func() error {
			return r.array(limit, func() error {
				s, err := one()
				*into = append(*into, s)
				return err
			})
		}
	}
	word := func() (string, error) {
		w, err := r.word()
		return string(w), err
	}
	err := r.fields(map[string]func() error{
		"version": texts(&h.version, 3, word),
		"learner": func() error {
			return r.fields(map[string]func() error{
				"attributes":          r.skip,
				"feature_names":       texts(&h.names, limits.Features, r.text),
				"feature_types":       texts(&h.types, limits.Features, r.text),
				"gradient_booster":    r.later(&booster),
				"learner_model_param": r.parameters(h.model),
				"objective": func() error {
					return r.object(func(key string) (err error) {
						if key == "name" {
							h.objective, err = r.text()
							return err
						}
						return r.skip()
					})
				},
			})
		},
	})
	if err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	if err := h.check(limits); err != nil {
		return nil, err
	}
	return h, h.booster.find(&booster, limits)
}

// check checks the header, and gives names to features that have none.
func (h *xgboostHeader) check(limits Limits) error {
	major := strings.Join(h.version[:min(1, len(h.version))], "")
	switch {
	case major != "1" && major != "2" && major != "3":
		return fmt.Errorf("version %s is not one of 1, 2 and 3; save the model with XGBoost 1 to 3", payment.Quote(major))
	case h.objective != "binary:logistic":
		return fmt.Errorf("the objective is %s: only binary:logistic gives a probability here; train with objective=binary:logistic",
			payment.Quote(h.objective))
	case !slices.Contains([]string{"", "0", "1"}, h.model["num_class"]) || !slices.Contains([]string{"", "0", "1"}, h.model["num_target"]):
		return fmt.Errorf("num_class is %s and num_target %s: only models of one class can be scored; train with objective=binary:logistic",
			payment.Quote(h.model["num_class"]), payment.Quote(h.model["num_target"]))
	case slices.Contains(h.types, "c"):
		return fmt.Errorf("feature %d is categorical, and cannot be scored; train with numeric features only", slices.Index(h.types, "c"))
	}
	n, err := strconv.Atoi(h.model["num_feature"])
	switch {
	case err != nil || n < 1:
		return fmt.Errorf("num_feature is %s, not a positive number; save the model again", payment.Quote(h.model["num_feature"]))
	case n > limits.Features:
		return fmt.Errorf("the model has %d features, and %d are allowed; train on fewer, or raise the limit", n, limits.Features)
	case len(h.names) == 0: // trained without names: they get those that LightGBM gives
		for i := range n {
			h.names = append(h.names, fmt.Sprintf("Column_%d", i))
		}
	case len(h.names) != n:
		return fmt.Errorf("num_feature is %d and there are %d feature_names: the file contradicts itself; save the model again",
			n, len(h.names))
	}
	return nil
}

// baseMargin is the log-odds of base_score, as XGBoost computes it. Versions from 3.1 write a list of one.
func baseMargin(text string) (float64, error) {
	if inner, ok := strings.CutPrefix(text, "["); ok {
		text = strings.TrimSuffix(inner, "]")
	}
	p, err := strconv.ParseFloat(text, 32)
	if err != nil || !(p > 0 && p < 1) {
		return 0, fmt.Errorf("base_score is %s, not a probability above 0 and below 1; train with another base_score", payment.Quote(text))
	}
	odds := float32(1/float32(p)) - 1
	return float64(float32(-math.Log(float64(odds)))), nil
}

// xgboostBooster is where the trees stand, and what scales them.
type xgboostBooster struct {
	trees   jsonReader
	model   map[string]string
	weights []float64 // dart: one for each tree
	dart    bool
}

// find reads the booster but for the trees.
func (b *xgboostBooster) find(r *jsonReader, limits Limits) error {
	var name string
	var model, inner jsonReader
	// The name decides which other keys there are, and comes after them.
	scan := *r
	err := scan.object(func(key string) (err error) {
		if key == "name" {
			name, err = scan.text()
			return err
		}
		return scan.skip()
	})
	if err != nil {
		return fmt.Errorf("gradient_booster: %w", err)
	}
	switch name {
	case "gbtree":
		err = r.fields(map[string]func() error{"name": r.skip, "model": r.later(&model)})
	case "dart":
		b.dart = true
		err = r.fields(map[string]func() error{"name": r.skip, "gbtree": r.later(&inner), "weight_drop": func() error {
			return r.array(limits.Trees, func() error {
				w, err := r.single()
				b.weights = append(b.weights, float64(w))
				return err
			})
		}})
		if err == nil {
			err = inner.fields(map[string]func() error{"name": inner.skip, "model": inner.later(&model)})
		}
	case "gblinear":
		return errors.New("the booster is gblinear: linear models cannot be scored; train with booster=gbtree")
	default:
		return fmt.Errorf("the booster is %s; train with booster=gbtree or dart", payment.Quote(name))
	}
	if err != nil {
		return fmt.Errorf("gradient_booster: %w", err)
	}
	b.model = map[string]string{}
	if err := model.fields(map[string]func() error{
		"gbtree_model_param": model.parameters(b.model),
		"tree_info":          model.skip, // the class of each tree, and there is one
		"iteration_indptr":   model.skip,
		"cats":               model.skip, // of categorical features, of which there are none
		"trees":              model.later(&b.trees),
	}); err != nil {
		return fmt.Errorf("gradient_booster: model: %w", err)
	}
	return nil
}

// read appends the trees to f.
func (b *xgboostBooster) read(f *Forest, features int, limits Limits) error {
	want, err := strconv.Atoi(b.model["num_trees"])
	switch {
	case err != nil || want < 1:
		return fmt.Errorf("num_trees is %s: the model has no trees; train at least one", payment.Quote(b.model["num_trees"]))
	case want > limits.Trees:
		return fmt.Errorf("the model has %d trees, and %d are allowed; train fewer with a higher learning rate, or raise the limit",
			want, limits.Trees)
	case b.dart && len(b.weights) != want:
		return fmt.Errorf("weight_drop has %d values for %d trees; the file is damaged, copy it again", len(b.weights), want)
	}
	p := &xgboostTree{r: b.trees, features: features, limits: limits}
	have := 0
	if err := p.r.array(want, func() error {
		weight := 1.0
		if b.dart {
			weight = b.weights[have]
		}
		t, err := p.read(weight)
		if err != nil {
			return fmt.Errorf("tree %d: %w", have, err)
		}
		f.trees = append(f.trees, t)
		have++
		return nil
	}); err != nil {
		return err
	}
	if have != want {
		return fmt.Errorf("there are %d trees, and num_trees is %d; the file is damaged, copy it again", have, want)
	}
	return nil
}
