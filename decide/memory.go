package decide

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-fraud/weir/payment"
)

// key names a transaction.
type key struct{ account, id string }

// entry is what is known of a transaction: that somebody has asked for its decision, or the decision.
type entry struct {
	key     key
	since   payment.Time  // when it was asked for, or the decision's record was made
	content uint32        // of who asked first; 0 where nobody has
	done    chan struct{} // closed when one of these two is known:
	outcome *outcome      // the decision
	lost    error         // why the transaction is not known to be in the stream

	delivered atomic.Bool // it is in the stream
}

// outcome is a decision as it is in the stream.
type outcome struct {
	event   []byte
	content uint32 // 0 where the decision does not tell
}

// settled reports whether the entry waits for nothing any more.
func (e *entry) settled() bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

// differs reports whether a settled entry is about another transaction than that of the given content, under one id.
func (e *entry) differs(content uint32) bool {
	known := e.content
	if e.outcome != nil && e.outcome.content != 0 {
		known = e.outcome.content
	}
	return known != 0 && content != 0 && known != content
}

// memory holds entries for some time, and no more than so many. It is safe for concurrent use.
type memory struct {
	seed   maphash.Seed
	span   time.Duration
	most   int // entries of a shard
	shards [64]shard
	over   chan struct{} // closed
}

// shard is a part of the entries. They leave in the order in which they came.
type shard struct {
	mu      sync.Mutex
	entries map[key]*entry
	order   []*entry // those lost are still among them
}

func newMemory(span time.Duration, count int) *memory {
	m := &memory{seed: maphash.MakeSeed(), span: span, over: make(chan struct{})}
	m.most = max(1, count/len(m.shards))
	for i := range m.shards {
		m.shards[i].entries = make(map[key]*entry)
	}
	close(m.over)
	return m
}

func (m *memory) shard(k key) *shard {
	return &m.shards[maphash.Comparable(m.seed, k)%uint64(len(m.shards))]
}

// find returns the entry of a transaction, nil if there is none.
func (m *memory) find(k key) *entry {
	s := m.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entries[k]
}

// open returns the entry of a transaction, and whether it was made by this very call: who made it has to see to it that
// the transaction gets into the stream.
func (m *memory) open(k key, content uint32, now payment.Time) (e *entry, made bool) {
	s := m.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[k]; e != nil {
		return e, false
	}
	e = &entry{key: k, since: now, content: content, done: make(chan struct{})}
	s.add(e, m, now)
	return e, true
}

// settle takes in a decision from the stream. The first one counts: a later one is the same, read again.
func (m *memory) settle(k key, o outcome, recorded, now payment.Time) {
	s := m.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[k]
	if e == nil {
		s.add(&entry{key: k, since: recorded, outcome: &o, done: m.over}, m, now)
		return
	}
	if e.outcome == nil {
		e.outcome = &o
		close(e.done)
	}
}

// lose ends the waiting for a transaction that is not known to be in the stream, and forgets it, so that who asks again
// sends it again.
func (m *memory) lose(e *entry, why error) {
	s := m.shard(e.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.settled() {
		return
	}
	if s.entries[e.key] == e {
		delete(s.entries, e.key)
	}
	e.lost = why
	close(e.done)
}

// add adds an entry, and lets those go that are too old or too many.
func (s *shard) add(e *entry, m *memory, now payment.Time) {
	s.entries[e.key] = e
	s.order = append(s.order, e)
	gone := 0
	for gone < len(s.order)-1 && (len(s.order)-gone > m.most || now.Sub(s.order[gone].since) > m.span) {
		old := s.order[gone]
		s.order[gone] = nil
		if s.entries[old.key] == old {
			delete(s.entries, old.key)
		}
		gone++
	}
	s.order = s.order[gone:] // append copies what is left when it grows
}

// size returns how many entries there are.
func (m *memory) size() int {
	n := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += len(s.entries)
		s.mu.Unlock()
	}
	return n
}
