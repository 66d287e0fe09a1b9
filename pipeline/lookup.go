package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/payment"
)

// lookup is how a worker reads the tiles of one log: those of transactions, of which it owns some partitions itself, or
// those of labels.
type lookup struct {
	peers  *peers
	caches []*seriesCache // by entity, nil where no feature reads the log's tiles
	delay  []int64        // tiles that the log's tiles may be ahead of its watermark, by entity
	stats  *Stats
	log    *slog.Logger

	reads []features.Read // of the load under way, one for each partition
	asked [][]asked
	stale bool    // a peer's state was replaced while it was read
	whole []int64 // the oldest tile from which on all peers have everything, by entity
}

// asked is what one TileRead is for.
type asked struct {
	cache   *seriesCache
	series  *series
	closed  *tile.Series // what the series had when it was asked: it may be begun anew, further back, meanwhile
	through int64
}

// newLookup returns a lookup over the entities for which shape says that the log has tiles, nil where it has none.
func newLookup(p *peers, set *features.Set, shape func(*features.Entity) tile.Shape, ahead time.Duration, stats *Stats, log *slog.Logger) *lookup {
	l := &lookup{peers: p, stats: stats, log: log}
	entities := set.Entities()
	some := false
	for i := range entities {
		var c *seriesCache
		if s := shape(&entities[i]); s.Counts+s.Sums > 0 {
			c = newSeriesCache(&entities[i], s, int32(len(p.list)))
			some = true
		}
		l.caches = append(l.caches, c)
		l.delay = append(l.delay, entities[i].Tile(payment.Time(ahead.Milliseconds())))
	}
	if !some {
		return nil
	}
	l.whole = make([]int64, len(l.caches))
	l.reads, l.asked = make([]features.Read, len(p.list)), make([][]asked, len(p.list))
	return l
}

// begin begins a load.
func (l *lookup) begin() {
	for n := range l.reads {
		l.reads[n].Partition, l.reads[n].Generation = int32(n), l.peers.list[n].Head.Generation
		l.reads[n].Tiles = l.reads[n].Tiles[:0]
		l.asked[n] = l.asked[n][:0]
	}
}

// want returns the series of a key that a transaction at t of partition own reads up to a tile, and sees to it that what
// is missing is read with the next load. Partitions that are still adding to those tiles are left out, and those that have
// no tiles of the key are not asked. Where no other has any, there is no series: it returns nil. The transaction was there at
// since.
func (l *lookup) want(entity int, key string, t payment.Time, through int64, own int32, since time.Time) *series {
	c := l.caches[entity]
	s := c.known(key, t)
	if s != nil && s.closed.Through() >= through {
		l.stats.SeriesHits.Add(1)
		return s
	}
	mask, alone := c.index.mask(key), s == nil
	for n := int32(0); alone && n < int32(len(l.reads)); n++ {
		alone = n == own || c.index.knows(l.peers, n, through, since) && !c.index.may(mask, n)
	}
	if alone {
		l.stats.SeriesHits.Add(1)
		return nil
	}
	s = c.get(key, t, l.whole[entity])
	for n := range l.reads {
		if int32(n) == own {
			continue
		}
		upTo := min(through, l.peers.closed(c.entity, int32(n), since))
		switch {
		case s.known(int32(n)) >= upTo || l.isAsked(n, s, upTo):
		case c.index.knows(l.peers, int32(n), upTo, since) && !c.index.may(mask, int32(n)):
			c.part(s, int32(n)).through = upTo
		default:
			c.want(s, int32(n), upTo, &l.reads[n])
			l.asked[n] = append(l.asked[n], asked{c, s, s.closed, upTo})
		}
	}
	return s
}

// isAsked reports whether a series' rows of partition n are being read up to a tile already. Records of one key come
// close to each other or not at all, so the last few are looked at.
func (l *lookup) isAsked(n int, s *series, upTo int64) bool {
	const few = 8
	for i := len(l.asked[n]) - 1; i >= max(0, len(l.asked[n])-few); i-- {
		if a := &l.asked[n][i]; a.series == s && a.closed == s.closed && a.through >= upTo {
			return true
		}
	}
	return false
}

