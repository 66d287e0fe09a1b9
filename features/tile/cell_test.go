package tile_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/payment"
)

// TestCell holds a cell against the oracle, and against what is stored when only changed chunks ever are.
func TestCell(t *testing.T) {
	eachStream(t, func(t *testing.T, d *rand.Rand) {
		shape := randomShape(d)
		c := tile.NewCell(shape)
		first, tiles := d.Int64N(2000)-1000, 1+d.Int64N(150)
		var all oracle
		stored := make(map[int64][]byte)
		for range 10 {
			for range d.IntN(30) {
				a := randomAddition(d, shape, first, tiles)
				a.to(c)
				all = append(all, a)
			}
			if d.IntN(4) == 0 {
				before := randomEnd(d, first, tiles/2+1)
				if before == math.MaxInt64 {
					before = first
				}
				c.Drop(before)
				all = slices.DeleteFunc(all, func(a addition) bool { return a.tile < before })
			}
			checkCell(t, d, c, all, first, tiles)
			if d.IntN(2) == 0 {
				store(t, c, stored)
				checkCell(t, d, loaded(t, d, shape, stored), all, first, tiles)
			}
		}
	})
}

func checkCell(t *testing.T, d *rand.Rand, c *tile.Cell, all oracle, first, tiles int64) {
	t.Helper()
	for range 5 {
		from, to := randomEnd(d, first, tiles), randomEnd(d, first, tiles)
		if got, want := slices.Collect(c.Rows(from, to).All()), all.rows(from, to); !equalRows(got, want) {
			t.Fatalf("in (%d, %d] it has %v, want %v", from, to, got, want)
		}
	}
	newest, ok := c.Newest()
	if rows := all.rows(math.MinInt64, math.MaxInt64); ok != (len(rows) > 0) || ok && newest != rows[len(rows)-1].Tile {
		t.Fatalf("the newest tile is %d, %v, of the rows %v", newest, ok, rows)
	}
}

func store(t *testing.T, c *tile.Cell, stored map[int64][]byte) {
	t.Helper()
	if !slices.IsSorted(c.DirtyChunks()) {
		t.Fatalf("changed chunks %v", c.DirtyChunks())
	}
	for _, chunk := range c.DirtyChunks() {
		if value := c.AppendChunk(nil, chunk); len(value) > 0 {
			stored[chunk] = value
		} else {
			delete(stored, chunk)
		}
	}
	c.ClearDirty()
}

// loaded returns the cell that the stored chunks make, in whatever order they come.
func loaded(t *testing.T, d *rand.Rand, shape tile.Shape, stored map[int64][]byte) *tile.Cell {
	t.Helper()
	c := tile.NewCell(shape)
	for chunk, value := range stored {
		if d.IntN(3) == 0 { // What is there already makes room.
			randomAddition(d, shape, chunk*tile.ChunkTiles, tile.ChunkTiles).to(c)
		}
		if err := c.DecodeChunk(chunk, value); err != nil {
			t.Fatal(err)
		}
		if again := c.AppendChunk([]byte("before"), chunk); !bytes.Equal(again, append([]byte("before"), value...)) {
			t.Fatalf("chunk %d of %x is encoded again as %x", chunk, value, again)
		}
	}
	if len(c.DirtyChunks()) != 0 {
		t.Fatalf("chunks %v have changed by being loaded", c.DirtyChunks())
	}
	return c
}

// The order of additions, and what was added and taken away again, leave no trace in the encoding.
func TestEqualStatesEncodeEqually(t *testing.T) {
	eachStream(t, func(t *testing.T, d *rand.Rand) {
		shape := randomShape(d)
		a, b := tile.NewCell(shape), tile.NewCell(shape)
		var all oracle
		for range d.IntN(40) {
			all = append(all, randomAddition(d, shape, -30, 60))
		}
		for _, x := range all {
			x.to(a)
		}
		for _, i := range d.Perm(len(all)) {
			counts, _ := b.At(d.Int64N(60) - 30)
			counts[0] = counts[0] + 1 - 1
			all[i].to(b)
		}
		for chunk := int64(-3); chunk < 3; chunk++ {
			if x, y := a.AppendChunk(nil, chunk), b.AppendChunk(nil, chunk); !bytes.Equal(x, y) {
				t.Fatalf("chunk %d is %x and %x", chunk, x, y)
			}
		}
	})
}

func TestTimes(t *testing.T) {
	const hour = payment.Time(3_600_000)
	for _, c := range []struct {
		time, delay  payment.Time
		number, last int64
	}{
		{0, 0, 0, -1},
		{hour - 1, 0, 0, -1},
		{hour, 0, 1, 0},
		{-1, 0, -1, -2},
		{-hour, 0, -1, -2},
		{-hour - 1, 0, -2, -3},
		{10 * hour, hour, 10, 8},
		{10*hour - 1, hour, 9, 7},
		{10*hour + 1, hour + 1, 10, 8},
		{10 * hour, hour + 1, 10, 7},
		{0, hour, 0, -2},
		{payment.MaxTime - 1, 7 * 24 * hour, 2_016_143, 2_015_974},
	} {
		if got := tile.Number(c.time, hour); got != c.number {
			t.Errorf("%d lies in tile %d, want %d", c.time, got, c.number)
		}
		if got := tile.Last(c.time, c.delay, hour); got != c.last {
			t.Errorf("the last tile at %d with a delay of %d is %d, want %d", c.time, c.delay, got, c.last)
		}
	}
	for n, chunk := range map[int64]int64{0: 0, 23: 0, 24: 1, -1: -1, -24: -1, -25: -2, math.MinInt64: -384307168202282326} {
		if got := tile.Chunk(n); got != chunk {
			t.Errorf("tile %d is in chunk %d, want %d", n, got, chunk)
		}
	}
}
