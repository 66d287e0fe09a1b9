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
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/screen"
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
	Decide        string // address to take transactions at, empty for none
	Review        string // address to review alerts at, empty for none
	Notify        string // file that says what is told to whom, empty for none
	Version       string // of the program
	JSONSummary   bool   // one line of JSON and nothing else
	Colour        bool   // on a terminal
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
	Review       string  `json:"review,omitempty"` // where alerts were reviewed; it is told on standard error when it begins
}

const demoPartitions = 8

// Demo is `weir demo`: the very pipeline of `weir run`, with embedded servers and simulated traffic. First the log gets
// the accounts' history, unless the data directory has one; then their state is built from the log; then live traffic
// begins.
func Demo(ctx context.Context, c Config, o DemoOptions, stdin *os.File, stdout, stderr io.Writer) (err error) {
	if o.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.For)
		defer cancel()
	}
	ctx, interrupt := context.WithCancel(ctx)
	defer interrupt()
	d := &demo{config: c, options: o, began: time.Now(), stats: pipeline.NewStats()}
	d.world = simulate.LiveConfig(d.began.UTC().Truncate(time.Second), o.Rate)
	d.world.Seed = o.Seed
	if o.DataDirectory != "" {
		release, err := claimDirectory(o.DataDirectory)
		if err != nil {
			return err
		}
		defer release()
		if err := keepWorld(o.DataDirectory, &d.world); err != nil {
			return err
		}
	}
	servers, err := startEmbedded(o.DataDirectory)
	if err != nil {
		return err
	}
	defer servers.close()
	servers.connect(&d.config)
	d.config.HTTP.Address, d.config.Decide.Address, d.config.Review.Address, d.config.Notify.File = o.HTTP, o.Decide, o.Review, o.Notify
	forget, err := d.keepFiles()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forget()) }()
	d.config.Pipeline.Start = pipeline.StartLatest // the log before the live part is history
	if c.Pipeline.Workers == 0 {
		d.config.Pipeline.Workers = 1 // enough for a demonstration, which then begins without a rebalance
	}
	if err := d.open(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	defer d.close()
	shown, err := newView(o, d.config.Kafka.Brokers[0], stdin, stdout, stderr, interrupt)
	if err != nil {
		return err
	}
	if d.log, err = NewLogger(c.Log, shown.log()); err == nil {
		err = d.run(ctx, shown)
	}
	if err = errors.Join(err, shown.close()); err != nil {
		return err
	}
	return d.summary(stdout)
}

// keepFiles says where cases and the policy are kept: beside the log, or in a directory that forget removes.
func (d *demo) keepFiles() (forget func() error, err error) {
	directory := d.options.DataDirectory
	forget = func() error { return nil }
	if directory == "" {
		if directory, err = os.MkdirTemp("", "weir-demo-"); err != nil {
			return forget, err
		}
		forget = func() error { return os.RemoveAll(directory) }
	}
	d.config.Review.Database = "sqlite:" + filepath.Join(directory, "weir.db")
	if d.config.Policy.File != "" || d.config.Features.File != "" {
		return forget, nil
	}
	m, err := d.config.loadModel()
	if err != nil {
		return forget, errors.Join(err, forget())
	}
	_, b := d.config.bands(m)
	d.config.Policy.File = filepath.Join(directory, "policy.yaml")
	if err := os.WriteFile(d.config.Policy.File, fmt.Appendf(nil, demoPolicy, threshold(b.Review), threshold(b.Decline)), 0o600); err != nil {
		return forget, errors.Join(err, forget())
	}
	return forget, nil
}

// demoPolicy is the model's thresholds, and lists that begin empty, so that reviewers have something to change.
const demoPolicy = `format: 1
version: demo
segments: [{name: default, review: %s, decline: %s}]
block:
  accounts: {key: account, reason: Blocked account, owner: demo}
  merchants: {key: merchant, reason: Blocked merchant, owner: demo}
  devices: {key: device_id, reason: Blocked device, owner: demo}
allow:
  accounts: {key: account, reason: Known to be good, owner: demo}
`

