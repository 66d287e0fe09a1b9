package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/simulate"
	"github.com/weir-fraud/weir/stream"
)

// BenchOptions are those of `weir bench all`.
type BenchOptions struct {
	Transactions int64         // for the figures of throughput
	For          time.Duration // of measuring each latency
	Partitions   int32
	Alerts       int64  // in the database that the review API is measured with
	Profile      string // file for a CPU profile of the pipeline on the configured servers, empty for none
	Python       string // a Python with weir_train, to measure LightGBM's attribution beside; empty for none
}

// Bench is `weir bench all`: every figure of docs/benchmarks.md, a line each.
func Bench(ctx context.Context, c Config, o BenchOptions, stdout, stderr io.Writer, log *slog.Logger) error {
	b := newBench(c, o, stdout, stderr, log)
	return b.run(ctx, []part{
		{"state size", b.stateSize},
		{"features", b.features},
		{"scoring", b.scoring},
		{"replay", b.replay},
		{"pipeline on the configured servers", b.real},
		{"pipeline with 40 features of the account alone", b.account},
		{"pipeline on the embedded servers", b.embedded},
		{"entities", b.entities},
		{"latency", b.latency},
		{"decisions on request", b.decide},
		{"review", b.review},
	})
}

// BenchFeatures is `weir bench features`.
func BenchFeatures(ctx context.Context, c Config, stdout, stderr io.Writer, log *slog.Logger) error {
	b := newBench(c, BenchOptions{}, stdout, stderr, log)
	return b.run(ctx, []part{{"features", b.features}})
}

// BenchAccount is `weir bench account`.
func BenchAccount(ctx context.Context, c Config, o BenchOptions, stdout, stderr io.Writer, log *slog.Logger) error {
	b := newBench(c, o, stdout, stderr, log)
	return b.run(ctx, []part{{"pipeline with 40 features of the account alone", b.account}})
}

// BenchEntities is `weir bench entities`.
func BenchEntities(ctx context.Context, c Config, o BenchOptions, stdout, stderr io.Writer, log *slog.Logger) error {
	b := newBench(c, o, stdout, stderr, log)
	return b.run(ctx, []part{{"entities", b.entities}})
}

// part is some of the figures.
type part struct {
	name string
	run  func(context.Context) error
}

func newBench(c Config, o BenchOptions, stdout, stderr io.Writer, log *slog.Logger) *bench {
	return &bench{config: c, options: o, figures: &figures{w: stdout}, stderr: stderr, log: log}
}

func (b *bench) run(ctx context.Context, parts []part) error {
	for _, part := range parts {
		_, _ = fmt.Fprintf(b.stderr, "bench: %s\n", part.name)
		if err := part.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return b.figures.err
}

type bench struct {
	config  Config
	options BenchOptions
	figures *figures
	stderr  io.Writer
	log     *slog.Logger

	realRate float64 // transactions a second on the configured servers
}

// figures prints lines of name, value and unit.
type figures struct {
	w   io.Writer
	err error
}

func (f *figures) line(name string, value float64, unit string) {
	digits := 2
	if value >= 1000 || value == float64(int64(value)) {
		digits = 0
	}
	if _, err := fmt.Fprintf(f.w, "%s %.*f %s\n", name, digits, value, unit); f.err == nil {
		f.err = err
	}
}

// benchWorld is the traffic that throughput is measured on.
func benchWorld() simulate.Config {
	w := simulate.DefaultConfig()
	w.Accounts = 8000
	return w
}

// real measures consuming alone, the whole pipeline, and a rebuild of its state, on one topic.
func (b *bench) real(ctx context.Context) (err error) {
	topics, err := b.fill(ctx, b.config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, topics.close(context.WithoutCancel(ctx))) }()
	consumed, err := topics.consume(ctx)
	if err != nil {
		return err
	}
	n := float64(topics.records)
	b.figures.line("consume_rate", n/consumed.wall.Seconds(), "tx/s")
	b.figures.line("consume_cpu", consumed.cpu.Seconds()/n*1e6, "us/tx")
	m, err := topics.run(ctx, PipelineBenchOptions{Profile: b.options.Profile}, b.log)
	if err != nil {
		return err
	}
	if err := m.write(b.figures, "pipeline"); err != nil {
		return err
	}
	b.realRate = m.rate()
	b.figures.line("pipeline_to_consume", m.rate()/(n/consumed.wall.Seconds()), "ratio")
	rebuilt, err := topics.rebuild(ctx, b.log)
	if err != nil {
		return err
	}
	b.figures.line("rebuild_rate", float64(rebuilt.stats.Folded.Load())/rebuilt.wall.Seconds(), "tx/s")
	b.figures.line("rebuild_cpu", rebuilt.cpu.Seconds()/float64(rebuilt.stats.Folded.Load())*1e6, "us/tx")
	return nil
}

