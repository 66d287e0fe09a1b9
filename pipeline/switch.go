package pipeline

import (
	"errors"
	"sync/atomic"
)

// Switch holds the engine in effect, which may be exchanged for another while workers run. It is safe for concurrent use.
type Switch struct {
	engine   atomic.Pointer[Engine]
	switched atomic.Int64
}

// NewSwitch returns a Switch with an engine to begin with.
func NewSwitch(e *Engine) *Switch {
	s := new(Switch)
	s.engine.Store(e)
	return s
}

// Engine returns the engine in effect.
func (s *Switch) Engine() *Engine { return s.engine.Load() }

// Set puts another engine in effect: each worker begins its next batch with it. It must be over the same feature set,
// since that shapes the state which workers hold.
func (s *Switch) Set(e *Engine) error {
	if e.set != s.Engine().set {
		return errors.New("the engine is over another feature set")
	}
	s.engine.Store(e)
	s.switched.Add(1)
	return nil
}

// Switched returns how often another engine was put in effect.
func (s *Switch) Switched() int64 { return s.switched.Load() }

// DecideBy reports whether e is what all workers decide by.
func (s *Stats) DecideBy(e *Engine) bool {
	for _, v := range s.Workers() {
		if at := v.engine.Load(); at != nil && at != e { // workers that fold labels decide nothing
			return false
		}
	}
	return true
}

// follow takes the engine in effect, between two batches: no batch is decided by two. The state knows of none.
func (w *Worker) follow() {
	if w.filling.taken > 0 {
		return
	}
	if e := w.engines.Engine(); e != w.judge.Engine {
		w.judge = newJudge(e)
		w.vitals.engine.Store(e)
		w.log.Info("decides by another engine", "model", e.Model(), "policy", e.Policy())
	}
}
