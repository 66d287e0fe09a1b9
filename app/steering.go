package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/review"
	"github.com/weir-fraud/weir/stream"
)

// steering is the control topic for those who review: a goroutine follows it, and the others see what it last said. Its
// exported methods are safe for concurrent use.
type steering struct {
	config *Config
	log    *slog.Logger

	mu       sync.Mutex
	changed  chan struct{} // closed at the next change of what follows
	known    bool          // the topic is read to its end
	compact  bool          // it keeps what is written to it
	statuses []control.Event
	lists    *review.Lists
	fault    error // why there are no lists

	writing  sync.Mutex
	producer *stream.Producer // nil before the first change
}

func newSteering(c *Config, log *slog.Logger) *steering {
	return &steering{config: c, log: log, changed: make(chan struct{}), fault: review.ErrNotSteered}
}

// follow keeps up with the topic until ctx ends. That it cannot be read ends nothing.
func (s *steering) follow(ctx context.Context) {
	told := false
	for ctx.Err() == nil {
		err := s.read(ctx)
		if err == nil || ctx.Err() != nil {
			continue
		}
		if !told || !errors.Is(err, stream.ErrNoTopic) {
			s.log.Warn("the control topic cannot be followed: trying again", "error", err, "in", reopenAfter)
		}
		told = true
		s.set(func() { s.known, s.lists, s.fault = false, nil, fmt.Errorf("%w: %w", review.ErrNotSteered, err) })
		_ = sleep(ctx, reopenAfter) // ctx is looked at next
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.producer != nil {
		s.producer.Close()
		s.producer = nil
	}
}

// read follows the topic until something is wrong with it.
func (s *steering) read(ctx context.Context) error {
	assembly, err := s.config.newAssembly(time.Now)
	if err != nil {
		return err
	}
	topic, err := openControl(ctx, s.config, func(int64, error) {}) // the pipeline tells of records that are no events
	if err != nil {
		return err
	}
	defer topic.close()
	pending := true
	for ctx.Err() == nil {
		changed, records, err := topic.gather(100 * time.Millisecond)
		if err != nil {
			return err
		}
		pending = pending || changed
		if !topic.current() || records == 0 && !pending {
			continue
		}
		lists, fault := s.lists, s.fault
		if pending {
			lists, fault = listsOf(assembly, &topic.state)
			pending = false
		}
		statuses := topic.state.Statuses()
		s.set(func() {
			s.known, s.compact, s.statuses, s.lists, s.fault = true, topic.topic.Compacted, statuses, lists, fault
		})
	}
	return nil
}

// listsOf returns the lists that the state makes.
func listsOf(a *assembly, state *control.State) (*review.Lists, error) {
	p, _, err := a.policyOf(state)
	if err != nil {
		return nil, fmt.Errorf("the active policy is no good with the features here: %w", err)
	}
	if p == nil { // a model's thresholds
		return &review.Lists{}, nil
	}
	l := &review.Lists{Policy: p.Version(), Declared: p.Lists(), Entries: p.Entries().Apply(listChanges(state)...), Changed: make(map[review.ListKey]control.Event)}
	for _, e := range state.Entries() {
		l.Changed[review.ListKey{List: e.Entry.List, Key: e.Entry.Key}] = e
	}
	return l, nil
}

// set changes what others see.
func (s *steering) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// Statuses implements [review.Steering].
func (s *steering) Statuses() ([]control.Event, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.statuses, s.known
}

// Lists implements [review.Steering].
func (s *steering) Lists() (*review.Lists, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lists, s.fault
}

// seenWithin is how long a change that is written may take to come back.
const seenWithin = 5 * time.Second

// Change implements [review.Steering].
func (s *steering) Change(ctx context.Context, e control.Event) error {
	if err := e.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	compact := s.compact
	s.mu.Unlock()
	if !compact {
		return fmt.Errorf("topic %s is not known to be compacted, so what is written to it might be forgotten", s.config.Kafka.Topics.Control)
	}
	if err := s.write(ctx, &e); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, seenWithin)
	defer cancel()
	for {
		s.mu.Lock()
		seen, next := s.has(&e), s.changed
		s.mu.Unlock()
		if seen {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return fmt.Errorf("the change is written, and the topic did not show it within %v", seenWithin)
		}
	}
}

// has reports whether the lists are of a time after the change.
func (s *steering) has(e *control.Event) bool {
	if s.lists == nil {
		return false
	}
	c, ok := s.lists.Changed[review.ListKey{List: e.Entry.List, Key: e.Entry.Key}]
	return ok && c.Time >= e.Time
}

func (s *steering) write(ctx context.Context, e *control.Event) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.producer == nil {
		var err error
		if s.producer, err = stream.NewProducer(s.config.kafka()); err != nil {
			return err
		}
	}
	return writeControl(ctx, s.config, s.producer, *e)
}
