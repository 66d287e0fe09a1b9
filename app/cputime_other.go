//go:build !linux

package app

import "time"

// threadTime stands in for the CPU time of the calling thread where there is no clock for it: it tells wall time.
func threadTime() stageClock { return wallTime() }

// processTime is 0 where there is no clock for it.
func processTime() time.Duration { return 0 }
