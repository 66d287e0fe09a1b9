package pipeline

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/telemetry"
)

// Stats counts what the workers of a process have done since they started: transactions and what came of them once
// that is committed. It is safe for concurrent use.
type Stats struct {
	// Of committed batches only, so that what is done again after an abort counts once.
	Transactions atomic.Int64 // decided
	Decisions    [scoring.NumActions]atomic.Int64
	Alerts       atomic.Int64
	DeadLetters  [payment.NumKinds]atomic.Int64 // by the kind of fault
	Duplicates   atomic.Int64                   // repeated transactions, which produce nothing
	Conflicts    atomic.Int64                   // repeated ids with another body, which produce nothing either
	Late         atomic.Int64
	Incomplete   atomic.Int64 // decided without all of the tiles that their features read

	Labels        atomic.Int64 // folded from the feedback log
	LabelsRefused atomic.Int64 // records of the feedback log that are no labels

	LateTiles  atomic.Int64 // events too late for the tiles of their partition
	Waits      atomic.Int64 // times that a partition had to wait for others' tiles
	TileReads  atomic.Int64 // keys of entities read from other partitions
	SeriesHits atomic.Int64 // times that all tiles were in memory
	Folded     atomic.Int64 // folded without a decision, while catching up
	Commits    atomic.Int64 // batches committed
	Aborts     atomic.Int64 // batches that were not
	Recoveries atomic.Int64 // runs of the recovery routine
	Rebuilds   atomic.Int64 // of those, with the state built again from the log's start
	Mismatches atomic.Int64 // heads found in Redis that were not the worker's own
	Hits       atomic.Int64 // records whose account was in memory
	Misses     atomic.Int64 // accounts that had to be read from the store

	Stages    *Stages
	Latency   *telemetry.Histogram // seconds from a record's time to its decision's commit
	BatchSize *telemetry.Histogram // records in a batch
	Scores    *telemetry.Histogram

	mu         sync.Mutex
	partitions map[int32]*PartitionStats
	workers    []*Vitals
}

// PartitionStats is where the worker of one partition stands.
type PartitionStats struct {
	Partition  int32
	Assigned   atomic.Bool  // to a worker of this process
	Committed  atomic.Int64 // offset of the first record whose decision is not out
	End        atomic.Int64 // offset behind the last record known to be there
	RecordTime atomic.Int64 // of the last record committed, or the time of the assignment; milliseconds since 1970
	Watermark  atomic.Int64 // newest event time folded in, milliseconds since 1970
	Catching   atomic.Bool  // the state is being brought up to the committed offset
	At, Until  atomic.Int64 // offsets: where that is, and where it ends
}

// Lag returns how many records there are whose decisions are not out.
func (p *PartitionStats) Lag() int64 { return max(0, p.End.Load()-p.Committed.Load()) }

// LagTime returns how old the last record is whose decision is out, or the assignment where none is yet, and 0 where
// there is no lag.
func (p *PartitionStats) LagTime(now time.Time) time.Duration {
	if p.Lag() == 0 {
		return 0
	}
	return max(0, now.Sub(time.UnixMilli(p.RecordTime.Load())))
}

// NewStats returns Stats that stand at zero.
func NewStats() *Stats {
	return &Stats{
		Stages:     newStages(),
		Latency:    telemetry.NewHistogram(telemetry.Decimal(0.001, 60)),
		BatchSize:  telemetry.NewHistogram(telemetry.Exponential(1, 1<<17, 2)),
		Scores:     telemetry.NewHistogram(telemetry.Linear(0.05, 1, 20)),
		partitions: make(map[int32]*PartitionStats),
	}
}

// DeadLettersTotal returns how many records were refused.
func (s *Stats) DeadLettersTotal() int64 {
	var n int64
	for i := range s.DeadLetters {
		n += s.DeadLetters[i].Load()
	}
	return n
}

// Workers returns the workers of this process, in the order of their creation.
func (s *Stats) Workers() []*Vitals {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.workers)
}

func (s *Stats) worker(now func() time.Time) *Vitals {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := newVitals(now)
	s.workers = append(s.workers, v)
	return v
}

// Partitions returns the partitions that this process has met, in order.
func (s *Stats) Partitions() []*PartitionStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*PartitionStats, 0, len(s.partitions))
	for _, p := range s.partitions {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *PartitionStats) int { return cmp.Compare(a.Partition, b.Partition) })
	return all
}

// Partition returns one partition, which this process meets now if it has not before.
func (s *Stats) Partition(n int32) *PartitionStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.partitions[n]
	if p == nil {
		p = &PartitionStats{Partition: n}
		s.partitions[n] = p
	}
	return p
}
