package review

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

// Questions know the questions to account holders by the tokens that their answers bear.
type Questions interface {
	// Alert returns the alert that a token is about. An error that is not ErrLate is of a token that is none.
	Alert(token string, now payment.Time) (string, error)
}

// ErrLate is matched by the error for an answer that comes too late.
var ErrLate = errors.New("the question has expired")

// customer is who answers, in the audit.
const customer = "customer"

// question returns the token of a question that a request bears, and the alert that it is about.
func (s *Server) question(c *gin.Context) (alertID string, err error) {
	if s.rules.Questions == nil {
		return "", errors.New("nobody is asked")
	}
	scheme, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", errors.New("no token")
	}
	return s.rules.Questions.Alert(token, s.time())
}

// asked reports whether a request bears the token of a question, be it late.
func (s *Server) asked(c *gin.Context) bool {
	_, err := s.question(c)
	return err == nil || errors.Is(err, ErrLate)
}

// takeAnswer takes the answer of an account holder. It has no Idempotency-Key: the first answer to a question holds, and the
// same again is answered alike.
func (s *Server) takeAnswer(c *gin.Context, _ *identity) (any, *problem) {
	alertID, err := s.question(c)
	if err != nil {
		return nil, newProblem(http.StatusGone, "expired", "Too late", ErrLate.Error())
	}
	var r struct {
		Answer string `json:"answer"`
	}
	if p := parse(c, &r); p != nil {
		return nil, p
	}
	verdict, ok := map[string]feedback.Verdict{"yes": feedback.Legitimate, "no": feedback.Fraud}[r.Answer]
	if !ok {
		return nil, invalid(`answer must be yes, where the payment was the account holder's own, or no`)
	}
	now := s.time()
	after, err := s.db.Answer(c.Request.Context(), database.Reply{
		AlertID: alertID, At: now, Actor: customer, Detail: r.Answer,
		Apply: func(c *cases.Case, a *database.AlertRow) (feedback.Label, error) {
			labels, err := labelsOf(c, []database.AlertRow{*a}, verdict, "", now, "")
			if err != nil {
				return feedback.Label{}, err
			}
			l := labels[0]
			l.ID, l.Source = "answer-"+a.ID, feedback.Customer
			c.Answered(verdict, now)
			return l, l.Validate()
		},
	})
	if errors.Is(err, database.ErrAnswered) {
		return nil, newProblem(http.StatusConflict, "answered", "Answered before", database.ErrAnswered.Error())
	}
	if err != nil {
		return nil, problemOf(err)
	}
	s.hub.tell(s.change(&after))
	s.wake()
	return gin.H{"answer": r.Answer, "label": verdict.String()}, nil
}
