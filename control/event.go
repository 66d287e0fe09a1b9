package control

import (
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// Event is one change, or what an instance says of itself. Exactly one of Model, Policy, Entry and Status is set.
type Event struct {
	Time payment.Time // when it was written
	By   string       // who did it; of a status, the instance
	Note string       // free text

	Model  *Model
	Policy *Policy
	Entry  *Entry
	Status *Status
}

// Model is the active model.
type Model struct {
	ID      string // also the place of its directory under the models directory
	Digest  string // SHA-256 of its manifest, which stands for all of its files
	History []Past // the models that were active before, newest first
}

// Past is a model that was active.
type Past struct {
	ID     string
	Digest string
	Time   payment.Time // when it was made active; of the model that configuration names, when it no longer was
	By     string
}

// Policy is the active policy, whole.
type Policy struct {
	Version string
	Digest  string // SHA-256 of the text
	Text    string
}

// Entry is an entry of a list, or says that there is none with this key, whatever the policy file says.
type Entry struct {
	List    string // its kind and name, such as block:merchants
	Key     string
	Until   payment.Time // event time from which on it no longer counts; [payment.MaxTime] for none
	Removed bool
}

// Status is what an instance decides by, and what it refused. An instance writes one after each change, and again and
// again while it runs, so that one which is gone can be told from one which has nothing to say.
type Status struct {
	Group   string // consumer group
	Version string // of the program
	Applied int64  // offset of the control topic below which everything has been looked at
	Model   Name
	Policy  Name
	Refused []Refusal
	Figures *Figures // nil where it says none, as earlier versions do
}

// Figures are how an instance does. Rate and latencies are those since its status before.
type Figures struct {
	Lag         int64   // records whose decisions are not out
	LagSeconds  float64 // how old the oldest of them may be at most
	Rate        float64 // decisions per second
	P50, P99    float64 // milliseconds from a record to its decision; 0 where nothing was decided
	DeadLetters int64   // since it started
}

// Name is a model or a policy, by name and hash. The digest is empty where there is no file behind it: thresholds that
// come with the model or from configuration.
type Name struct {
	Name   string
	Digest string
}

// Refusal is a model or a policy that an instance does not take.
type Refusal struct {
	What   string // model or policy
	Name   string
	Digest string
	Reason string
}

// The kinds of events, as they stand on the wire.
const (
	kindModel  = "model"
	kindPolicy = "policy"
	kindEntry  = "entry"
	kindStatus = "status"
)

// Kind returns the event's kind as it stands on the wire, empty for an event without content.
func (e *Event) Kind() string {
	switch {
	case e.Model != nil:
		return kindModel
	case e.Policy != nil:
		return kindPolicy
	case e.Entry != nil:
		return kindEntry
	case e.Status != nil:
		return kindStatus
	}
	return ""
}

// The record keys. A list's name has no slash, so no two entries share one.
const (
	keyModel       = "model"
	keyPolicy      = "policy"
	keyEntryBegin  = "entry/"
	keyStatusBegin = "status/"
)

// Key returns the key of the event's record: compaction keeps the last event of each.
func (e *Event) Key() string {
	switch {
	case e.Model != nil:
		return keyModel
	case e.Policy != nil:
		return keyPolicy
	case e.Entry != nil:
		return keyEntryBegin + e.Entry.List + "/" + e.Entry.Key
	case e.Status != nil:
		return StatusKey(e.By)
	}
	return ""
}

// StatusKey returns the key of an instance's status. A record with it and no value ends the instance.
func StatusKey(instance string) string { return keyStatusBegin + instance }

// Active returns the model's name and hash.
func (m *Model) Active() Name { return Name{m.ID, m.Digest} }

// Active returns the policy's name and hash.
func (p *Policy) Active() Name { return Name{p.Version, p.Digest} }

// splitEntryKey is the reverse of an entry's key.
func splitEntryKey(key string) (list, entry string, ok bool) {
	rest, ok := strings.CutPrefix(key, keyEntryBegin)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, "/")
}
