package pipeline

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/weir-fraud/weir/features"
)

// PeerStore is what a worker reads of partitions that others own. See features/redisstate.
type PeerStore interface {
	Peers(ctx context.Context, n int32) ([]features.Peer, error)
	Load(ctx context.Context, reads []features.Read) error
}

// peers is how far the partitions of a log are, as stored: which tiles of theirs nothing is added to any more.
type peers struct {
	store PeerStore
	set   *features.Set
	end   func(ctx context.Context, partition int32) (int64, error) // behind the last record
	list  []features.Peer
	asked []time.Time // when the end of each was last asked for
	idle  []bool      // whether everything that there was then had been folded and stored
	read  time.Time
}

func newPeers(store PeerStore, set *features.Set, partitions int32, end func(context.Context, int32) (int64, error)) *peers {
	return &peers{
		store: store, set: set, end: end,
		list: make([]features.Peer, partitions), asked: make([]time.Time, partitions), idle: make([]bool, partitions),
	}
}

// refresh looks again.
func (p *peers) refresh(ctx context.Context, now time.Time) error {
	list, err := p.store.Peers(ctx, int32(len(p.list)))
	if err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	for n := range list {
		if list[n].Head.Generation != p.list[n].Head.Generation {
			p.idle[n], p.asked[n] = false, time.Time{}
		}
	}
	p.list, p.read = list, now
	return nil
}

// How long an answer of the broker may be used: that a partition has nothing to fold, and that it has.
const (
	idleKnown = time.Second
	busyKnown = 20 * time.Millisecond
)

// ends finds out which of the partitions that are not closed up to a tile have nothing more to fold. It is the broker
// that is asked, so only about those, and not all the time.
func (p *peers) ends(ctx context.Context, now time.Time, e *features.Entity, through int64, own int32) error {
	for n := range p.list {
		if int32(n) == own {
			continue
		}
		known := busyKnown
		if p.idle[n] {
			known = idleKnown
		}
		if now.Sub(p.asked[n]) < known || e.Closed(p.list[n].Watermark()) >= through {
			continue
		}
		end, err := p.end(ctx, int32(n))
		if err != nil {
			return err
		}
		p.asked[n], p.idle[n] = now, p.list[n].Head.Known() && p.list[n].Reached >= end
	}
	return nil
}

// closed returns the newest tile of an entity that a partition adds nothing to any more. One that has nothing to fold is
// taken to stay behind: what comes later with an older event time comes later than the delay that features declare.
func (p *peers) closed(e *features.Entity, n int32) int64 {
	switch {
	case !p.list[n].Head.Known():
		return math.MinInt64
	case p.idle[n]:
		return math.MaxInt64
	}
	return e.Closed(p.list[n].Watermark())
}

// allClosed returns the newest tile that no partition but own adds anything to.
func (p *peers) allClosed(e *features.Entity, own int32) int64 {
	closed := int64(math.MaxInt64)
	for n := range p.list {
		if int32(n) != own {
			closed = min(closed, p.closed(e, int32(n)))
		}
	}
	return closed
}
