package alerts

import (
	"fmt"
	"math"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/scoring"
)

// Unlike words the distance of a transaction from accounts that behave like its own: by what is furthest from what is
// usual among them. contribution is what the distance adds to the score's margin.
func (e *Explainer) Unlike(k scoring.Kind, v features.Vector, contribution float64) Reason {
	r := Reason{
		Code: UnlikeItsKind, Title: UnlikeItsKind.title(), Text: "Nothing of it could be compared with accounts that behave like this one",
		Feature: scoring.GroupDistance, Value: k.Distance, Contribution: rounded(contribution),
	}
	if k.At < 0 {
		return r
	}
	x, usual, side := v[k.At], k.Mean, "above"
	if k.Furthest.Log {
		usual = math.Copysign(math.Expm1(math.Abs(usual)), usual)
	}
	if k.Deviations < 0 {
		side = "below"
	}
	r.Text = fmt.Sprintf("%s, %s standard deviations %s the %s that is usual among accounts that behave like this one (%s)",
		describe(e.descriptions[k.At], k.Furthest.Feature, x), number(roughly(math.Abs(k.Deviations))), side, number(roughly(usual)), counted(float64(k.Accounts), "account"))
	r.Figures = []Figure{{scoring.GroupDistance, k.Distance}, {e.schema.Names[k.At], x}}
	return r
}

// roughly rounds to a tenth, as a sentence tells it.
func roughly(x float64) float64 { return math.Round(x*10) / 10 }
