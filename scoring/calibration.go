package scoring

import (
	"errors"
	"fmt"
	"math"

	"github.com/weir-fraud/weir/payment"
)

// CalibrationKind is how a score becomes the share of fraud among transactions of that score.
type CalibrationKind string

// The kinds of calibration.
const (
	Isotonic CalibrationKind = "isotonic" // straight lines between knots
	Platt    CalibrationKind = "platt"    // a logistic curve over the margin
)

// Calibration corrects a model's scores, so that of the transactions that score 0.1 one in ten is fraud whatever the
// model: thresholds then survive a swap. It rises strictly, so it ranks as the model does: a step would make one score
// of many, and neither a threshold nor an alert budget can tell those apart.
type Calibration struct {
	Kind CalibrationKind `json:"kind"`

	// Isotonic: the score Scores[i] becomes Probabilities[i], and between two knots lies a straight line. Both rise
	// strictly, and the scores go from 0 to 1.
	Scores        []float64 `json:"scores,omitempty"`
	Probabilities []float64 `json:"probabilities,omitempty"`

	// Platt: the margin m becomes 1/(1+e^-(Slope·m + Intercept)).
	Slope     *float64 `json:"slope,omitempty"`
	Intercept *float64 `json:"intercept,omitempty"`
}

// maxKnots is far beyond what labels can tell apart.
const maxKnots = 100_000

// Validate checks that the calibration gives a probability for every score, and a greater one for a greater score.
func (c *Calibration) Validate() error {
	switch c.Kind {
	case Isotonic:
		if c.Slope != nil || c.Intercept != nil {
			return errors.New("slope and intercept belong to platt, not to isotonic")
		}
		return c.validateKnots()
	case Platt:
		if c.Scores != nil || c.Probabilities != nil {
			return errors.New("scores and probabilities belong to isotonic, not to platt")
		}
		return c.validateCurve()
	}
	return fmt.Errorf("kind is %s instead of isotonic or platt", payment.Quote(string(c.Kind)))
}

func (c *Calibration) validateKnots() error {
	n := len(c.Scores)
	switch {
	case n < 2 || n > maxKnots:
		return fmt.Errorf("there are %d scores; isotonic needs from 2 to %d knots", n, maxKnots)
	case len(c.Probabilities) != n:
		return fmt.Errorf("there are %d scores and %d probabilities; each score needs its own", n, len(c.Probabilities))
	case c.Scores[0] != 0 || c.Scores[n-1] != 1:
		return fmt.Errorf("the scores go from %v to %v; they must go from 0 to 1, so that every score has a place", c.Scores[0], c.Scores[n-1])
	case !(c.Probabilities[0] >= 0 && c.Probabilities[n-1] <= 1):
		return fmt.Errorf("the probabilities go from %v to %v, and a probability lies from 0 to 1", c.Probabilities[0], c.Probabilities[n-1])
	}
	for i := 1; i < n; i++ {
		if !(c.Scores[i] > c.Scores[i-1] && c.Probabilities[i] > c.Probabilities[i-1]) {
			return fmt.Errorf("knot %d, from score %v to probability %v, does not lie above knot %d, from %v to %v: both must rise, "+
				"or different scores would become equal", i, c.Scores[i], c.Probabilities[i], i-1, c.Scores[i-1], c.Probabilities[i-1])
		}
	}
	return nil
}

func (c *Calibration) validateCurve() error {
	finite := func(p *float64) bool { return p != nil && !math.IsNaN(*p) && !math.IsInf(*p, 0) }
	switch {
	case !finite(c.Slope) || !finite(c.Intercept):
		return errors.New("platt needs a slope and an intercept, both finite")
	case *c.Slope <= 0:
		return fmt.Errorf("the slope is %v; it must be above 0, or a greater score would mean less fraud", *c.Slope)
	}
	return nil
}

// Apply returns the calibrated score of a margin and the score that it stands for. Without a calibration that is the
// score itself. Equal arguments give equal bits on every processor.
func (c *Calibration) Apply(margin, score float64) float64 {
	switch {
	case c == nil:
		return score
	case c.Kind == Platt:
		return Probability(float64(*c.Slope*margin) + *c.Intercept)
	}
	return c.interpolate(score)
}

// Stretch returns by how much the log-odds of the score rise where the margin rises by 1: a curve's slope. Between knots
// that differs from place to place, and without a calibration the margin's own measure holds: it is 1 for both.
func (c *Calibration) Stretch() float64 {
	if c == nil || c.Kind != Platt {
		return 1
	}
	return *c.Slope
}

// interpolate is exact at the knots, and rises also between the numbers that a float64 can hold: each step rounds in
// one direction only. The product is converted explicitly, which forbids the compiler to fuse it with the sum.
func (c *Calibration) interpolate(score float64) float64 {
	low, high := 0, len(c.Scores)-1 // Scores[low] ≤ score < Scores[high], but for the last
	for high-low > 1 {
		if middle := int(uint(low+high) / 2); score >= c.Scores[middle] {
			low = middle
		} else {
			high = middle
		}
	}
	from, to := c.Probabilities[low], c.Probabilities[high]
	part := (score - c.Scores[low]) / (c.Scores[high] - c.Scores[low])
	return min(from+float64(part*(to-from)), to)
}
