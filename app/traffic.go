package app

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/simulate"
	"github.com/weir-fraud/weir/stream"
	"github.com/weir-fraud/weir/telemetry"
)

// traffic sends a simulated stream that has a live part: its history at once, the live part by the clock.
type traffic struct {
	next     func(*simulate.Event) bool
	producer *stream.Producer
	topic    string
	note     func(*simulate.Event) // called before a live event is sent; nil for nobody
	sent     atomic.Int64          // live events

	start, live payment.Time
	event       simulate.Event // the next to send
	more        bool           // whether there is one
	value       []byte
}

func newTraffic(c simulate.Config, producer *stream.Producer, topic string) (*traffic, error) {
	g, err := simulate.New(c)
	if err != nil {
		return nil, err
	}
	live, _ := c.LiveFrom()
	t := &traffic{next: g.Next, producer: producer, topic: topic, start: payment.TimeOf(c.Start), live: payment.TimeOf(live)}
	t.more = t.next(&t.event)
	return t, nil
}

// record simulates all that is left, so that sending it takes nothing but sending. What is only known to the simulation, as
// labels, is lost.
func (t *traffic) record() {
	var e simulate.Event
	simulated := t.next
	r := record(func(tx *payment.Transaction) bool {
		ok := simulated(&e)
		*tx = e.Transaction
		return ok
	})
	t.next = func(e *simulate.Event) bool { return r.next(&e.Transaction) }
}

// skip passes over the next n events, which were sent before. It tells how many it has passed, and which share.
func (t *traffic) skip(ctx context.Context, n int64, tell func(n int64, share float64)) error {
	for i := range n {
		if i%1024 == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			tell(i, float64(i)/float64(n))
		}
		t.more = t.more && t.next(&t.event)
	}
	tell(n, 1)
	return nil
}

// inHistory tells whether the next event is before the live part.
func (t *traffic) inHistory() bool { return t.more && t.event.Transaction.Time < t.live }

// sendHistory sends what comes before the live part. It tells how many events it has sent, and which share of the
// history's time they cover.
func (t *traffic) sendHistory(ctx context.Context, tell func(n int64, share float64)) error {
	var n int64
	for ; t.inHistory(); n++ {
		if n%1024 == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			tell(n, float64(t.event.Transaction.Time-t.start)/float64(t.live-t.start))
		}
		if err := t.send(0); err != nil {
			return err
		}
	}
	tell(n, 1)
	return t.producer.Flush(ctx)
}

// tick is the least that a sender sleeps: what is due by then leaves together. A wake-up per transaction would take more
// of the machine than sending does.
const tick = 2 * time.Millisecond

// sendLive sends the live part, as if its next event were due now, until ctx ends or the stream does. It is an open
// loop: a pipeline that falls behind does not slow it down, and an event's time is when it was due, whether or not it
// could leave then.
func (t *traffic) sendLive(ctx context.Context, now time.Time) error {
	shift := payment.TimeOf(now) - t.event.Transaction.Time
	for t.more {
		early := time.Until((t.event.Transaction.Time + shift).Std())
		if early > 0 {
			early = max(early, tick)
		}
		if sleep(ctx, early) != nil {
			return nil //nolint:nilerr // told to stop, as every sender is in the end
		}
		if t.note != nil {
			t.note(&t.event)
		}
		if err := t.send(shift); err != nil {
			return err
		}
		t.sent.Add(1)
	}
	return nil
}

// send sends the event at hand, moved in time, and takes the next one.
func (t *traffic) send(shift payment.Time) error {
	tx := &t.event.Transaction
	tx.Time += shift
	t.value = payment.AppendJSON(t.value[:0], tx)
	m := stream.Message{Topic: t.topic, Partition: stream.AnyPartition, Key: []byte(tx.AccountID), Value: t.value}
	err := t.producer.Produce(&m)
	t.more = t.next(&t.event)
	return err
}

// watcher reads decisions as a payment system would, and measures how long after its transaction was due each came.
type watcher struct {
	reader *stream.Reader
	from   payment.Time // decisions on transactions that were due earlier do not count
	since  payment.Time // transactions from here on are measured
	note   func(decision []byte)
	seen   atomic.Int64
	took   *telemetry.Histogram // seconds
}

func newWatcher(reader *stream.Reader) *watcher {
	const shortest, longest, width = 1e-5, 1e5, 1.02
	return &watcher{reader: reader, took: telemetry.NewHistogram(telemetry.Exponential(shortest, longest, width))}
}

// milliseconds returns the q-quantile of durations counted in seconds, to the microsecond, and 0 where there is none.
func milliseconds(took telemetry.Snapshot, q float64) float64 {
	if took.Count == 0 {
		return 0
	}
	return math.Round(took.Quantile(q)*1e6) / 1e3
}

func (w *watcher) watch(ctx context.Context) error {
	var batch []stream.Record
	var err error
	for ctx.Err() == nil {
		if batch, err = w.reader.Poll(batch[:0], 1024, 20*time.Millisecond); err != nil {
			return err
		}
		now := payment.TimeOf(time.Now())
		for i := range batch {
			due, err := payment.ParseTime(textOf(batch[i].Value, "timestamp"))
			if err != nil || due < w.from {
				continue
			}
			if w.note != nil {
				w.note(batch[i].Value)
			}
			if due >= w.since {
				w.took.Add(max(0, now.Sub(due).Seconds()))
			}
			w.seen.Add(1)
		}
	}
	return nil
}
