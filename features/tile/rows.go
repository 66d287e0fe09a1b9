package tile

import (
	"iter"
	"math"
	"slices"

	"github.com/weir-fraud/weir/features/exact"
)

// Shape says what a row holds.
type Shape struct {
	Counts int // counters: whatever may be counted down again may be negative
	Sums   int // sums of 128 bits
}

// Row is what one tile adds up to.
type Row struct {
	Tile   int64
	Counts []int64
	Sums   []exact.Int128
}

// zero reports whether r adds nothing to anything.
func (r *Row) zero() bool {
	for _, c := range r.Counts {
		if c != 0 {
			return false
		}
	}
	for _, s := range r.Sums {
		if s != (exact.Int128{}) {
			return false
		}
	}
	return true
}

// Rows are rows of one key by ascending tile, one for a tile at most.
type Rows struct {
	shape  Shape
	tiles  []int64
	counts []int64 // Shape.Counts of each row
	sums   []exact.Int128
}

// All returns the rows one after the other, but for those that are zero: a row that was counted down to zero, and one
// that was never there, are the same.
func (r Rows) All() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for i := range r.tiles {
			if row := r.row(i); !row.zero() && !yield(row) {
				return
			}
		}
	}
}

// Len returns the number of rows, those that are zero among them.
func (r Rows) Len() int { return len(r.tiles) }

// row returns the row at index i. Appending to its slices does not touch the next one.
func (r *Rows) row(i int) Row {
	counts, sums := r.shape.Counts, r.shape.Sums
	return Row{
		Tile:   r.tiles[i],
		Counts: r.counts[i*counts : (i+1)*counts : (i+1)*counts],
		Sums:   r.sums[i*sums : (i+1)*sums : (i+1)*sums],
	}
}

// slice returns the rows from index i up to, not including, j.
func (r *Rows) slice(i, j int) Rows {
	return Rows{
		shape:  r.shape,
		tiles:  r.tiles[i:j:j],
		counts: r.counts[i*r.shape.Counts : j*r.shape.Counts : j*r.shape.Counts],
		sums:   r.sums[i*r.shape.Sums : j*r.shape.Sums : j*r.shape.Sums],
	}
}

// after returns the index of the first row of a tile above the given one. It looks near the place that the row would have
// if there were one for each tile up to the newest, as there nearly are for the keys with the most of them: a search
// would read all over memory.
func (r *Rows) after(tile int64) int {
	high := len(r.tiles)
	if high == 0 || r.tiles[high-1] <= tile {
		return high
	}
	high--
	low := 0
	if back := r.tiles[high] - tile; back > 0 && back <= int64(high) { // not below 0 where it overflows
		low = high + 1 - int(back) // back rows before the newest are at least back tiles before it
	}
	for step := 1; low < high && r.tiles[low] <= tile; step *= 2 {
		low++
		if middle := low + step; middle >= high || r.tiles[middle] > tile {
			high = min(high, middle)
			break
		}
		low += step + 1
	}
	for low < high {
		if middle := int(uint(low+high) / 2); r.tiles[middle] <= tile {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// from returns the index of the first row of the given tile or a later one.
func (r *Rows) from(tile int64) int {
	if tile == math.MinInt64 {
		return 0
	}
	return r.after(tile - 1)
}

// insert makes room for n zero rows at index i. Their tiles are for the caller to set.
func (r *Rows) insert(i, n int) {
	r.tiles = insertZeros(r.tiles, i, n)
	r.counts = insertZeros(r.counts, i*r.shape.Counts, n*r.shape.Counts)
	r.sums = insertZeros(r.sums, i*r.shape.Sums, n*r.shape.Sums)
}

func insertZeros[T any](s []T, i, n int) []T {
	end := len(s)
	s = append(s, make([]T, n)...)
	if i < end {
		copy(s[i+n:], s[i:end])
		clear(s[i : i+n])
	}
	return s
}

// remove removes the rows from index i up to, not including, j.
func (r *Rows) remove(i, j int) {
	r.tiles = slices.Delete(r.tiles, i, j)
	r.counts = slices.Delete(r.counts, i*r.shape.Counts, j*r.shape.Counts)
	r.sums = slices.Delete(r.sums, i*r.shape.Sums, j*r.shape.Sums)
}
