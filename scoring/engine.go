package scoring

import (
	"fmt"
	"math"

	"github.com/weir-fraud/weir/features"
)

// Engine is what walks the trees.
type Engine string

// The engines give the same bits. EngineLeaves is the leaves library, EngineFast takes a fraction of its time.
const (
	EngineFast   Engine = "fast"
	EngineLeaves Engine = "leaves"
)

// Known reports whether there is such an engine.
func (e Engine) Known() bool { return e == EngineFast || e == EngineLeaves }

// With returns the model with another engine. A model that was loaded has EngineFast.
func (m *Model) With(e Engine) *Model {
	other := *m
	other.engine = e
	return &other
}

// evaluator sums the trees of a forest.
type evaluator interface {
	Margin(v []float64) float64
}

// evaluator returns that of the model's engine, for vectors that are width long with the model's feature i at at[i].
// EngineFast is first held against EngineLeaves on the golden vectors.
func (m *Model) evaluator(at []int, width int) (evaluator, error) {
	leaves, err := m.forest.Leaves(at, width)
	if err != nil {
		return nil, err
	}
	if m.engine == EngineLeaves {
		return leaves, nil
	}
	fast := m.forest.Fast(at, width)
	if err := agree(m.golden, at, width, fast, leaves); err != nil {
		return nil, fmt.Errorf("%s: %w", GoldenFile, err)
	}
	return fast, nil
}

// agree holds that the engines give the same bits.
func agree(list []golden, at []int, width int, fast, leaves evaluator) error {
	v := make(features.Vector, width)
	for i, g := range list {
		g.spread(v, at)
		if a, b := fast.Margin(v), leaves.Margin(v); math.Float64bits(a) != math.Float64bits(b) {
			return fmt.Errorf("vector %d has the margin %v by the engine %s and %v by %s: that is a mistake in Weir, and not in the "+
				"model; set model.engine to %s and report it", i+1, a, EngineFast, b, EngineLeaves, EngineLeaves)
		}
	}
	return nil
}

// spread sets v to the vector, with feature i at at[i] and nothing elsewhere.
func (g *golden) spread(v features.Vector, at []int) {
	for i := range v {
		v[i] = math.NaN()
	}
	for i, x := range g.vector {
		v[at[i]] = x
	}
}
