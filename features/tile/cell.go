package tile

import (
	"slices"

	"github.com/weir-fraud/weir/features/exact"
)

// Cell is what one partition holds of one key. It is for one goroutine.
//
// It knows which chunks have changed since they were last stored. A tile without a row and a row of zeros are the same
// to every reader. Tile numbers are those of event times, so far from the ends of int64 that none overflows.
type Cell struct {
	rows  Rows
	dirty []int64 // chunks, ascending
}

// NewCell returns a cell without rows.
func NewCell(shape Shape) *Cell { return &Cell{rows: Rows{shape: shape}} }

// At returns the counters and the sums of a tile to add to; its chunk counts as changed. Both are valid until the next
// call of a method.
func (c *Cell) At(tile int64) (counts []int64, sums []exact.Int128) {
	i := c.rows.from(tile)
	if i == len(c.rows.tiles) || c.rows.tiles[i] != tile {
		c.rows.insert(i, 1)
		c.rows.tiles[i] = tile
	}
	c.Touch(Chunk(tile))
	row := c.rows.row(i)
	return row.Counts, row.Sums
}

// Rows returns the rows of the tiles above from up to and including to, valid until the cell changes.
func (c *Cell) Rows(from, to int64) Rows {
	i := c.rows.after(from)
	return c.rows.slice(i, max(i, c.rows.after(to)))
}

// Newest returns the newest tile that has a row.
func (c *Cell) Newest() (tile int64, ok bool) {
	for i := len(c.rows.tiles) - 1; i >= 0; i-- {
		if row := c.rows.row(i); !row.zero() {
			return row.Tile, true
		}
	}
	return 0, false
}

// Drop forgets the rows before a tile. Chunks that lose rows count as changed, so the first tile of a chunk is the best
// choice: no chunk is then stored again for being cut short.
func (c *Cell) Drop(before int64) {
	end := c.rows.from(before)
	for i := range end {
		c.Touch(Chunk(c.rows.tiles[i]))
	}
	c.rows.remove(0, end)
}

// DirtyChunks returns the chunks that have changed since ClearDirty, ascending, valid until the cell changes. One that
// AppendChunk appends nothing for has no rows any more, and what is stored of it is to be deleted.
func (c *Cell) DirtyChunks() []int64 { return c.dirty }

// ClearDirty says that what AppendChunk returns for the changed chunks is stored.
func (c *Cell) ClearDirty() { c.dirty = c.dirty[:0] }

// Touch says that a chunk is not as it is stored.
func (c *Cell) Touch(chunk int64) {
	if n := len(c.dirty); n > 0 && c.dirty[n-1] == chunk {
		return
	}
	if i, found := slices.BinarySearch(c.dirty, chunk); !found {
		c.dirty = slices.Insert(c.dirty, i, chunk)
	}
}

// clean says that a chunk is as it is stored.
func (c *Cell) clean(chunk int64) {
	if i, found := slices.BinarySearch(c.dirty, chunk); found {
		c.dirty = slices.Delete(c.dirty, i, i+1)
	}
}
