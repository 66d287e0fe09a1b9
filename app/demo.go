package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/simulate"
	"github.com/weir-fraud/weir/stream"
)

// DemoOptions are those of `weir demo`.
type DemoOptions struct {
	For           time.Duration // 0 until interrupted
	Rate          float64       // transactions per second
	Seed          uint64
	DataDirectory string // keeps the log; empty for none
	HTTP          string // address of metrics and health, empty for none
	Version       string // of the program
	JSONSummary   bool
}

// demoSummary is the last line of `weir demo --summary json`.
type demoSummary struct {
	Transactions int64   `json:"transactions"`
	Decisions    int64   `json:"decisions"`
	Alerts       int64   `json:"alerts"`
	DeadLetters  int64   `json:"dead_letters"`
	P50          float64 `json:"p50_ms"`
	P99          float64 `json:"p99_ms"`
	Seconds      float64 `json:"seconds"`
}

const (
	demoPartitions  = 8
	demoHistory     = 24 * time.Hour  // of the accounts, before the live part: some two transactions each
	demoHistoryTime = 4 * time.Second // that it may take
)

// Demo is `weir demo`: the very pipeline of `weir run`, with embedded servers and simulated traffic.
func Demo(ctx context.Context, c Config, o DemoOptions, stdout io.Writer, log *slog.Logger) error {
	servers, err := startEmbedded(o.DataDirectory)
	if err != nil {
		return err
	}
	defer servers.close()
	servers.connect(&c)
	c.HTTP.Address = o.HTTP
	// What was sent before a restart was scored before it; without a log there is no before.
	c.Pipeline.Start = pipeline.StartEarliest
	if err := CreateTopics(ctx, c, demoPartitions, 1, io.Discard); err != nil {
		return err
	}
	d := &demo{config: c, options: o, stdout: stdout, log: log, began: time.Now(), stats: pipeline.NewStats()}
	if err := d.open(ctx); err != nil {
		return err
	}
	defer d.close()
	return d.run(ctx)
}

type demo struct {
	config  Config
	options DemoOptions
	stdout  io.Writer
	log     *slog.Logger
	began   time.Time

	stats    *pipeline.Stats
	producer *stream.Producer
	traffic  *traffic
	watcher  *watcher
	alerts   *stream.Reader
	recent   chan alerts.Alert
}

func (d *demo) open(ctx context.Context) (err error) {
	admin, err := stream.NewAdmin(d.config.kafka())
	if err != nil {
		return err
	}
	defer admin.Close()
	topics := d.config.topics()
	read := func(name string) *stream.Reader {
		var t stream.Topic
		var r *stream.Reader
		if err == nil {
			t, err = admin.Describe(ctx, name)
		}
		if err == nil {
			r, err = stream.NewReader(ctx, d.config.kafka(), t, stream.FromEnd)
		}
		return r
	}
	decisions := read(topics.Decisions)
	d.alerts = read(topics.Alerts)
	if err != nil {
		return err
	}
	if d.producer, err = stream.NewProducer(d.config.kafka()); err != nil {
		return err
	}
	// The history goes through before the live part begins.
	simulation := simulate.LiveConfig(d.began.Add(demoHistoryTime), d.options.Rate)
	simulation.Start, simulation.WarmUp = simulation.Start.Add(simulation.WarmUp-demoHistory), demoHistory
	simulation.Seed = d.options.Seed
	if d.resumed() {
		// The log has the accounts' history; the same accounts go on from now.
		simulation.Start, simulation.WarmUp = d.began, 0
	}
	d.traffic = &traffic{config: simulation, topic: topics.Transactions, producer: d.producer}
	d.watcher = &watcher{reader: decisions, since: payment.TimeOf(d.began.Add(demoHistoryTime)), now: time.Now}
	d.recent = make(chan alerts.Alert, 64)
	return nil
}

// resumed tells whether an earlier demo has used the data directory, and marks it as used.
func (d *demo) resumed() bool {
	if d.options.DataDirectory == "" {
		return false
	}
	mark := filepath.Join(d.options.DataDirectory, "demo")
	if _, err := os.Stat(mark); err == nil {
		return true
	}
	_ = os.WriteFile(mark, []byte("the history of the simulated accounts is in the log\n"), 0o666)
	return false
}

