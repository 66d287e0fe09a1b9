package stream

import (
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// poller takes events from a client that are there, and naps in between while they come often. A goroutine that waits
// inside the client blocks its thread, and the Go runtime watches each such thread at intervals of 20 µs: with a
// thousand short waits a second that takes a fifth of a core (seen on Linux with Go 1.26). When nothing has come for a
// while it waits inside the client, which takes nothing.
type poller struct {
	client *kafka.Consumer
	last   time.Time // when something came
}

const (
	nap   = time.Millisecond
	quiet = 250 * time.Millisecond
)

// next returns the next event, nil if none comes within wait.
func (p *poller) next(wait time.Duration) kafka.Event {
	ev := p.client.Poll(0)
	if ev != nil || wait <= 0 {
		return ev
	}
	began := time.Now()
	if p.last.IsZero() {
		p.last = began
	}
	for now := began; ; now = time.Now() {
		left := wait - now.Sub(began)
		switch {
		case left <= 0:
			return nil
		case now.Sub(p.last) > quiet:
			ev = p.client.Poll(int(max(left, time.Millisecond).Milliseconds()))
		default:
			time.Sleep(min(nap, left))
			ev = p.client.Poll(0)
		}
		if ev != nil {
			p.last = time.Now()
			return ev
		}
	}
}
