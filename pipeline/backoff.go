package pipeline

import (
	"context"
	"time"
)

// backoff is the pause between tries, doubling from 50 ms to 5 s.
type backoff struct{ delay time.Duration }

func (b *backoff) reset() { b.delay = 0 }

// next returns how long the coming wait is.
func (b *backoff) next() time.Duration {
	return min(max(2*b.delay, 50*time.Millisecond), 5*time.Second)
}

// wait pauses, or returns early when ctx ends.
func (b *backoff) wait(ctx context.Context) {
	b.delay = b.next()
	t := time.NewTimer(b.delay)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
