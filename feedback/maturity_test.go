package feedback_test

import (
	"testing"
	"time"

	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

func TestKnown(t *testing.T) {
	const day = 24 * time.Hour
	start := payment.Time(1697638200000)
	for _, test := range []struct{ given, delay, want time.Duration }{
		{time.Hour, 7 * day, 7 * day},
		{7 * day, 7 * day, 7 * day},
		{60 * day, 7 * day, 60 * day},
		{time.Hour, 0, time.Hour},
		{-time.Hour, 0, 0}, // a source whose clock is behind
	} {
		if got := feedback.Known(start, start.Add(test.given), test.delay); got != start.Add(test.want) {
			t.Errorf("given after %v with a delay of %v: known after %v, want %v", test.given, test.delay, got.Sub(start), test.want)
		}
	}
}
