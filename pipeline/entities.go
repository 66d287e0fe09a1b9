package pipeline

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/stream"
)

// entities is what a worker reads and adds to of the set's entities.
type entities struct {
	list         []features.Entity
	transactions *lookup // nil where nothing is read
	labels       *lookup
	lookups      []*lookup // those of the two that are there
}

// newEntities makes what the worker needs for the set's entities.
func (w *Worker) newEntities() entities {
	set := w.judge.set
	e := entities{list: set.Entities()}
	ends := func(topic string, partitions int32) func(context.Context) ([]int64, error) {
		return func(ctx context.Context) ([]int64, error) { return w.config.Ends(ctx, topic, partitions) }
	}
	transactions := newPeers(w.store, set, w.config.Partitions, ends(w.config.Topics.Transactions, w.config.Partitions))
	transactions.sabotage = w.config.Sabotage
	labels := newPeers(w.config.Labels.Store, set, w.config.Labels.Partitions, ends(w.config.Topics.Feedback, w.config.Labels.Partitions))
	// Nearly every transaction reads labels up to the last hour, which no label may have closed. The broker is not asked
	// each time: who labels does so by hand.
	labels.recent, labels.kept = time.Second, w.config.Labels.Kept
	e.transactions = newLookup(transactions, set, (*features.Entity).Shape, 0, w.stats, w.log)
	e.labels = newLookup(labels, set, (*features.Entity).LabelShape, set.LabelDelay()+set.Layout().MaxFuture, w.stats, w.log)
	for _, l := range []*lookup{e.transactions, e.labels} {
		if l != nil {
			e.lookups = append(e.lookups, l)
		}
	}
	return e
}

// holding reports whether any partition waits for others.
func (w *Worker) holding() bool {
	for _, p := range w.partitions {
		if p.hold != nil {
			return true
		}
	}
	return false
}

// kept reports whether the partitions of the transactions topic keep tiles of an entity.
func (e *entities) kept(entity int) bool {
	s := e.list[entity].Shape()
	return s.Counts+s.Sums > 0
}

// hold is a partition that waits: its next transaction reads tiles to which others are still adding.
type hold struct {
	records []stream.Record // polled and not worked off
	paused  bool            // no more are polled
	feed    int             // how many of them to try next
	since   time.Time       // when the first of them was there, and
	until   time.Time       // all of them were
	time    payment.Time    // event time of the first of them
	log     *lookup
	entity  int
	through int64 // the tile that is read
}

// without notes what else a partition that waits no longer goes without: it waits again once all of it has come.
func (h *hold) without(missing *hold) {
	if missing.log == h.log && missing.entity == h.entity {
		h.through = max(h.through, missing.through)
		return
	}
	h.log, h.entity, h.through = missing.log, missing.entity, missing.through
}

// loadOthers finds the series that the transactions of this poll read, and reads what is missing of them.
func (w *Worker) loadOthers(ctx context.Context) error {
	in := &w.intake
	lookups := w.entities.lookups
	if len(lookups) == 0 {
		return nil
	}
	w.findNewest()
	in.seen = w.now()
	for _, l := range lookups {
		if err := w.catchUp(ctx, l, in.seen); err != nil {
			return err
		}
		l.begin()
	}
	for _, n := range in.order {
		p := w.partitions[n]
		if p == nil || p.doubt != "" {
			continue
		}
		for _, i := range in.slices[n] {
			if r := &in.inputs[i]; r.refused == nil && in.records[i].Offset >= p.foldUntil {
				w.findSeries(p, r)
			}
		}
	}
	for _, l := range lookups {
		if err := l.load(ctx); err != nil {
			return err
		}
	}
	return nil
}

// findNewest finds the newest event time of each partition's transactions of this poll that are scored.
func (w *Worker) findNewest() {
	in := &w.intake
	for _, n := range in.order {
		p := w.partitions[n]
		if p == nil {
			continue
		}
		p.newest = math.MinInt64
		for _, i := range in.slices[n] {
			if r := &in.inputs[i]; r.refused == nil && in.records[i].Offset >= p.foldUntil {
				p.newest = max(p.newest, r.tx.Time)
			}
		}
	}
}

