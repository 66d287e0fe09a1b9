package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/review"
	"github.com/weir-fraud/weir/stream"
)

const targetReview = "review"

// ReviewConfig is the key review.
type ReviewConfig struct {
	Address  string   `yaml:"address" doc:"host:port of the page and its API; other machines reach it at \":9466\", which needs users (weir user add) and TLS in front of it"`
	Database string   `yaml:"database" doc:"where cases and labels are kept: sqlite:FILE, or postgres://USER@HOST/NAME, better given as WEIR_REVIEW_DATABASE"`
	Window   Duration `yaml:"window" doc:"how far apart the alerts of one case may be, in event time"`
	Claim    Duration `yaml:"claim" doc:"how long a case is somebody's who claimed it"`
	Session  Duration `yaml:"session" doc:"how long somebody stays signed in"`
}

func defaultReview() ReviewConfig {
	return ReviewConfig{
		Address: "localhost:9466", Database: "sqlite:weir.db", Window: Duration(24 * time.Hour), Claim: Duration(15 * time.Minute), Session: Duration(12 * time.Hour),
	}
}

// reviewRules returns the key review as the service takes it, or everything that is wrong with it.
func (c *Config) reviewRules() (review.Rules, error) {
	r := c.Review
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	_, port, err := net.SplitHostPort(r.Address)
	check(err == nil && port != "", "review.address is %q: it must be host:port or :port", r.Address)
	check(r.Database != "", "review.database is empty: it must be sqlite:FILE or postgres://USER@HOST/NAME")
	check(r.Window.in(time.Minute, 365*24*time.Hour), "review.window is %v: it must be 1m to 365d", r.Window)
	check(r.Claim.in(time.Minute, 24*time.Hour), "review.claim is %v: it must be 1m to 24h", r.Claim)
	check(r.Session.in(time.Minute, 30*24*time.Hour), "review.session is %v: it must be 1m to 30d", r.Session)
	currency, ok := payment.ParseCurrency(c.Features.Currency)
	check(ok, "features.currency is %q: it must be an ISO 4217 code", c.Features.Currency)
	return review.Rules{
		Window: cases.Window(r.Window), Claim: time.Duration(r.Claim), Session: time.Duration(r.Session), Currency: currency,
	}, errors.Join(errs...)
}

// reviewTopics returns the topics of alerts and of labels.
func (c *Config) reviewTopics(ctx context.Context) (alerts, feedback stream.Topic, err error) {
	admin, err := stream.NewAdmin(c.kafka())
	if err != nil {
		return alerts, feedback, err
	}
	defer admin.Close()
	if alerts, err = admin.Describe(ctx, c.topics().Alerts); err != nil {
		return alerts, feedback, err
	}
	feedback, err = admin.Describe(ctx, c.Kafka.Topics.Feedback)
	return alerts, feedback, err
}

// review lets people review alerts until ctx ends.
func (s *service) review(ctx context.Context) (err error) {
	rules, err := s.config.reviewRules()
	if err != nil {
		return err
	}
	rules.Demo = s.demo
	alerts, feedback, err := s.config.reviewTopics(ctx)
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, s.config.Review.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c := review.Config{
		Rules: rules, Address: s.config.Review.Address, Kafka: s.config.kafka(), Group: s.config.Kafka.Group, Timeout: time.Duration(s.config.Kafka.Transaction),
		Alerts: alerts, Feedback: feedback,
	}
	if err := s.config.tellOfAlerts(&c); err != nil {
		return err
	}
	log := s.log.With("target", targetReview)
	steering := newSteering(&s.config, log)
	following, stop := context.WithCancel(context.WithoutCancel(ctx)) // until the last request has its answer
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		steering.follow(following)
	}()
	defer func() {
		stop()
		<-followed
	}()
	return review.Serve(ctx, c, db, steering, log, time.Now, func(address net.Addr, link string) {
		if s.reviewing != nil {
			s.reviewing(address, link)
		}
	})
}

// withDatabase calls f with the database of the configuration.
func (c *Config) withDatabase(ctx context.Context, f func(db *database.DB) error) error {
	db, err := database.Open(ctx, c.Review.Database)
	if err != nil {
		return err
	}
	return errors.Join(f(db), db.Close())
}

// AddUser is `weir user add`.
func AddUser(ctx context.Context, c Config, name, role, password, by string) error {
	return c.withDatabase(ctx, func(db *database.DB) error {
		return review.AddUser(ctx, db, name, role, password, by, payment.TimeOf(time.Now()))
	})
}

// DisableUser is `weir user disable`.
func DisableUser(ctx context.Context, c Config, name, by string) error {
	return c.withDatabase(ctx, func(db *database.DB) error {
		return review.DisableUser(ctx, db, name, by, payment.TimeOf(time.Now()))
	})
}

// AddToken is `weir token add`: it prints what a program has to bear.
func AddToken(ctx context.Context, c Config, name string, scopes []string, lasts time.Duration, by string, stdout io.Writer) error {
	return c.withDatabase(ctx, func(db *database.DB) error {
		secret, err := review.AddToken(ctx, db, name, scopes, lasts, by, payment.TimeOf(time.Now()))
		if err == nil {
			_, err = fmt.Fprintln(stdout, secret)
		}
		return err
	})
}

// RevokeToken is `weir token revoke`.
func RevokeToken(ctx context.Context, c Config, name, by string) error {
	return c.withDatabase(ctx, func(db *database.DB) error {
		return review.RevokeToken(ctx, db, name, by, payment.TimeOf(time.Now()))
	})
}

// RebuildReview is `weir review rebuild`.
func RebuildReview(ctx context.Context, c Config, stderr io.Writer) error {
	rules, err := c.reviewRules()
	if err != nil {
		return err
	}
	alerts, feedback, err := c.reviewTopics(ctx)
	if err != nil {
		return err
	}
	log, err := NewLogger(c.Log, stderr)
	if err != nil {
		return err
	}
	return c.withDatabase(ctx, func(db *database.DB) error {
		in := review.Intake{Kafka: c.kafka(), Alerts: alerts, Feedback: feedback, Window: rules.Window, DB: db, Log: log}
		closed, err := in.Rebuild(ctx)
		switch {
		case errors.Is(err, database.ErrUnpublished):
			return fmt.Errorf("%w: run weir run --target review until they are", err)
		case err != nil:
			return err
		}
		_, err = fmt.Fprintf(stderr, "rebuilt; %d cases are closed as before\n", closed)
		return err
	})
}
