package app

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// collector sets how far the heap grows between two collections: to five times what is live, as long as that is no more
// than half a gigabyte, and never less than Go's own standard, which is twice. Accounts in memory are long-lived and
// full of pointers; on few cores each look at all of them delays what is due meanwhile. GOGC in the environment wins.
type collector struct {
	live    []metrics.Sample
	stopped atomic.Bool
}

const (
	mostGrowth    = 512 << 20
	standardGrow  = 100 // percent, as GOGC counts
	generousGrow  = 400
	liveHeapBytes = "/gc/heap/live:bytes"
)

// tuneCollector begins to set the growth after each collection, until stop is called.
func tuneCollector() (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	c := &collector{live: []metrics.Sample{{Name: liveHeapBytes}}}
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
	debug.SetGCPercent(growth(c.live[0].Value.Uint64()))
	c.watch()
}

// growth returns the growth in percent for a live heap of the given size.
func growth(live uint64) int {
	return int(min(max(mostGrowth*100/max(live, 1), standardGrow), generousGrow))
}
