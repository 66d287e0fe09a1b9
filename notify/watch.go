package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/payment"
)

// Cases are what a Watcher looks at and where it keeps what it has told.
type Cases interface {
	Size(ctx context.Context, f database.Filter, limit int) (int, error)
	LongestWaiting(ctx context.Context, f database.Filter) (payment.Time, bool, error)
	Pass(ctx context.Context, limit string, passed bool, now payment.Time, tell database.Delivery) (bool, error)
}

// Pipeline tells how far behind the pipeline is.
type Pipeline interface {
	Lag(ctx context.Context, now time.Time) (Lag, error)
	// Confirm reports whether there are records without a decision: a log may end in what nobody has to decide.
	Confirm(ctx context.Context) (bool, error)
}

// Watcher looks after the limits of routes.
type Watcher struct {
	routes   *Routes
	db       Cases
	pipeline Pipeline // nil where no route asks for it
	group    string
	log      *slog.Logger
	now      func() time.Time
}

// NewWatcher returns a watcher of the limits of routes; group is the name of the pipeline's.
func NewWatcher(r *Routes, db Cases, p Pipeline, group string, log *slog.Logger, now func() time.Time) *Watcher {
	return &Watcher{r, db, p, group, log, now}
}

const lookAtLimits = 10 * time.Second

// Run looks until ctx ends. What goes wrong is tried again.
func (w *Watcher) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := w.Look(ctx); err != nil && ctx.Err() == nil {
			w.log.Warn("a limit is not looked after, trying again", "error", err)
		}
		pause(ctx, lookAtLimits)
	}
}

// Look looks once, and makes a delivery for each limit that is newly passed.
func (w *Watcher) Look(ctx context.Context) error {
	var errs []error
	var lag *Lag
	for _, e := range w.routes.list {
		var err error
		switch e.on {
		case onQueue:
			err = w.queue(ctx, e)
		case onBehind:
			if lag == nil {
				found, wrong := w.pipeline.Lag(ctx, w.now())
				if wrong != nil {
					errs = append(errs, fmt.Errorf("how far behind the pipeline is: %w", wrong))
					continue
				}
				lag = &found
			}
			err = w.behind(ctx, e, *lag)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("route %s: %w", e.name, err))
		}
	}
	return errors.Join(errs...)
}

func (w *Watcher) queue(ctx context.Context, e *route) error {
	now := payment.TimeOf(w.now())
	f := database.Filter{Now: now, Severity: e.where.severity}
	most := 10_000
	if e.cases > 0 {
		most = 2*e.cases + 1
	}
	n, err := w.db.Size(ctx, f, most)
	if err != nil {
		return err
	}
	since, waits, err := w.db.LongestWaiting(ctx, f)
	if err != nil {
		return err
	}
	waiting := time.Duration(0)
	if waits {
		waiting = max(0, now.Sub(since))
	}
	used := max(share(int64(n), int64(e.cases)), share(waiting, e.waiting))
	return w.tell(ctx, e, used, func(v *event) {
		v.Queue = &queue{n, e.cases, int64(waiting.Seconds()), int64(e.waiting.Seconds())}
	})
}

func (w *Watcher) behind(ctx context.Context, e *route, lag Lag) error {
	used := max(share(lag.Records, e.records), share(lag.Time, e.late))
	switch {
	case used > 1:
		there, err := w.pipeline.Confirm(ctx)
		if err != nil {
			return err
		}
		if !there {
			used = 0
		}
	case lag.AtLeast && e.late != 0:
		return nil // it may have been passed for long, as another process knows
	}
	return w.tell(ctx, e, used, func(v *event) {
		v.Behind = &behind{w.group, lag.Records, e.records, int64(lag.Time.Seconds()), int64(e.late.Seconds())}
	})
}

// share returns how much of a limit is used up; 0 where there is no limit.
func share[T int64 | time.Duration](value, limit T) float64 {
	if limit == 0 {
		return 0
	}
	return float64(value) / float64(limit)
}

// below is how much of a limit may be used up before the limit counts as passed anew: one that is hovered around is told once.
const below = 0.9

// tell tells of a limit when it is newly passed.
func (w *Watcher) tell(ctx context.Context, e *route, used float64, fill func(v *event)) error {
	now := payment.TimeOf(w.now())
	limit := e.on + " " + e.name
	if used > below && used <= 1 {
		return nil // as it was
	}
	v := e.event(now.String(), now)
	fill(&v)
	told, err := w.db.Pass(ctx, limit, used > 1, now, e.delivery(&v, now))
	if told {
		w.log.Info("a limit is passed", "route", e.name, "event", e.on)
	}
	return err
}
