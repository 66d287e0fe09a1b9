package review

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/web"
)

// problem is an answer as of RFC 9457.
type problem struct {
	web.Problem
	Case *caseView `json:"case,omitempty"` // as it is now, where somebody was faster

	cause error // for the log
}

func newProblem(status int, name, title, detail string) *problem {
	return &problem{Problem: web.NewProblem(status, name, title, detail)}
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
	return &problem{Problem: web.Internal(), cause: err}
}

// write answers with a problem, and ends the request.
func (s *Server) write(c *gin.Context, p *problem) {
	if p.cause != nil && c.Request.Context().Err() == nil {
		s.log.Error("request failed", "route", c.FullPath(), "error", p.cause)
	}
	p.Answer(c.Writer, p)
	c.Abort()
}
