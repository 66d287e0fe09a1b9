package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/review"
	"github.com/weir-fraud/weir/stream"
)

// ReviewBenchOptions are those of `weir bench review`.
type ReviewBenchOptions struct {
	Alerts     int64         // that the database holds
	Rate       float64       // requests a second
	For        time.Duration // of measuring
	WarmUp     time.Duration // before measuring
	Partitions int32
	Keep       bool   // leave the database as it is in the end
	Filled     string // address of a database that was kept, to fill none
}

// The review API is measured with this many requests a second, while so many alerts a second come in.
const (
	ReviewRate   = 50
	ReviewWarmUp = 10 * time.Second
	comingIn     = 5
)

// BenchReview is `weir bench review`: a database of many alerts beside the configured one, and an open loop of requests to
// the review API over it.
func BenchReview(ctx context.Context, c Config, o ReviewBenchOptions, stdout, stderr io.Writer, log *slog.Logger) error {
	b := newBench(c, BenchOptions{Partitions: o.Partitions}, stdout, stderr, log)
	return b.run(ctx, []part{{"review", func(ctx context.Context) error { return b.reviewAPI(ctx, o) }}})
}

func (b *bench) reviewAPI(ctx context.Context, o ReviewBenchOptions) (err error) {
	topics, samples, err := b.sampleAlerts(ctx)
	if topics != nil {
		defer func() { err = errors.Join(err, topics.close(context.WithoutCancel(ctx))) }()
	}
	if err != nil {
		return err
	}
	mill := &alertMill{rng: rand.New(rand.NewPCG(1, 1)), samples: samples}
	address := o.Filled
	if address == "" {
		var remove func(context.Context) error
		if address, remove, err = database.Aside(ctx, b.config.Review.Database, fmt.Sprintf("weir_bench_%d", time.Now().UnixMilli())); err != nil {
			return err
		}
		if o.Keep {
			_, _ = fmt.Fprintf(b.stderr, "bench: the database stays: --filled '%s'\n", address)
		} else {
			defer func() { err = errors.Join(err, remove(context.WithoutCancel(ctx))) }()
		}
	}
	db, err := database.Open(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if o.Filled == "" {
		if err := b.fillReview(ctx, db, topics, mill, o.Alerts); err != nil {
			return err
		}
	} else {
		mill.made = time.Now().Unix() // other transactions than those of the time before
	}
	return b.measureReview(ctx, db, address, topics, mill, o)
}

// fillReview fills a database with alerts of half a year, nearly all of which are decided.
func (b *bench) fillReview(ctx context.Context, db *database.DB, topics *benchTopics, mill *alertMill, n int64) error {
	const span, batch = 180 * 24 * time.Hour, 500 // as many as the service takes in at once
	window := cases.Window(b.config.Review.Window)
	end := payment.TimeOf(time.Now())
	show := newProgress(b.stderr, "fill", n)
	defer show.finish()
	var took time.Duration
	verdict := feedback.Verdict(0)
	for mill.made < n {
		list := make([]database.Arrival, 0, batch)
		var labels []feedback.Label
		for len(list) < batch && mill.made < n {
			begins := mill.left == 0
			age := time.Duration(float64(span) * (1 - float64(mill.made)/float64(n)))
			a := mill.next(end.Add(-age))
			if begins {
				verdict = mill.verdict()
				if age < 5*24*time.Hour || mill.rng.IntN(20) == 0 { // not looked at yet, or left lying
					verdict = 0
				}
			}
			list = append(list, database.Arrival{Alert: a, Body: a.AppendJSON(nil)})
			if verdict != 0 {
				labels = append(labels, mill.label(a, verdict))
			}
		}
		began := time.Now()
		if _, err := db.TakeAlerts(ctx, topics.config.Kafka.Topics.Alerts, window, list, nil); err != nil {
			return err
		}
		took += time.Since(began)
		if err := db.TakeLabels(ctx, topics.config.Kafka.Topics.Feedback, labels, nil); err != nil {
			return err
		}
		show.set(mill.made, mill.made)
	}
	mill.left = 0
	b.figures.line("review_alerts", float64(n), "alerts")
	b.figures.line("review_ingest_rate", float64(n)/took.Seconds(), "alerts/s")
	_, _ = fmt.Fprintln(b.stderr, "bench: close what is decided")
	closed, err := db.CloseDecided(ctx)
	if err != nil {
		return err
	}
	b.figures.line("review_closed_cases", float64(closed), "cases")
	return db.Tidy(ctx)
}

// measureReview runs the review service over the database, lets alerts come in, and asks.
func (b *bench) measureReview(ctx context.Context, db *database.DB, address string, topics *benchTopics, mill *alertMill, o ReviewBenchOptions) error {
	secret, err := review.AddToken(ctx, db, fmt.Sprintf("bench-%d", time.Now().UnixMilli()), []string{"read", "work"}, time.Hour, "bench", payment.TimeOf(time.Now()))
	if err != nil {
		return err
	}
	c := topics.config
	c.HTTP.Address, c.Review.Address, c.Review.Database = "", "localhost:0", address
	listening := make(chan string, 1)
	s := service{
		config: c, targets: targets{review: true}, log: b.log, stats: pipeline.NewStats(), clock: wallTime(),
		reviewing: func(a net.Addr, _ string) { listening <- a.String() },
	}
	work, stop := context.WithCancel(ctx)
	defer stop()
	g, work := errgroup.WithContext(work)
	g.Go(func() error { return s.run(work) })
	g.Go(func() error {
		defer stop()
		select {
		case a := <-listening:
			asking := newAnalysts("http://"+a, secret, rand.New(rand.NewPCG(2, 2)))
			defer asking.client.CloseIdleConnections()
			coming, end := context.WithCancel(work)
			defer end()
			sends, coming := errgroup.WithContext(coming)
			sends.Go(func() error { return mill.send(coming, c) })
			err := asking.run(work, o)
			end()
			if err := sends.Wait(); err != nil && work.Err() == nil && !errors.Is(err, context.Canceled) {
				return err
			}
			if err != nil {
				return err
			}
			return asking.write(b.figures, fmt.Sprintf("review_%.0f", o.Rate))
		case <-work.Done():
			return nil
		}
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return ctx.Err()
}

// send sends alerts as they would come, until ctx ends.
func (m *alertMill) send(ctx context.Context, c Config) error {
	p, err := stream.NewProducer(c.kafka())
	if err != nil {
		return err
	}
	defer p.Close()
	for sleep(ctx, time.Second/comingIn) == nil {
		var a *alerts.Alert
		if m.left > 0 && m.at > payment.TimeOf(time.Now()) {
			m.left = 0 // the rest of the episode lies ahead
		}
		a = m.next(payment.TimeOf(time.Now()))
		if err := p.Produce(&stream.Message{Topic: c.Kafka.Topics.Alerts, Partition: stream.AnyPartition, Key: []byte(a.AccountID), Value: a.AppendJSON(nil)}); err != nil {
			return err
		}
	}
	return nil
}
