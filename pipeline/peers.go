package pipeline

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/weir-fraud/weir/features"
)

// PeerStore is what a worker reads of partitions that others own, and how it makes one build its state again. See
// features/redisstate.
type PeerStore interface {
	Peers(ctx context.Context, n int32) ([]features.Peer, error)
	Load(ctx context.Context, reads []features.Read) error
	Discard(ctx context.Context, partition int32, was, fresh features.Head) error
}

// peers is how far the partitions of a log are, as stored: which tiles of theirs nothing is added to any more.
type peers struct {
	store  PeerStore
	set    *features.Set
	end    func(ctx context.Context) ([]int64, error) // of each partition, behind the last record
	recent time.Duration                              // how old an answer of end may be
	kept   time.Duration                              // how much longer than they are read tiles are kept
	list   []features.Peer
	ask    []logEnd
	read   time.Time

	sabotage Sabotage
}

// logEnd is where a partition's log ended when that was last asked.
type logEnd struct {
	at     time.Time // of the question, zero for none
	offset int64
	calm   bool // there was nothing to fold when somebody last wanted to know
}

func newPeers(store PeerStore, set *features.Set, partitions int32, end func(context.Context) ([]int64, error)) *peers {
	return &peers{store: store, set: set, end: end, list: make([]features.Peer, partitions), ask: make([]logEnd, partitions)}
}

// refresh looks again.
func (p *peers) refresh(ctx context.Context, now time.Time) error {
	list, err := p.store.Peers(ctx, int32(len(p.list)))
	if err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	for n := range list {
		if list[n].Head.Generation != p.list[n].Head.Generation {
			p.ask[n] = logEnd{}
		}
	}
	p.list, p.read = list, now
	return nil
}

// idle reports whether a partition has folded and stored everything that was in its log at since, as far as is known. What
// it gets later is not in that, so it holds for transactions that were there at since, and for no later ones.
func (p *peers) idle(n int32, since time.Time) bool {
	a := &p.ask[n]
	return !a.at.IsZero() && !a.at.Before(since.Add(-p.recent)) && p.list[n].Reached >= a.offset
}

// ends finds out which of the partitions that are not closed up to a tile have folded everything that was in their logs
// at since, when the transaction that reads the tile was there. It is the broker that is asked, so only if there are such; and
// what was answered stands until all of it is folded: where records come all the time, there always are new ones.
func (p *peers) ends(ctx context.Context, now, since time.Time, e *features.Entity, through int64, own int32) error {
	var ends []int64
	for n := range p.list {
		if int32(n) == own || e.Closed(p.list[n].Watermark()) >= through || !p.list[n].Head.Known() {
			continue
		}
		a := &p.ask[n]
		folded := func() bool { return p.list[n].Reached >= a.offset }
		if a.at.IsZero() || folded() && a.at.Before(since.Add(-p.recent)) {
			if ends == nil {
				var err error
				if ends, err = p.end(ctx); err != nil {
					return err
				}
			}
			a.at, a.offset = now, ends[n]
		}
		a.calm = p.idle(int32(n), since)
	}
	return nil
}

// closed returns the newest tile of an entity that a partition adds nothing to any more, for transactions that were there at
// since. One that has nothing to fold is taken to stay behind: what comes later with an older event time comes later than
// the delay that features declare.
func (p *peers) closed(e *features.Entity, n int32, since time.Time) int64 {
	switch {
	case !p.list[n].Head.Known():
		return math.MinInt64
	case p.idle(n, since) || p.sabotage.NoWait:
		return math.MaxInt64
	}
	return e.Closed(p.list[n].Watermark())
}

// whole returns the oldest tile of an entity from which on every partition still has what it had.
func (p *peers) whole(e *features.Entity) int64 {
	whole := int64(math.MinInt64)
	for n := range p.list {
		if h := &p.list[n].Head; h.Watermark > 0 {
			whole = max(whole, e.Kept(h.Watermark.Add(-p.kept)))
		}
	}
	return whole
}

// allClosed returns the newest tile that no partition but own adds anything to.
func (p *peers) allClosed(e *features.Entity, own int32, since time.Time) int64 {
	closed := int64(math.MaxInt64)
	for n := range p.list {
		if int32(n) != own {
			closed = min(closed, p.closed(e, int32(n), since))
		}
	}
	return closed
}
