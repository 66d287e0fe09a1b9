package decide

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/web"
)

// LimitHeader is the request header that asks for a shorter time limit than the configured one, in milliseconds.
const LimitHeader = "Weir-Time-Limit-Ms"

// Handler answers requests.
func (d *Desk) Handler() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false
	r.Use(d.observe, d.recover, d.authorize)
	r.POST("/v1/transactions", d.one)
	r.POST(`/v1/transactions\:batch`, d.several)
	r.NoRoute(func(c *gin.Context) {
		write(c, newProblem(http.StatusNotFound, "not-found", "There is nothing here", "POST to /v1/transactions or /v1/transactions:batch"))
	})
	r.NoMethod(func(c *gin.Context) {
		write(c, newProblem(http.StatusMethodNotAllowed, "method", "Wrong method", "transactions are handed in with POST"))
	})
	return r
}

// observe counts and logs requests. What a log line holds is of closed sets: no path, no address, no body.
func (d *Desk) observe(c *gin.Context) {
	began := d.now()
	c.Next()
	took := d.now().Sub(began)
	status := c.Writer.Status()
	d.stats.answered(status)
	d.stats.Latency.Add(took.Seconds())
	level := slog.LevelDebug
	if status == http.StatusInternalServerError {
		level = slog.LevelError
	}
	d.log.Log(c.Request.Context(), level, "request answered", "route", c.FullPath(), "status", status, "took", took)
}

// recover answers where a handler has panicked. The value of a panic may hold anything, so only its type is logged.
func (d *Desk) recover(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		d.log.Error("request panicked", "route", c.FullPath(), "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
		if !c.Writer.Written() {
			write(c, &problem{Problem: web.Internal()})
		}
		c.Abort()
	}()
	c.Next()
}

// authorize lets those in who bear one of the tokens. All hashes are compared, so that the time taken tells nothing.
func (d *Desk) authorize(c *gin.Context) {
	if len(d.rules.Tokens) == 0 {
		return
	}
	scheme, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	hash := sha256.Sum256([]byte(token))
	known := 0
	for i := range d.rules.Tokens {
		known |= subtle.ConstantTimeCompare(hash[:], d.rules.Tokens[i][:])
	}
	if known != 1 || !strings.EqualFold(scheme, "Bearer") {
		c.Header("WWW-Authenticate", `Bearer realm="weir"`)
		write(c, newProblem(http.StatusUnauthorized, "unauthorized", "Not authorized", "send a token that is configured: Authorization: Bearer TOKEN"))
	}
}

// one answers with the decision on the transaction in the body.
func (d *Desk) one(c *gin.Context) {
	limit, stop, p := d.limit(c)
	if p != nil {
		write(c, p)
		return
	}
	defer stop()
	if !d.enter(1) {
		write(c, d.full())
		return
	}
	defer d.leave(1)
	body, p := read(c, payment.MaxDocumentBytes)
	if p != nil {
		write(c, p)
		return
	}
	q := d.ask(body)
	a := d.wait(c.Request.Context(), &q, limit)
	if a.problem != nil {
		write(c, a.problem)
		return
	}
	c.Data(http.StatusOK, "application/json", a.decision)
}

// several answers with a result for each of the transactions in the body, in their order.
func (d *Desk) several(c *gin.Context) {
	limit, stop, p := d.limit(c)
	if p != nil {
		write(c, p)
		return
	}
	defer stop()
	if !d.enter(1) { // before there is a body in memory
		write(c, d.full())
		return
	}
	defer d.leave(1)
	body, p := read(c, d.rules.RequestBytes)
	if p != nil {
		write(c, p)
		return
	}
	texts, p := d.split(body)
	if p != nil {
		write(c, p)
		return
	}
	if !d.enter(len(texts) - 1) {
		write(c, d.full())
		return
	}
	defer d.leave(len(texts) - 1)
	questions := make([]question, len(texts))
	for i := range texts {
		questions[i] = d.ask(texts[i])
	}
	out := []byte(`{"results":[`)
	for i := range questions {
		a := d.wait(c.Request.Context(), &questions[i], limit)
		if a.status() == gone {
			write(c, a.problem)
			return
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = a.append(out)
	}
	c.Data(http.StatusOK, "application/json", append(out, "]}"...))
}

// append appends the answer as one result of several.
func (a *answer) append(out []byte) []byte {
	out = strconv.AppendInt(append(out, `{"status":`...), int64(a.status()), 10)
	if a.problem != nil {
		out = append(append(out, `,"problem":`...), web.Text(a.problem)...)
	} else {
		out = append(append(out, `,"decision":`...), a.decision...)
	}
	return append(out, '}')
}

// split takes an array of transactions apart.
func (d *Desk) split(body []byte) ([]json.RawMessage, *problem) {
	var texts []json.RawMessage
	if err := json.Unmarshal(body, &texts); err != nil {
		return nil, newProblem(http.StatusBadRequest, "invalid-batch", "Not a batch", "the body must be a JSON array of transactions: "+err.Error())
	}
	if len(texts) == 0 || len(texts) > d.rules.Batch {
		return nil, newProblem(http.StatusBadRequest, "invalid-batch", "Not a batch", fmt.Sprintf("the array has %d transactions: there must be 1 to %d", len(texts), d.rules.Batch))
	}
	return texts, nil
}

// limit returns a channel that is closed when the request's time is up.
func (d *Desk) limit(c *gin.Context) (up <-chan struct{}, stop func(), p *problem) {
	limit := d.rules.TimeLimit
	if text := c.GetHeader(LimitHeader); text != "" {
		ms, err := strconv.ParseUint(text, 10, 32)
		if err != nil || ms == 0 {
			return nil, nil, newProblem(http.StatusBadRequest, "invalid-time-limit", "Not a time limit", LimitHeader+" must be a whole number of milliseconds above 0")
		}
		limit = min(limit, time.Duration(ms)*time.Millisecond)
	}
	closed := make(chan struct{})
	t := time.AfterFunc(limit, func() { close(closed) })
	return closed, func() { t.Stop() }, nil
}

// read returns the body, of at most so many bytes.
func read(c *gin.Context, most int64) ([]byte, *problem) {
	body, p := web.ReadJSON(c.Writer, c.Request, most)
	if p != nil {
		return nil, &problem{Problem: *p}
	}
	return body, nil
}

// write answers with a problem, and ends the request.
func write(c *gin.Context, p *problem) {
	p.Answer(c.Writer, p)
	c.Abort()
}
