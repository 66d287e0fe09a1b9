package scoring

import (
	"fmt"
	"math"
)

// Bands divide scores into actions by two thresholds. The zero Bands are not valid.
type Bands struct {
	Review  float64 // a score at or above it is reviewed; 0 … 1, or [Never]
	Decline float64 // a score at or above it is declined; Review … 1, above 0, or [Never]
}

// Never is the threshold that no score reaches.
func Never() float64 { return math.Inf(1) }

// Validate checks the thresholds.
func (b Bands) Validate() error {
	switch {
	case !(b.Review >= 0 && b.Review <= 1) && b.Review != Never():
		return fmt.Errorf("review is %v; give a probability from 0 to 1", b.Review)
	case !(b.Decline > 0 && b.Decline <= 1) && b.Decline != Never():
		return fmt.Errorf("decline is %v; give a probability above 0 and up to 1, or leave it out to never decline", b.Decline)
	case b.Decline < b.Review:
		return fmt.Errorf("decline is %v, below review, %v; raise decline or lower review", b.Decline, b.Review)
	}
	return nil
}

// Action returns the action for a score.
func (b Bands) Action(score float64) Action {
	switch {
	case score >= b.Decline:
		return Decline
	case score >= b.Review:
		return Review
	}
	return Approve
}
