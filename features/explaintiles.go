package features

import (
	"math/big"
	"time"

	"github.com/weir-fraud/weir/payment"
)

// TileWindow is what a feature over an entity's tiles sees.
type TileWindow struct {
	Entity, Key  string        // the key is "" where the transaction has none
	Labels       string        // fraud or legitimate where labels are counted, "" where transactions are
	Filter       string        // the condition that what is counted passes, "" for none
	Tile, Delay  time.Duration // the length of a tile, and how far behind the transaction the window ends at least
	After, Until payment.Time  // when the first tile begins and the last one ends
	Read         bool          // whether there were tiles to read
	Complete     bool          // whether they reach as far as they should
	Parts        []TilePart    // the tiles that something counts in, oldest first
}

// TilePart is a tile and what it adds to an aggregate.
type TilePart struct {
	After, Until payment.Time
	Count        int64
	Sum          float64 // in units, NaN where nothing is added up
}

// explain returns the tiles and the value of a feature.
func (r *tileReading) explain(s *Set, o *Observation, labels string) (*TileWindow, float64) {
	e := &s.entities[r.entity]
	series, from, to, complete := r.span(s, o)
	w := &TileWindow{
		Entity: e.Name, Key: e.program.Text(&o.env), Labels: labels, Filter: s.filters[r.filter(e)].canonical,
		Tile: time.Duration(e.length) * time.Millisecond, Delay: time.Duration(r.delay) * time.Millisecond,
		After: e.End(from), Until: e.End(to), Read: series != nil, Complete: complete,
	}
	if series == nil {
		return w, nan
	}
	number := s.numberOf(r.column)
	total, squares, age := new(big.Int), new(big.Int), nan
	var n int64
	for row := range series.Rows(from, to) {
		p := TilePart{After: e.End(row.Tile - 1), Until: e.End(row.Tile), Count: row.Counts[r.count], Sum: nan}
		if r.statistic >= tileSum && r.statistic <= tileStd {
			sum := row.Sums[r.sum].Big()
			p.Sum = nearestTo(sum) / number.scale
			total.Add(total, sum)
		}
		if r.statistic == tileStd {
			squares.Add(squares, row.Sums[r.squares].Big())
		}
		if p.Count > 0 {
			age = float64(o.event.time-p.Until) / 3_600_000
		}
		n += p.Count
		if p.Count != 0 || p.Sum == p.Sum && p.Sum != 0 {
			w.Parts = append(w.Parts, p)
		}
	}
	switch r.statistic {
	case tileCount:
		return w, float64(max(0, n))
	case tileAge:
		return w, age
	}
	return w, statisticFrom(momentOf[r.statistic], n, total, squares, number.scale)
}

// momentOf says which statistic of events one of tiles is.
var momentOf = map[tileStatistic]statistic{tileSum: statSum, tileMean: statMean, tileStd: statStd}

// filter returns the filter of what the feature counts.
func (r *tileReading) filter(e *Entity) int {
	if r.labels {
		return e.labels.counts[r.count].filter
	}
	return e.tallies.counts[r.count].filter
}
