package review

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

// errUnlabelled is why nothing can be said of an alert.
var errUnlabelled = errors.New("the alert tells too little of its transaction to label it")

// request is the body of a step.
type request struct {
	Version int64      `json:"version"`
	Label   string     `json:"label"`
	Until   *time.Time `json:"until"`
	Note    string     `json:"note"`

	held cases.Held // what the case was before a disposition; filled in by that
}

// disposed is a case with what takes its disposition back.
type disposed struct {
	caseView
	Undo string `json:"undo,omitempty"`
}

// maker makes a step of a request for it.
type maker func(r *request, by string, now payment.Time) (database.Step, *problem)

// step answers a request for a step on one case.
func (s *Server) step(c *gin.Context, once *database.Write, f maker) (json.RawMessage, *problem) {
	id, p := caseID(c)
	if p != nil {
		return nil, p
	}
	var r request
	if p := parse(c, &r); p != nil {
		return nil, p
	}
	if !plain(r.Note, feedback.MaxNoteBytes) {
		return nil, invalid("note must be text of at most " + strconv.Itoa(feedback.MaxNoteBytes) + " bytes")
	}
	step, p := f(&r, once.Actor, s.time())
	if p != nil {
		return nil, p
	}
	step.CaseID = id
	return s.do(c.Request.Context(), once, func(after []cases.Case) any {
		answer := disposed{caseView: s.view(&after[0], step.At)}
		if step.Action == "dispose" {
			answer.Undo = undoToken(after, []*request{&r})
		}
		return answer
	}, step)
}

// do takes steps once, and tells of the cases. Where somebody was faster, the problem holds the case as it is now.
func (s *Server) do(ctx context.Context, once *database.Write, answer func(after []cases.Case) any, steps ...database.Step) (json.RawMessage, *problem) {
	text, err := s.db.DoOnce(ctx, once, func(after []cases.Case) ([]byte, error) { return json.Marshal(answer(after)) }, steps...)
	if err != nil {
		p := problemOf(err)
		for i := range steps {
			c, err := s.db.Case(ctx, steps[i].CaseID)
			if p.Status == 409 && err == nil && (len(steps) == 1 || c.Version != steps[i].Version) {
				v := s.view(&c, steps[i].At)
				p.Case = &v
				break
			}
		}
		return nil, p
	}
	s.noticed()
	s.wake()
	return text, nil
}

// wake tells the publisher that there may be a label.
func (s *Server) wake() {
	select {
	case s.outgoing <- struct{}{}:
	default:
	}
}

// versioned begins a step for whose effect it matters what the person has seen.
func versioned(r *request, by string, now payment.Time, action, detail string) (database.Step, *problem) {
	if r.Version < 1 {
		return database.Step{}, invalid("version must be that of the case as you know it")
	}
	return database.Step{Version: r.Version, Actor: by, At: now, Action: action, Detail: detail, Note: r.Note}, nil
}

// unlabelled makes a change of a case the effect of a step.
func unlabelled(change func(c *cases.Case) error) func(*cases.Case, []database.AlertRow) ([]feedback.Label, error) {
	return func(c *cases.Case, _ []database.AlertRow) ([]feedback.Label, error) { return nil, change(c) }
}

func (s *Server) claim(r *request, by string, now payment.Time) (database.Step, *problem) {
	step, p := versioned(r, by, now, "claim", "")
	step.Bare, step.Apply = true, unlabelled(func(c *cases.Case) error { return c.Claim(by, now, now.Add(s.rules.Claim)) })
	return step, p
}

func (s *Server) release(r *request, by string, now payment.Time) (database.Step, *problem) {
	step, p := versioned(r, by, now, "release", "")
	step.Bare, step.Apply = true, unlabelled(func(c *cases.Case) error { return c.Release(by, now) })
	return step, p
}