// embedded measures the whole pipeline on the servers of `weir demo`, which run in this process.
func (b *bench) embedded(ctx context.Context) (err error) {
	servers, err := startEmbedded("")
	if err != nil {
		return err
	}
	defer servers.close()
	c := b.config
	servers.connect(&c)
	topics, err := b.fill(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, topics.close(context.WithoutCancel(ctx))) }()
	m, err := topics.run(ctx, PipelineBenchOptions{}, b.log)
	if err != nil {
		return err
	}
	b.figures.line("embedded_rate", m.rate(), "tx/s")
	b.figures.line("embedded_to_pipeline", m.rate()/b.realRate, "ratio")
	return nil
}

// fill makes a topic of simulated transactions with a past, and the topics for what comes of them.
func (b *bench) fill(ctx context.Context, c Config) (*benchTopics, error) {
	world := live(benchWorld(), b.options.Transactions/2)
	next, err := simulated(world)
	if err != nil {
		return nil, err
	}
	return b.withPast(ctx, c, world, next, b.options.Transactions)
}

// live returns a world of about so many transactions of ordinary days, after which come those of a demonstration: so many a
// second that an hour of event time, which is a step that partitions take together, is as many as in a large stream.
func live(w simulate.Config, past int64) simulate.Config {
	const daily, between = 1.6, 80 // transactions of an account, seconds between them
	w.LiveRate = float64(w.Accounts) / between
	w.WarmUp = time.Duration(float64(past) / (daily * float64(w.Accounts)) * float64(24*time.Hour)).Truncate(time.Minute)
	return w
}

// withPast makes a topic of transactions whose past is folded, so that accounts are as they are after a month, and the
// topics for what comes of them.
func (b *bench) withPast(ctx context.Context, c Config, world simulate.Config, next func(*payment.Transaction) bool, decided int64) (_ *benchTopics, err error) {
	topics, err := newBenchTopics(ctx, c, "", b.options.Partitions)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, topics.close(context.WithoutCancel(ctx)))
		}
	}()
	topics.config.Pipeline.Start = pipeline.StartLatest
	from, _ := world.LiveFrom()
	var first payment.Transaction
	err = topics.produce(ctx, func(tx *payment.Transaction) bool {
		ok := next(tx) && tx.Time.Std().Before(from)
		if !ok {
			first = tx.Clone()
		}
		return ok
	}, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	if _, err := topics.fold(ctx, b.log); err != nil {
		return nil, err
	}
	begun := false
	return topics, topics.produce(ctx, func(tx *payment.Transaction) bool {
		if !begun {
			begun, *tx = true, first
			return true
		}
		return next(tx)
	}, decided)
}

// simulated returns a function that sets a transaction to the next one of a simulation, and reports false at its end.
func simulated(world simulate.Config) (next func(*payment.Transaction) bool, err error) {
	g, err := simulate.New(world)
	if err != nil {
		return nil, err
	}
	var e simulate.Event
	return func(tx *payment.Transaction) bool {
		ok := g.Next(&e)
		*tx = e.Transaction
		return ok
	}, nil
}

// latency measures at two rates, and at the higher one with 40 features of the account alone.
func (b *bench) latency(ctx context.Context) error {
	for _, o := range []LatencyOptions{{Rate: 2000}, {Rate: 5000}, {Rate: 5000, Account: true}} {
		o.For, o.WarmUp, o.Partitions = b.options.For, LatencyWarmUp, LatencyPartitions
		if err := benchLatency(ctx, b.config, o, b.figures, b.log); err != nil {
			return err
		}
	}
	return nil
}

// decide measures decisions on request.
func (b *bench) decide(ctx context.Context) error {
	o := LatencyOptions{Rate: DecideRate, For: b.options.For, WarmUp: LatencyWarmUp, Partitions: b.options.Partitions}
	return benchDecide(ctx, b.config, o, b.figures, b.log)
}

