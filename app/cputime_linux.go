package app

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadTime tells the CPU time of the calling thread.
func threadTime() stageClock {
	return stageClock{now: func() time.Duration { return cpuTime(unix.CLOCK_THREAD_CPUTIME_ID) }, pinned: true}
}

// processTime returns the CPU time that this process has taken, in user and system mode, on all threads.
func processTime() time.Duration { return cpuTime(unix.CLOCK_PROCESS_CPUTIME_ID) }

func cpuTime(clock int32) time.Duration {
	var t unix.Timespec
	// It fails for unknown clocks only, and Linux has had these two since 2.6.12.
	_ = unix.ClockGettime(clock, &t)
	return time.Duration(t.Nano())
}
