package notify

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"text/template"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// The events that a route may tell.
const (
	onAlert    = "alert"
	onQuestion = "question"
	onQueue    = "queue"
	onBehind   = "behind"
)

// Routes are what a file says. They are immutable.
type Routes struct {
	list      []*route
	Questions *Questions // nil where nobody is asked
}

// route is what is told to whom.
type route struct {
	name   string
	on     string
	where  filter
	newest bool          // only alerts that open a case
	maxAge time.Duration // that an alert may have when it is taken in
	giveUp time.Duration

	cases   int           // of queue: more of them wait
	waiting time.Duration // or one has for longer; 0 for no such limit
	records int64         // of behind: more of them are not decided
	late    time.Duration // or some have not been for longer; 0 for no such limit

	webhook  string    // URL or a reference to one, empty for a service
	secret   reference // that webhooks are signed with
	insecure bool      // the webhook's URL may be http
	service  reference // to a URL of shoutrrr's

	title, text, body *template.Template // title and text for a service; body for a webhook, nil for the event as it is
}

// filter says which alerts a route is about. What is empty excludes none.
type filter struct {
	severity   scoring.Severity // at least
	actions    []scoring.Action
	currencies []payment.Currency
	types      []payment.Type
	categories []string // of the merchant
	marks      []string // one of them is set
	score      float64  // at least
	atRisk     float64  // at least
}

// admits reports whether the route is about an alert. What an alert does not tell is not what a filter asks for.
func (f *filter) admits(a *alerts.Alert) bool {
	var t payment.Transaction
	if a.Transaction != nil {
		t = *a.Transaction
	}
	return a.Severity >= f.severity && oneOf(f.actions, a.Action) && oneOf(f.currencies, t.Currency) && oneOf(f.types, t.Type) &&
		oneOf(f.categories, t.Merchant.Category) &&
		(len(f.marks) == 0 || slices.ContainsFunc(f.marks, func(m string) bool { return slices.Contains(a.Marks, m) })) &&
		(f.score == 0 || a.Score >= f.score) && (f.atRisk == 0 || a.MoneyAtRisk >= f.atRisk)
}

func oneOf[T comparable](list []T, x T) bool { return len(list) == 0 || slices.Contains(list, x) }

// Deliveries returns what is to be told of an alert that is taken in now. The same alert gives the same ids.
func (r *Routes) Deliveries(a *alerts.Alert, now payment.Time) (list []database.Delivery) {
	for _, e := range r.list {
		if e.on != onAlert && e.on != onQuestion || !e.where.admits(a) || now.Sub(a.Timestamp) > e.maxAge {
			continue
		}
		v := e.event(a.ID, now)
		v.Alert = alertEvent(a)
		if e.on == onQuestion {
			v.Question = r.Questions.ask(now)
		}
		d := e.delivery(&v, now)
		d.Subject, d.IfNew = a.ID, e.newest
		list = append(list, d)
	}
	return list
}

// event begins an event of the route about a subject.
func (e *route) event(subject string, now payment.Time) event {
	return event{ID: deliveryID(e.name, e.on, subject), Route: e.name, Event: e.on, Timestamp: now.String()}
}

func (e *route) delivery(v *event, now payment.Time) database.Delivery {
	return database.Delivery{ID: v.ID, Route: e.name, Event: e.on, Body: v.json(), MadeAt: now}
}

// deliveryID returns 32 hexadecimal digits that depend on what is told to whom, and on nothing else.
func deliveryID(parts ...string) string {
	b := []byte("weir delivery v1")
	for _, s := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// Names returns the names of the routes, in the order of the file.
func (r *Routes) Names() []string {
	names := make([]string, len(r.list))
	for i, e := range r.list {
		names[i] = e.name
	}
	return names
}

// Watches reports whether a route tells of a pipeline that is behind.
func (r *Routes) Watches() bool {
	return slices.ContainsFunc(r.list, func(e *route) bool { return e.on == onBehind })
}
