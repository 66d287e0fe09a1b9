package scoring

import (
	"errors"
	"fmt"
	"math"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// GroupDistance is the name of the input that a model with groups has after its features: how far a transaction is
// from those of accounts that behave like its own.
const GroupDistance = "group_distance"

// Groups are groups of accounts that behave alike, as the trainer found them. A transaction's group is the one whose
// centre is nearest to what its account usually does; its distance is the root mean square of its deviations from what
// is usual in that group.
type Groups struct {
	Behaviour []Behaviour `json:"behaviour"` // what accounts are grouped by
	Compared  []Term      `json:"compared"`  // what a transaction is compared by
	Centres   []Centre    `json:"centres"`   // the groups
}

// Term is a feature of the model, as it is or as the logarithm of 1 + x with the sign of x.
type Term struct {
	Feature string `json:"feature"`
	Log     bool   `json:"log"`
}

// Behaviour is a term that is standardised before it is compared with the centres.
type Behaviour struct {
	Term
	Mean  float64 `json:"mean"`
	Scale float64 `json:"scale"`
}

// Centre is one group.
type Centre struct {
	Accounts  int64     `json:"accounts"`  // how many the trainer put into it
	Behaviour []float64 `json:"behaviour"` // its centre, standardised: a value for each behaviour
	Mean      []float64 `json:"mean"`      // what is usual in it: a value for each term that is compared
	Spread    []float64 `json:"spread"`    // and the standard deviation of that
}

// maxGroups bounds the work for a transaction.
const maxGroups = 256

func (g *Groups) validate(list []Feature) error {
	switch {
	case len(g.Behaviour) == 0 || len(g.Compared) == 0:
		return errors.New("behaviour and compared need at least one feature each")
	case len(g.Centres) == 0 || len(g.Centres) > maxGroups:
		return fmt.Errorf("there are %d centres; there must be from 1 to %d", len(g.Centres), maxGroups)
	}
	known := make(map[string]bool, len(list))
	for _, f := range list {
		known[f.Name] = true
	}
	if known[GroupDistance] {
		return fmt.Errorf("a feature is called %s, which is the name of the distance from the group", GroupDistance)
	}
	terms := make([]Term, 0, len(g.Behaviour)+len(g.Compared))
	for _, b := range g.Behaviour {
		if !finite(b.Mean) || !positive(b.Scale) {
			return fmt.Errorf("behaviour %s: the mean must be finite, the scale above 0", payment.Quote(b.Feature))
		}
		terms = append(terms, b.Term)
	}
	for _, t := range append(terms, g.Compared...) {
		if !known[t.Feature] {
			return fmt.Errorf("%s is not one of the model's features", payment.Quote(t.Feature))
		}
	}
	for i := range g.Centres {
		if err := g.Centres[i].validate(len(g.Behaviour), len(g.Compared)); err != nil {
			return fmt.Errorf("centre %d: %w", i+1, err)
		}
	}
	return nil
}

func (c *Centre) validate(behaviours, compared int) error {
	if len(c.Behaviour) != behaviours || len(c.Mean) != compared || len(c.Spread) != compared {
		return fmt.Errorf("it has %d, %d and %d values of behaviour, mean and spread instead of %d, %d and %d",
			len(c.Behaviour), len(c.Mean), len(c.Spread), behaviours, compared, compared)
	}
	for _, list := range [][]float64{c.Behaviour, c.Mean} {
		for _, x := range list {
			if !finite(x) {
				return errors.New("every value must be finite")
			}
		}
	}
	for _, x := range c.Spread {
		if !positive(x) {
			return errors.New("every spread must be above 0, and finite")
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }

// inputs returns the names of what the trees read, in their order: the features and, where there are groups, the
// distance from the own one.
func (m *Manifest) inputs() []string {
	names := m.Schema().Names
	if m.Groups != nil {
		names = append(names, GroupDistance)
	}
	return names
}

// value returns the term of a feature's value, NaN where that is missing or the logarithm is no number.
func (t *Term) value(x float64) float64 {
	if t.Log {
		return math.Copysign(expression.Log1p(math.Abs(x)), x)
	}
	return x
}
