package pipeline

import (
	"testing"
	"time"
)

// What a stage took does not hold what reading the clock took, and what no sample holds counts as features'.
func TestSampledStages(t *testing.T) {
	const reading, before, transactions = 700 * time.Nanosecond, 3 * time.Microsecond, 10 * sampleEvery
	const alert, alertEvery = 200 * time.Microsecond, 20 // so that some are samples, and some are not
	now := time.Duration(0)
	w := &Worker{config: WorkerConfig{Clock: func() time.Duration { now += reading; return now }}}
	work := map[Stage]time.Duration{Features: 8 * time.Microsecond, Score: 2 * time.Microsecond, Decide: 0, Fold: time.Microsecond}
	for n := range transactions {
		now += before
		s := w.sampled()
		for _, stage := range []Stage{Features, Score, Decide, Fold} {
			now += work[stage]
			s.end(stage)
			if stage == Decide && n%alertEvery == 0 {
				began := w.lap()
				now += alert
				s.alert(&w.samples, began)
			}
		}
	}
	stages := newStages()
	w.samples.flush(stages, now)
	work[Features] += before + reading/alertEvery // the first of the two readings around an alert
	work[Decide] += (alert + reading) / alertEvery
	for stage, each := range work {
		if got, want := stages[stage].Snapshot().Sum, (transactions * each).Seconds(); got < want-1e-12 || got > want+1e-12 {
			t.Errorf("%v: %v s instead of %v", stage, got, want)
		}
	}
}
