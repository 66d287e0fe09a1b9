package pipeline

import (
	"testing"
	"time"
)

// What a stage took does not hold what reading the clock took.
func TestSampledStagesLeaveOutTheClock(t *testing.T) {
	const reading = 700 * time.Nanosecond
	now := time.Duration(0)
	w := &Worker{config: WorkerConfig{Clock: func() time.Duration { now += reading; return now }}}
	work := map[Stage]time.Duration{Features: 8 * time.Microsecond, Score: 2 * time.Microsecond, Decide: 0, Fold: time.Microsecond}
	for range 10 * sampleEvery {
		s := w.sampled()
		for _, stage := range []Stage{Features, Score, Decide, Fold} {
			now += work[stage]
			s.end(stage)
		}
	}
	stages := newStages()
	w.samples.flush(stages)
	for stage, each := range work {
		if got, want := stages[stage].Snapshot().Sum, (10 * sampleEvery * each).Seconds(); got < want-1e-12 || got > want+1e-12 {
			t.Errorf("%v: %v s instead of %v", stage, got, want)
		}
	}
}
