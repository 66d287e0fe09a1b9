package scoring

import (
	"fmt"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring/forest"
)

// Link says how a model's margin becomes its score. A manifest states it; see docs/models.md.
type Link string

// The links.
const (
	Logistic Link = "logistic" // 1/(1+e^-margin): the margin is a log-odds. It is meant where a manifest states none
	Identity Link = "identity" // the margin: it is a probability already, as a random forest's mean is
	Exp2     Link = "exp2"     // 2^margin: the margin is a negative depth, as an isolation forest's mean is
)

// linkSlack is how far outside its link's domain the sum of a model's leaves may lie: that much is rounding.
const linkSlack = 1e-6

// Score returns the score that belongs to a margin, in [0, 1]. It never falls as the margin rises, and has the same
// bits on every processor.
func (l Link) Score(margin float64) float64 {
	switch l {
	case Identity:
		return min(max(margin, 0), 1)
	case Exp2:
		return min(exp2(margin), 1)
	default:
		return Probability(margin)
	}
}

func (l Link) validate() error {
	switch l {
	case "", Logistic, Identity, Exp2:
		return nil
	}
	return fmt.Errorf("link is %s; use %s, %s or %s", payment.Quote(string(l)), Logistic, Identity, Exp2)
}

// fits holds that every margin the trees can give is one that the link makes a score of. A link that is not theirs would
// cut off what lies outside and score nonsense without a word.
func (l Link) fits(trees *forest.Forest) error {
	least, most := trees.Range()
	var lacking string
	switch l {
	case Identity:
		if least < -linkSlack || most > 1+linkSlack {
			lacking = "no probability"
		}
	case Exp2:
		if most > linkSlack {
			lacking = "no negative depth"
		}
	default:
		if !trees.Binary() {
			lacking = "no log-odds, since the file states no objective"
		}
	}
	if lacking != "" {
		return fmt.Errorf("the margin, %g to %g, is %s, and the link in %s is %s; state the link that the model was made for, "+
			"or train with objective=binary", least, most, lacking, ManifestFile, l.orLogistic())
	}
	return nil
}

func (l Link) orLogistic() Link {
	if l == "" {
		return Logistic
	}
	return l
}
