package review

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

const (
	pageSize     = 50
	mostPage     = 200
	sizeCap      = 10_000
	mostText     = 256 // bytes of an id in a request
	foundCases   = 50
	timelineRows = 200
)

// cursor is where a page of the queue ends: what the orders go by of its last case.
type cursor struct {
	ID       int64            `json:"i"`
	Severity scoring.Severity `json:"s"`
	Score    float64          `json:"p"`
	AtRisk   float64          `json:"m"`
	Touched  payment.Time     `json:"t"`
	ClosedAt payment.Time     `json:"c"`
}

func (k *cursor) text() string {
	text, err := json.Marshal(k)
	if err != nil { // numbers of a database, which are finite
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func parseCursor(text string) (*cases.Case, *problem) {
	if text == "" {
		return nil, nil
	}
	var k cursor
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &k)
	}
	if err != nil {
		return nil, invalid("cursor is not one that an earlier page gave as next")
	}
	return &cases.Case{ID: k.ID, Severity: k.Severity, Score: k.Score, AtRisk: k.AtRisk, Touched: k.Touched, ClosedAt: k.ClosedAt}, nil
}

// filter reads which cases are asked for.
func (s *Server) filter(c *gin.Context, who *identity) (f database.Filter, p *problem) {
	f.Now = s.time()
	var ok bool
	if f.Order, ok = database.ParseOrder(c.DefaultQuery("order", string(database.ByRisk))); !ok {
		return f, invalid("order must be risk, money, age or closed")
	}
	switch view := c.DefaultQuery("view", "open"); view {
	case "open":
	case "snoozed":
		f.Snoozed = true
	case "mine":
		f.Owner = who.name
	case "free":
		f.Free = true
	case "closed":
		f.Order = database.ByClosed
	default:
		return f, invalid("view must be open, snoozed, mine, free or closed")
	}
	if text := c.Query("severity"); text != "" {
		if f.Severity, ok = scoring.ParseSeverity(text); !ok {
			return f, invalid("severity must be low, medium or high")
		}
	}
	if f.AccountID = c.Query("account"); !plain(f.AccountID, mostText) {
		return f, invalid("account is no account's id")
	}
	return f, nil
}

// pageLimit reads how long a page may be.
func pageLimit(c *gin.Context) (int, *problem) {
	limit, err := strconv.Atoi(c.DefaultQuery("limit", strconv.Itoa(pageSize)))
	if err != nil || limit < 1 || limit > mostPage {
		return 0, invalid("limit must be 1 to " + strconv.Itoa(mostPage))
	}
	return limit, nil
}

func (s *Server) queue(c *gin.Context, who *identity) (any, *problem) {
	f, p := s.filter(c, who)
	if p != nil {
		return nil, p
	}
	limit, p := pageLimit(c)
	if p != nil {
		return nil, p
	}
	after, p := parseCursor(c.Query("cursor"))
	if p != nil {
		return nil, p
	}
	list, err := s.db.Page(c.Request.Context(), f, after, limit+1)
	if err != nil {
		return nil, problemOf(err)
	}
	size, err := s.sizes.of(c.Request.Context(), s.db, f, sizeCap, s.now())
	if err != nil {
		return nil, problemOf(err)
	}
	next := ""
	if len(list) > limit {
		list = list[:limit]
		l := &list[limit-1]
		k := cursor{l.ID, l.Severity, l.Score, l.AtRisk, l.Touched, l.ClosedAt}
		next = k.text()
	}
	return gin.H{"cases": s.views(list, f.Now), "next": next, "size": size, "size_capped": size >= sizeCap}, nil
}

func (s *Server) search(c *gin.Context, _ *identity) (any, *problem) {
	text := c.Query("q")
	if text == "" || !plain(text, mostText) {
		return nil, invalid("q must be the whole id of an account, a transaction or an alert, or the name of a merchant or another entity")
	}
	list, err := s.db.Search(c.Request.Context(), text, foundCases)
	if err != nil {
		return nil, problemOf(err)
	}
	return gin.H{"cases": s.views(list, s.time())}, nil
}

func (s *Server) showAlert(c *gin.Context, _ *identity) (any, *problem) {
	id := c.Param("id")
	if !plain(id, mostText) {
		return nil, notFound("there is no such alert")
	}
	row, err := s.db.Alert(c.Request.Context(), id)
	if err != nil {
		return nil, problemOf(err)
	}
	about, err := alerts.ReadSubject(row.Body)
	if err != nil {
		return nil, problemOf(err)
	}
	labels, err := s.db.Labels(c.Request.Context(), about.AccountID, about.TransactionID)
	if err != nil {
		return nil, problemOf(err)
	}
	text, err := appendAlert(nil, &row, became{row.CaseID, holding(labels), s.listedOf([]alerts.Subject{about})})
	if err != nil {
		return nil, problemOf(err)
	}
	return json.RawMessage(text), nil
}

func (s *Server) timeline(c *gin.Context, _ *identity) (any, *problem) {
	id := c.Param("id")
	if !plain(id, mostText) {
		return nil, notFound("there is no such account")
	}
	rows, err := s.db.Timeline(c.Request.Context(), id, timelineRows)
	if err != nil {
		return nil, problemOf(err)
	}
	events, err := merge(rows)
	if err != nil {
		return nil, problemOf(err)
	}
	return gin.H{"events": events}, nil
}

// merge returns the payments that alerts of an account tell of, each once, oldest first: those they are about, and those of
// the account's past.
func merge(rows []database.AlertRow) ([]event, error) {
	type paid struct {
		time     payment.Time
		kind     payment.Type
		amount   int64
		currency payment.Currency
		merchant string
	}
	seen := make(map[paid]bool)
	all := []event{}
	add := func(k paid, m *payment.Merchant, alertID string) {
		if seen[k] && alertID == "" {
			return
		}
		seen[k] = true
		e := event{
			Timestamp: k.time.Std(), Amount: payment.FormatAmount(k.amount, k.currency), Currency: k.currency.Code(), Type: k.kind.String(),
			Merchant: m.Name, Category: m.Category, AlertID: alertID,
		}
		if m.Location.Known {
			latitude, longitude := m.Location.Degrees()
			e.Latitude, e.Longitude = &latitude, &longitude
		}
		all = append(all, e)
	}
	payments := alerts.NewPaymentReader()
	var past []features.Retained
	for i := range rows {
		t, before, err := payments.Read(rows[i].Body)
		if err != nil {
			return nil, err
		}
		if t != nil {
			add(paid{t.Time, t.Type, t.Amount, t.Currency, t.Merchant.Name}, &t.Merchant, rows[i].ID)
		}
		past = append(past, before...)
	}
	for i := range past { // behind all that have an alert, which win
		h := &past[i]
		add(paid{h.Time, h.Type, h.Amount, h.Currency, h.Merchant.Name}, &h.Merchant, "")
	}
	slices.SortStableFunc(all, func(a, b event) int { return a.Timestamp.Compare(b.Timestamp) })
	return all, nil
}
