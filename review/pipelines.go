package review

import (
	"slices"
	"strings"
	"time"

	"github.com/weir-fraud/weir/control"
)

// silentAfter is how long an instance may say nothing: three of its reports.
const silentAfter = 30 * time.Second

// running is what the instances say of themselves: those that have spoken lately, and those that ended without a goodbye.
type running struct {
	known         bool // the control topic can be read
	alive, silent []control.Event
}

func (s *Server) running(now time.Time) (r running) {
	var all []control.Event
	all, r.known = s.steering.Statuses()
	for _, e := range all {
		if now.Sub(e.Time.Std()) <= silentAfter {
			r.alive = append(r.alive, e)
		} else {
			r.silent = append(r.silent, e)
		}
	}
	return r
}

// models returns by which models the instances decide, "" if nobody says.
func (r *running) models() string {
	var names []string
	for _, e := range r.alive {
		if name := e.Status.Model.Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// pipelineView is how the pipelines do, all instances together.
type pipelineView struct {
	State       string     `json:"state"`     // running; silent: nobody has spoken lately; stopped: nobody is there; unknown
	Instances   int        `json:"instances"` // that run
	Silent      int        `json:"silent"`    // that have stopped without a goodbye
	AsOf        *time.Time `json:"as_of"`     // of the oldest of the figures
	Lag         *int64     `json:"lag"`
	LagSeconds  *float64   `json:"lag_seconds"`
	Rate        *float64   `json:"rate"`
	P50         *float64   `json:"p50_ms"` // of the slowest instance, null where nothing was decided
	P99         *float64   `json:"p99_ms"`
	DeadLetters *int64     `json:"dead_letters"`
	Policies    []string   `json:"policies"`
	Refused     []string   `json:"refused"` // models and policies that an instance does not take
}

// view adds up what the instances say. Where none has spoken lately, it is what they said last.
func (r *running) view(now time.Time) pipelineView {
	v := pipelineView{State: "running", Instances: len(r.alive), Silent: len(r.silent), Policies: []string{}, Refused: []string{}}
	list := r.alive
	if len(list) == 0 {
		list = r.silent
		v.State = "silent"
	}
	switch {
	case !r.known:
		v.State = "unknown"
	case len(list) == 0:
		v.State = "stopped"
	}
	var sum control.Figures
	told := false
	oldest := now
	for _, e := range list {
		if e.Time.Std().Before(oldest) {
			oldest = e.Time.Std()
		}
		v.Policies = append(v.Policies, e.Status.Policy.Name)
		for _, refused := range e.Status.Refused {
			v.Refused = append(v.Refused, refused.What+" "+refused.Name)
		}
		if f := e.Status.Figures; f != nil {
			told = true
			sum.Lag += f.Lag
			sum.LagSeconds = max(sum.LagSeconds, f.LagSeconds)
			sum.Rate += f.Rate
			sum.P50, sum.P99 = max(sum.P50, f.P50), max(sum.P99, f.P99)
			sum.DeadLetters += f.DeadLetters
		}
	}
	v.Policies, v.Refused = distinct(v.Policies), distinct(v.Refused)
	if len(list) > 0 {
		v.AsOf = &oldest
	}
	if told {
		v.Lag, v.LagSeconds, v.Rate, v.DeadLetters = &sum.Lag, &sum.LagSeconds, &sum.Rate, &sum.DeadLetters
		if sum.P99 > 0 {
			v.P50, v.P99 = &sum.P50, &sum.P99
		}
	}
	return v
}

func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
