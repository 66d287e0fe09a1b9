package review

import (
	"context"
	"errors"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring/policy"
)

// Steering is the control topic as a server needs it: what the running pipelines say of themselves, and the block and allow
// lists that they decide by.
type Steering interface {
	// Statuses returns the last word of each instance, that of those that are gone without a goodbye too. ok is false while
	// the topic cannot be read.
	Statuses() (list []control.Event, ok bool)
	// Lists returns the lists as they are now; the error wraps [ErrNotSteered] where that is not known.
	Lists() (*Lists, error)
	// Change writes an entry, and returns once that is safe and [Steering.Lists] has it.
	Change(ctx context.Context, e control.Event) error
}

// ErrNotSteered is why lists can be neither read nor changed.
var ErrNotSteered = errors.New("the lists cannot be read from the control topic now")

// Lists are the lists that the active policy declares, with the entries in effect. They are immutable.
type Lists struct {
	Policy   string // its version
	Declared []policy.List
	Entries  *policy.Lists
	Changed  map[ListKey]control.Event // who changed what since the policy was written
}

// ListKey names an entry.
type ListKey struct{ List, Key string }

// find returns a list by its name.
func (l *Lists) find(id string) (*policy.List, bool) {
	for i := range l.Declared {
		if l.Declared[i].ID == id {
			return &l.Declared[i], true
		}
	}
	return nil, false
}

// entry returns an entry as the API shows it, nil where there is none.
func (l *Lists) entry(list, key string) *entryOfList {
	e, ok := l.Entries.Find(list, key)
	if !ok {
		return nil
	}
	v := l.show(list, e)
	return &v
}

func (l *Lists) show(list string, e policy.Entry) entryOfList {
	v := entryOfList{List: list, Key: e.Key, Reason: e.Note}
	if e.Until != policy.Forever && e.Until < payment.MaxTime {
		v.Until = at(e.Until)
	}
	if c, ok := l.Changed[ListKey{list, e.Key}]; ok {
		v.By, v.At = c.By, at(c.Time)
	}
	return v
}
