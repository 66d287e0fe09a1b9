package notify

import "sync/atomic"

// Stats count what a Sender has done since the process began.
type Stats struct {
	Delivered atomic.Int64
	Failed    atomic.Int64 // attempts, after which it is tried again
	GivenUp   atomic.Int64
}
