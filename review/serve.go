package review

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/stream"
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
}

// Loopback reports whether only this machine reaches an address.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// Serve takes in alerts, answers requests and publishes labels until ctx ends, and then finishes what is under way. listening
// is told the address, and a link that signs in once where nobody else may.
func Serve(ctx context.Context, c Config, db *database.DB, log *slog.Logger, now func() time.Time, listening func(address net.Addr, link string)) error {
	users, err := db.Users(ctx)
	if err != nil {
		return err
	}
	c.Loopback = Loopback(c.Address)
	if !c.Loopback && len(users) == 0 {
		return fmt.Errorf("review.address %q is open to other machines and there is nobody who may sign in: add somebody (weir user add NAME --role admin), or listen at localhost", c.Address)
	}
	listener, err := net.Listen("tcp", c.Address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("review.address %s is taken, by another weir perhaps: give every process on a machine its own (WEIR_REVIEW_ADDRESS)", c.Address)
	}
	if err != nil {
		return fmt.Errorf("review.address %q: %w; give host:port", c.Address, err)
	}
	server, err := NewServer(c.Rules, db, log, now)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	in := Intake{Kafka: c.Kafka, Alerts: c.Alerts, Feedback: c.Feedback, Window: c.Window, DB: db, Log: log, changed: server.tellOf}
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
		return serveUntil(ctx, work, listener, server)
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

// serveUntil runs the HTTP server until ctx ends, or failed.
func serveUntil(ctx, failed context.Context, listener net.Listener, s *Server) error {
	server := &http.Server{
		Handler:           s.Handler(), //nolint:contextcheck // a handler's context is that of its request
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // tells addresses of clients
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("answer requests: %w", err)
	case <-failed.Done():
	case <-ctx.Done():
	}
	s.hub.close()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return errors.Join(fmt.Errorf("finish requests: %w", err), server.Close())
	}
	return nil
}
