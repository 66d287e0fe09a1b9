package app

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// collector sets how far the heap grows between two collections: to five times what is live, as long as that is no more
// than an eighth of the memory there is, and never less than Go's own standard, which is twice. Accounts in memory are
// long-lived and many; on few cores each look at all of them delays what is due meanwhile. GOGC in the environment wins.
type collector struct {
	most    uint64 // bytes
	live    []metrics.Sample
	stopped atomic.Bool
}

const (
	usualMemory   = 4 << 30 // where nobody knows how much there is
	standardGrow  = 100     // percent, as GOGC counts
	generousGrow  = 400
	liveHeapBytes = "/gc/heap/live:bytes"
)

// tuneCollector begins to set the growth after each collection, until stop is called.
func tuneCollector() (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	memory, known := processMemory()
	if !known {
		memory = usualMemory
	}
	c := &collector{most: memory / 8, live: []metrics.Sample{{Name: liveHeapBytes}}}
	before := debug.SetGCPercent(generousGrow)
	c.watch()
	return func() {
		c.stopped.Store(true)
		debug.SetGCPercent(before)
	}
}

// watch has collected called after the next collection, by the death of an object made for that.
func (c *collector) watch() {
	type sentinel struct{ _ [16]byte }
	runtime.AddCleanup(&sentinel{}, func(c *collector) { c.collected() }, c)
}

func (c *collector) collected() {
	if c.stopped.Load() {
		return
	}
	metrics.Read(c.live)
	debug.SetGCPercent(growth(c.live[0].Value.Uint64(), c.most))
	c.watch()
}

// growth returns the growth in percent for a live heap of the given size that may grow by most.
func growth(live, most uint64) int {
	return int(min(max(most*100/max(live, 1), standardGrow), generousGrow))
}
