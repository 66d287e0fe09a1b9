package tile_test

import (
	"fmt"
	"testing"

	"github.com/weir-fraud/weir/features/tile"
)

// month is 28 days of hourly tiles.
const month = 28 * 24

var busy = tile.Shape{Counts: 3, Sums: 2}

// lived returns a cell that has something in every tile from 0 up to, not including, tiles.
func lived(tiles int64) *tile.Cell {
	c := tile.NewCell(busy)
	for n := range tiles {
		add(c, n, n*100)
	}
	return c
}

func add(c *tile.Cell, n, amount int64) {
	counts, sums := c.At(n)
	counts[0]++
	counts[1] += amount & 1
	sums[0].Add(amount)
	sums[1].AddSquare(amount)
}

// BenchmarkAdd adds to the newest tile, which every event but a late one does, and to one in the middle.
func BenchmarkAdd(b *testing.B) {
	for name, back := range map[string]int64{"newest": 1, "late": month / 2} {
		b.Run(name, func(b *testing.B) {
			c, x := lived(month), int64(0)
			b.ReportAllocs()
			for b.Loop() {
				x++
				add(c, month-back, x)
			}
		})
	}
}

// BenchmarkWindow reads 28 days of hourly tiles.
func BenchmarkWindow(b *testing.B) {
	s := tile.NewSeries(busy, -1)
	s.Extend(2*month, lived(2*month).Rows(-1, 2*month))
	for name, to := range map[string]int64{"newest": 2*month - 1, "older": 2*month - 30} {
		b.Run("count "+name, func(b *testing.B) {
			for b.Loop() {
				s.Count(0, to-month, to)
			}
		})
		b.Run("sum "+name, func(b *testing.B) {
			for b.Loop() {
				s.Sum(1, to-month, to)
			}
		})
		b.Run("age "+name, func(b *testing.B) {
			for b.Loop() {
				s.Newest(1, to-month, to)
			}
		})
	}
}

// BenchmarkExtend adds one tile from each partition to a month, and a month at once to nothing.
func BenchmarkExtend(b *testing.B) {
	for _, partitions := range []int{1, 12, 64} {
		whole := make([]tile.Rows, partitions)
		for i := range whole {
			whole[i] = lived(month).Rows(-1, month)
		}
		b.Run(fmt.Sprintf("tile/%d", partitions), func(b *testing.B) {
			s := tile.NewSeries(busy, -1)
			s.Extend(month-1, whole...)
			parts := make([]*tile.Cell, partitions)
			rows := make([]tile.Rows, partitions)
			for i := range parts {
				parts[i] = tile.NewCell(busy)
			}
			next := int64(month)
			b.ReportAllocs()
			for b.Loop() {
				for i, c := range parts {
					c.Drop(next)
					add(c, next, next)
					c.ClearDirty()
					rows[i] = c.Rows(next-1, next)
				}
				s.Extend(next, rows...)
				s.Drop(next - month)
				next++
			}
		})
		b.Run(fmt.Sprintf("month/%d", partitions), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s := tile.NewSeries(busy, -1)
				s.Extend(month, whole...)
			}
		})
	}
}

func BenchmarkChunk(b *testing.B) {
	c := lived(2 * tile.ChunkTiles)
	value := c.AppendChunk(nil, 1)
	b.Run("append", func(b *testing.B) {
		b.SetBytes(int64(len(value)))
		b.ReportAllocs()
		for b.Loop() {
			value = c.AppendChunk(value[:0], 1)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(value)))
		b.ReportAllocs()
		for b.Loop() {
			if err := c.DecodeChunk(1, value); err != nil {
				b.Fatal(err)
			}
		}
	})
}
