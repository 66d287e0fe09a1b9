package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/weir-fraud/weir/payment"
)

// Decode returns the event that data holds: one JSON object with nothing but white space around it. Members it does not
// know are ignored. An error is always an *[Error]. The event keeps nothing of data.
//
// What encoding/json is lenient about is an error: members given twice, and text that is not UTF-8. Members in another case
// are others.
func Decode(data []byte) (Event, error) {
	switch {
	case len(data) > MaxDocumentBytes:
		return Event{}, tooLong("", len(data), MaxDocumentBytes)
	case !utf8.Valid(data):
		return Event{}, fault("", "is not valid UTF-8")
	case !json.Valid(data):
		return Event{}, fault("", "is not valid JSON")
	}
	o := object{raw: data}
	e := o.event()
	if o.err != nil {
		return Event{}, o.err
	}
	if err := e.Validate(); err != nil {
		return Event{}, err
	}
	return e, nil
}

// object reads members of a JSON object, up to the first that is wrong.
type object struct {
	path    string
	raw     []byte
	members map[string]json.RawMessage // nil before it is opened
	err     error
}

// event reads the event that the object is.
func (o *object) event() Event {
	e := Event{Time: o.time("timestamp", nil), By: o.text("by"), Note: o.text("note")}
	switch kind := o.text("kind"); kind {
	case kindModel:
		e.Model = &Model{ID: o.text("model"), Digest: o.text("digest")}
		o.each("history", func(p *object) {
			e.Model.History = append(e.Model.History, Past{p.text("model"), p.text("digest"), p.time("timestamp", nil), p.text("by")})
		})
	case kindPolicy:
		e.Policy = &Policy{Version: o.text("version"), Digest: o.text("digest"), Text: o.text("text")}
	case kindEntry:
		never := payment.MaxTime
		e.Entry = &Entry{List: o.text("list"), Key: o.text("key"), Until: o.time("until", &never), Removed: o.boolean("removed")}
	case kindStatus:
		e.Status = &Status{
			Group: o.text("group"), Version: o.text("version"), Applied: o.offset("applied"), Model: o.name("model"), Policy: o.name("policy"),
		}
		e.Status.Figures = o.figures("figures")
		o.each("refused", func(r *object) {
			e.Status.Refused = append(e.Status.Refused, Refusal{r.text("what"), r.text("name"), r.text("digest"), r.text("reason")})
		})
	default:
		o.fail("kind", "%s is not %s, %s, %s or %s", payment.Quote(kind), kindModel, kindPolicy, kindEntry, kindStatus)
	}
	return e
}

func (o *object) fail(field, format string, args ...any) {
	if o.err == nil {
		o.err = fault(o.path+field, format, args...)
	}
}

// member returns the value of a member, nil where it is missing or null.
func (o *object) member(name string) json.RawMessage {
	if o.err == nil && o.members == nil {
		o.open()
	}
	v := o.members[name]
	if o.err != nil || v == nil || v[0] == 'n' {
		return nil
	}
	return v
}

// open takes the object apart. encoding/json's own maps would lose members given twice.
func (o *object) open() {
	o.members = make(map[string]json.RawMessage)
	object, err := eachMember(o.raw, func(name string, value json.RawMessage) error {
		if _, again := o.members[name]; again {
			return fault(o.path+name, "is given twice")
		}
		o.members[name] = value
		return nil
	})
	switch {
	case o.err != nil:
	case err != nil:
		o.err = err
	case !object:
		o.fail("", "must be a JSON object")
	}
}

// text returns a string, empty where it is missing.
func (o *object) text(name string) string {
	v := o.member(name)
	if v == nil {
		return ""
	}
	if v[0] != '"' {
		o.fail(name, "must be a string")
		return ""
	}
	s, err := unquote(v)
	if err != nil {
		o.fail(name, "is not a string: %v", err)
	}
	// encoding/json replaces escapes of half a surrogate pair.
	if n := strings.Count(s, "\uFFFD"); n > 0 && n > bytes.Count(v, []byte("\uFFFD"))+bytes.Count(bytes.ToLower(v), []byte(`\ufffd`)) {
		o.fail(name, "has half a surrogate pair")
	}
	return s
}

// time returns a time. Where it is missing, that is an error unless there is another to take.
func (o *object) time(name string, otherwise *payment.Time) payment.Time {
	s := o.text(name)
	if s == "" {
		if otherwise == nil {
			o.fail(name, "is missing")
			return 0
		}
		return *otherwise
	}
	t, err := payment.ParseTime(s)
	if err != nil {
		o.fail(name, "%s is no time such as 2026-11-24T08:00:00Z", payment.Quote(s))
	}
	return t
}

func (o *object) boolean(name string) bool {
	v := o.member(name)
	if v != nil && v[0] != 't' && v[0] != 'f' {
		o.fail(name, "must be true or false")
	}
	return v != nil && v[0] == 't'
}

func (o *object) offset(name string) int64 {
	v := o.member(name)
	if v == nil {
		o.fail(name, "is missing")
		return 0
	}
	var n int64
	if err := json.Unmarshal(v, &n); err != nil {
		o.fail(name, "must be a whole number")
	}
	return n
}

func (o *object) name(name string) Name {
	n := object{path: o.path + name + ".", raw: o.member(name)}
	if n.raw == nil {
		o.fail(name, "is missing")
		return Name{}
	}
	read := Name{n.text("name"), n.text("digest")}
	if o.err == nil {
		o.err = n.err
	}
	return read
}

// figures reads figures, nil where they are missing.
func (o *object) figures(name string) *Figures {
	f := object{path: o.path + name + ".", raw: o.member(name)}
	if f.raw == nil {
		return nil
	}
	read := Figures{
		Lag: f.offset("lag"), LagSeconds: f.number("lag_seconds"), Rate: f.number("rate"), P50: f.number("p50_ms"), P99: f.number("p99_ms"),
		DeadLetters: f.offset("dead_letters"),
	}
	if o.err == nil {
		o.err = f.err
	}
	return &read
}

func (o *object) number(name string) float64 {
	v := o.member(name)
	if v == nil {
		o.fail(name, "is missing")
		return 0
	}
	var x float64
	if err := json.Unmarshal(v, &x); err != nil {
		o.fail(name, "must be a number")
	}
	return x
}

// each reads the objects of an array.
func (o *object) each(name string, read func(element *object)) {
	v := o.member(name)
	if v == nil {
		return
	}
	var all []json.RawMessage
	if v[0] != '[' || json.Unmarshal(v, &all) != nil {
		o.fail(name, "must be an array")
		return
	}
	if len(all) > MaxHistory {
		o.fail(name, "has %d elements, at most %d are allowed", len(all), MaxHistory)
		return
	}
	for i, raw := range all {
		element := object{path: fmt.Sprintf("%s%s[%d].", o.path, name, i), raw: raw}
		read(&element)
		if o.err == nil {
			o.err = element.err
		}
	}
}
