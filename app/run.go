package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/stream"
)

// Run is `weir run`: the pipeline against real servers, until ctx ends.
func Run(ctx context.Context, c Config, log *slog.Logger) error {
	err := run(ctx, c, log, pipeline.NewStats(), wallTime())
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // told to stop before it had begun
	}
	return err
}

// stageClock measures the stages of workers.
type stageClock struct {
	now    func() time.Duration
	pinned bool // it tells the calling thread's own time
}

func wallTime() stageClock {
	began := time.Now()
	return stageClock{now: func() time.Duration { return time.Since(began) }}
}

// run runs the workers.
func run(ctx context.Context, c Config, log *slog.Logger, stats *pipeline.Stats, clock stageClock) error {
	defer tuneCollector()()
	engine, err := c.engine(time.Now)
	if err != nil {
		return err
	}
	topic, err := c.describeTopics(ctx)
	if err != nil {
		return err
	}
	redis := c.store()
	defer func() { _ = redis.Close() }()
	if err := redis.Ping(ctx); err != nil {
		return err
	}
	if err := pipeline.CheckPartitionCount(ctx, redis, topic.ID, topic.Partitions); err != nil {
		return fmt.Errorf("topic %s: %w", topic.Name, err)
	}
	store, sabotage := sabotaged(redis)
	instance := c.Kafka.Instance
	if instance == "" {
		host, _ := os.Hostname()
		instance = fmt.Sprintf("%s-%d-%08x", host, os.Getpid(), rand.Uint32())
	}
	log.Info("starting", "topic", topic.Name, "partitions", topic.Partitions, "workers", c.workers(), "instance", instance, "group", c.Kafka.Group)
	g, ctx := errgroup.WithContext(ctx)
	for i := range c.workers() {
		w := pipeline.NewWorker(pipeline.WorkerConfig{
			Kafka: c.kafka(),
			Group: stream.GroupConfig{
				Group: c.Kafka.Group, Instance: member(c.Kafka.Instance, i), SessionTimeout: time.Duration(c.Kafka.Session), Topic: topic.Name,
			},
			Topics: c.topics(), TopicID: topic.ID, Partitions: topic.Partitions,
			Start: c.Pipeline.Start, Delivery: c.Pipeline.Delivery,
			TransactionalID:    fmt.Sprintf("%s-%s-%d", c.Kafka.Group, instance, i),
			TransactionTimeout: time.Duration(c.Kafka.Transaction),
			BatchSize:          c.Pipeline.BatchSize, ApplyInterval: time.Duration(c.Pipeline.ApplyInterval), CacheAccounts: c.Pipeline.CacheAccounts,
			Clock: clock.now, PinThreads: clock.pinned,
			Sabotage: sabotage,
		}, engine, store, stats, log.With("worker", i), time.Now, rand.Uint64)
		g.Go(func() error { return w.Run(ctx) })
	}
	err = g.Wait()
	log.Info("stopped", "transactions", stats.Transactions.Load(), "alerts", stats.Alerts.Load(), "folded", stats.Folded.Load(), "recoveries", stats.Recoveries.Load())
	return err
}

// member names the i-th consumer of a named instance; without a name, membership is not static.
func member(instance string, i int) string {
	if instance == "" {
		return ""
	}
	return fmt.Sprintf("%s-%d", instance, i)
}
