package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/pprof"
	"time"

	"golang.org/x/sync/errgroup"

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
	bench, err := newBenchTopics(ctx, c, o.Topic)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bench.close(context.WithoutCancel(ctx))) }()
	m, err := bench.run(ctx, o, log)
	if err != nil {
		return err
	}
	return m.write(stdout)
}

// measured is what a run of the pipeline took.
type measured struct {
	stats *pipeline.Stats
	wall  time.Duration
	cpu   time.Duration
}

// write prints a line per figure: name, value, unit.
func (m *measured) write(w io.Writer) error {
	n := float64(m.stats.Transactions.Load())
	if n == 0 {
		return errors.New("the topic holds no transaction")
	}
	p := &figures{w: w}
	p.line("pipeline_transactions", n, "tx")
	p.line("pipeline_rate", n/m.wall.Seconds(), "tx/s")
	p.line("pipeline_cpu", m.cpu.Seconds()/n*1e6, "us/tx")
	var known float64
	for _, s := range pipeline.AllStages() {
		spent := m.stats.Stages[s].Snapshot().Sum
		known += spent
		p.line("cpu_"+s.String(), spent/n*1e6, "us/tx")
	}
	p.line("cpu_rest", (m.cpu.Seconds()-known)/n*1e6, "us/tx")
	size := m.stats.BatchSize.Snapshot()
	p.line("pipeline_batch", size.Sum/float64(max(size.Count, 1)), "tx")
	p.line("pipeline_alerts", float64(m.stats.Alerts.Load()), "alerts")
	return p.err
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

// benchTopics are the topics that a benchmark writes to, beside the one it reads.
type benchTopics struct {
	config Config
	in     stream.Topic
	end    int64 // records to read
}

func newBenchTopics(ctx context.Context, c Config, topic string) (*benchTopics, error) {
	admin, err := stream.NewAdmin(c.kafka())
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	in, err := admin.Describe(ctx, topic)
	if err != nil {
		return nil, err
	}
	prefix := fmt.Sprintf("weir-bench-%d-", time.Now().UnixMilli())
	c.Kafka.Topics = TopicsConfig{
		Transactions: topic, Decisions: prefix + "decisions", Alerts: prefix + "alerts", DeadLetters: prefix + "dead-letters",
		Feedback: prefix + "feedback", Control: prefix + "control",
	}
	c.Kafka.Group = prefix + "group"
	c.Redis.state = prefix + "state"
	c.Pipeline.Start = pipeline.StartEarliest
	b := &benchTopics{config: c, in: in}
	for _, t := range b.outputs() {
		if _, err := admin.Create(ctx, t); err != nil {
			return nil, errors.Join(err, b.close(ctx))
		}
	}
	return b, nil
}

// outputs are the topics to be made and deleted: all but the one that is read.
func (b *benchTopics) outputs() []stream.Topic {
	return b.config.wantedTopics(b.in.Partitions, 0, 0)[1:]
}

// close deletes what the benchmark has made.
func (b *benchTopics) close(ctx context.Context) error {
	admin, err := stream.NewAdmin(b.config.kafka())
	if err != nil {
		return err
	}
	defer admin.Close()
	for _, t := range b.outputs() {
		err = errors.Join(err, admin.Delete(ctx, t.Name))
	}
	return errors.Join(err, b.config.deleteState(ctx, b.in.Partitions))
}

// run runs the pipeline until every partition has been read up to where it ends now. What is measured begins with the
// first decision: joining the group is none of it.
func (b *benchTopics) run(ctx context.Context, o PipelineBenchOptions, log *slog.Logger) (*measured, error) {
	r, err := stream.NewReader(ctx, b.config.kafka(), b.in, stream.FromStart)
	if err != nil {
		return nil, err
	}
	ends := r.Ends()
	if err := r.Close(); err != nil {
		return nil, err
	}
	m := &measured{stats: pipeline.NewStats()}
	work, stop := context.WithCancel(ctx)
	g, work := errgroup.WithContext(work)
	g.Go(func() error { return run(work, b.config, log, m.stats, threadTime()) })
	g.Go(func() error {
		defer stop()
		return m.watch(work, ends, o.Profile)
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	return m, ctx.Err()
}

func (m *measured) watch(ctx context.Context, ends []int64, profile string) (err error) {
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
	for !m.done(ends) {
		if sleep(ctx, look) != nil {
			return nil
		}
	}
	m.wall, m.cpu = time.Since(began), processTime()-cpu
	return nil
}

// done reports whether the decisions on everything before the ends are out.
func (m *measured) done(ends []int64) bool {
	partitions := m.stats.Partitions()
	if len(partitions) < len(ends) {
		return false
	}
	for _, p := range partitions {
		if p.Committed.Load() < ends[p.Partition] {
			return false
		}
	}
	return true
}
