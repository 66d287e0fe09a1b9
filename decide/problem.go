package decide

import (
	"errors"
	"net/http"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/web"
)

// problem is an answer as of RFC 9457.
type problem struct {
	web.Problem
	Field string `json:"field,omitempty"` // dotted path of the field at fault
	Kind  string `json:"kind,omitempty"`  // of the fault, as for dead letters
}

func newProblem(status int, name, title, detail string) *problem {
	return &problem{Problem: web.NewProblem(status, name, title, detail)}
}

// unavailable is the answer while transactions are not taken.
func unavailable(name, detail string) *problem {
	p := newProblem(http.StatusServiceUnavailable, name, "Transactions are not taken now", detail)
	p.Retry = "2"
	return p
}

// undelivered is the answer where the transaction is not known to be in the stream.
func undelivered() *problem {
	p := unavailable("not-delivered", "the brokers have not acknowledged the transaction: it may or may not be decided; asking again is safe")
	p.Title = "Not known to be in the stream"
	return p
}

func tooMany(limit string) *problem {
	p := newProblem(http.StatusTooManyRequests, "too-many", "Too many transactions in flight", "more than "+limit+" transactions would be waiting at once")
	p.Retry = "1"
	return p
}

// illegal is the answer to what is no legal transaction.
func illegal(err error) *problem {
	p := newProblem(http.StatusBadRequest, "invalid-transaction", "Not a legal transaction", err.Error())
	var fault *payment.FieldError
	if errors.As(err, &fault) {
		p.Field, p.Kind, p.Detail = fault.Field, fault.Kind.String(), fault.Reason
		if fault.Kind == payment.KindSize && fault.Field == "" {
			p.Status = http.StatusRequestEntityTooLarge
		}
	}
	return p
}

func conflict() *problem {
	return newProblem(http.StatusConflict, "conflict", "Another transaction has this id",
		"the account has a transaction with this transaction_id and another content; it stands")
}
