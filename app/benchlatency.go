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
	Account    bool // with 40 features of the account alone, as `weir bench account`
}

// LatencyWarmUp is how long a latency benchmark sends before it measures: accounts come into memory, and the broker's
// compiler gets to the code that a stream of small transactions runs.
const LatencyWarmUp = 30 * time.Second

// LatencyPartitions is how many partitions the topics of a latency benchmark have. Each more is a request, and a marker of
// each transaction.
const LatencyPartitions = 2

// latencyWorkers is how many workers there are, unless the configuration says. The rates are far below what one of them can
// do, and two would make twice as many transactions for the broker to end.
const latencyWorkers = 1

// A latency benchmark has as many accounts as a demonstration has, for each transaction per second, and a past of theirs that
// is decided first. With fewer accounts each pays so often, and without a past so many of them for the first time, that a
// fifth of all transactions are alerts.
const (
	accountsPerRate = 80
	benchHistory    = 6 * time.Hour
)

// BenchLatency is `weir bench latency`: an open loop of simulated traffic against the configured Kafka and Redis, in
// topics of its own that it deletes afterwards. It prints the time from the moment a transaction was due to the moment
// a read_committed consumer had its decision.
func BenchLatency(ctx context.Context, c Config, o LatencyOptions, stdout io.Writer, log *slog.Logger) error {
	return benchLatency(ctx, c, o, &figures{w: stdout}, log)
}

func benchLatency(ctx context.Context, c Config, o LatencyOptions, f *figures, log *slog.Logger) (err error) {
	if o.Account {
		const past = 300_000
		var done func() error
		if c, done, err = withAccountModel(c, past); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, done()) }()
	}
	topics, err := newBenchTopics(ctx, c, "", o.Partitions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, topics.close(context.WithoutCancel(ctx))) }()
	c = topics.config
	if c.Pipeline.Workers == 0 {
		c.Pipeline.Workers = latencyWorkers
	}
	decisions, err := stream.NewReader(ctx, c.kafka(), stream.Topic{Name: c.Kafka.Topics.Decisions, Partitions: o.Partitions}, stream.FromStart)
	if err != nil {
		return err
	}
	defer func() { _ = decisions.Close() }()
	producer, err := stream.NewProducer(c.kafka())
	if err != nil {
		return err
	}
	defer producer.Close()

	work, stop := context.WithCancel(ctx)
	defer stop()
	g, work := errgroup.WithContext(work)
	g.Go(func() error { return run(work, c, log, pipeline.NewStats(), wallTime()) })
	g.Go(func() error {
		defer stop()
		return measureLatency(work, o, c.Kafka.Topics.Transactions, producer, decisions, f)
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return ctx.Err()
}

func measureLatency(ctx context.Context, o LatencyOptions, topic string, producer *stream.Producer, decisions *stream.Reader, f *figures) error {
	simulation := simulate.LiveConfig(time.Now(), o.Rate)
	simulation.Start = simulation.Start.Add(simulation.WarmUp - benchHistory)
	simulation.WarmUp, simulation.Accounts = benchHistory, int(accountsPerRate*o.Rate)
	simulation.Duration = benchHistory + o.WarmUp + o.For
	send, err := newTraffic(simulation, producer, topic)
	if err != nil {
		return err
	}
	var history int64
	if err := send.sendHistory(ctx, func(n int64, _ float64) { history = n }); err != nil {
		return err
	}
	if err := awaitRecords(ctx, decisions, history); err != nil {
		return err
	}
	send.record()
	start := time.Now()
	see := newWatcher(decisions)
	see.since = payment.TimeOf(start.Add(o.WarmUp))
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
	name, took := fmt.Sprintf("latency_%.0f", o.Rate), see.took.Snapshot()
	if o.Account {
		name = "account_" + name
	}
	f.line(name+"_p50", milliseconds(took, 0.5), "ms")
	f.line(name+"_p99", milliseconds(took, 0.99), "ms")
	f.line(name+"_p99.9", milliseconds(took, 0.999), "ms")
	f.line(name+"_max", milliseconds(took, 1), "ms")
	f.line(name+"_measured", float64(took.Count), "tx")
	return f.err
}

// awaitRecords reads that many records.
func awaitRecords(ctx context.Context, r *stream.Reader, n int64) error {
	var batch []stream.Record
	for n > 0 {
		var err error
		if batch, err = r.Poll(batch[:0], 1024, 20*time.Millisecond); err != nil {
			return err
		}
		n -= int64(len(batch))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// deleteState deletes the configured layout's state of the transactions topic.
func (c *Config) deleteState(ctx context.Context, partitions int32) error {
	store := c.store()
	defer func() { _ = store.Close() }()
	heads, err := store.Heads(ctx, partitions)
	if err != nil {
		return err
	}
	for p, h := range heads {
		if h.Known() {
			err = errors.Join(err, store.Delete(ctx, int32(p), h))
		}
	}
	return err
}