// review measures the review API.
func (b *bench) review(ctx context.Context) error {
	return b.reviewAPI(ctx, ReviewBenchOptions{
		Alerts: b.options.Alerts, Rate: ReviewRate, For: b.options.For, WarmUp: ReviewWarmUp, Partitions: b.options.Partitions,
	})
}

// replay measures `weir replay` over a file.
func (b *bench) replay(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "weir-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "transactions.jsonl.zst")
	if err := Simulate(ctx, b.config, SimulateOptions{World: benchWorld(), Count: b.options.Transactions, Out: path}, io.Discard); err != nil {
		return err
	}
	o := ReplayOptions{Input: Input{Paths: []string{path}}, Partitions: b.options.Partitions, Decisions: filepath.Join(dir, "decisions.jsonl")}
	began, cpu := time.Now(), processTime()
	if err := Replay(ctx, b.config, o, io.Discard, io.Discard); err != nil {
		return err
	}
	n := float64(b.options.Transactions)
	b.figures.line("replay_rate", n/time.Since(began).Seconds(), "tx/s")
	b.figures.line("replay_cpu", (processTime()-cpu).Seconds()/n*1e6, "us/tx")
	return nil
}

// stateSize measures what an account takes in Redis.
func (b *bench) stateSize(ctx context.Context) error {
	set, err := b.config.featureSet()
	if err != nil {
		return err
	}
	store := b.config.store()
	defer func() { _ = store.Close() }()
	for _, n := range []int{10, 100, 1000} {
		a, id, err := accountOf(set, n)
		if err != nil {
			return err
		}
		bytes, err := store.Measure(ctx, id, a.Append(nil))
		if err != nil {
			return err
		}
		b.figures.line(fmt.Sprintf("account_bytes_%d", n), float64(bytes), "bytes")
	}
	return b.tileSize(ctx, set, store)
}

// accountOf returns an account with n events, which is how many there are in a month.
func accountOf(set *features.Set, n int) (*features.Account, string, error) {
	c, err := newCustomer(n)
	if err != nil {
		return nil, "", err
	}
	a := set.NewAccount()
	var o features.Observation
	var tx payment.Transaction
	for range n {
		c.next(&tx)
		a.Observe(&tx, &o)
		a.Fold(&o)
	}
	return a, tx.AccountID, nil
}

// consume reads the topic in a group of its own, as many consumers as there would be workers, and does nothing else.
func (b *benchTopics) consume(ctx context.Context) (*measured, error) {
	ends, err := b.ends(ctx)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	m := &measured{}
	var began time.Time
	var cpu time.Duration
	progress := make(chan stream.Record, 1024)
	g, work := errgroup.WithContext(ctx)
	for range b.config.workers() {
		g.Go(func() error { return b.consumeShare(work, progress) })
	}
	at := make([]int64, len(ends))
	for left := len(ends); left > 0; {
		select {
		case <-work.Done():
			return nil, g.Wait()
		case r := <-progress:
			if began.IsZero() {
				began, cpu = time.Now(), processTime()
			}
			if at[r.Partition] < ends[r.Partition] && r.Offset >= ends[r.Partition]-1 {
				left--
			}
			at[r.Partition] = max(at[r.Partition], r.Offset+1)
		}
	}
	m.wall, m.cpu = time.Since(began), processTime()-cpu
	stop()
	return m, g.Wait()
}

// consumeShare tells of the last record of each partition in each poll.
func (b *benchTopics) consumeShare(ctx context.Context, progress chan<- stream.Record) (err error) {
	consumer, err := stream.NewConsumer(b.config.kafka(), stream.GroupConfig{
		Group: b.config.Kafka.Group + "-consume", SessionTimeout: time.Duration(b.config.Kafka.Session), Topic: b.in.Name,
	}, fromStart{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, consumer.Close()) }()
	var batch []stream.Record
	for ctx.Err() == nil {
		if batch, _, err = consumer.Poll(ctx, batch[:0], b.config.Pipeline.BatchSize, 20*time.Millisecond); err != nil {
			return err
		}
		for i := range batch {
			if i+1 < len(batch) && batch[i+1].Partition == batch[i].Partition {
				continue
			}
			select {
			case progress <- batch[i]:
			case <-ctx.Done():
			}
		}
	}
	return nil
}

// fromStart reads every partition from its first offset.
type fromStart struct{}

func (fromStart) Assigned(_ context.Context, partitions []int32) ([]int64, error) {
	return make([]int64, len(partitions)), nil
}

func (fromStart) Revoked(context.Context, []int32, bool) {}
