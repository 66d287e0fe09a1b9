package scoring

import (
	"fmt"
	"math"
	"sync"

	"github.com/weir-fraud/weir/features"
)

// farthest is the most standard deviations that are told apart. It keeps infinities out of sums.
const farthest = 1e6

// Kind says which accounts a transaction's own account is like, and how far the transaction is from theirs.
type Kind struct {
	Group    int     // its number, from 1, as the manifest lists them
	Accounts int64   // how many accounts of the training data are in it
	Distance float64 // in the group's standard deviations; NaN where nothing could be compared

	// What of the transaction is furthest from the usual, and what is usual: the mean and its standard deviation, both
	// as the logarithm of 1 + x where Term.Log says so.
	Furthest     Term
	At           int // position of the furthest feature in the vector
	Mean, Spread float64
	Deviations   float64 // with its sign
}

// kinds are groups that read vectors of one schema. It is safe for use by several goroutines.
type kinds struct {
	groups    *Groups
	behaviour []int // position of each behaviour's feature
	compared  []int
	width     int
	vectors   sync.Pool // of *features.Vector of width+1
}

func (g *Groups) bind(schema *features.Schema) *kinds {
	k := &kinds{groups: g, width: schema.Len()}
	for i := range g.Behaviour {
		k.behaviour = append(k.behaviour, schema.Index(g.Behaviour[i].Feature))
	}
	for i := range g.Compared {
		k.compared = append(k.compared, schema.Index(g.Compared[i].Feature))
	}
	k.vectors.New = func() any {
		v := make(features.Vector, k.width+1)
		return &v
	}
	return k
}

// margin is the evaluator's answer to v with its distance as one value more.
func (k *kinds) margin(trees evaluator, v features.Vector) float64 {
	if len(v) != k.width {
		panic(fmt.Sprintf("scoring: a vector of %d values for a scorer of %d", len(v), k.width))
	}
	extended := k.vectors.Get().(*features.Vector)
	k.extend(*extended, v)
	margin := trees.Margin(*extended)
	k.vectors.Put(extended)
	return margin
}

// extend writes v and its distance to dst, which is one longer.
func (k *kinds) extend(dst, v features.Vector) {
	copy(dst, v)
	dst[k.width] = k.distance(v)
}

// own returns the group whose centre is nearest to the account's behaviour, the first of equally near ones. What is
// missing is near to every centre.
func (k *kinds) own(v features.Vector) int {
	best, least := 0, math.Inf(1)
	for i := range k.groups.Centres {
		centre, sum := k.groups.Centres[i].Behaviour, 0.0
		for j, at := range k.behaviour {
			b := &k.groups.Behaviour[j]
			z := deviation(b.value(v[at]), b.Mean, b.Scale) - centre[j]
			if z == z {
				sum += float64(z * z)
			}
		}
		if sum < least {
			best, least = i, sum
		}
	}
	return best
}

// distance returns how far a transaction is from those of its own group.
func (k *kinds) distance(v features.Vector) float64 {
	centre := &k.groups.Centres[k.own(v)]
	sum, n := 0.0, 0
	for j, at := range k.compared {
		z := deviation(k.groups.Compared[j].value(v[at]), centre.Mean[j], centre.Spread[j])
		if z == z {
			sum += float64(z * z)
			n++
		}
	}
	return math.Sqrt(sum / float64(n)) // 0/0, nothing to compare, is NaN
}

func deviation(x, mean, spread float64) float64 {
	return min(max((x-mean)/spread, -farthest), farthest)
}

// kind is distance with what an analyst is told of it.
func (k *kinds) kind(v features.Vector) Kind {
	own := k.own(v)
	centre := &k.groups.Centres[own]
	kind := Kind{Group: own + 1, Accounts: centre.Accounts, Distance: k.distance(v), At: -1}
	for j, at := range k.compared {
		term := k.groups.Compared[j]
		z := deviation(term.value(v[at]), centre.Mean[j], centre.Spread[j])
		if z == z && (kind.At < 0 || math.Abs(z) > math.Abs(kind.Deviations)) {
			kind.Furthest, kind.At, kind.Deviations = term, at, z
			kind.Mean, kind.Spread = centre.Mean[j], centre.Spread[j]
		}
	}
	return kind
}

// Kind returns what the accounts are that a transaction's own account is like, and false where the model has no groups.
// It is for explaining a score, and computes again what scoring did.
func (s *Scorer) Kind(v features.Vector) (Kind, bool) {
	if s.kinds == nil {
		return Kind{}, false
	}
	return s.kinds.kind(v), true
}
