package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/stream"
)

// PipelineBenchOptions are those of `weir bench pipeline`.
type PipelineBenchOptions struct {
	Topic   string // read from its start to where it ends now
	Profile string // file for a CPU profile, empty for none
}

// BenchPipeline is `weir bench pipeline`: the whole pipeline over an existing topic until its end, under a group, topics
// and a state of its own, which are deleted afterwards.
func BenchPipeline(ctx context.Context, c Config, o PipelineBenchOptions, stdout io.Writer, log *slog.Logger) (err error) {
	topics, err := newBenchTopics(ctx, c, o.Topic, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, topics.close(context.WithoutCancel(ctx))) }()
	m, err := topics.run(ctx, o, log)
	if err != nil {
		return err
	}
	return m.write(&figures{w: stdout}, "pipeline")
}

// measured is what a run of the pipeline took.
type measured struct {
	stats *pipeline.Stats
	wall  time.Duration
	cpu   time.Duration
	heap  uint64 // bytes, after a collection, once everything was done; and
	held  int64  // accounts and keys of entities in memory then
}

// rate returns the transactions decided in a second.
func (m *measured) rate() float64 { return float64(m.stats.Transactions.Load()) / m.wall.Seconds() }

// write prints a line per figure: name, value, unit.
func (m *measured) write(f *figures, name string) error {
	n := float64(m.stats.Transactions.Load())
	if n == 0 {
		return errors.New("the topic holds no transaction")
	}
	f.line(name+"_transactions", n, "tx")
	f.line(name+"_rate", m.rate(), "tx/s")
	f.line(name+"_cpu", m.cpu.Seconds()/n*1e6, "us/tx")
	var known float64
	for _, s := range pipeline.AllStages() {
		spent := m.stats.Stages[s].Snapshot().Sum
		known += spent
		f.line(name+"_cpu_"+s.String(), spent/n*1e6, "us/tx")
	}
	f.line(name+"_cpu_rest", (m.cpu.Seconds()-known)/n*1e6, "us/tx")
	size := m.stats.BatchSize.Snapshot()
	f.line(name+"_batch", size.Sum/float64(max(size.Count, 1)), "tx")
	f.line(name+"_alerts", float64(m.stats.Alerts.Load()), "alerts")
	return f.err
}

// benchTopics are a topic to read and those that a benchmark writes to.
type benchTopics struct {
	config Config
	in     stream.Topic
	own    bool // the topic to read is the benchmark's own

	records int64 // produced
}

// newBenchTopics makes the topics to write to beside the given topic, or one to read as well where none is given.
func newBenchTopics(ctx context.Context, c Config, topic string, partitions int32) (*benchTopics, error) {
	admin, err := stream.NewAdmin(c.kafka())
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	prefix := fmt.Sprintf("weir-bench-%d-", time.Now().UnixMilli())
	b := &benchTopics{own: topic == "", in: stream.Topic{Name: topic, Partitions: partitions}}
	if b.own {
		b.in.Name = prefix + "transactions"
	} else if b.in, err = admin.Describe(ctx, topic); err != nil {
		return nil, err
	}
	c.Kafka.Topics = TopicsConfig{
		Transactions: b.in.Name, Decisions: prefix + "decisions", Alerts: prefix + "alerts", DeadLetters: prefix + "dead-letters",
		Feedback: prefix + "feedback", Control: prefix + "control",
	}
	c.Kafka.Group = prefix + "group"
	c.Redis.state = prefix + "state"
	c.Pipeline.Start = pipeline.StartEarliest
	b.config = c
	for i, t := range b.made() {
		if _, err := admin.Create(ctx, t); err != nil {
			if i == 0 { // there is nothing to delete, and perhaps nobody to ask
				return nil, err
			}
			return nil, errors.Join(err, b.close(context.WithoutCancel(ctx)))
		}
	}
	if b.in, err = admin.Describe(ctx, b.in.Name); err != nil {
		return nil, errors.Join(err, b.close(context.WithoutCancel(ctx)))
	}
	return b, nil
}