// through returns the newest tile of an entity that a transaction at t reads.
func (w *Worker) through(l *lookup, entity int, t payment.Time) int64 {
	e := &w.entities.list[entity]
	if l == w.entities.labels {
		return e.LabelsThrough(t)
	}
	return e.Through(t)
}

// own returns the partition whose tiles come from memory: of labels, none.
func (w *Worker) own(l *lookup, p *partition) int32 {
	if l == w.entities.labels {
		return -1
	}
	return p.number
}

// How long what is known of the others may be used: while nothing depends on it, and while something waits.
const (
	peersKnown = time.Second
	peersAsked = 5 * time.Millisecond
)

// catchUp sees to it that what is known of the other partitions is new enough for the transactions of this poll.
func (w *Worker) catchUp(ctx context.Context, l *lookup, now time.Time) error {
	if err := w.hopeAgain(ctx, l, now); err != nil {
		return err
	}
	if err := l.current(ctx, now, peersKnown); err != nil {
		return err
	}
	for _, n := range w.intake.order {
		p := w.partitions[n]
		if p == nil || p.doubt != "" || p.newest == math.MinInt64 {
			continue
		}
		if err := w.catchUpFor(ctx, l, p, now); err != nil {
			return err
		}
	}
	return nil
}

// since is when all of a partition's transactions of this poll were there.
func (w *Worker) since(p *partition) time.Time {
	if p.hold != nil {
		return p.hold.until
	}
	return w.intake.seen
}

// catchUpFor does so for one partition's transactions.
func (w *Worker) catchUpFor(ctx context.Context, l *lookup, p *partition, now time.Time) error {
	since, own := w.since(p), w.own(l, p)
	for k, c := range l.caches {
		if c == nil || l.peers.allClosed(c.entity, own, since) >= w.through(l, k, p.newest) {
			continue
		}
		if through, some := w.furthest(l, k, p); some {
			if _, err := l.isClosed(ctx, now, since, c.entity, through, own); err != nil {
				return err
			}
		}
	}
	return nil
}

// hopeAgain ends what a partition goes without once that has come: everything that was there when it gave up. Others may
// have got more to fold since, for which it waits like for anything else.
func (w *Worker) hopeAgain(ctx context.Context, l *lookup, now time.Time) error {
	for _, n := range w.intake.order {
		p := w.partitions[n]
		if p == nil || p.doubt != "" || p.gaveUp == nil || p.gaveUp.log != l {
			continue
		}
		g := p.gaveUp
		closed, err := l.isClosed(ctx, now, g.since, &w.entities.list[g.entity], g.through, w.own(l, p))
		if err != nil {
			return err
		}
		if closed {
			p.gaveUp = nil
		}
	}
	return nil
}

// furthest returns the newest tile of an entity that the partition's transactions of this poll read.
func (w *Worker) furthest(l *lookup, entity int, p *partition) (through int64, some bool) {
	in := &w.intake
	for _, i := range in.slices[p.number] {
		r := &in.inputs[i]
		if r.refused != nil || in.records[i].Offset < p.foldUntil || r.keys[entity] == "" {
			continue
		}
		t := w.through(l, entity, r.tx.Time)
		if some && t <= through {
			continue
		}
		if s := l.caches[entity].keys[r.keys[entity]]; s == nil || s.closed.Through() < t {
			through, some = t, true
		}
	}
	return through, some
}

func (w *Worker) findSeries(p *partition, in *input) {
	since := w.since(p)
	for k, key := range in.keys {
		if key == "" {
			continue
		}
		if l := w.entities.transactions; l != nil && l.caches[k] != nil {
			in.tiles[k].transactions = l.want(k, key, in.tx.Time, w.through(l, k, in.tx.Time), p.number, since)
		}
		if l := w.entities.labels; l != nil && l.caches[k] != nil {
			in.tiles[k].labels = l.want(k, key, in.tx.Time, w.through(l, k, in.tx.Time), -1, since)
		}
	}
}

