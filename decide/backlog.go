package decide

import (
	"sync"
	"time"
)

// backlog is what was handed in and is in the stream, by partition and in order, as long as it is not known to be
// decided. It tells whether the pipeline is behind, in a way that only asks for what requests see: not how long the log is,
// but that something of theirs has been in it for too long.
type backlog struct {
	mu         sync.Mutex
	partitions map[int32][]delivered
}

// delivered is a transaction that is in the stream.
type delivered struct {
	offset int64
	since  time.Time
	entry  *entry
}

func newBacklog() *backlog { return &backlog{partitions: make(map[int32][]delivered)} }

func (b *backlog) add(partition int32, d delivered) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.partitions[partition] = append(b.partitions[partition], d)
}

// prune lets go of what is decided: what has its decision, and what lies below the offset that the pipeline has committed,
// whether or not there was a decision in it. committed may be nil. It reports whether something has been there since
// before the limit.
func (b *backlog) prune(committed []int64, limit time.Time) (behind bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n, all := range b.partitions {
		passed := int64(0)
		if int(n) < len(committed) {
			passed = committed[n]
		}
		done := 0
		for done < len(all) && (all[done].offset < passed || all[done].entry.settled()) {
			done++
		}
		clear(all[:done])
		all = all[done:]
		b.partitions[n] = all
		behind = behind || len(all) > 0 && all[0].since.Before(limit)
	}
	return behind
}