// produce sends n transactions into the topic to read, or as many as there are.
func (b *benchTopics) produce(ctx context.Context, next func(*payment.Transaction) bool, n int64) error {
	p, err := stream.NewProducer(b.config.kafka())
	if err != nil {
		return err
	}
	defer p.Close()
	var tx payment.Transaction
	var value []byte
	for range n {
		if ctx.Err() != nil || !next(&tx) {
			break
		}
		value = payment.AppendJSON(value[:0], &tx)
		m := stream.Message{Topic: b.in.Name, Partition: stream.AnyPartition, Key: []byte(tx.AccountID), Value: value}
		if err := p.Produce(&m); err != nil {
			return err
		}
		b.records++
	}
	return errors.Join(ctx.Err(), p.Flush(ctx))
}

// made are the topics that the benchmark makes and deletes.
func (b *benchTopics) made() []stream.Topic {
	all := b.config.wantedTopics(b.in.Partitions, 0, 0)
	if b.own {
		return all
	}
	return all[1:] // without the transactions
}

// close deletes what the benchmark has made.
func (b *benchTopics) close(ctx context.Context) error {
	admin, err := stream.NewAdmin(b.config.kafka())
	if err != nil {
		return err
	}
	defer admin.Close()
	for _, t := range b.made() {
		err = errors.Join(err, admin.Delete(ctx, t.Name))
	}
	return errors.Join(err, b.config.deleteState(ctx, b.in.Partitions))
}

// ends returns, for each partition of the topic to read, the offset behind its last record.
func (b *benchTopics) ends(ctx context.Context) ([]int64, error) {
	r, err := stream.NewReader(ctx, b.config.kafka(), b.in, stream.FromStart)
	if err != nil {
		return nil, err
	}
	return r.Ends(), r.Close()
}

// run runs the pipeline until every partition has been decided up to where it ends now. What is measured begins with
// the first records: joining the group is none of it.
func (b *benchTopics) run(ctx context.Context, o PipelineBenchOptions, log *slog.Logger) (*measured, error) {
	ends, err := b.ends(ctx)
	if err != nil {
		return nil, err
	}
	return b.measure(ctx, o.Profile, log, func(p *pipeline.PartitionStats) bool { return p.Committed.Load() >= ends[p.Partition] })
}

// rebuild throws the state of a run away, and measures how long building it again takes.
func (b *benchTopics) rebuild(ctx context.Context, log *slog.Logger) (*measured, error) {
	if err := b.config.deleteState(ctx, b.in.Partitions); err != nil {
		return nil, err
	}
	return b.fold(ctx, log)
}

// fold measures the building of the state up to what is committed, or to the log's end where nothing is.
func (b *benchTopics) fold(ctx context.Context, log *slog.Logger) (*measured, error) {
	return b.measure(ctx, "", log, func(p *pipeline.PartitionStats) bool { return p.Until.Load() > 0 && !p.Catching.Load() })
}

// measure runs the pipeline until all partitions are done.
func (b *benchTopics) measure(ctx context.Context, profile string, log *slog.Logger, done func(*pipeline.PartitionStats) bool) (*measured, error) {
	m := &measured{stats: pipeline.NewStats()}
	work, stop := context.WithCancel(ctx)
	defer stop()
	g, work := errgroup.WithContext(work)
	g.Go(func() error { return run(work, b.config, log, m.stats, threadTime()) })
	g.Go(func() error {
		defer stop()
		return m.watch(work, profile, func() bool {
			partitions := m.stats.Partitions()
			return len(partitions) == int(b.in.Partitions) && !slices.ContainsFunc(partitions, func(p *pipeline.PartitionStats) bool { return !done(p) })
		})
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	return m, ctx.Err()
}

// watch measures from the first records until done, with a CPU profile if a file for it is named.
func (m *measured) watch(ctx context.Context, profile string, done func() bool) (err error) {
	const look = 2 * time.Millisecond
	for m.stats.Stages[pipeline.Load].Snapshot().Count == 0 {
		if sleep(ctx, look) != nil {
			return nil
		}
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return fmt.Errorf("create the profile: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("start the profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	began, cpu := time.Now(), processTime()
	for !done() {
		if sleep(ctx, look) != nil {
			return nil
		}
	}
	m.wall, m.cpu = time.Since(began), processTime()-cpu
	m.heap = heapInUse()
	for _, w := range m.stats.Workers() {
		m.held += w.Accounts.Load()
	}
	return nil
}

// heapInUse returns the bytes of the heap after a collection.
func heapInUse() uint64 {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}
