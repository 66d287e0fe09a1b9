package screen

import (
	"time"

	"github.com/weir-fraud/weir/alerts"
)

// State is all that is shown at a moment.
type State struct {
	Time    time.Time     // what the clock says
	Offered float64       // simulated transactions per second
	Broker  string        // address of the embedded broker
	Review  string        // where alerts are reviewed; "" for nowhere
	Steps   []Step        // what comes before the live part, in order
	Live    bool          // whether the live part has begun
	Elapsed time.Duration // since it began

	Decided     int64
	Alerts      int64
	DeadLetters int64
	Rates       []float64 // decisions in each of the last seconds, oldest first
	Slowest     []float64 // the p99 of the latency in each of them, in milliseconds
	Now         Latency   // over the last ten seconds
	Overall     Latency   // since the live part began
	Patterns    []Pattern
	Recent      []Alert  // the newest first
	Log         []string // last lines of the pipeline's log, oldest first
}

// Step is a piece of work before the live part.
type Step struct {
	Name  string
	Unit  string        // what is counted
	Done  int64         // of the unit
	Share float64       // of the work, 0 to 1
	Took  time.Duration // so far
	Over  bool
}

// Latency is the time from when a transaction was due to when its decision was read, in milliseconds.
type Latency struct{ P50, P99 float64 }

// Pattern is how much of one fraud pattern was found.
type Pattern struct {
	Name          string
	Frauds, Found int64 // decided transactions, and those of them that are alerts
}

// Alert is an alert with the truth about it, which only a simulation knows.
type Alert struct {
	alerts.Alert
	Fraud bool
}

// frauds sums up the patterns.
func (s *State) frauds() (frauds, found int64) {
	for _, p := range s.Patterns {
		frauds += p.Frauds
		found += p.Found
	}
	return frauds, found
}

// rate returns the decisions in the last second, or a second's share of the first fraction of one.
func (s *State) rate() int64 {
	if n := len(s.Rates); n > 0 {
		return int64(s.Rates[n-1] + 0.5)
	}
	return int64(float64(s.Decided) / max(s.Elapsed.Seconds(), 0.1))
}
