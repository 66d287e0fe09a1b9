package review

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
)

// problem is an answer as of RFC 9457.
type problem struct {
	Type   string    `json:"type"`
	Title  string    `json:"title"`
	Status int       `json:"status"`
	Detail string    `json:"detail"`
	Case   *caseView `json:"case,omitempty"` // as it is now, where somebody was faster

	retry string // seconds until it is worth while to ask again, empty for never
	cause error  // for the log
}

func newProblem(status int, name, title, detail string) *problem {
	return &problem{Type: "urn:weir:problem:" + name, Title: title, Status: status, Detail: detail}
}

func invalid(detail string) *problem {
	return newProblem(http.StatusBadRequest, "invalid", "The request is not legal", detail)
}

func notFound(detail string) *problem {
	return newProblem(http.StatusNotFound, "not-found", "There is nothing here", detail)
}

// problemOf returns the answer to an error of the database or of a step.
func problemOf(err error) *problem {
	for _, conflict := range []error{database.ErrChanged, cases.ErrClaimed, cases.ErrClosed, cases.ErrOpen} {
		if errors.Is(err, conflict) {
			return newProblem(http.StatusConflict, "conflict", "Somebody was faster", err.Error())
		}
	}
	switch {
	case errors.Is(err, database.ErrUnknown):
		return notFound(err.Error())
	case errors.Is(err, cases.ErrPast), errors.Is(err, cases.ErrVerdict), errors.Is(err, errUnlabelled):
		return invalid(err.Error())
	}
	p := newProblem(http.StatusInternalServerError, "internal", "Something is wrong inside", "the log of this process has more")
	p.cause = err
	return p
}

// write answers with a problem, and ends the request.
func (s *Server) write(c *gin.Context, p *problem) {
	if p.cause != nil && c.Request.Context().Err() == nil {
		s.log.Error("request failed", "route", c.FullPath(), "error", p.cause)
	}
	if p.retry != "" {
		c.Header("Retry-After", p.retry)
	}
	text, err := json.Marshal(p)
	if err != nil { // nothing in it can fail
		text = []byte(`{}`)
	}
	c.Data(p.Status, "application/problem+json", text)
	c.Abort()
}
