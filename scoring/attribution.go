package scoring

import (
	"fmt"
	"slices"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/scoring/forest"
)

// Attribution tells how much each value of a vector adds to the model's margin. It is immutable and safe for concurrent
// use, with a scratch for each goroutine.
type Attribution struct {
	trees *forest.Attribution
	kinds *kinds // nil where the model reads no distance from a group
	width int
}

// AttributionScratch is the memory that an explanation works in.
type AttributionScratch struct {
	trees  *forest.Scratch
	inputs features.Vector // a vector and its distance; nil without groups
}

// Attribution returns what tells for a vector of the schema how much each value adds to the model's margin. An error that
// wraps [forest.ErrNoAttribution] says what the model lacks for it; it scores all the same.
func (m *Model) Attribution(schema *features.Schema) (*Attribution, error) {
	at, err := schema.Project(m.Schema())
	if err != nil {
		return nil, fmt.Errorf("model %s cannot read these features: %w", m.ID(), err)
	}
	a := &Attribution{width: schema.Len()}
	if g := m.manifest.Groups; g != nil {
		a.kinds = g.bind(schema)
		at = append(slices.Clone(at), a.width)
		a.width++
	}
	if a.trees, err = m.forest.Attribution(at, a.width); err != nil {
		return nil, fmt.Errorf("model %s: %w", m.ID(), err)
	}
	return a, nil
}

// Width returns how many shares there are: one for each value of a vector and, of a model with groups, one more for the
// distance from the own group.
func (a *Attribution) Width() int { return a.width }

// Base returns the margin's mean over the training data: with the shares it adds up to the margin.
func (a *Attribution) Base() float64 { return a.trees.Base() }

// NewScratch returns the memory that Explain needs.
func (a *Attribution) NewScratch() *AttributionScratch {
	s := &AttributionScratch{trees: a.trees.NewScratch()}
	if a.kinds != nil {
		s.inputs = make(features.Vector, a.width)
	}
	return s
}

// Explain sets shares, which is Width long, to what each value of v adds to the margin, and returns Base.
func (a *Attribution) Explain(v features.Vector, shares []float64, s *AttributionScratch) (base float64) {
	if a.kinds != nil {
		a.kinds.extend(s.inputs, v)
		v = s.inputs
	}
	return a.trees.Explain(v, shares, s.trees)
}