func (s *Server) snooze(r *request, by string, now payment.Time) (database.Step, *problem) {
	if r.Until == nil || r.Until.Year() > 9999 || r.Until.Year() < 1970 {
		return database.Step{}, invalid("until must be a time, such as 2026-01-02T15:04:05Z")
	}
	until := payment.TimeOf(*r.Until)
	step, p := versioned(r, by, now, "snooze", until.String())
	step.Bare, step.Apply = true, unlabelled(func(c *cases.Case) error { return c.Snooze(by, now, until) })
	return step, p
}

func (s *Server) addNote(r *request, by string, now payment.Time) (database.Step, *problem) {
	if r.Note == "" {
		return database.Step{}, invalid("note is empty")
	}
	// Whatever the case is now, the note is about it.
	return database.Step{Actor: by, At: now, Action: "note", Note: r.Note, Bare: true, Apply: unlabelled(func(*cases.Case) error { return nil })}, nil
}

func (s *Server) dispose(r *request, by string, now payment.Time) (database.Step, *problem) {
	verdict, ok := feedback.ParseVerdict(r.Label)
	if !ok || verdict == feedback.Withdrawn {
		return database.Step{}, invalid("label must be fraud, legitimate or unsure")
	}
	step, p := versioned(r, by, now, "dispose", r.Label)
	note := r.Note
	step.Apply = func(c *cases.Case, rows []database.AlertRow) ([]feedback.Label, error) {
		r.held = c.Held(now)
		if err := c.Dispose(by, now, verdict); err != nil {
			return nil, err
		}
		return labelsOf(c, rows, verdict, by, now, note)
	}
	return step, p
}

func (s *Server) reopen(r *request, by string, now payment.Time) (database.Step, *problem) {
	step, p := versioned(r, by, now, "reopen", "")
	step.Apply = withdrawing(by, now, func(c *cases.Case, now payment.Time) error { return c.Reopen(by, now, now.Add(s.rules.Claim)) })
	return step, p
}

// takeBack makes of a disposed case what the request says that it was before.
func (s *Server) takeBack(r *request, by string, now payment.Time) (database.Step, *problem) {
	step, p := versioned(r, by, now, "reopen", "undo")
	was := r.held
	was.OwnedUntil = min(was.OwnedUntil, now.Add(s.rules.Claim)) // who asks may have written it
	step.Apply = withdrawing(by, now, func(c *cases.Case, now payment.Time) error { return c.Undo(by, now, was) })
	return step, p
}

// withdrawing withdraws the labels of a case that f opens again.
func withdrawing(by string, now payment.Time, f func(c *cases.Case, now payment.Time) error) func(*cases.Case, []database.AlertRow) ([]feedback.Label, error) {
	return func(c *cases.Case, rows []database.AlertRow) ([]feedback.Label, error) {
		now := max(now, c.ClosedAt+1) // the last word has the latest time
		if err := f(c, now); err != nil {
			return nil, err
		}
		return labelsOf(c, rows, feedback.Withdrawn, by, now, "")
	}
}

// labelsOf returns a label for each alert of a case.
func labelsOf(c *cases.Case, rows []database.AlertRow, verdict feedback.Verdict, by string, now payment.Time, note string) ([]feedback.Label, error) {
	labels := make([]feedback.Label, len(rows))
	for i := range rows {
		a, err := alerts.ReadSubject(rows[i].Body)
		if err != nil {
			return nil, err
		}
		if a.Transaction == nil {
			return nil, fmt.Errorf("alert %s: %w", a.ID, errUnlabelled)
		}
		l := feedback.Label{
			// Unique: a case does not have the same version twice, unless it was made anew, which takes more than a millisecond.
			ID: fmt.Sprintf("%s-%06d-%d", a.ID, c.Version, now), Time: now, TransactionID: a.TransactionID, AccountID: a.AccountID,
			TransactionTime: a.Transaction.Time, Amount: a.Transaction.Amount, Currency: a.Transaction.Currency, Marks: a.Marks,
			Verdict: verdict, Source: feedback.Analyst, By: by, AlertID: a.ID, Note: note,
		}
		for _, e := range a.Entities {
			if l.Entities == nil {
				l.Entities = make(map[string]string)
			}
			l.Entities[e.Name] = e.Key
		}
		if err := l.Validate(); err != nil {
			return nil, fmt.Errorf("alert %s: %w: %w", a.ID, errUnlabelled, err)
		}
		labels[i] = l
	}
	return labels, nil
}

