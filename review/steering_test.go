package review_test

import (
	"context"
	"maps"
	"sync"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/review"
	"github.com/weir-fraud/weir/scoring/policy"
)

// helm stands in for the control topic: it takes changes at once, unless it is broken.
type helm struct {
	mu       sync.Mutex
	broken   error
	unread   bool
	statuses []control.Event
	lists    *review.Lists
	said     []control.Event
}

// newHelm returns one of a policy with lists of three kinds of keys.
func newHelm() *helm {
	var none *policy.Lists
	declared := []policy.List{
		{ID: "block:accounts", Kind: policy.Block, Key: "account", Reason: "Known for fraud", Owner: "ana"},
		{ID: "block:merchants", Kind: policy.Block, Key: "merchant"},
		{ID: "block:devices", Kind: policy.Block, Key: "device"},
		{ID: "allow:accounts", Kind: policy.Allow, Key: "account"},
	}
	entries := none.Apply(policy.Change{List: "block:accounts", Entry: policy.Entry{Key: "old", Until: policy.Forever, Note: "from the file"}})
	return &helm{lists: &review.Lists{Policy: "lists.1", Declared: declared, Entries: entries}}
}

func (h *helm) set(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

func (h *helm) Statuses() ([]control.Event, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.statuses, !h.unread
}

func (h *helm) Lists() (*review.Lists, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.unread {
		return nil, review.ErrNotSteered
	}
	return h.lists, nil
}

func (h *helm) Change(_ context.Context, e control.Event) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.broken != nil {
		return h.broken
	}
	n := e.Entry
	until := n.Until
	if until == payment.MaxTime {
		until = policy.Forever
	}
	next := *h.lists
	next.Entries = next.Entries.Apply(policy.Change{List: n.List, Remove: n.Removed, Entry: policy.Entry{Key: n.Key, Until: until, Note: e.Note}})
	next.Changed = map[review.ListKey]control.Event{}
	maps.Copy(next.Changed, h.lists.Changed)
	next.Changed[review.ListKey{List: n.List, Key: n.Key}] = e
	h.lists = &next
	h.said = append(h.said, e)
	return nil
}