// complete reports whether everything that the transaction reads of other partitions is known; if not, it says what is
// missing.
func (w *Worker) complete(p *partition, in *input) (missing hold, ok bool) {
	if w.tooLate(p, in.tx.Time) {
		return hold{}, true
	}
	for k := range in.tiles {
		for _, l := range w.entities.lookups {
			s := in.tiles[k].of(l == w.entities.labels)
			if s == nil {
				continue
			}
			if t := w.through(l, k, in.tx.Time); s.closed.Through() < t && s.reach(int32(len(l.peers.list)), w.own(l, p)) < t {
				return hold{log: l, entity: k, through: t}, false
			}
		}
	}
	return hold{}, true
}

func (t *tilesOf) of(labels bool) *series {
	if labels {
		return t.labels
	}
	return t.transactions
}

// attach completes the series that the observed transaction reads, as far as is known, and hands them over.
func (w *Worker) attach(p *partition, in *input, o *features.Observation) {
	if w.tooLate(p, in.tx.Time) {
		return
	}
	for k, key := range in.keys {
		if key == "" {
			continue
		}
		t := &in.tiles[k]
		var own *tile.Cell
		if t.cell != nil {
			own = t.cell.cell
		}
		o.Tiles[k] = features.Tiles{
			Transactions: w.read(w.entities.transactions, k, key, t.transactions, in.tx.Time, p.number, own),
			Labels:       w.read(w.entities.labels, k, key, t.labels, in.tx.Time, -1, nil),
			Partial:      w.entities.transactions.partial(k, t.transactions, in.tx.Time) || w.entities.labels.partial(k, t.labels, in.tx.Time),
		}
	}
}

// read returns what a transaction at t reads of a log's tiles of a key. s is what is known of other partitions, nil where
// they have nothing.
func (w *Worker) read(l *lookup, entity int, key string, s *series, t payment.Time, own int32, cell *tile.Cell) *tile.Series {
	if l == nil || l.caches[entity] == nil {
		return nil
	}
	c, through := l.caches[entity], w.through(l, entity, t)
	if s == nil {
		if cell == nil || cell.Rows(c.entity.Oldest(t)-1, through).Len() == 0 {
			return c.nothing
		}
		s = c.get(key, t, l.whole[entity])
		for n := range int32(len(l.peers.list)) {
			c.part(s, n).through = max(through, c.part(s, n).through)
		}
	}
	if s.closed.Through() < through {
		c.extend(s, min(through, s.reach(c.partitions, own)), own, cell)
		c.drop(s, t)
	}
	return s.closed
}

// tooLate reports whether an event comes too late for the tiles of its partition.
func (w *Worker) tooLate(p *partition, t payment.Time) bool {
	return p.shard.set.LateForTiles(t, p.shard.watermark) && !w.config.Sabotage.NoLateness
}

// tally adds the transaction, once it is folded, to the partition's tiles of its keys.
func (w *Worker) tally(p *partition, in *input, late bool) {
	for k := range in.tiles {
		e := in.tiles[k].cell
		if e == nil {
			continue
		}
		if late {
			w.stats.LateTiles.Add(1)
			continue
		}
		p.shard.tally(e, &w.judge.observation)
		p.change(e)
	}
}

// tally adds a folded transaction to a cell, which loses what is too old to be read whenever it begins a chunk.
func (s *shard) tally(e *entry, o *features.Observation) {
	entity := &s.set.Entities()[e.entity]
	chunk := tile.Chunk(entity.Tile(o.Time()))
	first := chunk * tile.ChunkTiles
	if e.cell.Rows(first-1, first+tile.ChunkTiles-1).Len() == 0 {
		s.fresh.add(e.entity, chunk, e.id)
		e.cell.Drop(entity.Kept(s.watermark))
	}
	s.set.Tally(e.entity, o, e.cell)
}

