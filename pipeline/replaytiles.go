package pipeline

import (
	"hash/maphash"
	"math"
	"sync/atomic"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/payment"
)

// replayTiles are the entities' tiles of a replay. What live workers read of each other through the store, its threads
// read of memory, at moments when nobody adds to it: rows are worked off in runs within which no row reads a tile that
// another adds to.
//
// Live, a transaction waits until all partitions are past the tiles that it reads. In a replay the order of the rows
// stands for that: a row whose event time is behind such a tile comes too late for it, and is counted in Disordered.
type replayTiles struct {
	set      *features.Set
	entities []features.Entity
	shards   []*shard
	labels   [][]map[string]*tile.Cell // of each shard, by entity, by key
	threads  []tilesThread
	closed   []closedTiles // by entity
	holders  []holders     // by entity

	earliest payment.Time // event time in the run of rows under way

	keys   []string // of the rows in hand, those of one row next to each other
	owners []uint32 // the thread that has each key's series
	seed   maphash.Seed

	disordered atomic.Int64
}

// closedTiles are the newest tiles of an entity that rows have read, and to which nothing may be added any more.
type closedTiles struct{ transactions, labels int64 }

// holders tell which shards have tiles of a key: bit n%64 for shard n. Most keys are of one or two.
type holders struct{ transactions, labels map[string]uint64 }

// newCell is a key that a shard has got its first tile of.
type newCell struct {
	entity, shard int
	key           string
	labels        bool
}

// tilesThread is what belongs to one thread: the series of its keys, by entity.
type tilesThread struct {
	reader               *features.KeyReader
	tally                *features.LabelTally
	transactions, labels []*seriesCache
	added                []newCell // since the holders were last brought up to date
}

func newReplayTiles(set *features.Set, shards []*shard, threads int) *replayTiles {
	t := &replayTiles{set: set, entities: set.Entities(), shards: shards, seed: maphash.MakeSeed()}
	t.closed = make([]closedTiles, len(t.entities))
	for range shards {
		cells := make([]map[string]*tile.Cell, len(t.entities))
		for k := range cells {
			cells[k] = make(map[string]*tile.Cell)
		}
		t.labels = append(t.labels, cells)
	}
	for k := range t.closed {
		t.closed[k] = closedTiles{-1 << 62, -1 << 62}
		t.holders = append(t.holders, holders{make(map[string]uint64), make(map[string]uint64)})
	}
	for range threads {
		thread := tilesThread{reader: set.NewKeyReader(), tally: set.NewLabelTally()}
		for k := range t.entities {
			e := &t.entities[k]
			thread.transactions = append(thread.transactions, newSeriesCache(e, e.Shape(), int32(len(shards))))
			thread.labels = append(thread.labels, newSeriesCache(e, e.LabelShape(), int32(len(shards))))
		}
		t.threads = append(t.threads, thread)
	}
	return t
}

// begin makes room for the keys of the rows.
func (t *replayTiles) begin(rows []Replayed) {
	t.keys = resized(t.keys, len(t.entities)*len(rows))
	t.owners = resized(t.owners, len(t.entities)*len(rows))
}

// readKeys finds out the keys of a thread's share of the rows.
func (t *replayTiles) readKeys(thread int, rows []Replayed) {
	n, share := len(t.entities), (len(rows)+len(t.threads)-1)/len(t.threads)
	for i := thread * share; i < min(len(rows), (thread+1)*share); i++ {
		keys := t.keys[i*n : (i+1)*n]
		t.threads[thread].reader.Keys(rows[i].Transaction, keys)
		for k, key := range keys {
			t.owners[i*n+k] = uint32(maphash.String(t.seed, key) % uint64(len(t.threads)))
		}
	}
}

func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// run returns the end of the longest run of rows from the given one on within which none reads a tile that another one
// adds to.
func (t *replayTiles) run(rows []Replayed, from int) int {
	type bounds struct{ read, added, labelRead, labelAdded int64 }
	var few [8]bounds
	all := few[:0]
	for range t.entities {
		all = append(all, bounds{-1 << 62, 1 << 62, -1 << 62, 1 << 62})
	}
	t.findHolders()
	t.earliest = rows[from].Transaction.Time
	for i := from; i < len(rows); i++ {
		at := rows[i].Transaction.Time
		for k := range t.entities {
			e, b := &t.entities[k], &all[k]
			next := bounds{
				max(b.read, e.Through(at)), min(b.added, e.Tile(at)),
				max(b.labelRead, e.LabelsThrough(at)), min(b.labelAdded, e.Tile(t.set.LabelKnown(at))),
			}
			if i > from && (next.read >= next.added || next.labelRead >= next.labelAdded) {
				return i
			}
			*b = next
		}
		t.earliest = min(t.earliest, at)
		for k := range t.entities {
			c := &t.closed[k]
			c.transactions, c.labels = max(c.transactions, all[k].read), max(c.labels, all[k].labelRead)
		}
	}
	return len(rows)
}

