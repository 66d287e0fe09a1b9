package tile

import (
	"iter"
	"math"
	"slices"
	"unsafe"

	"github.com/weir-fraud/weir/features/exact"
)

// none is the tile number that stands for no tile, before all others.
const none = math.MinInt64

// Series is one key summed over all partitions, in tiles that no longer change. Any number of goroutines may read it
// while none extends or drops.
//
// Each row holds the totals up to and including its tile, so what lies in a window is the difference of two rows,
// however long the window is. Totals may overflow: the difference is right all the same.
//
// The windows that are read hold the tiles above from up to and including to. They may end anywhere, but what a window
// lacks because it reaches above [Series.Through], or below what was dropped, nobody notices.
type Series struct {
	through int64
	dropped int64 // the newest tile that is forgotten, whether its row is gone or not
	totals  Rows  // once there is any, the first is the base: a row that all windows begin at or after
	newest  []int64
}

// NewSeries returns a series without rows: up to and including the tile through, the key has none.
func NewSeries(shape Shape, through int64) *Series {
	return &Series{through: through, dropped: none, totals: Rows{shape: shape}}
}

// Through returns the tile up to and including which the series is complete.
func (s *Series) Through() int64 { return s.through }

// Extend completes the series up to and including the tile through with the rows that the partitions have, which must
// be of its shape. Rows above through are left for later, and those that the series is already complete for are
// skipped.
func (s *Series) Extend(through int64, parts ...Rows) {
	if through <= s.through {
		return
	}
	var few [16]int
	next := few[:]
	if len(parts) > len(few) {
		next = make([]int, len(parts))
	}
	for i := range parts {
		next[i] = parts[i].after(s.through)
	}
	for {
		tile, found := through, false
		for i := range parts {
			if k := next[i]; k < len(parts[i].tiles) && parts[i].tiles[k] <= tile {
				tile, found = parts[i].tiles[k], true
			}
		}
		if !found {
			break
		}
		s.push(tile)
		for i := range parts {
			if k := next[i]; k < len(parts[i].tiles) && parts[i].tiles[k] == tile {
				s.add(parts[i].row(k))
				next[i]++
			}
		}
		s.finish()
	}
	s.through = through
}

// push appends a row for a tile, equal to the one before it.
func (s *Series) push(tile int64) {
	n := len(s.totals.tiles)
	if n == 0 {
		s.totals.insert(0, 1)
		s.totals.tiles[0] = none
		s.newest = slices.Grow(s.newest, s.totals.shape.Counts)
		for range s.totals.shape.Counts {
			s.newest = append(s.newest, none)
		}
		n = 1
	}
	s.totals.insert(n, 1)
	s.totals.tiles[n] = tile
	before, last := s.totals.row(n-1), s.totals.row(n)
	copy(last.Counts, before.Counts)
	copy(last.Sums, before.Sums)
}

// add adds what one partition has in the tile of the last row.
func (s *Series) add(row Row) {
	last := s.totals.row(len(s.totals.tiles) - 1)
	for i, c := range row.Counts {
		last.Counts[i] += c
	}
	for i, x := range row.Sums {
		last.Sums[i].AddInt128(x)
	}
}

// finish notes which counters the last row counts something in. A row that adds up to nothing is taken back.
func (s *Series) finish() {
	n := len(s.totals.tiles) - 1
	before, last := s.totals.row(n-1), s.totals.row(n)
	if slices.Equal(before.Counts, last.Counts) && slices.Equal(before.Sums, last.Sums) {
		s.totals.remove(n, n+1)
		return
	}
	counts := s.totals.shape.Counts
	for i := range counts {
		tile := last.Tile
		if last.Counts[i]-before.Counts[i] <= 0 {
			tile = s.newest[(n-1)*counts+i]
		}
		s.newest = append(s.newest, tile)
	}
}

// window returns the indices of the rows whose difference is the window, ok false where nothing lies in it.
func (s *Series) window(from, to int64) (i, j int, ok bool) {
	from = max(from, s.dropped)
	if to <= from || len(s.totals.tiles) == 0 {
		return 0, 0, false
	}
	i, j = s.totals.after(from)-1, s.totals.after(to)-1
	return i, j, i < j
}

// Count returns what counter i adds up to in a window.
func (s *Series) Count(i int, from, to int64) int64 {
	a, b, ok := s.window(from, to)
	if !ok {
		return 0
	}
	n := s.totals.shape.Counts
	return s.totals.counts[b*n+i] - s.totals.counts[a*n+i]
}

// Sum returns what sum i adds up to in a window.
func (s *Series) Sum(i int, from, to int64) exact.Int128 {
	a, b, ok := s.window(from, to)
	if !ok {
		return exact.Int128{}
	}
	n := s.totals.shape.Sums
	return s.totals.sums[b*n+i].Sub(s.totals.sums[a*n+i])
}

// Rows returns what the tiles of a window add up to one by one, oldest first, but for those that add up to nothing. It
// is for people who ask where a figure comes from: windows are read off totals.
func (s *Series) Rows(from, to int64) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		i, j, _ := s.window(from, to)
		for i++; i <= j; i++ {
			before, row := s.totals.row(i-1), s.totals.row(i)
			row.Counts, row.Sums = slices.Clone(row.Counts), slices.Clone(row.Sums)
			for k := range row.Counts {
				row.Counts[k] -= before.Counts[k]
			}
			for k := range row.Sums {
				row.Sums[k] = row.Sums[k].Sub(before.Sums[k])
			}
			if !yield(row) {
				return
			}
		}
	}
}

// Newest returns the newest tile of a window in which counter i is above zero.
func (s *Series) Newest(i int, from, to int64) (tile int64, ok bool) {
	_, b, ok := s.window(from, to)
	if !ok {
		return 0, false
	}
	if tile = s.newest[b*s.totals.shape.Counts+i]; tile <= max(from, s.dropped) {
		return 0, false
	}
	return tile, true
}

// Drop forgets the rows before a tile: windows then find nothing there.
func (s *Series) Drop(before int64) {
	if before == math.MinInt64 || before-1 <= s.dropped {
		return
	}
	s.dropped = before - 1
	// The last row that is forgotten is the base of the others. Moving these to the front is worth it only once there
	// is much to gain.
	if base := s.totals.after(s.dropped) - 1; base > 0 && base >= len(s.totals.tiles)/4 {
		s.totals.remove(0, base)
		s.newest = slices.Delete(s.newest, 0, base*s.totals.shape.Counts)
	}
}

// Bytes returns about how much memory the series takes.
func (s *Series) Bytes() int {
	const word = 8
	return int(unsafe.Sizeof(*s)) + word*(cap(s.totals.tiles)+cap(s.totals.counts)+cap(s.newest)) + 2*word*cap(s.totals.sums)
}
