package review

import (
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/web"
)

//go:embed all:web
var pages embed.FS

// Rules are what a server goes by.
type Rules struct {
	Window   cases.Window     // of a case
	Claim    time.Duration    // how long a claim holds
	Session  time.Duration    // how long somebody stays signed in
	Currency payment.Currency // of money at risk
	Loopback bool             // the address is of this machine only: cookies need no TLS
	Demo     bool

	Questions Questions // nil where nobody is asked
}

// Server answers requests.
type Server struct {
	rules Rules
	db    *database.DB
	log   *slog.Logger
	now   func() time.Time

	steering Steering

	hub      *hub
	attempts *attempts
	sizes    sizes
	page     http.Handler
	outgoing chan struct{} // has something when there is a label to publish
	changed  chan struct{} // has something when a case has changed

	mu      sync.Mutex
	once    string   // SHA-256 of the one-time link's token, "" when it is used up
	figures *figures // of a moment ago
}

// NewServer returns a Server over a database. Its pages hear of changes while Watch runs.
func NewServer(rules Rules, db *database.DB, steering Steering, log *slog.Logger, now func() time.Time) (*Server, error) {
	files, err := fs.Sub(pages, "web")
	if err != nil {
		return nil, err
	}
	return &Server{
		rules: rules, db: db, steering: steering, log: log, now: now, hub: newHub(), attempts: newAttempts(), page: http.FileServerFS(files), outgoing: make(chan struct{}, 1),
		changed: make(chan struct{}, 1),
	}, nil
}

func (s *Server) time() payment.Time { return payment.TimeOf(s.now()) }

// base is where the API is.
const base = "/api/v1"

// Handler answers requests.
func (s *Server) Handler() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false
	r.Use(s.observe, s.recover, s.protect)
	for _, e := range s.routes() {
		r.Handle(e.method, e.path, s.serve(e))
	}
	r.NoRoute(s.static)
	r.NoMethod(func(c *gin.Context) {
		s.write(c, newProblem(http.StatusMethodNotAllowed, "method", "Wrong method", "the API's description says which there are: "+base+"/openapi.json"))
	})
	return r
}

// static answers with a file of the page.
func (s *Server) static(c *gin.Context) {
	if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead || len(c.Request.URL.Path) >= 4 && c.Request.URL.Path[:4] == "/api" {
		s.write(c, notFound("the API's description says what there is: "+base+"/openapi.json"))
		return
	}
	c.Header("Cache-Control", "no-cache")
	c.Status(http.StatusOK) // the file server says otherwise where it has to
	s.page.ServeHTTP(c.Writer, c.Request)
}

// observe logs requests. What a log line holds is of closed sets: no path, no address, no body.
func (s *Server) observe(c *gin.Context) {
	began := s.now()
	c.Next()
	status := c.Writer.Status()
	level := slog.LevelDebug
	if status == http.StatusInternalServerError {
		level = slog.LevelError
	}
	s.log.Log(c.Request.Context(), level, "request answered", "method", c.Request.Method, "route", c.FullPath(), "status", status, "took", s.now().Sub(began))
}

// recover answers where a handler has panicked. The value of a panic may hold anything, so only its type is logged.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		s.log.Error("request panicked", "route", c.FullPath(), "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
		if !c.Writer.Written() {
			s.write(c, &problem{Problem: web.Internal()})
		}
		c.Abort()
	}()
	c.Next()
}

// contentPolicy is what the page may do: nothing but what this server gives it.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// protect tells browsers what not to do with an answer.
func (s *Server) protect(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
	if !s.rules.Loopback {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