// change notes that an entry has changed since the last snapshot.
func (p *partition) change(e *entry) {
	if !e.changed {
		e.changed = true
		p.changed = append(p.changed, e)
	}
}

// How many records of a partition that has waited are tried next: not many more than could be worked off the last time,
// since each that has to wait again is decoded and looked up again.
const leastFed = 16

// The queue of a partition that waits is kept between these bounds. What comes after it waits at the broker; but stopping
// to read is dear, since the client throws away what it has fetched.
const (
	queueHigh = 1 << 14
	queueLow  = 1 << 11
)

// holdBack keeps a partition's records from the given ones on for later, after so many that were worked off.
func (w *Worker) holdBack(p *partition, at []int32, worked int, missing hold) {
	missing.since, missing.until, missing.feed = w.intake.seen, w.intake.seen, max(leastFed, 2*worked)
	var unfed []stream.Record
	if h := p.hold; h != nil {
		unfed, missing.paused = h.records, h.paused
		if worked == 0 {
			missing.since, missing.until = h.since, h.until
		}
	} else {
		w.stats.Waits.Add(1)
	}
	kept := make([]stream.Record, 0, len(at)+len(unfed))
	for _, i := range at {
		kept = append(kept, w.intake.records[i])
	}
	missing.records, missing.time = append(kept, unfed...), w.intake.inputs[at[0]].tx.Time
	p.hold = &missing
}

// worked ends a partition's wait if nothing is left of what had to wait.
func (w *Worker) worked(p *partition) error {
	if p.hold != nil && len(p.hold.records) > 0 {
		return nil
	}
	return w.goOn(p)
}

// goOn ends a partition's wait.
func (w *Worker) goOn(p *partition) error {
	h := p.hold
	p.hold = nil
	if h == nil || !h.paused {
		return nil
	}
	return w.consumer.Resume(p.number)
}

// queue puts the polled records of partitions that wait behind those that wait already, and takes in those that need not
// wait any longer, about as many as there is room for.
func (w *Worker) queue(ctx context.Context, room int) error {
	in := &w.intake
	in.released = false
	if !w.holding() {
		return nil
	}
	now := w.now()
	in.records = slices.DeleteFunc(in.records, func(r stream.Record) bool {
		p := w.partitions[r.Partition]
		if p == nil || p.hold == nil {
			return false
		}
		p.hold.records, p.hold.until = append(p.hold.records, r), now
		return true
	})
	for _, p := range w.partitions {
		if p.hold == nil || p.doubt != "" {
			continue
		}
		ready, err := w.ready(ctx, p, now)
		if err != nil {
			return err
		}
		if h := p.hold; ready {
			n := min(h.feed, len(h.records), max(leastFed, room-len(in.records)))
			in.records, h.records, h.feed = append(in.records, h.records[:n]...), h.records[n:], 2*h.feed
			in.released = true
		}
		if err := w.pace(p); err != nil {
			return err
		}
	}
	return nil
}

// pace stops and resumes the reading of a partition that waits.
func (w *Worker) pace(p *partition) error {
	h := p.hold
	switch {
	case !h.paused && len(h.records) > queueHigh:
		h.paused = true
		return w.consumer.Pause(p.number)
	case h.paused && len(h.records) < queueLow:
		h.paused = false
		return w.consumer.Resume(p.number)
	}
	return nil
}

// ready reports whether what a partition waits for has come, or has been waited for long enough.
func (w *Worker) ready(ctx context.Context, p *partition, now time.Time) (bool, error) {
	h := p.hold
	if err := w.giveHint(ctx, p); err != nil {
		return false, err
	}
	if w.config.EntityWait > 0 && now.Sub(h.since) >= w.config.EntityWait {
		p.gaveUp = h
		return true, nil
	}
	return h.log.isClosed(ctx, now, h.since, &w.entities.list[h.entity], h.through, w.own(h.log, p))
}
