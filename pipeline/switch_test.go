package pipeline

import (
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
)

// A worker takes another engine between two batches, never within one, and none over another feature set.
func TestWorkersSwitchBetweenBatches(t *testing.T) {
	set := compile(t)
	engine := func(s *features.Set) *Engine {
		e, err := NewEngine(EngineConfig{Set: s, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	old, next := engine(set), engine(set)
	engines, stats := NewSwitch(old), NewStats()
	workers := make([]*Worker, 2)
	for i := range workers {
		workers[i] = NewWorker(WorkerConfig{}, engines, nil, stats, silent(), time.Now, nil)
	}
	if err := engines.Set(engine(compile(t))); err == nil || engines.Engine() != old {
		t.Errorf("an engine over another set gives %v", err)
	}
	if err := engines.Set(next); err != nil {
		t.Fatal(err)
	}
	workers[0].filling.taken = 1
	for _, w := range workers {
		w.follow()
	}
	if workers[0].judge.Engine != old || workers[1].judge.Engine != next {
		t.Error("the engine is exchanged within a batch, or not between two")
	}
	if stats.DecideBy(next) || stats.DecideBy(old) {
		t.Error("all workers are said to decide by one engine")
	}
	workers[0].filling.reset()
	workers[0].follow()
	if workers[0].judge.Engine != next || !stats.DecideBy(next) || engines.Switched() != 1 {
		t.Error("the engine is not exchanged between two batches")
	}
}

func compile(t *testing.T) *features.Set {
	t.Helper()
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	return set
}
