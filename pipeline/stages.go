package pipeline

import (
	"time"

	"github.com/weir-fraud/weir/telemetry"
)

// Stage is a part of the work on a batch.
type Stage int

// The stages, in the order in which a transaction meets them.
const (
	Consume  Stage = iota // take records from the client; measured in CPU time only
	Decode                // parse them
	Load                  // read accounts from the store
	Features              // see whether tiles are there, and compute vectors
	Score                 // walk the trees
	Decide                // policy, reasons, and writing decisions and alerts down
	Fold                  // take transactions into their accounts
	Produce               // hand decisions and alerts to the client
	Commit                // wait for the Kafka transaction
	Encode                // write changed accounts down
	Apply                 // write them to the store
	numStages
)

var stageNames = [numStages]string{"consume", "decode", "load", "features", "score", "decide", "fold", "produce", "commit", "encode", "apply"}

func (s Stage) String() string { return stageNames[s] }

// AllStages returns every stage in order.
func AllStages() []Stage {
	all := make([]Stage, numStages)
	for i := range all {
		all[i] = Stage(i)
	}
	return all
}

// Stages are the times, in seconds, that polls and batches spend in each stage, by the worker's clock. It is safe for
// concurrent use.
type Stages [numStages]*telemetry.Histogram

func newStages() *Stages {
	s := new(Stages)
	for i := range s {
		s[i] = telemetry.NewHistogram(telemetry.Exponential(20e-6, 10, 2))
	}
	return s
}

func (s *Stages) add(stage Stage, d time.Duration) { s[stage].Add(d.Seconds()) }

// lap measures stages one after the other.
type lap struct {
	clock func() time.Duration
	at    time.Duration
}

func (w *Worker) lap() lap { return lap{w.config.Clock, w.config.Clock()} }

// to ends a stage, begins the next, and returns the time between.
func (l *lap) to() time.Duration {
	now := l.clock()
	d := now - l.at
	l.at = now
	return d
}

// sampleEvery is how many transactions there are to one whose stages are measured apart: reading a clock takes about
// as long as the shorter stages, and is subtracted from each. Alerts are few and take long: each is measured, apart from
// these.
const sampleEvery = 64

// samples adds up the stages of the transactions of a poll that are measured.
type samples struct {
	seen, taken int
	clock       time.Duration // that reading the clock took, once for each taken
	spent       [numStages]time.Duration
	alerts      time.Duration // what making them took
}

// sampled measures the stages of one transaction, or does nothing.
type sampled struct {
	samples *samples
	lap     lap
}

func (w *Worker) sampled() sampled {
	s := &w.samples
	s.seen++
	if s.seen%sampleEvery != 1 {
		return sampled{}
	}
	s.taken++
	l := w.lap()
	s.clock += l.to()
	return sampled{s, l}
}

// end ends a stage and begins the next.
func (s *sampled) end(stage Stage) {
	if s.samples != nil {
		s.samples.spent[stage] += s.lap.to()
	}
}

// alert ends the making of an alert, which began at l.
func (s *sampled) alert(of *samples, l lap) {
	took := l.to()
	of.alerts += took
	if s.samples != nil {
		s.lap.at = l.at
	}
}

// flush adds what the samples stand for to the stages. total is what all transactions took together: what is not in the
// samples is done before features are computed, and counts as theirs.
func (s *samples) flush(to *Stages, total time.Duration) {
	if s.taken == 0 {
		return
	}
	const readings = 6 // of the clock, for each that is taken
	left := total - readings*s.clock
	for _, stage := range [...]Stage{Score, Decide, Fold} {
		d := max(0, s.spent[stage]-s.clock) * time.Duration(s.seen) / time.Duration(s.taken)
		if stage == Decide {
			d += s.alerts
		}
		to.add(stage, d)
		left -= d
	}
	to.add(Features, max(0, left))
	*s = samples{}
}
