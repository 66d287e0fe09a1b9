package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/simulate"
	"github.com/weir-fraud/weir/telemetry"
)

// DecideRate is how many requests a second decisions on request are measured with.
const DecideRate = 500

// BenchDecide is `weir bench decide`: an open loop of requests over HTTP to a process with both targets, against the
// configured Kafka and Redis, in topics of its own that it deletes afterwards. It prints the time from the moment a
// request was due to the moment its decision was there.
func BenchDecide(ctx context.Context, c Config, o LatencyOptions, stdout io.Writer, log *slog.Logger) error {
	return benchDecide(ctx, c, o, &figures{w: stdout}, log)
}

func benchDecide(ctx context.Context, c Config, o LatencyOptions, f *figures, log *slog.Logger) (err error) {
	topics, err := newBenchTopics(ctx, c, "", o.Partitions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, topics.close(context.WithoutCancel(ctx))) }()
	limit := time.Duration(c.Decide.TimeLimit)
	c = topics.config
	c.HTTP.Address, c.Decide.Address, c.Decide.Tokens = "", "localhost:0", nil
	c.Decide.TimeLimit = Duration(10 * time.Second) // so that the longest waits are seen
	address := make(chan string, 1)
	s := service{
		config: c, targets: targets{pipeline: true, decide: true}, log: log, stats: pipeline.NewStats(), clock: wallTime(),
		listening: func(a net.Addr) { address <- a.String() },
	}
	work, stop := context.WithCancel(ctx)
	defer stop()
	g, work := errgroup.WithContext(work)
	g.Go(func() error { return s.run(work) })
	g.Go(func() error {
		defer stop()
		select {
		case a := <-address:
			return measureRequests(work, o, "http://"+a+"/v1/transactions", limit, f)
		case <-work.Done():
			return nil
		}
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return ctx.Err()
}

// requests sends transactions over HTTP, each when it is due, whatever became of those before.
type requests struct {
	client *http.Client
	url    string
	since  payment.Time // transactions from here on are measured
	limit  time.Duration
	took   *telemetry.Histogram // seconds
	late   atomic.Int64         // answered after the limit
	failed atomic.Int64         // not answered with a decision
}

func measureRequests(ctx context.Context, o LatencyOptions, url string, limit time.Duration, f *figures) error {
	const connections = 1000
	start := time.Now().Add(2 * time.Second) // workers join their group meanwhile
	simulation := simulate.LiveConfig(start, o.Rate)
	simulation.WarmUp, simulation.Start, simulation.Accounts = 0, start, int(accountsPerRate*o.Rate)
	simulation.Duration = o.WarmUp + o.For
	next, err := simulated(simulation)
	if err != nil {
		return err
	}
	r := &requests{
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}, Timeout: 20 * time.Second},
		url:    url, since: payment.TimeOf(start.Add(o.WarmUp)), limit: limit, took: newWatcher(nil).took,
	}
	defer r.client.CloseIdleConnections()
	if err := r.send(ctx, next); err != nil {
		return err
	}
	name, took := fmt.Sprintf("decide_%.0f", o.Rate), r.took.Snapshot()
	f.line(name+"_p50", milliseconds(took, 0.5), "ms")
	f.line(name+"_p99", milliseconds(took, 0.99), "ms")
	f.line(name+"_p99.9", milliseconds(took, 0.999), "ms")
	f.line(name+"_max", milliseconds(took, 1), "ms")
	f.line(name+"_measured", float64(took.Count), "tx")
	f.line(name+"_over_limit", float64(r.late.Load()), "tx")
	f.line(name+"_failed", float64(r.failed.Load()), "tx")
	return f.err
}

// send sends all transactions, and waits for the last answer.
func (r *requests) send(ctx context.Context, next func(*payment.Transaction) bool) error {
	var tx payment.Transaction
	var all sync.WaitGroup
	defer all.Wait()
	for next(&tx) {
		early := time.Until(tx.Time.Std())
		if early > 0 {
			early = max(early, tick)
		}
		if err := sleep(ctx, early); err != nil {
			return err
		}
		due, body := tx.Time, payment.AppendJSON(nil, &tx)
		all.Go(func() {
			decided := r.ask(ctx, body)
			if due < r.since {
				return
			}
			if !decided {
				r.failed.Add(1)
				return
			}
			took := payment.TimeOf(time.Now()).Sub(due)
			if r.took.Add(max(0, took.Seconds())); took > r.limit {
				r.late.Add(1)
			}
		})
	}
	return nil
}

// ask sends one transaction and reports whether the answer is a decision.
func (r *requests) ask(ctx context.Context, body []byte) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := r.client.Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return err == nil && response.StatusCode == http.StatusOK && !bytes.Contains(text, []byte(`"fallback":true`))
}
