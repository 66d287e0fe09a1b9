package scoring

import (
	"fmt"
	"sync"

	"github.com/dmitryikh/leaves"

	"github.com/weir-fraud/weir/features"
)

// Scorer scores the vectors of one schema with one model. It is safe for use by several goroutines and allocates
// nothing per vector. [Model.Bind] makes one.
type Scorer struct {
	ensemble *leaves.Ensemble // reads a schema's vector in place: its features have the schema's positions
	width    int
	results  sync.Pool // of *[1]float64: the library's result must be on the heap
}

func newScorer(f *forest, at []int, width int) (*Scorer, error) {
	e, err := f.ensemble(at, width)
	if err != nil {
		return nil, err
	}
	s := &Scorer{ensemble: e, width: width}
	s.results.New = func() any { return new([1]float64) }
	return s, nil
}

// Score returns the probability of fraud, in [0, 1]. Equal vectors give equal bits, whatever NaN they hold.
func (s *Scorer) Score(v features.Vector) float64 { return Probability(s.Margin(v)) }

// Margin returns the sum of the trees, the log-odds of fraud; it is finite. A vector of another length than the
// schema's is a mistake in the program, and panics.
func (s *Scorer) Margin(v features.Vector) float64 {
	if len(v) != s.width {
		panic(fmt.Sprintf("scoring: a vector of %d values for a scorer of %d", len(v), s.width))
	}
	result := s.results.Get().(*[1]float64)
	// The only errors are a short vector and a short result, and both have just been ruled out.
	_ = s.ensemble.Predict(v, 0, result[:])
	margin := result[0]
	s.results.Put(result)
	return margin
}
