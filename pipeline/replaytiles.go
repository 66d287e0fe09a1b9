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
	threads  []tilesThread
	closed   []closedTiles // by entity

	earliest payment.Time // event time in the run of rows under way
	lowest   payment.Time // watermark of a shard before it, or its first row's time where that is lower

	keys   []string // of the rows in hand, those of one row next to each other
	owners []uint32 // the thread that owns each key
	found  []*keyTiles
	seed   maphash.Seed

	disordered atomic.Int64
}

// closedTiles are the newest tiles of an entity that rows have read, and to which nothing may be added any more.
type closedTiles struct{ transactions, labels int64 }

// tilesThread is what belongs to one thread.
type tilesThread struct {
	reader               *features.KeyReader
	tally                *features.LabelTally
	transactions, labels []*seriesCache         // by entity; of these only how series begin and end
	keys                 []map[string]*keyTiles // by entity, those that the thread owns
}

// keyTiles is a key of an entity. Its owner completes the series, when nobody adds to cells. Each thread has cells of its
// own, with the tiles of all its shards together, of which only sums are read.
type keyTiles struct {
	transactions, labels series
	cells, labelCells    []*tile.Cell // by thread, nil for nothing
}

func newReplayTiles(set *features.Set, shards []*shard, threads int) *replayTiles {
	t := &replayTiles{set: set, entities: set.Entities(), shards: shards, seed: maphash.MakeSeed()}
	t.closed = make([]closedTiles, len(t.entities))
	for k := range t.closed {
		t.closed[k] = closedTiles{-1 << 62, -1 << 62}
	}
	for range threads {
		thread := tilesThread{reader: set.NewKeyReader(), tally: set.NewLabelTally()}
		for k := range t.entities {
			e := &t.entities[k]
			thread.transactions = append(thread.transactions, newSeriesCache(e, e.Shape(), int32(len(shards))))
			thread.labels = append(thread.labels, newSeriesCache(e, e.LabelShape(), int32(len(shards))))
			thread.keys = append(thread.keys, make(map[string]*keyTiles))
		}
		t.threads = append(t.threads, thread)
	}
	return t
}

// begin makes room for the keys of the rows.
func (t *replayTiles) begin(rows []Replayed) {
	t.keys = resized(t.keys, len(t.entities)*len(rows))
	t.owners = resized(t.owners, len(t.entities)*len(rows))
	t.found = resized(t.found, len(t.entities)*len(rows))
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
	t.earliest = rows[from].Transaction.Time
	t.lowest = t.earliest
	for _, s := range t.shards {
		if len(s.accounts) > 0 {
			t.lowest = min(t.lowest, s.watermark)
		}
	}
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

// extend finds the keys of a run that a thread owns, and completes their series.
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
			f := mine.keys[k][key]
			if f == nil {
				f = &keyTiles{cells: make([]*tile.Cell, len(t.threads)), labelCells: make([]*tile.Cell, len(t.threads))}
				mine.keys[k][string([]byte(key))] = f
			}
			t.found[i*n+k] = f
			e := &t.entities[k]
			t.complete(mine.transactions[k], &f.transactions, f.cells, at, e.Through(at))
			t.complete(mine.labels[k], &f.labels, f.labelCells, at, e.LabelsThrough(at))
		}
	}
}

// complete completes a series up to a tile with what the threads have.
func (t *replayTiles) complete(c *seriesCache, s *series, cells []*tile.Cell, at payment.Time, through int64) {
	if c.shape.Counts+c.shape.Sums == 0 {
		return
	}
	if s.closed == nil || s.start > c.entity.Oldest(at) {
		c.begin(s, at, math.MinInt64)
	}
	from := s.closed.Through()
	if from >= through {
		return
	}
	rows := make([]tile.Rows, 0, 16)
	for _, cell := range cells {
		if cell != nil {
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
		if t.keys[i*n+k] == "" {
			continue
		}
		f := t.found[i*n+k]
		if f.transactions.closed != nil {
			o.Tiles[k].Transactions = f.transactions.closed
		}
		if f.labels.closed != nil {
			o.Tiles[k].Labels = f.labels.closed
		}
	}
}

// add adds the row at index i, once it is folded, to its thread's tiles, and its label to those of labels.
func (t *replayTiles) add(thread, i int, row *Replayed, o *features.Observation, late bool) {
	n := len(t.entities)
	for k := range t.entities {
		if t.keys[i*n+k] == "" {
			continue
		}
		f := t.found[i*n+k]
		if shape := t.entities[k].Shape(); !late && shape.Counts+shape.Sums > 0 {
			t.addTransaction(cellOf(f.cells, thread, shape), k, row, o)
		}
		t.addLabel(thread, k, f, row, o)
	}
}

// cellOf returns a thread's cell, made anew where there is none.
func cellOf(cells []*tile.Cell, thread int, shape tile.Shape) *tile.Cell {
	if cells[thread] == nil {
		cells[thread] = tile.NewCell(shape)
	}
	return cells[thread]
}

// addTransaction adds to a cell, which loses what is too old to be read whenever it begins a chunk.
func (t *replayTiles) addTransaction(c *tile.Cell, entity int, row *Replayed, o *features.Observation) {
	e := &t.entities[entity]
	n := e.Tile(row.Transaction.Time)
	if n <= t.closed[entity].transactions {
		t.disordered.Add(1)
	}
	first := tile.Chunk(n) * tile.ChunkTiles
	if c.Rows(first-1, first+tile.ChunkTiles-1).Len() == 0 {
		c.Drop(e.Kept(t.lowest))
	}
	t.set.Tally(entity, o, c)
	c.ClearDirty()
}

func (t *replayTiles) addLabel(thread, entity int, f *keyTiles, row *Replayed, o *features.Observation) {
	if row.Label == features.NoLabel {
		return
	}
	counters := t.threads[thread].tally.Counts(entity, o.Labeled(row.Label))
	if counters == 0 {
		return
	}
	c := cellOf(f.labelCells, thread, t.entities[entity].LabelShape())
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
