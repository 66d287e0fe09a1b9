package scoring_test

import (
	"math"
	"testing"

	"github.com/weir-fraud/weir/scoring"
)

func TestBandsAction(t *testing.T) {
	b := scoring.Bands{Review: 0.3, Decline: 0.9}
	for score, want := range map[float64]scoring.Action{
		0: scoring.Approve, math.Nextafter(0.3, 0): scoring.Approve, 0.3: scoring.Review, math.Nextafter(0.9, 0): scoring.Review,
		0.9: scoring.Decline, 1: scoring.Decline,
	} {
		if got := b.Action(score); got != want {
			t.Errorf("%v: %v instead of %v", score, got, want)
		}
	}
}

func TestBandsValidate(t *testing.T) {
	never := scoring.Never()
	for _, b := range []scoring.Bands{
		{0, 1}, {0, never}, {1, 1}, {1, never}, {0.5, 0.5}, {never, never},
	} {
		if err := b.Validate(); err != nil {
			t.Errorf("%+v: %v", b, err)
		}
	}
	nan := math.NaN()
	for _, c := range []struct {
		bands scoring.Bands
		want  string
	}{
		{scoring.Bands{-0.1, 0.6}, "review is -0.1; give a probability from 0 to 1"},
		{scoring.Bands{1.1, never}, "review is 1.1"},
		{scoring.Bands{nan, 0.6}, "review is NaN"},
		{scoring.Bands{0, 0}, "decline is 0; give a probability above 0 and up to 1, or leave it out to never decline"},
		{scoring.Bands{0.5, 1.5}, "decline is 1.5"},
		{scoring.Bands{0.5, nan}, "decline is NaN"},
		{scoring.Bands{0.5, math.Inf(-1)}, "decline is -Inf"},
		{scoring.Bands{0.5, 0.4}, "decline is 0.4, below review, 0.5"},
	} {
		wantError(t, c.bands.Validate(), c.want)
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
