package scoring

import "github.com/weir-fraud/weir/features"

// Scorer scores the vectors of one schema with one model. It is safe for use by several goroutines and allocates
// nothing per vector. [Model.Bind] makes one.
type Scorer struct {
	trees       evaluator // reads a schema's vector in place: its features have the schema's positions
	kinds       *kinds    // nil where the model reads no distance from a group
	link        Link
	calibration *Calibration // nil for none
	width       int          // of the schema
}

// Score returns the model's score, in [0, 1]: the probability of fraud, or what the manifest's link and calibration make
// of the margin. Equal vectors give equal bits, whatever NaN they hold.
func (s *Scorer) Score(v features.Vector) float64 { return s.probability(s.Margin(v)) }

// probability is the way from a margin to a score.
func (s *Scorer) probability(margin float64) float64 {
	return s.calibration.Apply(margin, s.link.Score(margin))
}

// Margin returns the sum of the trees, the log-odds of fraud under the logistic link; it is finite. A vector of another
// length than the schema's is a mistake in the program, and panics.
func (s *Scorer) Margin(v features.Vector) float64 {
	if s.kinds != nil {
		return s.kinds.margin(s.trees, v)
	}
	return s.trees.Margin(v)
}
