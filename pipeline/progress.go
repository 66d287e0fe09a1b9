package pipeline

import (
	"time"
)

// progress is how far a partition has caught up.
type progress struct {
	began, told time.Time
	from, until int64
}

// tellEvery is how often the progress of a partition is logged.
const tellEvery = 2 * time.Second

func newProgress(now time.Time, from, until int64) *progress {
	return &progress{began: now, told: now, from: from, until: until}
}

// caughtUp notes that everything before offset is folded in, and logs the progress now and then.
func (w *Worker) caughtUp(p *partition, offset int64) {
	if p.rebuild == nil {
		return
	}
	p.stats.At.Store(offset)
	now := w.now()
	took := now.Sub(p.rebuild.began)
	rate := int64(float64(offset-p.rebuild.from) / max(took.Seconds(), 1e-3))
	switch {
	case offset >= p.foldUntil:
		w.log.Info("rebuild finished", "partition", p.number, "from", p.rebuild.from, "until", p.foldUntil, "took", took, "records_per_second", rate)
		p.rebuild = nil
		p.stats.Catching.Store(false)
	case now.Sub(p.rebuild.told) >= tellEvery:
		p.rebuild.told = now
		w.log.Info("rebuilding", "partition", p.number, "at", offset, "until", p.foldUntil,
			"percent", 100*(offset-p.rebuild.from)/(p.foldUntil-p.rebuild.from), "records_per_second", rate)
	}
}
