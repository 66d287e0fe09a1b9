package review

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring/policy"
)

// listView is a block or allow list as the API shows it.
type listView struct {
	List    string `json:"list"` // block:merchants
	Kind    string `json:"kind"`
	Key     string `json:"key"` // the text whose values it holds
	Reason  string `json:"reason"`
	Owner   string `json:"owner"`
	Entries int    `json:"entries"`
}

// entryOfList is an entry of a list. By and At are missing where the policy has it.
type entryOfList struct {
	List   string     `json:"list"`
	Key    string     `json:"key"`
	Until  *time.Time `json:"until"` // event time
	Reason string     `json:"reason"`
	By     string     `json:"by"`
	At     *time.Time `json:"at"`
}

// listed is a value of a case that a list could have, and whether it does.
type listed struct {
	List  string       `json:"list"`
	Kind  string       `json:"kind"`
	Key   string       `json:"key"`
	Value string       `json:"value"`
	Entry *entryOfList `json:"entry"`
}

// listsNow returns the lists in effect.
func (s *Server) listsNow() (*Lists, *problem) {
	l, err := s.steering.Lists()
	if err == nil {
		return l, nil
	}
	p := newProblem(http.StatusServiceUnavailable, "lists-unknown", "The lists are not known now", ErrNotSteered.Error())
	p.Retry = "5"
	if !errors.Is(err, ErrNotSteered) {
		p.cause = err
	}
	return nil, p
}

// list returns the list that the path names.
func (s *Server) list(c *gin.Context) (*Lists, *policy.List, *problem) {
	all, p := s.listsNow()
	if p != nil {
		return nil, nil, p
	}
	l, ok := all.find(c.Param("list"))
	if !ok {
		return nil, nil, notFound("the active policy declares no such list; /lists tells which there are")
	}
	return all, l, nil
}

func (s *Server) showLists(*gin.Context, *identity) (any, *problem) {
	all, p := s.listsNow()
	if p != nil {
		return nil, p
	}
	views := []listView{}
	for _, l := range all.Declared {
		views = append(views, listView{l.ID, l.Kind.String(), l.Key, l.Reason, l.Owner, all.Entries.Len(l.ID)})
	}
	return gin.H{"policy": all.Policy, "lists": views}, nil
}

// showEntries answers with a page of entries in the order of their keys, or with the one entry that has a key.
func (s *Server) showEntries(c *gin.Context, _ *identity) (any, *problem) {
	all, l, p := s.list(c)
	if p != nil {
		return nil, p
	}
	limit, p := pageLimit(c)
	if p != nil {
		return nil, p
	}
	after := c.Query("after")
	if !plain(after, control.MaxKeyBytes) {
		return nil, invalid("after must be a key")
	}
	views := []entryOfList{}
	if key := c.Query("key"); key != "" {
		if e := all.entry(l.ID, key); e != nil {
			views = append(views, *e)
		}
		return gin.H{"entries": views, "next": ""}, nil
	}
	list := all.Entries.Entries(l.ID)
	from, _ := slices.BinarySearchFunc(list, after+"\x00", func(e policy.Entry, key string) int { return strings.Compare(e.Key, key) })
	next := ""
	if after == "" {
		from = 0
	}
	if list = list[from:]; len(list) > limit {
		list = list[:limit]
		next = list[limit-1].Key
	}
	for _, e := range list {
		views = append(views, all.show(l.ID, e))
	}
	return gin.H{"entries": views, "next": next}, nil
}

// entryRequest asks for an entry.
type entryRequest struct {
	Key    string     `json:"key"`
	Until  *time.Time `json:"until"`
	Reason string     `json:"reason"`
}

