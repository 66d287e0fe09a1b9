package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/stream"
)

// ProduceOptions are those of `weir produce`.
type ProduceOptions struct {
	Input     Input
	Feedback  bool    // the files hold label events
	FromTopic string  // copy this topic instead of reading files
	Topic     string  // empty for the configured transactions topic
	Speed     float64 // multiple of real time, after the event times; 0 for flat out
	Rate      float64 // transactions per second at most; 0 for no limit
}

// Produce is `weir produce`: transactions from files, or from another topic, into Kafka.
func Produce(ctx context.Context, c Config, o ProduceOptions, stdout, stderr io.Writer) error {
	if o.Topic == "" {
		o.Topic = c.Kafka.Topics.Transactions
	}
	if o.FromTopic == "" {
		if _, err := o.Input.check(); err != nil {
			return err
		}
	}
	producer, err := stream.NewProducer(c.kafka())
	if err != nil {
		return err
	}
	defer producer.Close()
	admin, err := stream.NewAdmin(c.kafka())
	if err != nil {
		return err
	}
	defer admin.Close()
	if _, err := admin.Describe(ctx, o.Topic); err != nil {
		return err
	}
	var n int64
	began := time.Now()
	if o.FromTopic != "" {
		n, err = copyTopic(ctx, c, o, admin, producer, stderr)
	} else {
		n, err = produceFiles(ctx, o, producer, stderr)
	}
	if flush := producer.Flush(context.WithoutCancel(ctx)); flush != nil {
		return errors.Join(err, flush)
	}
	took := time.Since(began)
	_, _ = fmt.Fprintf(stdout, "%d transactions to %s in %v, %.0f/s\n", n, o.Topic, took.Round(time.Millisecond), float64(n)/max(took.Seconds(), 1e-3))
	return err
}

func produceFiles(ctx context.Context, o ProduceOptions, producer *stream.Producer, stderr io.Writer) (n int64, err error) {
	in, err := o.Input.open(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = in.Close() }()
	bad, err := newRejects(&o.Input, stderr)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, bad.Close()) }()
	show := newProgress(stderr, "produce", in.Progress().TotalBytes)
	defer show.finish()
	pace := pacer{speed: o.Speed, rate: o.Rate, began: time.Now()}
	var rec history.Record
	var value []byte
	for o.Input.Limit == 0 || in.Progress().Rows < o.Input.Limit {
		err := in.Next(&rec)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if err = bad.take(err, in.Progress().Rows); err != nil {
				return n, err
			}
			continue
		}
		if err := pace.wait(ctx, rec.Transaction.Time, n); err != nil {
			return n, err
		}
		value = payment.AppendJSON(value[:0], &rec.Transaction)
		m := stream.Message{Topic: o.Topic, Partition: stream.AnyPartition, Key: []byte(rec.Transaction.AccountID), Value: value}
		if err := producer.Produce(&m); err != nil {
			return n, err
		}
		n++
		if n%256 == 0 {
			show.set(in.Progress().Bytes, n)
		}
	}
	if bad.n > 0 {
		_, _ = fmt.Fprintf(stderr, "rejected %s\n", bad.summary())
	}
	return n, bad.check(in.Progress().Rows, true)
}

// pacer holds transactions back until they are due.
type pacer struct {
	speed, rate float64
	began       time.Time
	first       payment.Time
}

func (p *pacer) wait(ctx context.Context, t payment.Time, n int64) error {
	if n == 0 {
		p.first = t
	}
	var due time.Duration
	if p.speed > 0 {
		due = time.Duration(float64(t.Sub(p.first)) / p.speed)
	}
	if p.rate > 0 {
		due = max(due, time.Duration(float64(n)/p.rate*float64(time.Second)))
	}
	early := due - time.Since(p.began)
	if early <= 0 {
		if n%1024 == 0 {
			return ctx.Err()
		}
		return nil
	}
	return sleep(ctx, early)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
