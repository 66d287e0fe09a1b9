package decide

import (
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/weir-fraud/weir/telemetry"
)

// Stats counts what has been answered since the process started, and tells whether requests are taken. It is safe for
// concurrent use.
type Stats struct {
	Latency      *telemetry.Histogram // seconds from a request's arrival to its answer
	Transactions atomic.Int64         // answered with a decision or the fallback action
	Fallbacks    atomic.Int64         // of those, with the fallback action
	Repeats      atomic.Int64         // of those, with a decision that was remembered
	InFlight     atomic.Int64         // transactions of requests under way
	Remembered   atomic.Int64         // decisions, and transactions waited for

	requests [len(codes)]atomic.Int64

	following   atomic.Bool // the decisions are being read, and all earlier ones that count have been
	unreachable atomic.Bool // the brokers do not answer
	behind      atomic.Bool // the pipeline does not get to what was handed in
	stopping    atomic.Bool
}

// gone is the code of a request whose client did not wait.
const gone = 499

// codes are the answers that there are.
var codes = [...]int{
	http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusConflict,
	http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests, gone, http.StatusInternalServerError,
	http.StatusServiceUnavailable,
}

// NewStats returns Stats that stand at zero.
func NewStats() *Stats {
	return &Stats{Latency: telemetry.NewHistogram(telemetry.Decimal(0.001, 60))}
}

// Codes returns the status codes that requests are answered with; 499 stands for a client that did not wait.
func Codes() []int { return codes[:] }

// Requests returns how many requests were answered with a code.
func (s *Stats) Requests(code int) int64 {
	if i := slices.Index(codes[:], code); i >= 0 {
		return s.requests[i].Load()
	}
	return 0
}

func (s *Stats) answered(code int) {
	if i := slices.Index(codes[:], code); i >= 0 {
		s.requests[i].Add(1)
	}
}

// Trouble returns why transactions are not taken, empty if they are.
func (s *Stats) Trouble() string {
	if p := s.trouble(); p != nil {
		return p.Detail
	}
	return ""
}

// trouble returns what to answer where transactions are not taken, nil if they are.
func (s *Stats) trouble() *problem {
	switch {
	case s.stopping.Load():
		return unavailable("stopping", "this process is stopping: ask another")
	case s.unreachable.Load():
		return unavailable("brokers-away", "the brokers do not answer")
	case !s.following.Load():
		return unavailable("starting", "decisions of the last minutes are being read")
	case s.behind.Load():
		return unavailable("behind", "the pipeline is behind: transactions handed in earlier are not decided yet")
	}
	return nil
}
