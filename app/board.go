package app

import (
	"net"
	"slices"
	"sync"
	"time"

	"github.com/weir-fraud/weir/screen"
	"github.com/weir-fraud/weir/telemetry"
)

// board keeps what a demonstration has to show besides counters. Its methods are safe for concurrent use, but for
// fill, which one goroutine at a time calls.
type board struct {
	mu     sync.Mutex
	steps  []screen.Step
	began  time.Time // of the last step
	live   time.Time // when the live part began; zero before
	recent []screen.Alert
	review string // where alerts are reviewed

	sampled        time.Time
	decided        int64                // when sampled
	past           []telemetry.Snapshot // latencies so far, a second apart, the newest last
	rates, slowest []float64
}

const (
	boardAlerts  = 100 // as many as fit on a large screen
	boardSamples = 300 // seconds
	boardNow     = 10  // seconds that are "now"
)

// begin begins a step.
func (b *board) begin(name, unit string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.began = time.Now()
	b.steps = append(b.steps, screen.Step{Name: name, Unit: unit})
}

// progress notes how far the last step is.
func (b *board) progress(done int64, share float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &b.steps[len(b.steps)-1]
	s.Done, s.Share, s.Took = done, share, time.Since(b.began)
}

// finish ends the last step.
func (b *board) finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &b.steps[len(b.steps)-1]
	s.Over, s.Took = true, time.Since(b.began)
}

// goLive begins the live part, given the latencies until now.
func (b *board) goLive(now time.Time, took telemetry.Snapshot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.live, b.sampled, b.past = now, now, []telemetry.Snapshot{took}
}

func (b *board) alert(a screen.Alert) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.recent = slices.Insert(b.recent, 0, a)
	b.recent = b.recent[:min(len(b.recent), boardAlerts)]
}

// fill completes a state, given the latencies so far.
func (b *board) fill(s *screen.State, took telemetry.Snapshot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.Steps, s.Recent, s.Review = slices.Clone(b.steps), slices.Clone(b.recent), b.review
	if s.Live = !b.live.IsZero(); !s.Live {
		return
	}
	s.Elapsed = s.Time.Sub(b.live)
	if passed := s.Time.Sub(b.sampled); passed >= time.Second {
		b.sample(s.Decided, passed, took)
		b.sampled = s.Time
	}
	s.Rates, s.Slowest = slices.Clone(b.rates), slices.Clone(b.slowest)
	s.Overall = latencyOf(took)
	s.Now = latencyOf(took.Since(b.past[0]))
}

// sample adds a second to the charts.
func (b *board) sample(decided int64, passed time.Duration, took telemetry.Snapshot) {
	last := took.Since(b.past[len(b.past)-1])
	b.rates = appendLast(b.rates, boardSamples, float64(decided-b.decided)/passed.Seconds())
	b.slowest = appendLast(b.slowest, boardSamples, milliseconds(last, 0.99))
	b.past = appendLast(b.past, boardNow+1, took)
	b.decided = decided
}

// appendLast appends to a slice that keeps its last n elements.
func appendLast[T any](s []T, n int, v T) []T {
	s = append(s, v)
	return s[max(0, len(s)-n):]
}

func latencyOf(took telemetry.Snapshot) screen.Latency {
	return screen.Latency{P50: milliseconds(took, 0.5), P99: milliseconds(took, 0.99)}
}

// reviewing takes in where alerts are reviewed.
func (b *board) reviewing(address net.Addr, link string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.review = link; link == "" {
		b.review = "http://" + address.String() + "/"
	}
}