func (s *Server) addEntry(c *gin.Context, who *identity) (any, *problem) {
	var r entryRequest
	if p := parse(c, &r); p != nil {
		return nil, p
	}
	_, l, p := s.list(c)
	if p != nil {
		return nil, p
	}
	until := payment.MaxTime
	if r.Until != nil {
		if r.Until.Year() > 9999 || !r.Until.After(s.now()) || payment.TimeOf(*r.Until) >= payment.MaxTime {
			return nil, invalid("until must be a time to come, before the year 2200")
		}
		until = payment.TimeOf(*r.Until)
	}
	detail := payment.Quote(r.Key)
	if r.Until != nil {
		detail += " until " + until.String()
	}
	return s.changeEntry(c, who, &control.Entry{List: l.ID, Key: r.Key, Until: until}, r.Reason, "list.add", detail)
}

func (s *Server) removeEntry(c *gin.Context, who *identity) (any, *problem) {
	all, l, p := s.list(c)
	if p != nil {
		return nil, p
	}
	key := c.Query("key")
	was := all.entry(l.ID, key)
	if was == nil {
		return nil, notFound("the list has no entry with this key")
	}
	_, p = s.changeEntry(c, who, &control.Entry{List: l.ID, Key: key, Until: payment.MaxTime, Removed: true}, c.Query("reason"), "list.remove", payment.Quote(key))
	if p != nil {
		return nil, p
	}
	return was, nil
}

// changeEntry writes an entry to the control topic and answers with it. The audit has it first: a change that it could not
// tell of is not made, and one that fails is told of as well.
func (s *Server) changeEntry(c *gin.Context, who *identity, n *control.Entry, reason, action, detail string) (any, *problem) {
	if !plain(reason, control.MaxNoteBytes) {
		return nil, invalid("reason must be text of at most 4096 bytes")
	}
	now := s.time()
	e := control.Event{Time: now, By: who.name, Note: reason, Entry: n}
	if err := e.Validate(); err != nil {
		return nil, invalid(err.Error())
	}
	if reason != "" {
		detail += ": " + reason
	}
	entry := database.Entry{At: now, Actor: who.name, Action: action, Object: "list:" + n.List, Detail: detail}
	if err := s.db.Record(c.Request.Context(), entry); err != nil {
		return nil, problemOf(err)
	}
	if err := s.steering.Change(c.Request.Context(), e); err != nil {
		entry.Action = "list.failed"
		p := newProblem(http.StatusServiceUnavailable, "not-written", "The change is not known to be written", "Kafka did not confirm it: look at the list, and ask again")
		p.Retry, p.cause = "5", errors.Join(err, s.db.Record(c.Request.Context(), entry))
		return nil, p
	}
	all, p := s.listsNow()
	if p != nil || n.Removed {
		return nil, p
	}
	if v := all.entry(n.List, n.Key); v != nil {
		return v, nil
	}
	// Somebody has removed it meanwhile.
	return entryOfList{List: n.List, Key: n.Key, Reason: reason, By: who.name, At: at(now)}, nil
}

// mostListed is how many values of a case are looked up.
const mostListed = 200

// listedOf returns the values of alerts that lists could have.
func (s *Server) listedOf(list []alerts.Subject) []listed {
	found := []listed{}
	all, err := s.steering.Lists()
	if err != nil {
		return found // what a case is about does not hang on it; /lists tells
	}
	for _, l := range all.Declared {
		seen := map[string]bool{"": true}
		for i := range list {
			value := valueOf(&list[i], l.Key)
			if seen[value] || len(found) == mostListed {
				continue
			}
			seen[value] = true
			found = append(found, listed{l.ID, l.Kind.String(), l.Key, value, all.entry(l.ID, value)})
		}
	}
	return found
}

// valueOf returns the text of an alert by its name in policies, "" where the alert does not tell it, as for expressions.
func valueOf(a *alerts.Subject, name string) string {
	switch t := a.Transaction; {
	case name == "account":
		return a.AccountID
	case t == nil:
		return ""
	case name == "merchant":
		return t.Merchant.Name
	case name == "category":
		return t.Merchant.Category
	default:
		value, _ := t.Attribute(name)
		return value
	}
}
