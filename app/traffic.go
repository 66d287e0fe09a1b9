package app

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/simulate"
	"github.com/weir-fraud/weir/stream"
)

// traffic sends simulated transactions: the history at once, then each at its event time by the clock. It is an open
// loop: a pipeline that falls behind does not slow it down.
type traffic struct {
	config   simulate.Config
	topic    string
	producer *stream.Producer
	sent     atomic.Int64
}

// tick is the least that a sender sleeps: what is due by then leaves together. A wake-up per transaction would take more
// of the machine than sending does.
const tick = 2 * time.Millisecond

// send sends until ctx ends, or the stream does. Event times of the live part are the moments at which the
// transactions were due, whether or not they could leave then.
func (t *traffic) send(ctx context.Context) error {
	g, err := simulate.New(t.config)
	if err != nil {
		return err
	}
	live, _ := t.config.LiveFrom()
	from := payment.TimeOf(live)
	var e simulate.Event
	var value []byte
	for ctx.Err() == nil && g.Next(&e) {
		if e.Transaction.Time >= from {
			if early := time.Until(e.Transaction.Time.Std()); early > 0 {
				_ = sleep(ctx, max(early, tick)) // an early end shows in ctx
			}
		}
		if ctx.Err() != nil {
			break
		}
		value = payment.AppendJSON(value[:0], &e.Transaction)
		m := stream.Message{Topic: t.topic, Partition: stream.AnyPartition, Key: []byte(e.Transaction.AccountID), Value: value}
		if err := t.producer.Produce(&m); err != nil {
			return err
		}
		t.sent.Add(1)
	}
	return nil //nolint:nilerr // told to stop, as every sender is in the end
}

// watcher reads decisions as a payment system would, and measures how long after its transaction was due each came.
type watcher struct {
	reader *stream.Reader
	since  payment.Time // transactions from here on are measured
	seen   atomic.Int64
	took   latencies
	now    func() time.Time
}

func (w *watcher) watch(ctx context.Context) error {
	var batch []stream.Record
	var err error
	for ctx.Err() == nil {
		if batch, err = w.reader.Poll(batch[:0], 1024, 20*time.Millisecond); err != nil {
			return err
		}
		now := payment.TimeOf(w.now())
		for i := range batch {
			w.seen.Add(1)
			if due, ok := timestampOf(batch[i].Value); ok && due >= w.since {
				w.took.add(max(0, now.Sub(due)))
			}
		}
	}
	return nil
}
