package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/decide"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/stream"
)

// The targets of `weir run`.
const (
	targetPipeline = "pipeline"
	targetDecide   = "decide"

	knownTargets = targetPipeline + ", " + targetDecide + ", " + targetReview + ", " + targetNotify + ", or several of them"
)

// targets are what a process runs.
type targets struct{ pipeline, decide, review, notify bool }

func (c *Config) targets() (t targets, err error) {
	if len(c.Targets) == 0 {
		return t, fmt.Errorf("targets is empty: name %s", knownTargets)
	}
	for _, name := range c.Targets {
		switch name {
		case targetPipeline:
			t.pipeline = true
		case targetDecide:
			t.decide = true
		case targetReview:
			t.review = true
		case targetNotify:
			t.notify = true
		default:
			return t, fmt.Errorf("%q is not a target: name %s", name, knownTargets)
		}
	}
	return t, nil
}

// DecideConfig is the key decide.
type DecideConfig struct {
	Address   string   `yaml:"address" doc:"host:port to take transactions at; other machines reach it at \":9465\", which needs tokens"`
	Tokens    []string `yaml:"tokens" doc:"SHA-256 hashes, in hexadecimal, of the tokens of which a request must bear one (Authorization: Bearer TOKEN); may be empty at a loopback address only"`
	TimeLimit Duration `yaml:"time_limit" doc:"how long a request waits for its decision; the header Weir-Time-Limit-Ms asks for less"`
	Fallback  string   `yaml:"fallback" doc:"action that is answered, marked as fallback, when the decision does not come in time: approve, review or decline; empty for the policy's own"`
	InFlight  int      `yaml:"in_flight" doc:"most transactions waiting at once; beyond, the answer is 429"`
	Behind    Duration `yaml:"behind" doc:"how long a transaction that was handed in may be undecided before no more are taken, and the answer is 503"`
	Batch     int      `yaml:"batch" doc:"most transactions in one request, at most in_flight"`
	Bytes     int      `yaml:"request_bytes" doc:"most bytes of a request with several transactions"`
	Remember  Duration `yaml:"remember" doc:"how long decisions are remembered for requests that are repeated; as much is read back at the start"`
	Most      int      `yaml:"remember_most" doc:"how many decisions are remembered; each takes its event, of about 1 KB with its vector"`
}

func defaultDecide() DecideConfig {
	return DecideConfig{
		Address: "localhost:9465", Tokens: []string{}, TimeLimit: Duration(300 * time.Millisecond),
		InFlight: 1000, Behind: Duration(2 * time.Second), Batch: 100, Bytes: 1 << 20, Remember: Duration(10 * time.Minute), Most: 100_000,
	}
}

// decideRules returns the key decide as the service takes it, or everything that is wrong with it. It has no fallback action
// where that is left to the policy.
func (c *Config) decideRules() (decide.Rules, error) {
	d := c.Decide
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	layout := c.layout()
	rules := decide.Rules{
		TimeLimit: time.Duration(d.TimeLimit), InFlight: d.InFlight, Behind: c.patience(), Batch: d.Batch, RequestBytes: int64(d.Bytes),
		Remember: time.Duration(d.Remember), RememberMost: d.Most, CheckTime: layout.CheckFuture,
	}
	_, port, err := net.SplitHostPort(d.Address)
	check(err == nil && port != "", "decide.address is %q: it must be host:port or :port", d.Address)
	for i, text := range d.Tokens {
		hash, err := hex.DecodeString(text)
		check(err == nil && len(hash) == sha256.Size, "decide.tokens: number %d is not a SHA-256 hash of 64 hexadecimal digits: printf %%s TOKEN | sha256sum", i+1)
		if len(hash) == sha256.Size {
			rules.Tokens = append(rules.Tokens, [sha256.Size]byte(hash))
		}
	}
	check(d.TimeLimit.in(time.Millisecond, time.Minute), "decide.time_limit is %v: it must be 1ms to 1m", d.TimeLimit)
	if d.Fallback != "" {
		action, known := scoring.ParseAction(d.Fallback)
		rules.Fallback = func() scoring.Action { return action }
		check(known, "decide.fallback is %q: it must be approve, review or decline, or empty for the policy's own", d.Fallback)
	}
	check(d.InFlight >= 1 && d.InFlight <= 100_000, "decide.in_flight is %d: it must be 1 to 100000", d.InFlight)
	check(d.Behind.in(100*time.Millisecond, time.Hour), "decide.behind is %v: it must be 100ms to 1h", d.Behind)
	check(d.Batch >= 1 && d.Batch <= d.InFlight, "decide.batch is %d: it must be 1 to decide.in_flight", d.Batch)
	check(d.Bytes >= 1<<10 && d.Bytes <= 64<<20, "decide.request_bytes is %d: it must be 1024 to 67108864", d.Bytes)
	check(d.Remember.in(time.Minute, 7*24*time.Hour), "decide.remember is %v: it must be 1m to 7d", d.Remember)
	check(d.Most >= 10*d.InFlight, "decide.remember_most is %d: it must be at least ten times decide.in_flight", d.Most)
	return rules, errors.Join(errs...)
}

