package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/payment"
)

// Store keeps deliveries.
type Store interface {
	Due(ctx context.Context, route string) (payment.Time, bool, error)
	Claim(ctx context.Context, route string, now, until payment.Time, limit int) ([]database.Delivery, error)
	Succeeded(ctx context.Context, id string, at payment.Time) error
	Failed(ctx context.Context, tried *database.Delivery, at, next payment.Time, reason string) error
	ForgetDeliveries(ctx context.Context, before payment.Time) error
}

// Sender works off deliveries. Several may be at work on one database.
type Sender struct {
	routes    []*outlet
	questions *Questions
	db        Store
	stats     *Stats
	log       *slog.Logger
	now       func() time.Time
	random    func() float64 // 0 to 1, of all goroutines
}

// outlet is a route that something can be sent by.
type outlet struct {
	*route
	destination
}

// destination takes events. Its errors tell no address and nothing of the event.
type destination interface {
	send(ctx context.Context, v *event) error
}

const (
	atOnce      = 8               // deliveries of a route that are under way
	lease       = 2 * time.Minute // after which a sender is taken to have died; longer than a destination may take
	look        = time.Second     // between looks for deliveries of others
	beforeAgain = 5 * time.Second // when the database does not answer, and after the first failure
	mostWait    = time.Hour       // between attempts
	remember    = 30 * 24 * time.Hour
	tidy        = time.Hour
)

// NewSender returns a sender by the routes. It reads their secrets, and reports all that are not there.
func NewSender(r *Routes, lookup Lookup, db Store, stats *Stats, log *slog.Logger, now func() time.Time, random func() float64) (*Sender, error) {
	s := &Sender{questions: r.Questions, db: db, stats: stats, log: log, now: now, random: random}
	client := newWebhookClient()
	var errs []error
	if r.Questions != nil {
		errs = append(errs, r.Questions.Open(lookup))
	}
	for _, e := range r.list {
		to, err := e.open(lookup, client, now)
		if err != nil {
			errs = append(errs, fmt.Errorf("route %s: %w", e.name, err))
			continue
		}
		s.routes = append(s.routes, &outlet{e, to})
	}
	return s, errors.Join(errs...)
}

func (e *route) open(lookup Lookup, client *http.Client, now func() time.Time) (destination, error) {
	if e.service != "" {
		return openService(e, lookup)
	}
	return openWebhook(e, lookup, client, now)
}

// Run sends until ctx ends, and then finishes what is under way. What goes wrong is tried again.
func (s *Sender) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, r := range s.routes {
		all.Go(func() { s.work(ctx, r) })
	}
	all.Go(func() { s.forget(ctx) })
	all.Wait()
}

func (s *Sender) work(ctx context.Context, r *outlet) {
	for ctx.Err() == nil {
		next, err := s.round(ctx, r)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("deliveries are not read or kept, trying again", "route", r.name, "error", err)
			next = beforeAgain
		}
		pause(ctx, next)
	}
}

func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (s *Sender) forget(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.db.ForgetDeliveries(ctx, s.time().Add(-remember)); err != nil && ctx.Err() == nil {
			s.log.Warn("old deliveries are not forgotten", "error", err)
		}
		pause(ctx, tidy)
	}
}

func (s *Sender) time() payment.Time { return payment.TimeOf(s.now()) }

