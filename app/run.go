package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/decide"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/monitor"
	"github.com/weir-fraud/weir/notify"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/stream"
)

// Run is `weir run`: the configured targets against real servers, until ctx ends. Version is that of the program.
func Run(ctx context.Context, c Config, version string, log *slog.Logger) error {
	c.Tell(func(text string) { log.Warn(text) })
	t, err := c.targets()
	if err != nil {
		return err
	}
	s := service{config: c, targets: t, version: version, log: log, stats: pipeline.NewStats(), clock: wallTime()}
	s.reviewing = func(_ net.Addr, link string) {
		if link != "" {
			fmt.Fprintln(os.Stderr, "weir: review alerts at", link, "(signs in once; weir user add makes users)")
		}
	}
	err = s.run(ctx)
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

// service is what of Weir is in this process.
type service struct {
	config  Config
	targets targets
	version string
	log     *slog.Logger
	stats   *pipeline.Stats
	clock   stageClock
	monitor *monitor.Monitor

	requests  *decide.Stats       // nil without the target
	listening func(addr net.Addr) // told where requests for decisions are taken; may be nil

	deliveries *notify.Stats // nil without the target

	reviewing func(addr net.Addr, link string) // told where people review, and the link that signs in once; may be nil
	demo      bool
}

// run runs the pipeline inside another command, which shows by itself how it does.
func run(ctx context.Context, c Config, log *slog.Logger, stats *pipeline.Stats, clock stageClock) error {
	c.HTTP.Address = ""
	s := service{config: c, targets: targets{pipeline: true}, log: log, stats: stats, clock: clock}
	return s.run(ctx)
}

// run serves metrics and health, and runs the targets.
func (s *service) run(ctx context.Context) error {
	if s.targets.decide {
		s.requests = decide.NewStats()
	}
	if s.targets.notify {
		s.deliveries = new(notify.Stats)
	}
	s.monitor = monitor.New(monitor.Config{
		Stats: s.stats, Requests: s.requests, Deliveries: s.deliveries, Version: s.version, Layout: s.config.Layout(), Silence: s.config.silence(), Now: time.Now,
	})
	if address := s.config.HTTP.Address; address != "" {
		server, err := monitor.Serve(address, s.monitor.Handler(), s.log)
		if err != nil {
			return err
		}
		defer func() { _ = server.Close(context.WithoutCancel(ctx)) }()
		s.log.Info("serving metrics and health", "address", server.Address())
	}
	return s.runTargets(ctx)
}

// silence is how long a worker's loop may go without a turn: several of the waits that a turn may hold, each of which
// ends by the transaction timeout.
func (c *Config) silence() time.Duration {
	return max(time.Minute, 6*time.Duration(c.Kafka.Transaction))
}

// work runs the workers.
func (s *service) work(ctx context.Context) error {
	restore := tuneCollector()
	defer restore()
	s.monitor.Waiting("loading the model")
	decides, err := s.follow(ctx)
	if err != nil {
		return err
	}
	defer decides.close()
	set := decides.engine.Set()
	s.monitor.Waiting("looking at Kafka's topics")
	topic, err := s.config.describeTopics(ctx)
	if err != nil {
		return err
	}
	s.monitor.Waiting("looking at the state in Redis")
	redis := s.config.store()
	defer func() { _ = redis.Close() }()
	if err := redis.Ping(ctx); err != nil {
		return err
	}
	if err := pipeline.CheckPartitionCount(ctx, redis, topic.ID, topic.Partitions); err != nil {
		return fmt.Errorf("topic %s: %w", topic.Name, err)
	}
	g, ctx := errgroup.WithContext(ctx)
	admin, err := stream.NewAdmin(s.config.kafka())
	if err != nil {
		return err
	}
	defer admin.Close()
	if s.config.HTTP.Address != "" {
		watched := s.config.kafka()
		watched.Slow = nil // the monitor tells what is not there
		admin, err := stream.NewAdmin(watched)
		if err != nil {
			return err
		}
		defer admin.Close()
		g.Go(func() error {
			s.monitor.Watch(ctx, kafkaServer(admin, topic), monitor.Server{Name: "redis", Check: redis.Ping})
			return nil
		})
	}
	labels, err := s.startLabels(ctx, g, set, admin)
	if err != nil {
		return err
	}
	s.startWorkers(ctx, g, decides, redis, topic, labels, admin)
	g.Go(func() error { decides.run(ctx); return nil })
	s.monitor.Working()
	context.AfterFunc(ctx, func() { s.monitor.Waiting("stopping") })
	err = g.Wait()
	s.log.Info("stopped", "transactions", s.stats.Transactions.Load(), "alerts", s.stats.Alerts.Load(),
		"folded", s.stats.Folded.Load(), "recoveries", s.stats.Recoveries.Load())
	return err
}

// kafkaServer is there as long as the topic is the one that the workers began with.
func kafkaServer(admin *stream.Admin, topic stream.Topic) monitor.Server {
	return monitor.Server{Name: "kafka", Check: func(ctx context.Context) error {
		found, err := admin.Describe(ctx, topic.Name)
		switch {
		case err != nil:
			return err
		case found.ID != topic.ID:
			return fmt.Errorf("topic %s was deleted and made again: start weir again", topic.Name)
		case found.Partitions != topic.Partitions:
			return fmt.Errorf("topic %s had %d partitions and has %d: copy the log into a new topic (weir produce --from-topic) and run on that",
				topic.Name, topic.Partitions, found.Partitions)
		}
		return nil
	}}
}

// labelMemory is how long after its transaction a label can still be corrected. Disputes take up to four months.
const labelMemory = 150 * 24 * time.Hour

// startLabels folds the feedback log, if any feature is over labels, and returns what is stored of it.
func (s *service) startLabels(ctx context.Context, g *errgroup.Group, set *features.Set, admin *stream.Admin) (pipeline.LabelSource, error) {
	if !set.ReadsLabels() {
		return pipeline.LabelSource{}, nil
	}
	c := s.config
	topic, err := admin.Describe(ctx, c.Kafka.Topics.Feedback)
	if err != nil {
		return pipeline.LabelSource{}, fmt.Errorf("the features file has features over labels: %w", err)
	}
	store := c.labelStore()
	if err := pipeline.CheckPartitionCount(ctx, store, topic.ID, topic.Partitions); err != nil {
		return pipeline.LabelSource{}, errors.Join(fmt.Errorf("topic %s: %w", topic.Name, err), store.Close())
	}
	w := pipeline.NewLabelWorker(pipeline.LabelWorkerConfig{
		Kafka: c.kafka(),
		Group: stream.GroupConfig{
			// Nothing is committed in this group, it only shares the partitions out: among those who keep the same state.
			Group: c.Kafka.Group + "-labels-" + set.State(), Instance: member(c.Kafka.Instance, 0), SessionTimeout: time.Duration(c.Kafka.Session), Topic: topic.Name,
		},
		TopicID: topic.ID, Partitions: topic.Partitions,
		ApplyInterval: time.Duration(c.Pipeline.ApplyInterval), Remember: labelMemory, CacheAccounts: c.Pipeline.CacheAccounts,
	}, set, store, s.stats, s.log.With("worker", "labels"), time.Now, rand.Uint64)
	g.Go(func() error { return errors.Join(w.Run(ctx), store.Close()) })
	return pipeline.LabelSource{Store: store, Partitions: topic.Partitions, Kept: labelMemory}, nil
}

// follow makes the engine to begin with, and what exchanges it for others.
func (s *service) follow(ctx context.Context) (*follower, error) {
	f := &follower{config: &s.config, version: s.version, instance: s.config.Kafka.Instance, log: s.log, stats: s.stats, monitor: s.monitor, now: time.Now}
	if f.instance == "" {
		host, _ := os.Hostname()
		f.instance = fmt.Sprintf("%s-%d-%08x", host, os.Getpid(), rand.Uint32())
	}
	if err := f.start(ctx); err != nil {
		f.close()
		return nil, err
	}
	s.monitor.Decides(monitor.Engine{Model: f.engine.Model(), Policy: f.engine.Policy()})
	return f, nil
}

func (s *service) startWorkers(ctx context.Context, g *errgroup.Group, decides *follower, redis pipeline.Store, topic stream.Topic, labels pipeline.LabelSource, admin *stream.Admin) {
	c := s.config
	store, sabotage := sabotaged(redis)
	s.log.Info("starting", "version", s.version, "model", decides.engine.Model(), "policy", decides.engine.Policy(), "topic", topic.Name, "partitions", topic.Partitions,
		"workers", c.workers(), "instance", decides.instance, "group", c.Kafka.Group)
	for i := range c.workers() {
		w := pipeline.NewWorker(pipeline.WorkerConfig{
			Kafka: c.kafka(),
			Group: stream.GroupConfig{
				Group: c.Kafka.Group, Instance: member(c.Kafka.Instance, i), SessionTimeout: time.Duration(c.Kafka.Session), Topic: topic.Name,
			},
			Topics: c.topics(), TopicID: topic.ID, Partitions: topic.Partitions,
			Start: c.Pipeline.Start, Delivery: c.Pipeline.Delivery,
			TransactionalID:    fmt.Sprintf("%s-%s-%d", c.Kafka.Group, decides.instance, i),
			TransactionTimeout: time.Duration(c.Kafka.Transaction),
			BatchSize:          c.Pipeline.BatchSize, ApplyInterval: time.Duration(c.Pipeline.ApplyInterval), CacheAccounts: c.Pipeline.CacheAccounts,
			EntityWait: time.Duration(c.Pipeline.EntityWait), Ends: admin.Ends, Labels: labels,
			Clock: s.clock.now, PinThreads: s.clock.pinned,
			Sabotage: sabotage,
		}, decides.engines, store, s.stats, s.log.With("worker", i), time.Now, rand.Uint64)
		g.Go(func() error { return w.Run(ctx) })
	}
}

// member names the i-th consumer of a named instance; without a name, membership is not static.
func member(instance string, i int) string {
	if instance == "" {
		return ""
	}
	return fmt.Sprintf("%s-%d", instance, i)
}