func (d *demo) close() {
	d.producer.Close()
	_ = d.watcher.reader.Close()
	_ = d.alerts.Close()
}

// run runs the parts until the time is up: traffic stops first, then what is on its way is waited for.
func (d *demo) run(ctx context.Context) error {
	if d.options.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.options.For)
		defer cancel()
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	g, work := errgroup.WithContext(work)
	g.Go(func() error {
		s := service{config: d.config, version: d.options.Version, log: d.log, stats: d.stats, clock: wallTime()}
		return s.run(work)
	})
	g.Go(func() error { return d.watcher.watch(work) })
	g.Go(func() error { return d.followAlerts(work) })
	g.Go(func() error { return d.show(work) })
	g.Go(func() error {
		defer stop()
		sending, cancel := context.WithCancel(ctx)
		defer cancel()
		context.AfterFunc(work, cancel)
		if err := d.traffic.send(sending); err != nil {
			return err
		}
		return d.settle(work)
	})
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	if err != nil {
		return err
	}
	return d.summary()
}

// settle waits until every transaction that was sent has its answer, for a few seconds at most.
func (d *demo) settle(ctx context.Context) error {
	if err := d.producer.Flush(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for d.watcher.seen.Load()+d.stats.DeadLettersTotal()+d.stats.Duplicates.Load() < d.traffic.sent.Load() {
		if sleep(ctx, 20*time.Millisecond) != nil {
			return nil
		}
	}
	return nil
}

func (d *demo) followAlerts(ctx context.Context) error {
	var batch []stream.Record
	var err error
	for ctx.Err() == nil {
		if batch, err = d.alerts.Poll(batch[:0], 256, 100*time.Millisecond); err != nil {
			return err
		}
		for i := range batch {
			var a alerts.Alert
			if err := json.Unmarshal(batch[i].Value, &a); err != nil {
				return fmt.Errorf("read an alert: %w", err)
			}
			select {
			case d.recent <- a:
			default: // shown are the last ones only
			}
		}
	}
	return nil
}

// show prints a line a second, and the alerts in words.
func (d *demo) show(ctx context.Context) error {
	if d.options.JSONSummary {
		d.stdout = io.Discard
	}
	_, _ = fmt.Fprintf(d.stdout, "weir demo: embedded broker at %s, %.0f simulated transactions a second; Ctrl-C stops\n", d.config.Kafka.Brokers[0], d.options.Rate)
	var before int64
	for sleep(ctx, time.Second) == nil {
		for n := min(len(d.recent), 3); n > 0; n-- {
			_, _ = fmt.Fprintln(d.stdout, "  "+alertLine(<-d.recent))
		}
		for len(d.recent) > 0 {
			<-d.recent
		}
		seen := d.watcher.seen.Load()
		_, _ = fmt.Fprintf(d.stdout, "%s  %6d/s  %8d decided  %5d alerts  %d dead letters  latency p50 %.1f ms, p99 %.1f ms\n",
			time.Now().Format(time.TimeOnly), seen-before, seen, d.stats.Alerts.Load(), d.stats.DeadLettersTotal(),
			d.watcher.took.milliseconds(0.5), d.watcher.took.milliseconds(0.99))
		before = seen
	}
	return nil
}

func (d *demo) summary() error {
	s := demoSummary{
		Transactions: d.traffic.sent.Load(), Decisions: d.watcher.seen.Load(), Alerts: d.stats.Alerts.Load(), DeadLetters: d.stats.DeadLettersTotal(),
		P50: d.watcher.took.milliseconds(0.5), P99: d.watcher.took.milliseconds(0.99), Seconds: time.Since(d.began).Round(time.Millisecond).Seconds(),
	}
	if d.options.JSONSummary {
		text, err := json.Marshal(s)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(os.Stdout, string(text))
		return err
	}
	_, err := fmt.Fprintf(d.stdout, "\n%d transactions, %d decisions, %d alerts, %d dead letters in %.1f s; latency p50 %.1f ms, p99 %.1f ms\n",
		s.Transactions, s.Decisions, s.Alerts, s.DeadLetters, s.Seconds, s.P50, s.P99)
	return err
}
