package pipeline

import (
	"math"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/payment"
)

// seriesCache holds, of the keys of one entity, what all partitions of a log together have in tiles that are closed.
// Such a tile never changes, so it is read once.
type seriesCache struct {
	entity     *features.Entity
	shape      tile.Shape
	partitions int32
	index      *keyIndex
	nothing    *tile.Series // what is read where there is nothing
	keys       map[string]*series

	newest, oldest *series // in order of last use
}

// series is one key.
type series struct {
	key    string
	closed *tile.Series
	start  int64  // the oldest tile that it holds
	whole  int64  // the oldest from which on nothing is missing: partitions far ahead have dropped what is older
	parts  []part // of each partition what is read and not merged yet; nil for nothing

	newer, older *series
}

// part is what is known of one partition: its rows up to a tile.
type part struct {
	through int64
	cell    *tile.Cell
}

func newSeriesCache(entity *features.Entity, shape tile.Shape, partitions int32) *seriesCache {
	return &seriesCache{
		entity: entity, shape: shape, partitions: partitions, keys: make(map[string]*series),
		index: newKeyIndex(entity, partitions), nothing: tile.NewSeries(shape, math.MaxInt64),
	}
}

// known returns the series of a key if there is one that goes as far back as a transaction at t reads.
func (c *seriesCache) known(key string, t payment.Time) *series {
	s := c.keys[key]
	if s == nil || s.start > c.entity.Oldest(t) {
		return nil
	}
	c.touch(s)
	return s
}

// get returns the series of a key, made anew where there is none that goes as far back as a transaction at t reads. What
// the partitions still have is whole from the given tile on.
func (c *seriesCache) get(key string, t payment.Time, whole int64) *series {
	if s := c.known(key, t); s != nil {
		return s
	}
	s := c.keys[key]
	if s == nil {
		s = &series{key: string([]byte(key))}
		c.keys[s.key] = s
	}
	c.begin(s, t, whole)
	c.touch(s)
	return s
}

// begin begins a series anew, as far back as a transaction at t reads and a chunk more, for those of partitions behind.
// Beginning anew costs more.
func (c *seriesCache) begin(s *series, t payment.Time, whole int64) {
	s.start, s.whole = c.entity.Oldest(t)-tile.ChunkTiles, whole
	s.closed, s.parts = tile.NewSeries(c.shape, s.start-1), nil
}

// known returns the tile up to which partition n's rows of the series are known.
func (s *series) known(n int32) int64 {
	if s.parts == nil {
		return s.closed.Through()
	}
	return max(s.closed.Through(), s.parts[n].through)
}

// reach returns the tile up to which the rows of all partitions but own are known.
func (s *series) reach(partitions, own int32) int64 {
	if s.parts == nil {
		if partitions == 1 && own == 0 {
			return math.MaxInt64
		}
		return s.closed.Through()
	}
	reach := int64(math.MaxInt64)
	for n := range s.parts {
		if int32(n) != own {
			reach = min(reach, s.known(int32(n)))
		}
	}
	return reach
}

// want appends to a read what is missing of partition n up to a tile, from where the series ends: it replaces what is
// known of the partition so far.
func (c *seriesCache) want(s *series, n int32, through int64, r *features.Read) {
	// From the last time on that is a chunk or two; the first time it is cheaper to ask for everything than for each of
	// weeks of chunks, most of which are not there.
	const few = 8
	t := features.TileRead{
		Cell: features.CellName{Entity: c.entity.Name, Key: s.key},
		From: tile.Chunk(s.closed.Through() + 1), To: tile.Chunk(through),
	}
	t.All = t.To-t.From >= few
	r.Tiles = append(r.Tiles, t)
}

// part returns what is known of partition n.
func (c *seriesCache) part(s *series, n int32) *part {
	if s.parts == nil {
		s.parts = make([]part, c.partitions)
		for i := range s.parts {
			s.parts[i].through = s.closed.Through()
		}
	}
	return &s.parts[n]
}

// take takes in what was read of partition n.
func (c *seriesCache) take(s *series, n int32, through int64, chunks []features.Chunk) error {
	if s.known(n) >= through {
		return nil
	}
	cell := tile.NewCell(c.shape)
	for i := range chunks {
		if err := cell.DecodeChunk(chunks[i].Number, chunks[i].Value); err != nil {
			return err
		}
	}
	*c.part(s, n) = part{through: through, cell: cell}
	return nil
}

// extend completes the series up to a tile, which all partitions but own must be known up to. own's rows are those of
// the cell, nil for none: what is in memory is ahead of what is stored.
func (c *seriesCache) extend(s *series, through int64, own int32, cell *tile.Cell) {
	from := s.closed.Through()
	if through <= from {
		return
	}
	rows := make([]tile.Rows, 0, 16)
	for n := range s.parts {
		if int32(n) != own && s.parts[n].cell != nil {
			rows = append(rows, s.parts[n].cell.Rows(from, through))
		}
	}
	if cell != nil {
		rows = append(rows, cell.Rows(from, through))
	}
	s.closed.Extend(through, rows...)
	for n := range s.parts {
		if s.parts[n].through > through {
			return
		}
	}
	s.parts = nil
}

// drop forgets what no transaction near t reads, once it is worth it. Other partitions of the worker may be behind, and
// their transactions, looked up before this one was worked off, still to come; a reader that is further behind than is
// provided for is told that something is missing.
func (c *seriesCache) drop(s *series, t payment.Time) {
	if oldest := c.entity.Oldest(t) - c.entity.Skew(); oldest > s.start+tile.ChunkTiles {
		s.closed.Drop(oldest)
		s.start, s.whole = oldest, max(s.whole, oldest)
	}
}

func (c *seriesCache) touch(s *series) {
	if c.newest == s {
		return
	}
	if s.newer != nil {
		c.unlink(s)
	}
	s.older, s.newer = c.newest, nil
	if c.newest != nil {
		c.newest.newer = s
	} else {
		c.oldest = s
	}
	c.newest = s
}

func (c *seriesCache) unlink(s *series) {
	if s.newer != nil {
		s.newer.older = s.older
	} else {
		c.newest = s.older
	}
	if s.older != nil {
		s.older.newer = s.newer
	} else {
		c.oldest = s.newer
	}
	s.newer, s.older = nil, nil
}

// trim forgets the least recently used series beyond limit.
func (c *seriesCache) trim(limit int) {
	for len(c.keys) > limit {
		s := c.oldest
		c.unlink(s)
		delete(c.keys, s.key)
	}
}
