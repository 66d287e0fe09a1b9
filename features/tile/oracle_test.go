package tile_test

import (
	"flag"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-fraud/weir/features/exact"
	"github.com/weir-fraud/weir/features/tile"
)

var (
	seed    = flag.Uint64("tile.seed", 1, "seed of the first random stream of each property test; the others follow")
	streams = flag.Int("tile.streams", 200, "how many random streams each property test tries")
)

// eachStream runs a property on random streams.
func eachStream(t *testing.T, property func(t *testing.T, d *rand.Rand)) {
	for i := range uint64(*streams) {
		property(t, rand.New(rand.NewPCG(*seed+i, 24)))
		if t.Failed() {
			t.Fatalf("try again with -tile.seed=%d -tile.streams=1", *seed+i)
		}
	}
}

// oracle keeps every addition, and looks at all of them for every answer.
type oracle []addition

type addition struct {
	tile   int64
	counts []int64
	sums   []exact.Int128
}

func randomShape(d *rand.Rand) tile.Shape { return tile.Shape{Counts: 1 + d.IntN(3), Sums: d.IntN(3)} }

// randomAddition adds to one of the given number of tiles from first on. Small numbers make rows that come out as zero.
func randomAddition(d *rand.Rand, shape tile.Shape, first, tiles int64) addition {
	a := addition{tile: first + d.Int64N(tiles)}
	for range shape.Counts {
		a.counts = append(a.counts, d.Int64N(4)-1)
	}
	huge := d.IntN(10) == 0
	for range shape.Sums {
		v := exact.Int128{}
		if v.Add(d.Int64N(5) - 2); huge {
			v.AddInt128(exact.FromBits(int64(d.Uint64())>>d.IntN(64), d.Uint64()))
		}
		a.sums = append(a.sums, v)
	}
	if d.IntN(10) == 0 {
		a.counts[0] = d.Int64() - math.MaxInt64/2
	}
	return a
}

func (a addition) to(c *tile.Cell) {
	counts, sums := c.At(a.tile)
	for i, x := range a.counts {
		counts[i] += x
	}
	for i, x := range a.sums {
		sums[i].AddInt128(x)
	}
}

// rows returns what the additions come to, tile by tile, without the tiles in which nothing is left.
func (o oracle) rows(from, to int64) []tile.Row {
	at := make(map[int64]tile.Row)
	for _, a := range o {
		if a.tile <= from || a.tile > to {
			continue
		}
		r, ok := at[a.tile]
		if !ok {
			r = tile.Row{Tile: a.tile, Counts: make([]int64, len(a.counts)), Sums: make([]exact.Int128, len(a.sums))}
			at[a.tile] = r
		}
		for i, x := range a.counts {
			r.Counts[i] += x
		}
		for i, x := range a.sums {
			r.Sums[i].AddInt128(x)
		}
	}
	var rows []tile.Row
	for _, n := range slices.Sorted(maps.Keys(at)) {
		if r := at[n]; slices.ContainsFunc(r.Counts, func(c int64) bool { return c != 0 }) ||
			slices.ContainsFunc(r.Sums, func(s exact.Int128) bool { return s.Sign() != 0 }) {
			rows = append(rows, r)
		}
	}
	return rows
}

func (o oracle) count(i int, from, to int64) (count int64, newest int64, ok bool) {
	for _, r := range o.rows(from, to) {
		if count += r.Counts[i]; r.Counts[i] > 0 {
			newest, ok = r.Tile, true
		}
	}
	return count, newest, ok
}

func (o oracle) sum(i int, from, to int64) *big.Int {
	sum := new(big.Int)
	for _, r := range o.rows(from, to) {
		sum.Add(sum, r.Sums[i].Big())
	}
	return sum
}

func equalRows(a, b []tile.Row) bool {
	return slices.EqualFunc(a, b, func(a, b tile.Row) bool {
		return a.Tile == b.Tile && slices.Equal(a.Counts, b.Counts) && slices.Equal(a.Sums, b.Sums)
	})
}

// randomEnd returns a tile around the given ones, or an end of all tiles.
func randomEnd(d *rand.Rand, first, tiles int64) int64 {
	switch d.IntN(20) {
	case 0:
		return math.MinInt64
	case 1:
		return math.MaxInt64
	}
	return first - 5 + d.Int64N(tiles+10)
}