// Round tries all that is due now, once. Run does so again and again.
func (s *Sender) Round(ctx context.Context) error {
	for _, r := range s.routes {
		for wait := time.Duration(0); wait <= 0; {
			var err error
			if wait, err = s.round(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// round tries some of what is due of a route, and returns how long to wait until the next look.
func (s *Sender) round(ctx context.Context, r *outlet) (time.Duration, error) {
	due, waits, err := s.db.Due(ctx, r.name)
	now := s.time()
	switch {
	case err != nil || !waits:
		return look, err
	case due > now:
		return min(look, due.Sub(now)), nil
	}
	list, err := s.db.Claim(ctx, r.name, now, now.Add(lease), atOnce)
	if err != nil {
		return look, err
	}
	// What is claimed is tried and the outcome kept, even if the process is told to stop meanwhile.
	ctx = context.WithoutCancel(ctx)
	var g errgroup.Group
	for i := range list {
		g.Go(func() error { return s.try(ctx, r, &list[i]) })
	}
	return 0, g.Wait()
}

// try tries a delivery, and keeps how that went.
func (s *Sender) try(ctx context.Context, r *outlet, d *database.Delivery) error {
	v, err := s.read(d)
	if err == nil {
		err = r.send(ctx, v)
	}
	log := s.log.With("route", r.name, "delivery", d.ID, "event", d.Event, "attempt", d.Attempts)
	at := s.time()
	if err == nil {
		s.stats.Delivered.Add(1)
		log.Info("delivered")
		return s.db.Succeeded(ctx, d.ID, at)
	}
	next := s.next(r.route, v, d, at, err)
	if next == 0 {
		s.stats.GivenUp.Add(1)
		log.Error("not delivered, and given up: weir notify retry tries again", "error", err)
	} else {
		s.stats.Failed.Add(1)
		log.Warn("not delivered, trying again", "at", next, "error", err)
	}
	return s.db.Failed(ctx, d, at, next, err.Error())
}

// read returns the event of a delivery, with what is not in the database.
func (s *Sender) read(d *database.Delivery) (*event, error) {
	var v event
	if err := json.Unmarshal(d.Body, &v); err != nil {
		return nil, errors.New("what is kept of the delivery is no event")
	}
	if v.Question != nil && s.questions == nil {
		return nil, errors.New("the file has no answers: any more")
	}
	return &v, s.questions.complete(&v)
}

// next returns when to try again after a failure: after twice the time each time, more or less, so that those which failed
// together do not come back together. It returns 0 where that would be too late.
func (s *Sender) next(r *route, v *event, d *database.Delivery, now payment.Time, cause error) payment.Time {
	wait := min(beforeAgain<<min(d.Attempts-1, 20), mostWait)
	wait = time.Duration(float64(wait) * (0.5 + s.random()/2))
	var asked *refusal
	if errors.As(cause, &asked) {
		wait = max(wait, asked.wait)
	}
	end := d.Since.Add(r.giveUp)
	if v != nil && v.Question != nil {
		if expires, err := payment.ParseTime(v.Question.Expires); err == nil {
			end = min(end, expires)
		}
	}
	if next := now.Add(wait); next <= end {
		return next
	}
	return 0
}

// ErrNoRoute is the error for a route that the file does not have.
var ErrNoRoute = errors.New("the file has no such route")

// Test sends a sample by a route, past the database.
func (s *Sender) Test(ctx context.Context, name string) error {
	for _, r := range s.routes {
		if r.name != name {
			continue
		}
		v := r.sample(s.questions, s.time(), true)
		v.ID = deliveryID(r.name, "test", fmt.Sprint(s.now().UnixNano()))
		if err := s.questions.complete(&v); err != nil {
			return err
		}
		if err := r.send(ctx, &v); err != nil {
			return fmt.Errorf("route %s: %w", name, err)
		}
		return nil
	}
	return fmt.Errorf("route %q: %w", name, ErrNoRoute)
}

// Sample is what a route would send.
type Sample struct {
	Route, Event, To string
	Title            string // of a message of a service
	Text             string // of it, or the body of a webhook
}

// Samples returns what the routes would send.
func (s *Sender) Samples() ([]Sample, error) {
	list := make([]Sample, len(s.routes))
	for i, r := range s.routes {
		v := r.sample(s.questions, s.time(), true)
		list[i] = Sample{Route: r.name, Event: r.on, To: "webhook"}
		to, ok := r.destination.(*service)
		if !ok {
			body, err := r.content(&v)
			if err != nil {
				return nil, err
			}
			list[i].Text = string(body)
			continue
		}
		title, text, err := to.words(&v)
		if err != nil {
			return nil, err
		}
		list[i].To, list[i].Title, list[i].Text = to.kind, title, text
	}
	return list, nil
}
