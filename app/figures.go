package app

import (
	"time"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/telemetry"
)

// figuresBefore is where counters stood when figures were last told of.
type figuresBefore struct {
	at      time.Time // zero for not yet
	decided int64
	took    telemetry.Snapshot
}

// next returns how the workers do, with rate and latencies since the last call.
func (b *figuresBefore) next(s *pipeline.Stats, now time.Time) *control.Figures {
	last := *b
	*b = figuresBefore{at: now, decided: s.Transactions.Load(), took: s.Latency.Snapshot()}
	f := &control.Figures{DeadLetters: s.DeadLettersTotal()}
	for _, p := range s.Partitions() {
		if p.Assigned.Load() {
			f.Lag += p.Lag()
			f.LagSeconds = max(f.LagSeconds, p.LagTime(now).Seconds())
		}
	}
	took := b.took
	if !last.at.IsZero() {
		took = took.Since(last.took)
		if passed := now.Sub(last.at); passed > 0 {
			f.Rate = float64(b.decided-last.decided) / passed.Seconds()
		}
	}
	most := 1000 * took.Bounds[len(took.Bounds)-1] // what is above is infinite, which cannot be told
	f.P50, f.P99 = min(milliseconds(took, 0.5), most), min(milliseconds(took, 0.99), most)
	return f
}
