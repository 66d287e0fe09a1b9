package app

import (
	"math"
	"slices"
	"sync"
	"time"
)

// latencies counts durations, with a relative error of at most 1 %. It is safe for concurrent use.
type latencies struct {
	mu     sync.Mutex
	counts histogram
}

// histogram is how many durations there were: bucket i holds those up to bucketWidth^i microseconds.
type histogram []int64

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
}

// soFar returns what was counted until now.
func (l *latencies) soFar() histogram {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.counts)
}

// since returns what h holds beyond what it held earlier.
func (h histogram) since(earlier histogram) histogram {
	d := slices.Clone(h)
	for i, n := range earlier {
		d[i] -= n
	}
	return d
}

// total returns how many durations there were.
func (h histogram) total() (n int64) {
	for _, c := range h {
		n += c
	}
	return n
}

// milliseconds returns the q-quantile, 0 ≤ q ≤ 1, and 0 where there is nothing.
func (h histogram) milliseconds(q float64) float64 {
	n := h.total()
	rank := int64(math.Ceil(q * float64(n)))
	for i, c := range h {
		if rank -= c; rank <= 0 && n > 0 {
			return math.Round(math.Pow(bucketWidth, float64(i))) / 1e3
		}
	}
	return 0
}
