package control

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// State is what the control topic says: the last event of each key. Reading a compacted log gives the same State as
// reading all of it. The zero State is that of an empty topic.
type State struct {
	model, policy *Event
	entries       map[entryKey]Event
	statuses      map[string]Event
}

type entryKey struct{ list, key string }

// Apply takes in one record. No value ends what has the key. A record that is no event leaves the State as it is, and is
// an error. Changed reports whether there may be something to act upon, which a status is not.
func (s *State) Apply(key, value []byte) (changed bool, err error) {
	if value == nil {
		return s.drop(string(key))
	}
	e, err := Decode(value)
	if err != nil {
		return false, err
	}
	if e.Key() != string(key) {
		return false, fault("", "has the key %q, and its record has %q", e.Key(), key)
	}
	switch {
	case e.Model != nil:
		s.model = &e
	case e.Policy != nil:
		s.policy = &e
	case e.Entry != nil:
		if s.entries == nil {
			s.entries = make(map[entryKey]Event)
		}
		s.entries[entryKey{e.Entry.List, e.Entry.Key}] = e
	case e.Status != nil:
		if s.statuses == nil {
			s.statuses = make(map[string]Event)
		}
		s.statuses[e.By] = e
		return false, nil
	}
	return true, nil
}

func (s *State) drop(key string) (changed bool, err error) {
	if list, entry, ok := splitEntryKey(key); ok {
		delete(s.entries, entryKey{list, entry})
		return true, nil
	}
	if instance, ok := strings.CutPrefix(key, keyStatusBegin); ok {
		delete(s.statuses, instance)
		return false, nil
	}
	switch key {
	case keyModel:
		s.model = nil
	case keyPolicy:
		s.policy = nil
	default:
		return false, fmt.Errorf("control: the record's key %q is none of an event", key)
	}
	return true, nil
}

// Model returns the event that made the active model active, nil if configuration decides.
func (s *State) Model() *Event { return s.model }

// Policy returns the event that made the active policy active, nil if configuration decides.
func (s *State) Policy() *Event { return s.policy }

// EachEntry calls yield with the event of every list entry, removed ones among them, in no order.
func (s *State) EachEntry(yield func(e *Event)) {
	for _, e := range s.entries {
		yield(&e)
	}
}

// Entries returns the events of all list entries, removed ones among them, by list and key.
func (s *State) Entries() []Event {
	return slices.SortedFunc(maps.Values(s.entries), func(a, b Event) int {
		return cmp.Or(strings.Compare(a.Entry.List, b.Entry.List), strings.Compare(a.Entry.Key, b.Entry.Key))
	})
}

// Statuses returns the last status of each instance that has not said goodbye, by name.
func (s *State) Statuses() []Event {
	return slices.SortedFunc(maps.Values(s.statuses), func(a, b Event) int { return strings.Compare(a.By, b.By) })
}
