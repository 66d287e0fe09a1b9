package review

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
)

const (
	shownAlerts  = 40 // of a case, the newest
	wholeAlerts  = 5  // of these, the newest again: what is on show at first, with the strongest
	relatedKeys  = 12
	relatedRows  = 10 // of a key
	shownEntries = 200
)

// detail is a case with everything that a person needs to decide.
type detail struct {
	caseView
	Covered    *struct{}     `json:"alerts,omitempty"` // nil: in the place of the number there are the alerts
	AlertCount int           `json:"alert_count"`
	Earlier    []earlierView `json:"earlier"` // oldest first
	Notes      []noteView    `json:"notes"`
	Related    []relatedView `json:"related"`
	Audit      []entryView   `json:"audit"`
	Lists      []listed      `json:"lists"`

	alerts, labels [][]byte // JSON already, oldest first
}

// earlierView is an alert in brief.
type earlierView struct {
	AlertID       string     `json:"alert_id"`
	TransactionID string     `json:"transaction_id"`
	EventTime     time.Time  `json:"event_time"`
	Score         *float64   `json:"score"`
	Label         *labelView `json:"label"`
}

type noteView struct {
	At     time.Time `json:"at"`
	Author string    `json:"author"`
	Body   string    `json:"body"`
}

type relatedView struct {
	Entity string         `json:"entity"`
	Key    string         `json:"key"`
	Alerts []relatedAlert `json:"alerts"`
}

type relatedAlert struct {
	AlertID     string    `json:"alert_id"`
	CaseID      int64     `json:"case_id"`
	AccountID   string    `json:"account_id"`
	EventTime   time.Time `json:"event_time"`
	Score       *float64  `json:"score"`
	Disposition string    `json:"disposition"`
}

type entryView struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Action string    `json:"action"`
	Object string    `json:"object"`
	Detail string    `json:"detail"`
}

func caseID(c *gin.Context) (int64, *problem) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, notFound("a case has a number")
	}
	return id, nil
}

func (s *Server) showCase(c *gin.Context, _ *identity) (any, *problem) {
	id, p := caseID(c)
	if p != nil {
		return nil, p
	}
	ctx := c.Request.Context()
	found, err := s.db.Case(ctx, id)
	if err != nil {
		return nil, problemOf(err)
	}
	d := detail{caseView: s.view(&found, s.time()), AlertCount: found.Alerts, Earlier: []earlierView{}, Notes: []noteView{}, Related: []relatedView{}}
	var rows []database.AlertRow
	var labels []feedback.Label
	// Each waits for the database and not for the others. All are read after the case: a step by what it says is refused if an
	// alert has joined since.
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if rows, err = s.db.NewestAlerts(ctx, id, shownAlerts, wholeAlerts); err != nil {
			return err
		}
		return s.addRelated(ctx, &d, rows)
	})
	g.Go(func() (err error) {
		labels, err = s.db.LabelsOf(ctx, id, shownAlerts)
		return err
	})
	g.Go(func() error {
		notes, err := s.db.Notes(ctx, id)
		for _, n := range notes {
			d.Notes = append(d.Notes, noteView{n.At.Std(), n.Author, n.Body})
		}
		return err
	})
	g.Go(func() (err error) {
		d.Audit, err = s.entries(ctx, "case:"+strconv.FormatInt(id, 10), 0, shownEntries)
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, problemOf(err)
	}
	if err := d.addAlerts(rows, labels); err != nil {
		return nil, problemOf(err)
	}
	text, err := d.text()
	if err != nil {
		return nil, problemOf(err)
	}
	return text, nil
}

// addAlerts adds alerts, which come newest first, and their labels.
func (d *detail) addAlerts(rows []database.AlertRow, labels []feedback.Label) error {
	labelsOf := make(map[string][]feedback.Label) // by transaction
	for i := range labels {
		l := &labels[i]
		labelsOf[l.TransactionID] = append(labelsOf[l.TransactionID], *l)
		d.labels = append(d.labels, l.AppendJSON(nil))
	}
	for i := range slices.Backward(rows) {
		row := &rows[i]
		label := holding(labelsOf[row.TransactionID])
		if row.Body == nil {
			d.Earlier = append(d.Earlier, earlierView{row.ID, row.TransactionID, row.EventTime.Std(), row.Score, label})
			continue
		}
		text, err := appendAlert(nil, row, became{CaseID: row.CaseID, Label: label})
		if err != nil {
			return err
		}
		d.alerts = append(d.alerts, text)
	}
	return nil
}

// text returns the answer. What is JSON already, nearly all of it, is neither looked through nor written anew.
func (d *detail) text() (json.RawMessage, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	comma := []byte(",")
	text = append(text[:len(text)-1], `,"alerts":[`...)
	text = append(text, bytes.Join(d.alerts, comma)...)
	text = append(text, `],"labels":[`...)
	text = append(text, bytes.Join(d.labels, comma)...)
	return append(text, "]}"...), nil
}

// addRelated adds the newest alerts of other cases with a key of those of the alerts that are whole, and what lists could have of these.
func (s *Server) addRelated(ctx context.Context, d *detail, rows []database.AlertRow) error {
	seen := make(map[alerts.Entity]bool)
	var whole []alerts.Subject
	for i := range rows {
		if rows[i].Body == nil {
			continue
		}
		about, err := alerts.ReadSubject(rows[i].Body)
		if err != nil {
			return err
		}
		for _, e := range about.Entities {
			seen[e] = true
		}
		whole = append(whole, about)
	}
	slices.Reverse(whole)
	d.Lists = s.listedOf(whole)
	keys := slices.SortedFunc(maps.Keys(seen), func(a, b alerts.Entity) int { return slices.Compare([]string{a.Name, a.Key}, []string{b.Name, b.Key}) })
	keys = keys[:min(len(keys), relatedKeys)]
	lists, err := s.db.Related(ctx, keys, d.ID, relatedRows)
	if err != nil {
		return err
	}
	for i, list := range lists {
		if len(list) == 0 {
			continue
		}
		r := relatedView{Entity: keys[i].Name, Key: keys[i].Key}
		for _, a := range list {
			v := relatedAlert{AlertID: a.ID, CaseID: a.CaseID, AccountID: a.AccountID, EventTime: a.EventTime.Std(), Score: a.Score}
			if a.Disposition != 0 {
				v.Disposition = a.Disposition.String()
			}
			r.Alerts = append(r.Alerts, v)
		}
		d.Related = append(d.Related, r)
	}
	return nil
}

func (s *Server) entries(ctx context.Context, object string, after int64, limit int) ([]entryView, error) {
	list, err := s.db.Audit(ctx, object, after, limit)
	all := make([]entryView, len(list))
	for i, e := range list {
		all[i] = entryView{e.ID, e.At.Std(), e.Actor, e.Action, e.Object, e.Detail}
	}
	return all, err
}

func (s *Server) audit(c *gin.Context, _ *identity) (any, *problem) {
	after, err := strconv.ParseInt(c.DefaultQuery("after", "0"), 10, 64)
	object := c.Query("object")
	if err != nil || after < 0 || !plain(object, mostText) {
		return nil, invalid("after must be the id of an entry, and object what an entry names")
	}
	list, err := s.entries(c.Request.Context(), object, after, shownEntries)
	if err != nil {
		return nil, problemOf(err)
	}
	return gin.H{"entries": list}, nil
}
