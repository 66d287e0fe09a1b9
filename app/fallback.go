package app

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/policy"
	"github.com/weir-fraud/weir/stream"
)

// fallback keeps the action that is answered where there is no time to decide at that of the policy in force.
type fallback struct {
	config   *Config
	log      *slog.Logger
	assembly *assembly
	topic    *controlLog // nil while there is none to read
	action   atomic.Uint32
	refused  control.Name // the policy that was last refused
}

// newFallback reads the control topic to its end.
func newFallback(ctx context.Context, c *Config, log *slog.Logger) (*fallback, error) {
	a, err := c.newAssembly(time.Now)
	if err != nil {
		return nil, err
	}
	f := &fallback{config: c, log: log, assembly: a}
	if err := f.open(ctx); err != nil && !errors.Is(err, stream.ErrNoTopic) { // of which the pipeline tells
		f.close()
		return nil, err
	}
	f.take()
	return f, nil
}

// Action returns the action of the policy in force.
func (f *fallback) Action() scoring.Action { return scoring.Action(f.action.Load()) }

func (f *fallback) open(ctx context.Context) error {
	topic, err := openControl(ctx, f.config, func(int64, error) {}) // the pipeline tells of records that are no events
	if err != nil {
		return err
	}
	f.topic = topic
	return topic.catchUp(ctx)
}

func (f *fallback) close() {
	if f.topic != nil {
		f.topic.close()
		f.topic = nil
	}
}

// take takes the action of the policy that the topic makes active, or else of the configured one. Of a policy that is no
// good here nothing is taken, as the pipeline goes on with the one before.
func (f *fallback) take() {
	state := new(control.State)
	if f.topic != nil {
		state = &f.topic.state
	}
	p, name, err := f.assembly.policyOf(state)
	if err != nil {
		if name != f.refused {
			f.log.Error("the active policy is no good here: the fallback action stays that of the one before", "policy", name.Name, "error", err)
		}
		f.refused = name
		if p = f.assembly.parts.policy; p == nil {
			p = f.assembly.fixed
		}
	} else {
		f.assembly.parts.policy, f.assembly.parts.name, f.refused = p, name, control.Name{}
	}
	action := policy.DefaultFallback // of thresholds without a file
	if p != nil {
		action = p.Fallback()
	}
	f.action.Store(uint32(action))
}

// follow follows the topic until ctx ends. That it cannot be read changes nothing.
func (f *fallback) follow(ctx context.Context) {
	defer f.close()
	for ctx.Err() == nil {
		if err := f.turn(ctx); err != nil && ctx.Err() == nil {
			if !errors.Is(err, stream.ErrNoTopic) {
				f.log.Warn("the control topic cannot be followed: trying again", "error", err, "in", reopenAfter)
			}
			f.close()
			_ = sleep(ctx, reopenAfter)
		}
	}
}

func (f *fallback) turn(ctx context.Context) error {
	if f.topic == nil {
		if err := f.open(ctx); err != nil {
			return err
		}
		f.take()
	}
	changed, _, err := f.topic.poll(100 * time.Millisecond)
	if changed {
		f.take()
	}
	return err
}
