package review

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/feedback"
)

const (
	shownAlerts  = 40 // of a case, the newest
	keyedAlerts  = 20 // of these, whose keys are looked for elsewhere
	relatedKeys  = 12
	relatedRows  = 10 // of a key
	shownEntries = 200
)

// detail is a case with everything that a person needs to decide.
type detail struct {
	caseView
	AlertCount int               `json:"alert_count"`
	Alerts     []json.RawMessage `json:"alerts"` // the newest, oldest first
	Notes      []noteView        `json:"notes"`
	Related    []relatedView     `json:"related"`
	Audit      []entryView       `json:"audit"`
	Labels     []json.RawMessage `json:"labels"`
	Lists      []listed          `json:"lists"`
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
	d := detail{caseView: s.view(&found, s.time()), AlertCount: found.Alerts, Alerts: []json.RawMessage{}, Notes: []noteView{}, Related: []relatedView{}, Audit: []entryView{}, Labels: []json.RawMessage{}}
	// Each waits for the database and not for the others.
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.addAlerts(ctx, &d, &found) })
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
	return d, nil
}

// addAlerts adds the alerts of the case, their labels, and what is related to them.
func (s *Server) addAlerts(ctx context.Context, d *detail, found *cases.Case) error {
	rows, err := s.db.NewestAlerts(ctx, found.ID, shownAlerts)
	if err != nil {
		return err
	}
	slices.Reverse(rows)
	labels, err := s.db.LabelsOf(ctx, found.ID, shownAlerts)
	if err != nil {
		return err
	}
	labelsOf := make(map[string][]feedback.Label) // by transaction
	for i := range labels {
		l := &labels[i]
		labelsOf[l.TransactionID] = append(labelsOf[l.TransactionID], *l)
		d.Labels = append(d.Labels, l.AppendJSON(nil))
	}
	keys := make(map[alerts.Entity]bool)
	var all []alerts.Alert
	for i := range rows {
		row := &rows[i]
		v, err := alertView(row, labelsOf[row.TransactionID])
		if err != nil {
			return err
		}
		d.Alerts = append(d.Alerts, v)
		if i < len(rows)-keyedAlerts {
			continue
		}
		a, err := decodeAlert(row)
		if err != nil {
			return err
		}
		for _, e := range a.Entities {
			keys[e] = true
		}
		all = append(all, a)
	}
	d.Lists = s.listedOf(all)
	sorted := slices.SortedFunc(maps.Keys(keys), func(a, b alerts.Entity) int { return slices.Compare([]string{a.Name, a.Key}, []string{b.Name, b.Key}) })
	return s.addRelated(ctx, d, sorted[:min(len(sorted), relatedKeys)])
}

// addRelated adds the newest alerts of other cases with the same keys.
func (s *Server) addRelated(ctx context.Context, d *detail, keys []alerts.Entity) error {
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
