package review

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/weir-fraud/weir/alerts/cases"
)

// change is what is told of a case that has changed.
type change struct {
	ID      int64  `json:"id"`
	Version int64  `json:"version"`
	State   string `json:"state"`
}

func (s *Server) change(c *cases.Case) change {
	v := s.view(c, s.time())
	return change{c.ID, c.Version, v.State}
}

// hub tells listeners of changes. It is safe for concurrent use.
type hub struct {
	mu        sync.Mutex
	listeners map[chan change]bool
	closed    bool
}

func newHub() *hub { return &hub{listeners: make(map[chan change]bool)} }

// mostWaiting is how many changes a listener may have before it. One that has more is cut off, and reads all again.
const mostWaiting = 1024

func (h *hub) tell(c change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.listeners {
		select {
		case l <- c:
		default:
			delete(h.listeners, l)
			close(l)
		}
	}
}

// skip cuts all listeners off: there is more than they could be told of.
func (h *hub) skip() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cut()
}

func (h *hub) cut() {
	for l := range h.listeners {
		delete(h.listeners, l)
		close(l)
	}
}

// idle reports whether nobody listens.
func (h *hub) idle() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listeners) == 0
}

func (h *hub) listen() (changes chan change, stop func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := make(chan change, mostWaiting)
	if h.closed {
		close(l)
		return l, func() {}
	}
	h.listeners[l] = true
	return l, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners, l)
	}
}

// close cuts all listeners off, so that the server can stop.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.cut()
}

// lookForChanges is how soon pages are told of what somebody did at another process.
const lookForChanges = time.Second

// Watch tells the pages of cases that have changed, here or at another process, until ctx ends.
func (s *Server) Watch(ctx context.Context) {
	for seen := int64(-1); ctx.Err() == nil; {
		last, err := s.tellSince(ctx, seen)
		if err == nil {
			seen = last
		} else if ctx.Err() == nil {
			s.log.Warn("pages are not told of changes, trying again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-s.changed:
		case <-time.After(lookForChanges):
		}
	}
}

// tellSince tells of the changes since a number, or of none if it is negative, and returns the number of the last.
func (s *Server) tellSince(ctx context.Context, seen int64) (int64, error) {
	last, err := s.db.LastChange(ctx)
	if err != nil || last == seen || seen < 0 || s.hub.idle() {
		return last, err
	}
	list, told, err := s.db.Changed(ctx, seen, mostWaiting+1)
	if err != nil {
		return seen, err
	}
	if len(list) > mostWaiting {
		s.hub.skip()
		return last, nil
	}
	for i := range list {
		s.hub.tell(s.change(&list[i]))
	}
	return max(last, told), nil
}

// noticed says that cases have changed here: pages are told at once.
func (s *Server) noticed() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

const (
	beat       = 15 * time.Second
	writeLimit = 10 * time.Second
)

// changes tells of changes until the client has enough, or is too slow, or its session has ended.
func (s *Server) changes(c *gin.Context, _ *identity) (any, *problem) {
	list, stop := s.hub.listen()
	defer stop()
	control := http.NewResponseController(c.Writer)
	_ = control.SetReadDeadline(time.Time{}) // that of the request would end the connection
	c.Header("Content-Type", "text/event-stream")
	send := func(text string) bool {
		_ = control.SetWriteDeadline(time.Now().Add(writeLimit)) // a writer without deadlines is a test's
		if _, err := c.Writer.WriteString(text); err != nil {
			return false
		}
		return control.Flush() == nil
	}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for ok := send(": connected\n\n"); ok; {
		select {
		case <-c.Request.Context().Done():
			return nil, nil
		case now, open := <-list:
			if !open {
				return nil, nil
			}
			text, err := json.Marshal(now)
			ok = err == nil && send("event: case\ndata: "+string(text)+"\n\n")
		case <-tick.C:
			if _, p := s.identify(c); p != nil {
				return nil, nil
			}
			ok = send(": still here\n\n")
		}
	}
	return nil, nil
}
