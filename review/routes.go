package review

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/web"
)

// route is a path of the API. One without a permission is not served.
type route struct {
	method, path string
	permission   permission
	answer       func(c *gin.Context, who *identity) (any, *problem) // nil and nil where it has answered by itself
	step         stepper                                             // instead of answer, for steps on cases
}

// stepper takes steps on cases once, and returns the answer, which is kept with them.
type stepper func(c *gin.Context, once *database.Write) (json.RawMessage, *problem)

// onCase is the route of a step on one case.
func (s *Server) onCase(name string, f maker) route {
	step := func(c *gin.Context, once *database.Write) (json.RawMessage, *problem) { return s.step(c, once, f) }
	return route{method: http.MethodPost, path: base + "/cases/:id/" + name, permission: work, step: step}
}

func (s *Server) routes() []route {
	return []route{
		{http.MethodGet, "/signin", everybody, s.signInOnce, nil},
		{http.MethodPost, base + "/session", everybody, s.signIn, nil},
		{http.MethodGet, base + "/openapi.json", everybody, s.describe, nil},
		{http.MethodDelete, base + "/session", read, s.signOut, nil},
		{http.MethodGet, base + "/me", read, s.me, nil},
		{http.MethodGet, base + "/queue", read, s.queue, nil},
		{http.MethodGet, base + "/cases/:id", read, s.showCase, nil},
		{http.MethodGet, base + "/alerts/:id", read, s.showAlert, nil},
		{http.MethodGet, base + "/accounts/:id/timeline", read, s.timeline, nil},
		{http.MethodGet, base + "/search", read, s.search, nil},
		{http.MethodGet, base + "/stats", read, s.stats, nil},
		{http.MethodGet, base + "/changes", read, s.changes, nil},
		s.onCase("claim", s.claim),
		s.onCase("release", s.release),
		s.onCase("snooze", s.snooze),
		s.onCase("dispose", s.dispose),
		s.onCase("reopen", s.reopen),
		s.onCase("notes", s.addNote),
		{http.MethodPost, base + `/cases\:dispose`, work, nil, s.disposeSeveral},
		{http.MethodPost, base + "/undo", work, nil, s.undo},
		{http.MethodGet, base + "/lists", read, s.showLists, nil},
		{http.MethodGet, base + "/lists/:list/entries", read, s.showEntries, nil},
		{http.MethodPost, base + "/lists/:list/entries", lists, s.addEntry, nil},
		{http.MethodDelete, base + "/lists/:list/entries", lists, s.removeEntry, nil},
		{http.MethodGet, base + "/audit", audit, s.audit, nil},
		{http.MethodPost, base + "/answers", question, s.takeAnswer, nil},
		{http.MethodGet, base + "/deliveries", read, s.deliveries, nil},
	}
}

// serve answers requests on a route: who asks must be allowed to, and a write that comes again has the answer it had.
func (s *Server) serve(e route) gin.HandlerFunc {
	return func(c *gin.Context) {
		who, p := s.admit(c, e.permission)
		if p != nil {
			s.write(c, p)
			return
		}
		if e.permission != work && e.permission != lists {
			s.answer(c, e, who)
			return
		}
		once, p := s.written(c, e, who)
		switch {
		case p != nil:
			s.write(c, p)
		case e.step != nil:
			s.takeStep(c, e, once)
		default:
			s.answerOnce(c, e, who, once)
		}
	}
}

