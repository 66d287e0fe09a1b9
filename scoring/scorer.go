package scoring

import "github.com/weir-fraud/weir/features"

// Scorer scores the vectors of one schema with one model. It is safe for use by several goroutines and allocates
// nothing per vector. [Model.Bind] makes one.
type Scorer struct {
	trees evaluator // reads a schema's vector in place: its features have the schema's positions
	width int       // of the schema
}

// Score returns the probability of fraud, in [0, 1]. Equal vectors give equal bits, whatever NaN they hold.
func (s *Scorer) Score(v features.Vector) float64 { return Probability(s.Margin(v)) }

// Margin returns the sum of the trees, the log-odds of fraud; it is finite. A vector of another length than the
// schema's is a mistake in the program, and panics.
func (s *Scorer) Margin(v features.Vector) float64 { return s.trees.Margin(v) }