// seen is a case as a person saw it.
type seen struct {
	ID      int64 `json:"id"`
	Version int64 `json:"version"`
}

const mostCases = 200 // disposed of at once

func (s *Server) disposeSeveral(c *gin.Context, once *database.Write) (json.RawMessage, *problem) {
	var r struct {
		Cases []seen `json:"cases"`
		Label string `json:"label"`
		Note  string `json:"note"`
	}
	if p := parse(c, &r); p != nil {
		return nil, p
	}
	if !plain(r.Note, feedback.MaxNoteBytes) {
		return nil, invalid("note must be text of at most " + strconv.Itoa(feedback.MaxNoteBytes) + " bytes")
	}
	var requests []*request
	return s.doAll(c.Request.Context(), once, ids(r.Cases), func(after []cases.Case) any {
		return gin.H{"cases": s.views(after, once.At), "undo": undoToken(after, requests)}
	}, func(i int, now payment.Time) (database.Step, *problem) {
		requests = append(requests, &request{Version: r.Cases[i].Version, Label: r.Label, Note: r.Note})
		return s.dispose(requests[i], once.Actor, now)
	})
}

func ids(list []seen) []int64 {
	all := make([]int64, len(list))
	for i := range list {
		all[i] = list[i].ID
	}
	return all
}

// doAll takes a step on each of several cases; f makes that of the i-th.
func (s *Server) doAll(
	ctx context.Context, once *database.Write, list []int64, answer func(after []cases.Case) any, f func(i int, now payment.Time) (database.Step, *problem),
) (json.RawMessage, *problem) {
	if len(list) < 1 || len(list) > mostCases {
		return nil, invalid("there must be 1 to " + strconv.Itoa(mostCases) + " cases")
	}
	now := s.time()
	steps := []database.Step{}
	twice := map[int64]bool{}
	for i, id := range list {
		if twice[id] {
			return nil, invalid("a case is there twice")
		}
		twice[id] = true
		step, p := f(i, now)
		if p != nil {
			return nil, p
		}
		step.CaseID = id
		steps = append(steps, step)
	}
	return s.do(ctx, once, answer, steps...)
}

// undone is a case as it is now, so that taking back works once, and what it was before.
type undone struct {
	ID      int64      `json:"id"`
	Version int64      `json:"version"`
	Held    cases.Held `json:"held"`
}

// undoToken returns what takes the dispositions of cases back.
func undoToken(list []cases.Case, requests []*request) string {
	all := make([]undone, len(list))
	for i := range list {
		all[i] = undone{list[i].ID, list[i].Version, requests[i].held}
	}
	text, err := json.Marshal(all)
	if err != nil { // numbers
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func (s *Server) undo(c *gin.Context, once *database.Write) (json.RawMessage, *problem) {
	var r struct {
		Undo string `json:"undo"`
	}
	if p := parse(c, &r); p != nil {
		return nil, p
	}
	var list []undone
	text, err := base64.RawURLEncoding.DecodeString(r.Undo)
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		return nil, invalid("undo is not what a disposition was answered with")
	}
	numbers := make([]int64, len(list))
	for i := range list {
		numbers[i] = list[i].ID
	}
	return s.doAll(c.Request.Context(), once, numbers, func(after []cases.Case) any {
		return gin.H{"cases": s.views(after, once.At)}
	}, func(i int, now payment.Time) (database.Step, *problem) {
		return s.takeBack(&request{Version: list[i].Version, held: list[i].Held}, once.Actor, now)
	})
}