// findHolders brings the holders up to date. No thread may be at work.
func (t *replayTiles) findHolders() {
	for i := range t.threads {
		for _, c := range t.threads[i].added {
			h := t.holders[c.entity].transactions
			if c.labels {
				h = t.holders[c.entity].labels
			}
			h[c.key] |= 1 << (c.shard % 64)
		}
		t.threads[i].added = t.threads[i].added[:0]
	}
}

// extend completes the series that a thread has of the keys in a run.
func (t *replayTiles) extend(thread int, rows []Replayed, from, to int) {
	n := len(t.entities)
	mine := &t.threads[thread]
	for i := from; i < to; i++ {
		at := rows[i].Transaction.Time
		for k := range t.entities {
			key := t.keys[i*n+k]
			if key == "" || int(t.owners[i*n+k]) != thread {
				continue
			}
			e := &t.entities[k]
			t.complete(mine.transactions[k], key, t.holders[k].transactions[key], at, e.Through(at), func(shard int) *tile.Cell {
				if c := t.shards[shard].cells[k][key]; c != nil {
					return c.cell
				}
				return nil
			})
			t.complete(mine.labels[k], key, t.holders[k].labels[key], at, e.LabelsThrough(at), func(shard int) *tile.Cell { return t.labels[shard][k][key] })
		}
	}
}

// complete completes the series of a key up to a tile with what the shards that hold it have.
func (t *replayTiles) complete(c *seriesCache, key string, holders uint64, at payment.Time, through int64, cell func(shard int) *tile.Cell) {
	if c.shape.Counts+c.shape.Sums == 0 {
		return
	}
	s := c.get(key, at, math.MinInt64)
	from := s.closed.Through()
	if from >= through {
		return
	}
	rows := make([]tile.Rows, 0, 16)
	for shard := range t.shards {
		if holders>>(shard%64)&1 == 0 {
			continue
		}
		if cell := cell(shard); cell != nil {
			rows = append(rows, cell.Rows(from, through))
		}
	}
	s.closed.Extend(through, rows...)
	c.drop(s, t.earliest) // rows before this one are still to be worked off
}

// keysOf returns the keys of the row at index i.
func (t *replayTiles) keysOf(i int) []string {
	n := len(t.entities)
	return t.keys[i*n : (i+1)*n : (i+1)*n]
}

// attach hands over the series that the row at index i reads.
func (t *replayTiles) attach(i int, o *features.Observation) {
	n := len(t.entities)
	for k := range t.entities {
		key := t.keys[i*n+k]
		if key == "" {
			continue
		}
		owner := &t.threads[t.owners[i*n+k]]
		if s := owner.transactions[k].keys[key]; s != nil {
			o.Tiles[k].Transactions = s.closed
		}
		if s := owner.labels[k].keys[key]; s != nil {
			o.Tiles[k].Labels = s.closed
		}
	}
}

// add adds the row at index i, once it is folded, to its shard's tiles, and its label to those of labels.
func (t *replayTiles) add(thread, i int, row *Replayed, s *shard, o *features.Observation, late bool) {
	n := len(t.entities)
	for k := range t.entities {
		key := t.keys[i*n+k]
		if key == "" {
			continue
		}
		if shape := t.entities[k].Shape(); !late && shape.Counts+shape.Sums > 0 {
			t.addTransaction(thread, k, key, row, s, o)
		}
		t.addLabel(thread, k, key, row, o)
	}
}

func (t *replayTiles) addTransaction(thread, entity int, key string, row *Replayed, s *shard, o *features.Observation) {
	e := s.cells[entity][key]
	if e == nil {
		e = s.addCell(entity, string([]byte(key)))
		t.threads[thread].added = append(t.threads[thread].added, newCell{entity, int(row.partition), e.id, false})
	}
	if t.entities[entity].Tile(row.Transaction.Time) <= t.closed[entity].transactions {
		t.disordered.Add(1)
	}
	s.tally(e, o)
}

func (t *replayTiles) addLabel(thread, entity int, key string, row *Replayed, o *features.Observation) {
	if row.Label == features.NoLabel {
		return
	}
	counters := t.threads[thread].tally.Counts(entity, o.Labeled(row.Label))
	if counters == 0 {
		return
	}
	cells := t.labels[row.partition][entity]
	c := cells[key]
	if c == nil {
		c = tile.NewCell(t.entities[entity].LabelShape())
		key = string([]byte(key))
		cells[key] = c
		t.threads[thread].added = append(t.threads[thread].added, newCell{entity, int(row.partition), key, true})
	}
	n := t.entities[entity].Tile(t.set.LabelKnown(row.Transaction.Time))
	if n <= t.closed[entity].labels {
		t.disordered.Add(1)
	}
	counts, _ := c.At(n)
	for i := range counts {
		counts[i] += int64(counters >> i & 1)
	}
	c.ClearDirty()
}
