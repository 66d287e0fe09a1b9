package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/monitor"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/stream"
)

const (
	// reportEvery is how often an instance says that it is there. One that has not for aliveFor is gone.
	reportEvery = 10 * time.Second
	aliveFor    = 3 * reportEvery
	// forgetAfter is when others clear away the last word of an instance that ended without a goodbye.
	forgetAfter = 24 * time.Hour
	// reopenAfter is the pause before the control topic is tried again.
	reopenAfter = 5 * time.Second
)

// follower keeps what decides in this process at what the control topic says, and tells there what became of it.
type follower struct {
	config   *Config
	version  string
	instance string
	log      *slog.Logger
	stats    *pipeline.Stats
	monitor  *monitor.Monitor
	now      func() time.Time

	assembly *assembly
	engines  *pipeline.Switch
	engine   *pipeline.Engine // the last one made
	refused  []control.Refusal
	topic    *controlLog      // nil while there is none to read
	producer *stream.Producer // nil before there is something to report

	pending  bool      // the state has changed since an engine was made of it
	settled  bool      // all workers decide by the engine, and that is known outside
	attempt  time.Time // when an engine was last made
	reported time.Time // when that was last told on the topic
	told     figuresBefore
	closed   time.Time // when the topic was last tried
}

// start reads the control topic to its end, and makes the engine to begin with.
func (f *follower) start(ctx context.Context) error {
	var err error
	if f.assembly, err = f.config.newAssembly(f.now); err != nil {
		return err
	}
	switch err := f.open(ctx); {
	case errors.Is(err, stream.ErrNoTopic):
		f.log.Warn("there is no control topic: changes at run time are not seen until it is made", "error", err)
	case err != nil:
		return err
	default:
		if err := f.topic.catchUp(ctx); err != nil {
			return err
		}
	}
	if f.engine, f.refused, err = f.assembly.next(f.state()); err != nil {
		return err
	}
	f.attempt = f.now()
	f.engines = pipeline.NewSwitch(f.engine)
	f.tellRefusals(nil)
	return nil
}

func (f *follower) open(ctx context.Context) error {
	f.closed = f.now()
	topic, err := openControl(ctx, f.config, func(offset int64, err error) {
		f.log.Warn("a record of the control topic is no event", "offset", offset, "error", err)
	})
	if err == nil {
		f.topic = topic
	}
	return err
}

// state is what the topic says.
func (f *follower) state() *control.State {
	if f.topic == nil {
		return new(control.State)
	}
	return &f.topic.state
}

// close ends what is open.
func (f *follower) close() {
	if f.topic != nil {
		f.topic.close()
		f.topic = nil
	}
	if f.producer != nil {
		f.producer.Close()
		f.producer = nil
	}
}

// run follows the topic until ctx ends. That changes cannot be read or told is no reason to stop deciding.
func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := f.turn(ctx); err != nil && ctx.Err() == nil {
			f.log.Warn("the control topic cannot be followed: trying again", "error", err, "in", reopenAfter)
			f.close()
			f.closed = f.now()
		}
	}
	f.leave(context.WithoutCancel(ctx))
}

// turn takes in what the topic has, acts upon it, and reports.
func (f *follower) turn(ctx context.Context) error {
	if f.topic == nil {
		if wait := f.closed.Add(reopenAfter).Sub(f.now()); wait > 0 {
			f.settle()
			_ = sleep(ctx, min(wait, 100*time.Millisecond)) // ctx is looked at before the next turn
			return nil
		}
		if err := f.open(ctx); err != nil {
			if errors.Is(err, stream.ErrNoTopic) {
				return nil // told at the start
			}
			return err
		}
		f.pending = true
	}
	wait := 100 * time.Millisecond
	if !f.settled {
		wait = 5 * time.Millisecond
	}
	changed, _, err := f.topic.gather(wait)
	if err != nil {
		return err
	}
	f.pending = f.pending || changed
	if !f.topic.current() {
		return nil
	}
	if f.pending || len(f.refused) > 0 && f.now().Sub(f.attempt) >= reportEvery {
		f.act()
	}
	if f.settle() || f.settled && f.now().Sub(f.reported) >= reportEvery {
		return f.report(ctx)
	}
	return nil
}

// act makes an engine of what the topic says now and puts it in effect.
func (f *follower) act() {
	before := f.refused
	e, refused, err := f.assembly.next(f.state())
	f.attempt = f.now()
	if err != nil { // configuration itself is no good any more, and the last engine still is
		f.log.Error("what the control topic says cannot be put in effect", "error", err)
		f.pending, f.settled = false, false
		return
	}
	f.refused = refused
	if f.pending || !slices.Equal(before, refused) { // else the same was tried again in vain
		if err := f.engines.Set(e); err != nil {
			f.log.Error("what the control topic says cannot be put in effect", "error", err)
			return
		}
		f.engine, f.settled = e, false
	}
	f.pending = false
	f.tellRefusals(before)
}

// tellRefusals logs what is refused that was not before.
func (f *follower) tellRefusals(before []control.Refusal) {
	for _, r := range f.refused {
		if !slices.Contains(before, r) {
			f.log.Error("refused, and what was there before stays", "what", r.What, "name", r.Name, "digest", r.Digest, "reason", r.Reason)
		}
	}
	var what []string
	for _, r := range f.refused {
		what = append(what, r.What)
	}
	f.monitor.Refuses(what)
}

// settle makes known that all workers decide by the engine, and reports whether it has only now become so.
func (f *follower) settle() bool {
	if f.settled || !f.stats.DecideBy(f.engine) {
		return false
	}
	f.settled = true
	f.monitor.Decides(monitor.Engine{Model: f.engine.Model(), Policy: f.engine.Policy(), Switches: f.engines.Switched()})
	return true
}

// report says on the topic what this instance decides by.
func (f *follower) report(ctx context.Context) error {
	now := f.now()
	f.reported = now
	e := control.Event{
		Time: payment.TimeOf(now), By: f.instance,
		Status: &control.Status{
			Group: f.config.Kafka.Group, Version: f.version, Applied: f.topic.applied,
			Model: f.assembly.parts.active(), Policy: f.assembly.parts.name, Refused: f.refused,
			Figures: f.told.next(f.stats, now),
		},
	}
	if err := e.Validate(); err != nil {
		return err
	}
	if f.producer == nil {
		var err error
		if f.producer, err = stream.NewProducer(f.config.kafka()); err != nil {
			return err
		}
		if err := f.forget(ctx); err != nil {
			return err
		}
	}
	return writeControl(ctx, f.config, f.producer, e)
}

// forget clears away the last words of instances that are long gone.
func (f *follower) forget(ctx context.Context) error {
	for _, s := range f.state().Statuses() {
		if f.now().Sub(s.Time.Std()) > forgetAfter && s.By != f.instance {
			if err := endControl(ctx, f.config, f.producer, control.StatusKey(s.By)); err != nil {
				return err
			}
		}
	}
	return nil
}

// leave says goodbye, if this instance has said anything.
func (f *follower) leave(ctx context.Context) {
	if f.producer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := endControl(ctx, f.config, f.producer, control.StatusKey(f.instance)); err != nil {
		f.log.Warn("could not say on the control topic that this instance stops", "error", err)
	}
}