// threshold is a threshold as policies have it.
func threshold(x float64) string {
	if x == scoring.Never() {
		return "never"
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

type demo struct {
	config  Config
	options DemoOptions
	log     *slog.Logger
	began   time.Time
	world   simulate.Config

	stats     *pipeline.Stats
	producer  *stream.Producer
	decisions *stream.Reader
	alerts    *stream.Reader
	tally     *tally
	watcher   *watcher
	traffic   *traffic
	board     board
}

// open makes the topics and connects to them.
func (d *demo) open(ctx context.Context) (err error) {
	if err := CreateTopics(ctx, d.config, demoPartitions, 1, io.Discard); err != nil {
		return err
	}
	topics := d.config.topics()
	if d.decisions, err = d.read(ctx, topics.Decisions, stream.FromEnd); err != nil {
		return err
	}
	if d.alerts, err = d.read(ctx, topics.Alerts, stream.FromEnd); err != nil {
		return err
	}
	if d.producer, err = stream.NewProducer(d.config.kafka()); err != nil {
		return err
	}
	d.tally = newTally(d.world.Patterns)
	d.watcher = newWatcher(d.decisions)
	d.watcher.note = d.tally.decided
	if d.traffic, err = newTraffic(d.world, d.producer, topics.Transactions); err != nil {
		return err
	}
	d.traffic.note = d.tally.send
	return nil
}

func (d *demo) read(ctx context.Context, topic string, from stream.From) (*stream.Reader, error) {
	admin, err := stream.NewAdmin(d.config.kafka())
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	t, err := admin.Describe(ctx, topic)
	if err != nil {
		return nil, err
	}
	return stream.NewReader(ctx, d.config.kafka(), t, from)
}

func (d *demo) close() {
	d.producer.Close()
	_ = d.decisions.Close()
	_ = d.alerts.Close()
}

// run runs the parts until the end is asked for: traffic stops first, then what is on its way is waited for.
func (d *demo) run(asked context.Context, shown view) error {
	work, stop := context.WithCancel(context.WithoutCancel(asked))
	defer stop()
	g, work := errgroup.WithContext(work)
	ctx, cancel := context.WithCancel(asked)
	defer cancel()
	context.AfterFunc(work, cancel) // nothing begins any more when a part has failed
	g.Go(func() error { return d.show(work, shown) })
	g.Go(func() error {
		defer stop()
		if err := d.fillLog(ctx); err != nil {
			return err
		}
		g.Go(func() error {
			s := service{config: d.config, targets: targets{pipeline: true, decide: d.options.Decide != "", review: d.options.Review != "", notify: d.options.Notify != ""}, version: d.options.Version, log: d.log, stats: d.stats, clock: wallTime()}
			s.reviewing, s.demo = d.board.reviewing, true
			return s.run(work)
		})
		if err := d.awaitState(ctx); err != nil {
			return err
		}
		d.goLive()
		g.Go(func() error { return d.watcher.watch(work) })
		g.Go(func() error { return d.followAlerts(work) })
		if err := d.traffic.sendLive(ctx, time.Now()); err != nil {
			return err
		}
		return d.settle(work)
	})
	err := g.Wait()
	if asked.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		err = nil
	}
	return err
}

// fillLog sends the accounts' history, or what of it the log does not have from an earlier demo.
func (d *demo) fillLog(ctx context.Context) error {
	_, n, err := d.logEnds(ctx)
	if err != nil {
		return err
	}
	if n > 0 {
		d.board.begin("simulation up to the log's end", "transactions")
		err := d.traffic.skip(ctx, n, d.board.progress)
		d.board.finish()
		if err != nil || !d.traffic.inHistory() {
			return err
		}
	}
	d.board.begin("history into the log", "transactions")
	defer d.board.finish()
	return d.traffic.sendHistory(ctx, d.board.progress)
}

// logEnds returns where the partitions of the log end, and how many transactions there are.
func (d *demo) logEnds(ctx context.Context) (ends []int64, n int64, err error) {
	r, err := d.read(ctx, d.config.topics().Transactions, stream.FromStart)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = r.Close() }()
	return r.Ends(), r.Left(), nil
}

// awaitState waits until the workers have built the accounts' state from the log.
func (d *demo) awaitState(ctx context.Context) error {
	ends, total, err := d.logEnds(ctx)
	if err != nil {
		return err
	}
	store := d.config.store()
	defer func() { _ = store.Close() }()
	d.board.begin("account state from the log", "transactions")
	defer d.board.finish()
	for {
		heads, err := store.Heads(ctx, int32(len(ends)))
		if err != nil {
			return err
		}
		left, known := int64(0), true
		for p, h := range heads {
			left += max(0, ends[p]-h.Applied)
			known = known && h.Known()
		}
		d.board.progress(max(0, total-left), float64(total-left)/float64(max(1, total)))
		if left == 0 && known {
			return nil
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// goLive lets the board and the watcher begin: what is due from now on counts.
func (d *demo) goLive() {
	now := time.Now()
	d.watcher.from, d.watcher.since = payment.TimeOf(now), payment.TimeOf(now)
	d.board.goLive(now, d.watcher.took.Snapshot())
}

// settle waits until every transaction that was sent has its answer, for a few seconds at most.
func (d *demo) settle(ctx context.Context) error {
	if err := d.producer.Flush(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	s := d.stats
	for d.watcher.seen.Load()+s.DeadLettersTotal()+s.Duplicates.Load()+s.Conflicts.Load() < d.traffic.sent.Load() {
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
			var a screen.Alert
			if err := json.Unmarshal(batch[i].Value, &a.Alert); err != nil {
				return fmt.Errorf("read an alert: %w", err)
			}
			a.Fraud = d.tally.isFraud(a.TransactionID)
			d.board.alert(a)
		}
	}
	return nil
}

// show shows the state until ctx ends.
func (d *demo) show(ctx context.Context, shown view) error {
	for sleep(ctx, shown.every()) == nil {
		s := d.state(time.Now())
		if err := shown.show(&s); err != nil {
			return err
		}
	}
	return nil
}

// state returns what there is to show.
func (d *demo) state(now time.Time) screen.State {
	s := screen.State{
		Time: now, Offered: d.options.Rate, Broker: d.config.Kafka.Brokers[0],
		Decided: d.watcher.seen.Load(), DeadLetters: d.stats.DeadLettersTotal(),
	}
	s.Alerts, s.Patterns = d.tally.counts()
	d.board.fill(&s, d.watcher.took.Snapshot())
	return s
}

// summary prints the last word.
func (d *demo) summary(stdout io.Writer) error {
	s := d.state(time.Now())
	if !d.options.JSONSummary {
		_, err := fmt.Fprintf(stdout, "\n%s\n", strings.Join(s.Summary(), "\n"))
		return err
	}
	text, err := json.Marshal(demoSummary{
		Transactions: d.traffic.sent.Load(), Decisions: s.Decided, Alerts: s.Alerts, DeadLetters: s.DeadLetters,
		P50: s.Overall.P50, P99: s.Overall.P99, Seconds: time.Since(d.began).Round(time.Millisecond).Seconds(),
		Review: s.Review,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, string(text))
	return err
}
