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

	"github.com/weir-fraud/weir/web"
)

// route is a path of the API. One without a permission is not served.
type route struct {
	method, path string
	permission   permission
	answer       func(c *gin.Context, who *identity) (any, *problem) // nil and nil where it has answered by itself
	step         maker                                               // instead of answer, for a step on one case
}

// onCase is the route of a step on one case.
func onCase(name string, step maker) route {
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
		onCase("claim", s.claim),
		onCase("release", s.release),
		onCase("snooze", s.snooze),
		onCase("dispose", s.dispose),
		onCase("reopen", s.reopen),
		onCase("notes", s.addNote),
		{http.MethodPost, base + `/cases\:dispose`, work, s.disposeSeveral, nil},
		{http.MethodPost, base + "/undo", work, s.undo, nil},
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
		key, p := s.repeated(c, e, who)
		switch {
		case p != nil:
			s.write(c, p)
		case key != "":
			s.answerOnce(c, e, who, key)
		}
	}
}

func (s *Server) ask(c *gin.Context, e route, who *identity) (any, *problem) {
	if e.step != nil {
		return s.step(c, who, e.step)
	}
	return e.answer(c, who)
}

func (s *Server) answer(c *gin.Context, e route, who *identity) {
	value, p := s.ask(c, e, who)
	if p != nil {
		s.write(c, p)
	} else if value != nil {
		c.JSON(http.StatusOK, value)
	}
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

const (
	mostBytes = 256 << 10 // of a request
	stale     = time.Minute
	oldest    = 24 * time.Hour
)

// repeated returns the key of a write that is to be done, and no key if it has answered as before.
func (s *Server) repeated(c *gin.Context, e route, who *identity) (string, *problem) {
	key := c.GetHeader("Idempotency-Key")
	if !uuid.MatchString(key) {
		return "", invalid("a write needs the header Idempotency-Key with a UUID of its own, which stays the same when the write is sent again")
	}
	var body []byte
	if e.method != http.MethodDelete { // which says all in its address
		var p *problem
		if body, p = readBody(c); p != nil {
			return "", p
		}
		c.Request.Body = io.NopCloser(bytes.NewReader(body))
	}
	sum := sha256.Sum256(append([]byte(e.method+" "+c.Request.URL.RequestURI()+"\n"), body...))
	request, now := hex.EncodeToString(sum[:]), s.time()
	taken, err := s.db.Begin(c.Request.Context(), who.name, key, request, now, now.Add(-stale), now.Add(-oldest))
	switch {
	case err != nil:
		return "", problemOf(err)
	case taken == nil:
		return key, nil
	case taken.Request != request:
		return "", newProblem(http.StatusUnprocessableEntity, "key-reused", "The key is another request's", "this Idempotency-Key came with another request before")
	case taken.Status == 0:
		p := newProblem(http.StatusConflict, "in-progress", "The request is being answered", "the same request is under way: ask again")
		p.Retry = "1"
		return "", p
	}
	c.Data(taken.Status, "application/json; charset=utf-8", taken.Response)
	return "", nil
}

// answerOnce answers a write and keeps the answer. One that was refused has changed nothing, so its key is free again.
func (s *Server) answerOnce(c *gin.Context, e route, who *identity, key string) {
	ctx := context.WithoutCancel(c.Request.Context()) // what is done is remembered, even if nobody waits for it
	status := 0
	var text []byte
	defer func() {
		if err := s.db.Finish(ctx, who.name, key, status, text); err != nil {
			s.log.Error("the answer to a write is not kept", "route", c.FullPath(), "error", err)
		}
	}()
	value, p := s.ask(c, e, who)
	if p == nil {
		var err error
		if text, err = json.Marshal(value); err != nil {
			p = problemOf(err)
		}
	}
	if p != nil {
		s.write(c, p)
		return
	}
	status = http.StatusOK
	c.Data(status, "application/json; charset=utf-8", text)
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
