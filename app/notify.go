package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/notify"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/review"
	"github.com/weir-fraud/weir/stream"
)

const targetNotify = "notify"

// NotifyConfig is the key notify.
type NotifyConfig struct {
	File string `yaml:"file" doc:"a file that says what is told to whom (docs/notify.md), for the targets review and notify; empty for nothing"`
}

// routes reads the file of routes, nil if there is none.
func (c *Config) routes() (*notify.Routes, error) {
	if c.Notify.File == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.Notify.File)
	if err != nil {
		return nil, fmt.Errorf("notify.file: %w", err)
	}
	return notify.Parse(c.Notify.File, text)
}

var errNoRoutes = errors.New("notify.file is empty: name a file that says what is told to whom (docs/notify.md)")

// sender returns what sends by the configured routes.
func (s *service) sender(routes *notify.Routes, db notify.Store) (*notify.Sender, error) {
	sender, err := notify.NewSender(routes, os.LookupEnv, db, s.deliveries, s.log.With("target", targetNotify), time.Now, rand.Float64)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.config.Notify.File, err)
	}
	return sender, nil
}

// notify tells others until ctx ends.
func (s *service) notify(ctx context.Context) (err error) {
	routes, err := s.config.routes()
	if err == nil && routes == nil {
		err = errNoRoutes
	}
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, s.config.Review.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	sender, err := s.sender(routes, db)
	if err != nil {
		return err
	}
	var pipeline notify.Pipeline
	if routes.Watches() {
		admin, err := stream.NewAdmin(s.config.kafka())
		if err != nil {
			return err
		}
		defer admin.Close()
		topic, err := admin.Describe(ctx, s.config.Kafka.Topics.Transactions)
		if err != nil {
			return err
		}
		pipeline = notify.NewGroup(s.config.kafka(), admin, s.config.Kafka.Group, topic)
	}
	log := s.log.With("target", targetNotify)
	log.Info("telling others", "routes", routes.Names())
	watcher := notify.NewWatcher(routes, db, pipeline, s.config.Kafka.Group, log, time.Now)
	var g errgroup.Group
	g.Go(func() error { sender.Run(ctx); return nil })
	g.Go(func() error { watcher.Run(ctx); return nil })
	return g.Wait()
}

// tellOfAlerts has the target review make deliveries of alerts and take answers, if there are routes.
func (c *Config) tellOfAlerts(r *review.Config) error {
	routes, err := c.routes()
	if err != nil || routes == nil {
		return err
	}
	r.Deliveries = routes.Deliveries
	if routes.Questions == nil {
		return nil
	}
	if err := routes.Questions.Open(os.LookupEnv); err != nil {
		return fmt.Errorf("%s: %w", c.Notify.File, err)
	}
	r.Questions = questions{routes.Questions}
	return nil
}

// questions are the tokens of package notify as package review takes them.
type questions struct{ tokens *notify.Questions }

func (q questions) Alert(token string, now payment.Time) (string, error) {
	id, err := q.tokens.Alert(token, now)
	if errors.Is(err, notify.ErrExpired) {
		err = review.ErrLate
	}
	return id, err
}

// CheckNotify is `weir notify check`: it reads the file and the secrets, and shows what would be sent.
func CheckNotify(c Config, stdout io.Writer) error {
	s, err := c.sample()
	if err != nil {
		return err
	}
	samples, err := s.Samples()
	if err != nil {
		return err
	}
	for _, m := range samples {
		text := m.Text
		if m.Title != "" {
			text = m.Title + "\n" + text
		}
		if _, err := fmt.Fprintf(stdout, "%s: tells of %s by %s\n%s\n\n", m.Route, m.Event, m.To, text); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(stdout, "%s is fine\n", c.Notify.File)
	return err
}

// TestNotify is `weir notify test`: it sends a sample by one route.
func TestNotify(ctx context.Context, c Config, route string, stdout io.Writer) error {
	s, err := c.sample()
	if err != nil {
		return err
	}
	if err := s.Test(ctx, route); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s took it\n", route)
	return err
}

// sample returns a sender that needs no database.
func (c *Config) sample() (*notify.Sender, error) {
	routes, err := c.routes()
	if err == nil && routes == nil {
		err = errNoRoutes
	}
	if err != nil {
		return nil, err
	}
	s := service{config: *c, deliveries: new(notify.Stats)}
	if s.log, err = NewLogger(c.Log, io.Discard); err != nil {
		return nil, err
	}
	return s.sender(routes, nil)
}

// ListDeliveries is `weir notify list`: the newest deliveries first, all of a state or of any if it is empty.
func ListDeliveries(ctx context.Context, c Config, state, route string, most int, stdout io.Writer) error {
	f := database.DeliveryFilter{Route: route}
	if state != "" {
		var ok bool
		if f.State, ok = database.ParseDeliveryState(state); !ok {
			return fmt.Errorf("state %q: it must be waiting, delivered or failed", state)
		}
	}
	return c.withDatabase(ctx, func(db *database.DB) error {
		list, err := db.Deliveries(ctx, f, nil, most)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "DELIVERY\tROUTE\tEVENT\tMADE\tSTATE\tATTEMPTS\tNEXT\tERROR")
		for i := range list {
			d := &list[i]
			next := "-"
			if d.State == database.Waiting {
				next = d.NextAt.String()
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", d.ID, d.Route, d.Event, d.MadeAt, d.State, d.Attempts, next, d.Error)
		}
		return w.Flush()
	})
}

// RetryDeliveries is `weir notify retry`: deliveries are tried at once, those given or, without any, all that are given up.
func RetryDeliveries(ctx context.Context, c Config, ids []string, by string, stdout io.Writer) error {
	if len(ids) == 0 {
		ids = []string{""}
	}
	return c.withDatabase(ctx, func(db *database.DB) error {
		total := int64(0)
		for _, id := range ids {
			e := database.Entry{At: payment.TimeOf(time.Now()), Actor: by, Action: "delivery.retry", Object: "delivery:" + id}
			if id == "" {
				e.Object = "delivery:all"
			}
			n, err := db.TryAgain(ctx, id, e)
			if err != nil {
				return err
			}
			if n == 0 && id != "" {
				return fmt.Errorf("delivery %s: there is none that waits or is given up", id)
			}
			total += n
		}
		_, err := fmt.Fprintf(stdout, "%d to be tried again\n", total)
		return err
	})
}