// patience is decide.behind. Without transactions the offsets that tell how far the pipeline is are committed only once its
// state is saved.
func (c *Config) patience() time.Duration {
	return time.Duration(c.Decide.Behind) + time.Duration(c.Pipeline.ApplyInterval)
}

// runTargets runs what this process is for. The pipeline stops after the requests have had their answers.
func (s *service) runTargets(ctx context.Context) error {
	if s.targets == (targets{pipeline: true}) {
		return s.work(ctx)
	}
	g, ctx := errgroup.WithContext(ctx)
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	front, done := errgroup.WithContext(ctx) // what people and programs ask
	if s.targets.decide {
		front.Go(func() error { return s.answer(done) })
	}
	if s.targets.review {
		front.Go(func() error { return s.review(done) })
	}
	if s.targets.notify {
		front.Go(func() error { return s.notify(done) })
	}
	g.Go(func() error {
		defer stop()
		return front.Wait()
	})
	if s.targets.pipeline {
		g.Go(func() error { return s.work(work) })
	} else {
		g.Go(func() error { return s.watchOnly(work) })
	}
	return g.Wait()
}

// watchOnly watches Kafka in a process without the pipeline, until ctx ends.
func (s *service) watchOnly(ctx context.Context) error {
	s.monitor.Waiting("looking at Kafka's topics")
	watched := s.config.kafka()
	watched.Slow = nil // the monitor tells what is not there
	admin, err := stream.NewAdmin(watched)
	if err != nil {
		return err
	}
	defer admin.Close()
	topic, err := s.config.describeTopics(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	s.monitor.Working()
	context.AfterFunc(ctx, func() { s.monitor.Waiting("stopping") })
	s.monitor.Watch(ctx, kafkaServer(admin, topic))
	return nil
}

// answer takes transactions over HTTP and answers with their decisions, until ctx ends and the last one is answered.
func (s *service) answer(ctx context.Context) error {
	rules, err := s.config.decideRules()
	if err != nil {
		return err
	}
	if rules.Fallback == nil {
		f, err := newFallback(ctx, &s.config, s.log.With("target", targetDecide))
		if err != nil {
			return err
		}
		rules.Fallback = f.Action
		following, stop := context.WithCancel(context.WithoutCancel(ctx)) // until the last answer
		var done sync.WaitGroup
		done.Go(func() { f.follow(following) })
		defer done.Wait()
		defer stop()
	}
	topic, err := s.config.describeTopics(ctx)
	if err != nil {
		return err
	}
	c := decide.Config{
		Rules: rules, Address: s.config.Decide.Address, Kafka: s.config.kafka(), Group: s.config.Kafka.Group, Transactions: topic,
		Decisions: stream.Topic{Name: s.config.topics().Decisions, Partitions: topic.Partitions},
	}
	return decide.Serve(ctx, c, s.requests, s.log.With("target", targetDecide), time.Now, func(a net.Addr) {
		if s.listening != nil {
			s.listening(a)
		}
	})
}
