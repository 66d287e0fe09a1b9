package review

import (
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
	for l := range h.listeners {
		delete(h.listeners, l)
		close(l)
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
