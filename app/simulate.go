package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/simulate"
	"github.com/weir-fraud/weir/stream"
)

// SimulateOptions are those of `weir simulate`.
type SimulateOptions struct {
	World simulate.Config
	Count int64   // most transactions; 0 for all that the world has
	Out   string  // file for labelled JSON lines; empty for none
	Topic string  // topic for transactions, without labels; empty for none
	Rate  float64 // transactions per second by the clock, after the world's warm-up; 0 for flat out
}

// Simulate is `weir simulate`: simulated transactions into a file, with their labels, or into Kafka, or both.
func Simulate(ctx context.Context, c Config, o SimulateOptions, stderr io.Writer) (err error) {
	if o.Rate > 0 {
		o.World.LiveRate = o.Rate
		o.World.Start = time.Now().Add(-o.World.WarmUp)
	}
	g, err := simulate.New(o.World)
	if err != nil {
		return err
	}
	out, err := createOutput(o.Out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	s := simulation{options: o, generator: g, out: out, show: newProgress(stderr, "simulate", o.total())}
	if o.Topic != "" {
		if s.producer, err = c.openTopic(ctx, o.Topic); err != nil {
			return err
		}
		defer s.producer.Close()
	}
	err = s.run(ctx)
	s.show.finish()
	if s.producer != nil {
		err = errors.Join(err, s.producer.Flush(context.WithoutCancel(ctx)))
	}
	if o.endless() && errors.Is(err, context.Canceled) {
		err = nil // what has no end is ended by hand
	}
	_, _ = fmt.Fprintf(stderr, "%d transactions, %d of them fraud, from %s to %s\n", s.n, s.frauds, payment.TimeOf(o.World.Start), s.event.Transaction.Time)
	return err
}

func (o *SimulateOptions) endless() bool { return o.Count == 0 && o.World.Duration == 0 }

// total is what there is to do, in transactions or, where their number is not known, in milliseconds of event time.
func (o *SimulateOptions) total() int64 {
	if o.Count > 0 {
		return o.Count
	}
	return o.World.Duration.Milliseconds()
}

// openTopic returns a producer, after checking that the topic is there.
func (c *Config) openTopic(ctx context.Context, topic string) (*stream.Producer, error) {
	admin, err := stream.NewAdmin(c.kafka())
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	if _, err := admin.Describe(ctx, topic); err != nil {
		return nil, err
	}
	return stream.NewProducer(c.kafka())
}

type simulation struct {
	options   SimulateOptions
	generator *simulate.Generator
	out       *output
	producer  *stream.Producer
	show      *progress

	event     simulate.Event
	line      []byte
	n, frauds int64
}

func (s *simulation) run(ctx context.Context) error {
	live, paced := s.options.World.LiveFrom()
	paced = paced && s.options.Rate > 0
	for (s.options.Count == 0 || s.n < s.options.Count) && s.generator.Next(&s.event) {
		if s.n%1024 == 0 || paced {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.tell()
		}
		if at := s.event.Transaction.Time.Std(); paced && !at.Before(live) {
			if err := s.hold(ctx, at); err != nil {
				return err
			}
		}
		if err := s.write(); err != nil {
			return err
		}
		s.n++
		if s.event.Fraud {
			s.frauds++
		}
	}
	return nil
}

// hold waits until an event is due. What was written before it can be seen meanwhile.
func (s *simulation) hold(ctx context.Context, due time.Time) error {
	early := time.Until(due)
	if early <= 0 {
		return nil
	}
	if s.out != nil {
		if err := s.out.Flush(); err != nil {
			return fmt.Errorf("write %s: %w", s.options.Out, err)
		}
	}
	return sleep(ctx, early)
}

func (s *simulation) tell() {
	done := s.n
	if s.options.Count == 0 {
		done = s.event.Transaction.Time.Std().Sub(s.options.World.Start).Milliseconds()
	}
	s.show.set(done, s.n)
}

func (s *simulation) write() error {
	if s.out != nil {
		s.line = simulate.AppendJSONL(s.line[:0], &s.event)
		if _, err := s.out.Write(s.line); err != nil {
			return fmt.Errorf("write %s: %w", s.options.Out, err)
		}
	}
	if s.producer == nil {
		return nil
	}
	s.line = payment.AppendJSON(s.line[:0], &s.event.Transaction)
	return s.producer.Produce(&stream.Message{
		Topic: s.options.Topic, Partition: stream.AnyPartition, Key: []byte(s.event.Transaction.AccountID), Value: s.line,
	})
}
