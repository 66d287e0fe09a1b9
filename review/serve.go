package review

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/stream"
	"github.com/weir-fraud/weir/web"
)

// Config is what a service is made of.
type Config struct {
	Rules
	Address  string // host:port to listen at; port 0 is any free one
	Kafka    stream.Config
	Group    string // of the pipeline
	Timeout  time.Duration
	Alerts   stream.Topic
	Feedback stream.Topic

	Deliveries func(a *alerts.Alert, now payment.Time) []database.Delivery // what is to be told of an alert; nil for nothing
}

// Serve takes in alerts, answers requests and publishes labels until ctx ends, and then finishes what is under way. listening
// is told the address, and a link that signs in once where nobody else may.
func Serve(ctx context.Context, c Config, db *database.DB, steering Steering, log *slog.Logger, now func() time.Time, listening func(address net.Addr, link string)) error {
	users, err := db.Users(ctx)
	if err != nil {
		return err
	}
	c.Loopback = web.Loopback(c.Address)
	if !c.Loopback && len(users) == 0 {
		return fmt.Errorf("review.address %q is open to other machines and there is nobody who may sign in: add somebody (weir user add NAME --role admin), or listen at localhost", c.Address)
	}
	listener, err := web.Listen("review.address", "WEIR_REVIEW_ADDRESS", c.Address)
	if err != nil {
		return err
	}
	server, err := NewServer(c.Rules, db, steering, log, now)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	in := Intake{Kafka: c.Kafka, Alerts: c.Alerts, Feedback: c.Feedback, Window: c.Window, DB: db, Log: log, changed: server.tellOf}
	if c.Deliveries != nil {
		in.deliveries = func(a *alerts.Alert) []database.Delivery { return c.Deliveries(a, payment.TimeOf(now())) }
	}
	out := Publisher{Kafka: c.Kafka, Group: c.Group, Topic: c.Feedback.Name, Timeout: c.Timeout, DB: db, Log: log}
	work, stop := context.WithCancel(context.WithoutCancel(ctx)) // labels are published until the last request has its answer
	g, work := errgroup.WithContext(work)
	g.Go(func() error { in.follow(work, c.Alerts, in.alert); return nil })
	g.Go(func() error { in.follow(work, c.Feedback, in.label); return nil })
	ready := make(chan struct{})
	g.Go(func() error {
		first := true
		out.Run(work, server.outgoing, func() {
			if first {
				first = false
				close(ready)
			}
		})
		return nil
	})
	g.Go(func() error {
		defer stop()
		select { // labels that are given before might get numbers that are published
		case <-ready:
		case <-ctx.Done():
			return listener.Close()
		}
		link := ""
		if c.Loopback && len(users) == 0 {
			link = "http://" + listener.Addr().String() + "/signin?once=" + server.Once()
		}
		log.Info("answering requests of reviewers", "address", listener.Addr().String())
		listening(listener.Addr(), link)
		answer := web.Server{Handler: server.Handler(), Write: 30 * time.Second, Finish: 10 * time.Second, Stopping: server.hub.close} //nolint:contextcheck // a handler's context is that of its request
		return answer.Serve(ctx, work, listener)
	})
	return g.Wait()
}

// tellOf tells the pages of cases that an alert has joined.
func (s *Server) tellOf(ctx context.Context, ids []int64) {
	if s.hub.idle() {
		return
	}
	for _, id := range ids {
		c, err := s.db.Case(ctx, id)
		if err != nil {
			return // what is not told is seen at the next look
		}
		s.hub.tell(s.change(&c))
	}
}
