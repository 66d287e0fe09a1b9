package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/stream"
)

// BuildOptions are those of `weir state build`.
type BuildOptions struct {
	Once bool // stop as soon as the state has caught up
}

// buildInterval returns the time between two writes of a partition's state while little changes. It is longer than that of a
// process that serves the same state: whoever writes first makes the other read again.
func (c *Config) buildInterval() time.Duration {
	return max(time.Second, 2*time.Duration(c.Pipeline.ApplyInterval))
}

// BuildState is `weir state build`: it builds the state of the configured layout from the log, and follows the serving
// group, until ctx ends.
func BuildState(ctx context.Context, c Config, o BuildOptions, stdout, stderr io.Writer, log *slog.Logger) error {
	c.Kafka.Instance = "" // that name is the serving process's
	restore := tuneCollector()
	defer restore()
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	if err := c.modelFits(set); err != nil {
		_, _ = fmt.Fprintf(stderr, "the configured model does not fit, so weir run will refuse until another is set: %v\n", err)
	}
	admin, err := stream.NewAdmin(c.kafka())
	if err != nil {
		return err
	}
	defer admin.Close()
	b := &stateBuild{config: c, set: set, admin: admin, log: log, progress: newBuildProgress(set.State(), c.Kafka.Group, c.buildInterval(), stdout, stderr)}
	err = b.run(ctx, o.Once)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, b.progress.err)
}

// modelFits reports why the configured model, or a challenger, could not score with the set.
func (c *Config) modelFits(set *features.Set) error {
	m, err := c.loadModel()
	if err == nil {
		_, err = m.Bind(set.Schema())
	}
	if err != nil {
		return err
	}
	active, err := c.policy(m, set)
	if err != nil {
		return err
	}
	_, err = c.checkedChallengers(set, m, active)
	return err
}

// stateBuild is a build under way.
type stateBuild struct {
	config   Config
	set      *features.Set
	admin    *stream.Admin
	log      *slog.Logger
	progress *buildProgress
}

func (b *stateBuild) run(ctx context.Context, once bool) error {
	c := b.config
	topic, err := b.admin.Describe(ctx, c.Kafka.Topics.Transactions)
	if err != nil {
		return err
	}
	committed := func(ctx context.Context) ([]int64, error) { return b.admin.Committed(ctx, c.Kafka.Group, topic) }
	at, err := committed(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(at, func(offset int64) bool { return offset != stream.NoOffset }) {
		return fmt.Errorf("group %s has decided nothing of topic %s yet, so there is no service to build beside: weir run builds the state by itself (is kafka.group right?)",
			c.Kafka.Group, topic.Name)
	}
	store := c.store()
	defer func() { _ = store.Close() }()
	if err := store.Ping(ctx); err != nil {
		return err
	}
	if err := pipeline.CheckPartitionCount(ctx, store, topic.ID, topic.Partitions); err != nil {
		return fmt.Errorf("topic %s: %w", topic.Name, err)
	}
	work, stop := context.WithCancel(ctx)
	defer stop()
	g, work := errgroup.WithContext(work)
	stats := pipeline.NewStats()
	labels := service{config: c, log: b.log, stats: stats}
	source, err := labels.startLabels(work, g, b.set, b.admin)
	if err != nil {
		return err
	}
	if err := b.start(work, g, store, topic, stats, committed); err != nil {
		stop()
		return errors.Join(err, g.Wait())
	}
	logs := []*builtLog{{topic: topic, peers: store.Peers, end: committed, first: b.firstOf(topic)}}
	if source.Store != nil {
		kept := c.labelStore()
		defer func() { _ = kept.Close() }()
		feedback := stream.Topic{Name: c.Kafka.Topics.Feedback, Partitions: source.Partitions}
		logs = append(logs, &builtLog{topic: feedback, peers: kept.Peers, first: b.firstOf(feedback), end: func(ctx context.Context) ([]int64, error) {
			return b.admin.Ends(ctx, feedback.Name, feedback.Partitions)
		}})
	}
	g.Go(func() error {
		defer stop()
		b.progress.follow(work, logs, once)
		return nil
	})
	err = g.Wait()
	if once && errors.Is(err, context.Canceled) {
		err = ctx.Err()
	}
	if err == nil {
		err = b.progress.stopped(context.WithoutCancel(ctx), logs)
	}
	return err
}

// firstOf returns where each partition of a topic begins.
func (b *stateBuild) firstOf(topic stream.Topic) func(context.Context) ([]int64, error) {
	return func(ctx context.Context) ([]int64, error) {
		first, _, err := b.admin.Bounds(ctx, topic)
		return first, err
	}
}

// start starts as many builders as there would be workers, each with its share of the partitions.
func (b *stateBuild) start(ctx context.Context, g *errgroup.Group, store pipeline.Store, topic stream.Topic, stats *pipeline.Stats, committed func(context.Context) ([]int64, error)) error {
	c := b.config
	n := min(c.workers(), int(topic.Partitions))
	shares := make([][]int32, n)
	for p := range topic.Partitions {
		shares[int(p)%n] = append(shares[int(p)%n], p)
	}
	for i, share := range shares {
		builder, err := pipeline.NewBuilder(pipeline.BuilderConfig{
			Kafka: c.kafka(), Group: c.Kafka.Group, Topic: topic.Name, TopicID: topic.ID, Partitions: topic.Partitions, Share: share,
			Delivery: c.Pipeline.Delivery, Timeout: time.Duration(c.Kafka.Transaction),
			ApplyInterval: c.buildInterval(), CacheAccounts: c.Pipeline.CacheAccounts,
			Clock: wallTime().now, Committed: committed,
		}, b.set, store, stats, b.log.With("builder", i), time.Now, rand.Uint64)
		if err != nil {
			return err
		}
		g.Go(func() error { return builder.Run(ctx) })
	}
	return nil
}
