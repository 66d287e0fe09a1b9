package cases_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

const (
	hour payment.Time = 3_600_000
	day               = 24 * hour
)

func hit(at payment.Time, severity scoring.Severity, score float64) *cases.Hit {
	return &cases.Hit{AccountID: "a", EventTime: at, MadeAt: at + 1000, Severity: severity, Score: score, AtRisk: 10, Reason: "r"}
}

func TestWindow(t *testing.T) {
	window := cases.Window(7 * 24 * time.Hour)
	c := cases.Open(hit(100*day, scoring.Low, .5))
	for name, w := range map[string]struct {
		hit  *cases.Hit
		want bool
	}{
		"at once":          {hit(100*day, scoring.Low, .5), true},
		"within":           {hit(107*day, scoring.Low, .5), true},
		"after":            {hit(107*day+1, scoring.Low, .5), false},
		"late and within":  {hit(93*day, scoring.Low, .5), true},
		"late and before":  {hit(93*day-1, scoring.Low, .5), false},
		"of another owner": {&cases.Hit{AccountID: "b", EventTime: 100 * day}, false},
	} {
		if got := window.Admits(&c, w.hit); got != w.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if err := c.Dispose("ann", 100*day, feedback.Fraud); err != nil {
		t.Fatal(err)
	}
	if window.Admits(&c, hit(100*day, scoring.High, 1)) {
		t.Error("a closed case takes in an alert")
	}
}

func TestJoinRaisesAndWakes(t *testing.T) {
	c := cases.Open(hit(day, scoring.Low, .5))
	if err := c.Snooze("ann", 2*day, 9*day); err != nil {
		t.Fatal(err)
	}
	better := hit(3*day, scoring.Low, .9)
	better.Reason = "more telling"
	c.Join(better)
	if c.SnoozedUntil != 0 || c.Severity != scoring.Medium || c.Score != .9 || c.Reason != "more telling" || c.AtRisk != 20 || c.Fresh != 2 ||
		c.Alerts != 2 || c.Oldest != day || c.Newest != 3*day || c.Touched != 3*day+1000 {
		t.Errorf("%+v", c)
	}
	c.Join(hit(2*day, scoring.Low, .1))
	c.Join(hit(2*day, scoring.Low, .1))
	if c.Severity != scoring.High || c.Reason != "more telling" || c.Newest != 3*day {
		t.Errorf("%+v", c)
	}
}

func TestStepsOfTwoPeople(t *testing.T) {
	c := cases.Open(hit(day, scoring.Low, .5))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	refused := func(err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
	}
	must(c.Claim("ann", day, day+hour))
	refused(c.Claim("bob", day, day+hour), cases.ErrClaimed)
	refused(c.Dispose("bob", day, feedback.Fraud), cases.ErrClaimed)
	refused(c.Snooze("bob", day, 2*day), cases.ErrClaimed)
	refused(c.Release("bob", day), cases.ErrClaimed)
	must(c.Claim("bob", day+hour, day+2*hour)) // ann's claim has ended
	refused(c.Dispose("ann", day+hour, feedback.Fraud), cases.ErrClaimed)
	refused(c.Dispose("bob", day+hour, feedback.Withdrawn), cases.ErrVerdict)
	refused(c.Snooze("bob", day+hour, day), cases.ErrPast)
	refused(c.Reopen("bob", day+hour, 2*day), cases.ErrOpen)
	must(c.Dispose("bob", day+hour, feedback.Fraud))
	refused(c.Dispose("ann", day+hour, feedback.Legitimate), cases.ErrClosed)
	refused(c.Claim("ann", day+hour, 2*day), cases.ErrClosed)
	refused((&cases.Case{State: cases.New}).Undo("ann", day, cases.Held{}), cases.ErrOpen)
	must(c.Reopen("ann", day+hour, day+2*hour))
	if c.OwnedBy(day+hour) != "ann" || c.OwnedBy(day+2*hour) != "" || c.Disposition != 0 || c.ClosedBy != "" {
		t.Errorf("%+v", c)
	}
}

// Whatever is tried in whatever order, a refused step changes nothing, one that is taken raises the version by one, and
// only a closed case has a disposition.
func TestStepsAtRandom(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	people := []string{"ann", "bob", "cem"}
	for range 500 {
		c := cases.Open(hit(day, scoring.Low, rng.Float64()))
		now := day
		for range 40 {
			now += payment.Time(rng.IntN(int(hour)))
			until := now + payment.Time(rng.IntN(int(4*hour))) - hour
			before, by := c, people[rng.IntN(len(people))]
			var err error
			switch rng.IntN(6) {
			case 0:
				err = c.Claim(by, now, until)
			case 1:
				err = c.Release(by, now)
			case 2:
				err = c.Snooze(by, now, until)
			case 3:
				err = c.Dispose(by, now, feedback.Verdict(rng.IntN(5)))
			case 4:
				err = c.Reopen(by, now, until)
			case 5:
				if h := hit(now, scoring.Severity(rng.IntN(3)), rng.Float64()); cases.Window(time.Hour).Admits(&c, h) {
					c.Join(h)
				} else {
					err = cases.ErrClosed
				}
			}
			switch {
			case err != nil && c != before:
				t.Fatalf("%v, and yet\n%+v\nbecame\n%+v", err, before, c)
			case err == nil && c.Version != before.Version+1:
				t.Fatalf("version %d after %d", c.Version, before.Version)
			case (c.State == cases.Closed) != (c.Disposition != 0) || (c.State == cases.Closed) != (c.ClosedBy != ""):
				t.Fatalf("%+v", c)
			case (c.State == cases.InReview) != (c.Owner != ""):
				t.Fatalf("%+v", c)
			case c.Severity < before.Severity:
				t.Fatalf("severity %v after %v", c.Severity, before.Severity)
			}
		}
	}
}

// Who takes a disposition back finds the case as it was.
func TestUndoMakesItAsBefore(t *testing.T) {
	for name, prepare := range map[string]func(c *cases.Case) error{
		"new":     func(*cases.Case) error { return nil },
		"claimed": func(c *cases.Case) error { return c.Claim("ann", day, day+hour) },
		"snoozed": func(c *cases.Case) error { return c.Snooze("ann", day, 2*day) },
	} {
		c := cases.Open(hit(day, scoring.Low, .5))
		if err := prepare(&c); err != nil {
			t.Fatal(err)
		}
		before, was := c, c.Held(day)
		if err := c.Dispose("ann", day, feedback.Fraud); err != nil {
			t.Fatal(err)
		}
		others, late := c, c
		if err := errors.Join(c.Undo("ann", day+1, was), others.Undo("bob", day+1, was), late.Undo("ann", day+hour, was)); err != nil {
			t.Fatal(err)
		}
		before.Version += 2
		if c != before {
			t.Errorf("%s: it is\n%+v and was\n%+v", name, c, before)
		}
		if others.State != cases.New || late.State != cases.New || others.SnoozedUntil != before.SnoozedUntil {
			t.Errorf("%s: undone by another it is %+v, and late %+v", name, others, late)
		}
	}
}
