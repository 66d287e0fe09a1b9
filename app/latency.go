package app

import (
	"math"
	"sync"
	"time"
)

// latencies is a histogram of durations with a relative error of at most 1 %. It is safe for concurrent use.
type latencies struct {
	mu     sync.Mutex
	counts []int64 // bucket i holds durations up to bucketWidth^i microseconds
	n      int64
}

const bucketWidth = 1.02

func (l *latencies) add(d time.Duration) {
	i := 0
	if us := float64(d) / 1e3; us > 1 {
		i = int(math.Ceil(math.Log(us) / math.Log(bucketWidth)))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i >= len(l.counts) {
		l.counts = append(l.counts, 0)
	}
	l.counts[i]++
	l.n++
}

// milliseconds returns the q-quantile, 0 ≤ q ≤ 1, and 0 where there is nothing.
func (l *latencies) milliseconds(q float64) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	rank := int64(math.Ceil(q * float64(l.n)))
	for i, c := range l.counts {
		if rank -= c; rank <= 0 && l.n > 0 {
			return math.Round(math.Pow(bucketWidth, float64(i))) / 1e3
		}
	}
	return 0
}
