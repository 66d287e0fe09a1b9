package scoring

import (
	"math"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/features"
)

// sum adds the values up, and something on top for vectors with a large first value.
type sum struct{ top float64 }

func (s sum) Margin(v []float64) float64 {
	if v[2] > 10 {
		return v[0] + v[2] + s.top
	}
	return v[0] + v[2]
}

// Engines that differ in one bit on one golden vector do not agree. The vectors lie where the schema has their features.
func TestEnginesAreHeldAgainstEachOther(t *testing.T) {
	list := []golden{{vector: features.Vector{1, 2}}, {vector: features.Vector{11, 2}}}
	at := []int{2, 0}
	if err := agree(list, at, 4, sum{}, sum{}); err != nil {
		t.Error(err)
	}
	err := agree(list, at, 4, sum{math.Nextafter(13, 14) - 13}, sum{})
	if err == nil || !strings.Contains(err.Error(), "vector 2 has the margin 13.000000000000002 by the engine fast and 13 by leaves") {
		t.Errorf("error %v", err)
	}
}
