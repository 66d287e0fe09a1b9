package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/simulate"
	"github.com/weir-fraud/weir/stream"
)

// LatencyOptions are those of `weir bench latency`.
type LatencyOptions struct {
	Rate       float64       // transactions per second
	For        time.Duration // of measuring
	WarmUp     time.Duration // before measuring
	Partitions int32
}

// benchAccounts share the traffic of a benchmark, whatever its rate.
const benchAccounts = 40_000

// BenchLatency is `weir bench latency`: an open loop of simulated traffic against the configured Kafka and Redis, in
// topics of its own that it deletes afterwards. It prints the time from the moment a transaction was due to the moment
// a read_committed consumer had its decision.
func BenchLatency(ctx context.Context, c Config, o LatencyOptions, stdout io.Writer, log *slog.Logger) (err error) {
	prefix := fmt.Sprintf("weir-bench-%d-", time.Now().UnixMilli())
	t := &c.Kafka.Topics
	for _, name := range []*string{&t.Transactions, &t.Decisions, &t.Alerts, &t.Feedback, &t.Control} {
		*name = prefix + *name
	}
	t.DeadLetters = ""
	c.Kafka.Group = prefix + c.Kafka.Group
	c.Pipeline.Start = pipeline.StartEarliest
	if err := CreateTopics(ctx, c, o.Partitions, 0, io.Discard); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.deleteTopics(context.WithoutCancel(ctx), o.Partitions)) }()
	admin, err := stream.NewAdmin(c.kafka())
	if err != nil {
		return err
	}
	defer admin.Close()
	topic, err := admin.Describe(ctx, t.Decisions)
	if err != nil {
		return err
	}
	decisions, err := stream.NewReader(ctx, c.kafka(), topic, stream.FromStart)
	if err != nil {
		return err
	}
	defer func() { _ = decisions.Close() }()
	producer, err := stream.NewProducer(c.kafka())
	if err != nil {
		return err
	}
	defer producer.Close()

	var stats pipeline.Stats
	work, stop := context.WithCancel(ctx)
	g, work := errgroup.WithContext(work)
	g.Go(func() error { return run(work, c, log, &stats, func() {}) })
	g.Go(func() error {
		defer stop()
		return measureLatency(work, o, c.topics().Transactions, producer, decisions, stdout)
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return ctx.Err()
}

func measureLatency(ctx context.Context, o LatencyOptions, topic string, producer *stream.Producer, decisions *stream.Reader, stdout io.Writer) error {
	start := time.Now().Add(2 * time.Second) // workers join their group meanwhile
	simulation := simulate.LiveConfig(start, o.Rate)
	simulation.WarmUp, simulation.Start, simulation.Accounts = 0, start, benchAccounts
	simulation.Duration = o.WarmUp + o.For
	send, err := newTraffic(simulation, producer, topic)
	if err != nil {
		return err
	}
	see := &watcher{reader: decisions, since: payment.TimeOf(start.Add(o.WarmUp))}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	g, watching := errgroup.WithContext(watching)
	g.Go(func() error { return see.watch(watching) })
	g.Go(func() error {
		defer stop()
		if err := send.sendLive(ctx, start); err != nil {
			return err
		}
		if err := producer.Flush(ctx); err != nil {
			return err
		}
		limit, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		for see.seen.Load() < send.sent.Load() {
			if sleep(limit, 10*time.Millisecond) != nil {
				return fmt.Errorf("%d of %d transactions have no decision", send.sent.Load()-see.seen.Load(), send.sent.Load())
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return err
	}
	took := see.took.soFar()
	for _, q := range []struct {
		name string
		at   float64
	}{{"latency_p50", 0.5}, {"latency_p99", 0.99}, {"latency_p99.9", 0.999}, {"latency_max", 1}} {
		if _, err := fmt.Fprintf(stdout, "%s %.2f ms\n", q.name, took.milliseconds(q.at)); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(stdout, "latency_offered %.0f tx/s\nlatency_measured %d tx\n", o.Rate, took.total())
	return err
}

// deleteTopics deletes all topics and the state of the configured layout's transactions topic.
func (c *Config) deleteTopics(ctx context.Context, partitions int32) error {
	admin, err := stream.NewAdmin(c.kafka())
	if err != nil {
		return err
	}
	defer admin.Close()
	for _, t := range c.wantedTopics(partitions, 0, 0) {
		err = errors.Join(err, admin.Delete(ctx, t.Name))
	}
	store := c.store()
	defer func() { _ = store.Close() }()
	heads, failed := store.Heads(ctx, partitions)
	if failed != nil {
		return errors.Join(err, failed)
	}
	for p, h := range heads {
		if !h.Known() {
			continue
		}
		if failed := store.Discard(ctx, int32(p), h, h); failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		err = errors.Join(err, store.DeleteDiscarded(ctx, int32(p)))
	}
	return err
}
