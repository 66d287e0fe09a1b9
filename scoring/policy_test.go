package scoring_test

import (
	"math"
	"testing"

	"github.com/weir-fraud/weir/scoring"
)

func TestDecide(t *testing.T) {
	p := scoring.Policy{Version: "1", Review: 0.3, Decline: 0.9}
	for score, want := range map[float64]scoring.Action{
		0: scoring.Approve, math.Nextafter(0.3, 0): scoring.Approve, 0.3: scoring.Review, math.Nextafter(0.9, 0): scoring.Review,
		0.9: scoring.Decline, 1: scoring.Decline,
	} {
		if got := p.Decide(score); got != want {
			t.Errorf("%v: %v instead of %v", score, got, want)
		}
	}
}

func TestPolicyValidate(t *testing.T) {
	never := scoring.Never()
	for _, p := range []scoring.Policy{
		{"v", 0, 1}, {"v", 0, never}, {"v", 1, 1}, {"v", 1, never}, {"v", 0.5, 0.5},
	} {
		if err := p.Validate(); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
	nan := math.NaN()
	for _, c := range []struct {
		policy scoring.Policy
		want   string
	}{
		{scoring.Policy{"", 0.5, 0.6}, "policy: the version is missing"},
		{scoring.Policy{"v", -0.1, 0.6}, "policy v: review is -0.1; give a probability from 0 to 1"},
		{scoring.Policy{"v", 1.1, never}, "review is 1.1"},
		{scoring.Policy{"v", never, never}, "review is +Inf"},
		{scoring.Policy{"v", nan, 0.6}, "review is NaN"},
		{scoring.Policy{"v", 0, 0}, "decline is 0; give a probability above 0 and up to 1, or leave it out to never decline"},
		{scoring.Policy{"v", 0.5, 1.5}, "decline is 1.5"},
		{scoring.Policy{"v", 0.5, nan}, "decline is NaN"},
		{scoring.Policy{"v", 0.5, math.Inf(-1)}, "decline is -Inf"},
		{scoring.Policy{"v", 0.5, 0.4}, "decline is 0.4, below review, 0.5"},
	} {
		wantError(t, c.policy.Validate(), c.want)
	}
}

func TestSeverity(t *testing.T) {
	p := scoring.Policy{Version: "1", Review: 0.4, Decline: 0.95}
	for _, c := range []struct {
		action scoring.Action
		score  float64
		want   scoring.Severity
	}{
		{scoring.Review, 0.4, scoring.Low}, {scoring.Review, 0.59, scoring.Low}, {scoring.Review, 0.61, scoring.Medium},
		{scoring.Review, 0.79, scoring.Medium}, {scoring.Review, 0.81, scoring.High}, {scoring.Decline, 0.96, scoring.High},
		{scoring.Decline, 0.1, scoring.High}, // a rule declined
		{scoring.Review, 0.1, scoring.Low},   // a rule asked for review
		{scoring.Approve, 0.1, scoring.Low},
	} {
		if got := p.Severity(c.action, c.score); got != c.want {
			t.Errorf("%v at %v: %v instead of %v", c.action, c.score, got, c.want)
		}
	}
}

func TestNamesReadBack(t *testing.T) {
	for _, a := range []scoring.Action{scoring.Approve, scoring.Review, scoring.Decline} {
		if back, ok := scoring.ParseAction(a.String()); !ok || back != a {
			t.Errorf("%v reads back as %v", a, back)
		}
	}
	for _, s := range []scoring.Severity{scoring.Low, scoring.Medium, scoring.High} {
		if back, ok := scoring.ParseSeverity(s.String()); !ok || back != s {
			t.Errorf("%v reads back as %v", s, back)
		}
	}
	if _, ok := scoring.ParseAction("Approve"); ok {
		t.Error("Approve is no action")
	}
	if scoring.Action(9).String() != "unknown" || scoring.Severity(9).String() != "unknown" {
		t.Error("an unknown value has a name")
	}
}