func (s *Server) answer(c *gin.Context, e route, who *identity) {
	value, p := e.answer(c, who)
	switch text, ready := value.(json.RawMessage); {
	case p != nil:
		s.write(c, p)
	case ready: // JSON already: encoding it would read every byte again
		c.Data(http.StatusOK, answerType, text)
	case value != nil:
		c.JSON(http.StatusOK, value)
	}
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

const (
	mostBytes = 256 << 10 // of a request
	stale     = time.Minute
	oldest    = 24 * time.Hour
)

// written returns what tells a write from others.
func (s *Server) written(c *gin.Context, e route, who *identity) (*database.Write, *problem) {
	key := c.GetHeader("Idempotency-Key")
	if !uuid.MatchString(key) {
		return nil, invalid("a write needs the header Idempotency-Key with a UUID of its own, which stays the same when the write is sent again")
	}
	var body []byte
	if e.method != http.MethodDelete { // which says all in its address
		var p *problem
		if body, p = readBody(c); p != nil {
			return nil, p
		}
		c.Request.Body = io.NopCloser(bytes.NewReader(body))
	}
	sum := sha256.Sum256(append([]byte(e.method+" "+c.Request.URL.RequestURI()+"\n"), body...))
	now := s.time()
	return &database.Write{Actor: who.name, Key: key, Request: hex.EncodeToString(sum[:]), At: now, Oldest: now.Add(-oldest)}, nil
}

// takeStep answers a write that takes steps on cases.
func (s *Server) takeStep(c *gin.Context, e route, once *database.Write) {
	taken, err := s.db.Answered(c.Request.Context(), once.Actor, once.Key)
	if err != nil {
		s.write(c, problemOf(err))
		return
	}
	if taken == nil {
		text, p := e.step(c, once)
		if p == nil {
			c.Data(http.StatusOK, answerType, text)
			return
		}
		// The same request may have been under way.
		if taken, err = s.db.Answered(c.Request.Context(), once.Actor, once.Key); err != nil || taken == nil {
			s.write(c, p)
			return
		}
	}
	s.again(c, once, taken)
}

const answerType = "application/json; charset=utf-8"

// again answers a write as it was answered before.
func (s *Server) again(c *gin.Context, once *database.Write, taken *database.Answer) {
	switch {
	case taken.Request != once.Request:
		s.write(c, newProblem(http.StatusUnprocessableEntity, "key-reused", "The key is another request's", "this Idempotency-Key came with another request before"))
	case taken.Status == 0:
		p := newProblem(http.StatusConflict, "in-progress", "The request is being answered", "the same request is under way: ask again")
		p.Retry = "1"
		s.write(c, p)
	default:
		c.Data(taken.Status, answerType, taken.Response)
	}
}

// answerOnce answers a write whose effect is elsewhere than in the database, and keeps the answer. One that was refused has
// changed nothing, so its key is free again.
func (s *Server) answerOnce(c *gin.Context, e route, who *identity, once *database.Write) {
	taken, err := s.db.Begin(c.Request.Context(), once, once.At.Add(-stale))
	if err != nil {
		s.write(c, problemOf(err))
		return
	}
	if taken != nil {
		s.again(c, once, taken)
		return
	}
	ctx := context.WithoutCancel(c.Request.Context()) // what is done is remembered, even if nobody waits for it
	status := 0
	var text []byte
	defer func() {
		if err := s.db.Finish(ctx, who.name, once.Key, status, text); err != nil {
			s.log.Error("the answer to a write is not kept", "route", c.FullPath(), "error", err)
		}
	}()
	value, p := e.answer(c, who)
	if p == nil {
		if text, err = json.Marshal(value); err != nil {
			p = problemOf(err)
		}
	}
	if p != nil {
		s.write(c, p)
		return
	}
	status = http.StatusOK
	c.Data(status, answerType, text)
}

// readBody returns the body.
func readBody(c *gin.Context) ([]byte, *problem) {
	body, p := web.ReadJSON(c.Writer, c.Request, mostBytes)
	if p != nil {
		return nil, &problem{Problem: *p}
	}
	return body, nil
}

// parse reads a body into a struct that names all that may be in it.
func parse(c *gin.Context, into any) *problem {
	body, p := readBody(c)
	if p != nil {
		return p
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return invalid("the body is not what it has to be: " + err.Error())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return invalid("the body goes on behind its end")
	}
	return nil
}

// plain reports whether a text may be kept: at most so many bytes of UTF-8 without control characters but for line ends
// and tabs.
func plain(text string, most int) bool {
	if len(text) > most || !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
	}
	return true
}
