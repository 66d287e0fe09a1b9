package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// Problem is an answer as of RFC 9457. Services embed it in their own, which may have more members.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`

	Retry string `json:"-"` // seconds until it is worth while to ask again, empty for never
}

// NewProblem returns a problem of a type that is named by one of our names.
func NewProblem(status int, name, title, detail string) Problem {
	return Problem{Type: "urn:weir:problem:" + name, Title: title, Status: status, Detail: detail}
}

// Internal is the answer to what is nobody's fault but ours.
func Internal() Problem {
	return NewProblem(http.StatusInternalServerError, "internal", "Something is wrong inside", "the log of this process has more")
}

// Text returns the JSON of a service's problem.
func Text(problem any) []byte {
	text, err := json.Marshal(problem)
	if err != nil { // text with bytes that are no UTF-8 is replaced, so there is nothing that can fail
		return []byte(`{}`)
	}
	return text
}

// Answer answers with p, whose JSON is that of whole, the service's problem that it is part of.
func (p *Problem) Answer(w http.ResponseWriter, whole any) {
	if p.Retry != "" {
		w.Header().Set("Retry-After", p.Retry)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(Text(whole)) // who is gone is told nothing
}

// ReadJSON returns the body of a request, of at most so many bytes. It insists on JSON: a web page can make its visitor's
// browser send other types to a local address unasked.
func ReadJSON(w http.ResponseWriter, r *http.Request, most int64) ([]byte, *Problem) {
	refused := func(status int, name, title, detail string) ([]byte, *Problem) {
		p := NewProblem(status, name, title, detail)
		return nil, &p
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if encoding := r.Header.Get("Content-Encoding"); err != nil || kind != "application/json" || encoding != "" && encoding != "identity" {
		return refused(http.StatusUnsupportedMediaType, "media-type", "Not JSON", "send Content-Type: application/json, without compression")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return refused(http.StatusRequestEntityTooLarge, "too-large", "The body is too large", fmt.Sprintf("the body has more than %d bytes", most))
	case err != nil:
		return refused(http.StatusBadRequest, "body", "The body did not come", "the body could not be read to its end")
	}
	return body, nil
}
