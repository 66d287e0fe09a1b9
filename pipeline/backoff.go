package pipeline

import (
	"context"
	"log/slog"
	"time"
)

// backoff waits out errors that may pass, with pauses that double from 50 ms to 5 s, and lets that be known.
type backoff struct {
	log    *slog.Logger
	vitals *Vitals
	delay  time.Duration
}

// run calls step until ctx ends, and waits errors out that may pass. One that is returned will not go away by itself.
func (b *backoff) run(ctx context.Context, step func(context.Context) error) error {
	for ctx.Err() == nil {
		err := step(ctx)
		switch {
		case err == nil:
			b.reset()
		case ctx.Err() != nil:
		case !passing(err):
			return err
		default:
			b.wait(ctx, err)
		}
	}
	return nil
}

// reset notes that there is no trouble any more.
func (b *backoff) reset() {
	b.delay = 0
	b.vitals.trouble.Store(nil)
}

// wait pauses after an error, or returns early when ctx ends.
func (b *backoff) wait(ctx context.Context, err error) {
	b.delay = min(max(2*b.delay, 50*time.Millisecond), 5*time.Second)
	b.log.Warn("trying again", "error", err, "in", b.delay)
	b.vitals.suffer(err)
	t := time.NewTimer(b.delay)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
	b.vitals.beat()
}
