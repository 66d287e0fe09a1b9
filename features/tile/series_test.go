package tile_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-fraud/weir/features/tile"
)

// TestSeries extends a series step by step from any number of partitions among which the additions are spread, and holds
// windows with random ends against the oracle, also after rows were dropped.
func TestSeries(t *testing.T) {
	eachStream(t, func(t *testing.T, d *rand.Rand) {
		shape := randomShape(d)
		cells := make([]*tile.Cell, 1+d.IntN(20))
		for i := range cells {
			cells[i] = tile.NewCell(shape)
		}
		first, tiles := d.Int64N(2000)-1000, 1+d.Int64N(150)
		s := tile.NewSeries(shape, first-1)
		closed, dropped := s.Through(), int64(math.MinInt64)
		var all oracle
		for closed < first+tiles {
			for range d.IntN(30) {
				a := randomAddition(d, shape, first, tiles)
				if a.tile <= closed {
					continue
				}
				a.to(cells[d.IntN(len(cells))])
				all = append(all, a)
			}
			closed += d.Int64N(8)
			s.Extend(closed, parts(d, cells, s.Through(), closed)...)
			if s.Through() != closed {
				t.Fatalf("complete through %d, want %d", s.Through(), closed)
			}
			if d.IntN(5) == 0 {
				before := randomEnd(d, first, tiles)
				if before == math.MaxInt64 {
					before = closed
				}
				s.Drop(before)
				dropped = max(dropped, before)
				for _, c := range cells {
					if d.IntN(2) == 0 {
						c.Drop(before)
					}
				}
			}
			known := slices.DeleteFunc(slices.Clone(all), func(a addition) bool { return a.tile < dropped || a.tile > closed })
			checkSeries(t, d, s, known, shape, first, tiles)
		}
	})
}

// parts returns the rows of all cells, with more of them than are asked for now and then, in any order.
func parts(d *rand.Rand, cells []*tile.Cell, from, to int64) []tile.Rows {
	var rows []tile.Rows
	for _, i := range d.Perm(len(cells)) {
		if d.IntN(3) == 0 {
			rows = append(rows, cells[i].Rows(math.MinInt64, math.MaxInt64))
		} else {
			rows = append(rows, cells[i].Rows(from, to))
		}
	}
	return rows
}

func checkSeries(t *testing.T, d *rand.Rand, s *tile.Series, known oracle, shape tile.Shape, first, tiles int64) {
	t.Helper()
	for range 10 {
		from, to := randomEnd(d, first, tiles), randomEnd(d, first, tiles)
		for i := range shape.Counts {
			count, newest, ok := known.count(i, from, to)
			if got := s.Count(i, from, to); got != count {
				t.Fatalf("counter %d in (%d, %d] is %d, want %d", i, from, to, got, count)
			}
			if got, gotOK := s.Newest(i, from, to); got != newest || gotOK != ok {
				t.Fatalf("the newest of counter %d in (%d, %d] is %d, %v, want %d, %v", i, from, to, got, gotOK, newest, ok)
			}
		}
		if got, want := slices.Collect(s.Rows(from, to)), known.rows(from, to); !equalRows(got, want) {
			t.Fatalf("in (%d, %d] it has %v, want %v", from, to, got, want)
		}
		for i := range shape.Sums {
			if got, want := s.Sum(i, from, to).Big(), known.sum(i, from, to); got.Cmp(want) != 0 && !overflows(want) {
				t.Fatalf("sum %d in (%d, %d] is %v, want %v", i, from, to, got, want)
			}
		}
	}
}

func overflows(v *big.Int) bool { return v.BitLen() > 127 }

// A window of a year costs what one of a tile does, and neither allocates; nor does the addition to a row that is there.
func TestNoAllocations(t *testing.T) {
	shape := tile.Shape{Counts: 2, Sums: 1}
	c := tile.NewCell(shape)
	for n := range int64(1000) {
		counts, sums := c.At(n)
		counts[0]++
		sums[0].Add(n)
	}
	s := tile.NewSeries(shape, -1)
	s.Extend(999, c.Rows(-1, 999))
	var total int64
	for name, f := range map[string]func(){
		"At":     func() { counts, sums := c.At(500); counts[0]++; sums[0].AddSquare(7) },
		"Count":  func() { total += s.Count(0, 100, 900) },
		"Sum":    func() { v := s.Sum(0, 100, 900); total += int64(v.Sign()) },
		"Newest": func() { n, _ := s.Newest(0, 100, 900); total += n },
		"All": func() {
			for row := range c.Rows(100, 900).All() {
				total += row.Counts[0]
			}
		},
		"changed chunks": func() { c.ClearDirty(); c.At(999); total += c.DirtyChunks()[0] },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if total == 0 {
		t.Error("nothing was read")
	}
}

// A series that is extended and dropped from for ever stays as large as what it keeps.
func TestSeriesStaysSmall(t *testing.T) {
	shape := tile.Shape{Counts: 1, Sums: 1}
	s, c := tile.NewSeries(shape, -1), tile.NewCell(shape)
	const keep = 100
	for n := range int64(100 * keep) {
		counts, _ := c.At(n)
		counts[0] = 1
		s.Extend(n, c.Rows(n-1, n))
		s.Drop(n - keep + 1)
		c.Drop(n)
		if got, want := s.Count(0, math.MinInt64, math.MaxInt64), min(n+1, keep); got != want {
			t.Fatalf("after tile %d it counts %d, want %d", n, got, want)
		}
	}
	const row = 8 + 8 + 8 + 16
	if got := s.Bytes(); got < keep*row || got > 3*keep*row {
		t.Errorf("%d bytes for %d rows of %d", got, keep, row)
	}
}
