package scoring

import (
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/scoring/forest"
)

// Scorer scores the vectors of one schema with one model. It is safe for use by several goroutines and allocates
// nothing per vector. [Model.Bind] makes one.
type Scorer struct {
	trees *forest.Leaves // reads a schema's vector in place: its features have the schema's positions
	link  Link
	width int // of the schema
}

// Score returns the model's score, in [0, 1]: the probability of fraud, or what the manifest's link makes of the margin.
// Equal vectors give equal bits, whatever NaN they hold.
func (s *Scorer) Score(v features.Vector) float64 { return s.link.Score(s.Margin(v)) }

// Margin returns the sum of the trees, the log-odds of fraud under the logistic link; it is finite. A vector of another length than the
// schema's is a mistake in the program, and panics.
func (s *Scorer) Margin(v features.Vector) float64 { return s.trees.Margin(v) }