// load reads what is wanted.
func (l *lookup) load(ctx context.Context) error {
	var reads []features.Read
	var at []int
	for n := range l.reads {
		if len(l.reads[n].Tiles) > 0 {
			reads, at = append(reads, l.reads[n]), append(at, n)
		}
	}
	if len(reads) == 0 {
		return nil
	}
	if err := l.peers.store.Load(ctx, reads); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	for i := range reads {
		r := &reads[i]
		l.stats.TileReads.Add(int64(len(r.Tiles)))
		if !l.trusts(r) {
			l.stale = true
			continue
		}
		err := l.take(r, l.asked[at[i]])
		if errors.Is(err, tile.ErrDamaged) {
			err = l.rebuild(ctx, r, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take takes in what was read of one partition.
func (l *lookup) take(r *features.Read, asked []asked) error {
	for j, a := range asked {
		if a.series.closed != a.closed {
			continue
		}
		if err := a.cache.take(a.series, r.Partition, a.through, r.Tiles[j].Chunks); err != nil {
			return err
		}
	}
	return nil
}

// rebuild takes the state away from a partition whose tiles are damaged. Its owner notices and builds it again; those that
// wait for its tiles meanwhile wait for that.
func (l *lookup) rebuild(ctx context.Context, r *features.Read, damage error) error {
	l.stale = true
	err := l.peers.store.Discard(ctx, r.Partition, r.Head, features.Head{})
	switch {
	case err == nil:
		l.log.Error("damaged tiles of another partition: its owner has to build its state again", "partition", r.Partition, "error", damage)
	case !errors.Is(err, features.ErrMismatch): // it has moved on: the next look finds the damage again, or that it is gone
		return fmt.Errorf("%w: %w", errStore, err)
	}
	return nil
}

// isClosed looks anew whether all partitions but own have what was in their logs at since behind them, or at least add
// nothing any more to an entity's tiles up to one.
func (l *lookup) isClosed(ctx context.Context, now, since time.Time, e *features.Entity, through int64, own int32) (bool, error) {
	if l.peers.allClosed(e, own, since) >= through {
		return true, nil
	}
	if err := l.current(ctx, now, peersAsked); err != nil {
		return false, err
	}
	if err := l.peers.ends(ctx, now, since, e, through, own); err != nil {
		return false, err
	}
	return l.peers.allClosed(e, own, since) >= through, nil
}

// current sees to it that what is known of the peers is not older than limit.
func (l *lookup) current(ctx context.Context, now time.Time, limit time.Duration) error {
	if !l.stale && now.Sub(l.peers.read) < limit {
		return nil
	}
	l.stale = false
	if err := l.peers.refresh(ctx, now); err != nil {
		return err
	}
	for k, c := range l.caches {
		if c != nil {
			l.whole[k] = l.peers.whole(c.entity)
		}
	}
	return l.readIndexes(ctx)
}

// readIndexes reads which keys have tiles in what the peers have closed since the last time.
func (l *lookup) readIndexes(ctx context.Context) error {
	var reads []features.Read
	var bounds [][]int // of each read, where each cache's indexes begin
	for n := range l.peers.list {
		r := features.Read{Partition: int32(n), Generation: l.peers.list[n].Head.Generation}
		from := make([]int, 0, len(l.caches)+1)
		for k, c := range l.caches {
			from = append(from, len(r.Indexes))
			if c != nil {
				c.index.ask(l.peers, int32(n), l.delay[k], &r)
			}
		}
		if len(r.Indexes) > 0 {
			reads, bounds = append(reads, r), append(bounds, append(from, len(r.Indexes)))
		}
	}
	if len(reads) == 0 {
		return nil
	}
	if err := l.peers.store.Load(ctx, reads); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	for i := range reads {
		r := &reads[i]
		if !l.trusts(r) {
			l.stale = true
			continue
		}
		for k, c := range l.caches {
			if from, to := bounds[i][k], bounds[i][k+1]; to > from {
				c.index.take(l.peers, r.Partition, r.Indexes[from:to])
			}
		}
	}
	return nil
}

// partial reports whether the tiles that a transaction at t reads may lack what partitions far ahead have dropped. s is nil
// where there is no series.
func (l *lookup) partial(entity int, s *series, t payment.Time) bool {
	if l == nil || l.caches[entity] == nil {
		return false
	}
	whole := l.whole[entity]
	if s != nil {
		whole = s.whole
	}
	return l.caches[entity].entity.Oldest(t) < whole
}

// trusts reports whether what was read of a peer is at least what its known head stands for. Its owner may have discarded
// the state meanwhile, so that what was read is half deleted, or Redis has gone back to an older copy.
func (l *lookup) trusts(r *features.Read) bool {
	return r.Head.Generation == r.Generation && r.Head.Applied >= l.peers.list[r.Partition].Head.Applied
}

func (l *lookup) trim(limit int) {
	for _, c := range l.caches {
		if c != nil {
			c.trim(limit)
		}
	}
}
