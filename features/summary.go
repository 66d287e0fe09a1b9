package features

import (
	"fmt"
	"slices"
	"time"

	"github.com/weir-fraud/weir/features/exact"
	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/payment"
)

// Summary is what a set is made of, for people.
type Summary struct {
	Values, Aggregates, EntityAggregates, LabelAggregates int // features

	Windows    []time.Duration // over accounts' events, the shortest first
	Filters    []string        // conditions, each one once
	Columns    []string        // what is derived from an event and aggregated, but for the amount itself
	Attributes []Retention     // what events keep beyond the fields of every transaction
	Marks      []Retention
	Entities   []EntitySummary
}

// Retention is something that is kept of every event.
type Retention struct{ Name, Description string }

// EntitySummary is what a set keeps and reads of an entity.
type EntitySummary struct {
	Name           string
	Tile, Delay    time.Duration
	Lookback       time.Duration // from a transaction to the start of the oldest tile that it reads
	Kept           int           // most tiles of a key that a partition keeps
	Counters, Sums int           // in a row of tiles of transactions
	LabelCounters  int           // in a row of tiles of labels
	RowBytes       int           // encoded, of a busy tile
}

// Summary returns what the set is made of.
func (s *Set) Summary() Summary {
	var y Summary
	for i := range s.features {
		switch f := &s.features[i]; {
		case f.op == opValue:
			y.Values++
		case f.op == opTiles && f.tiles.labels:
			y.LabelAggregates++
		case f.op == opTiles:
			y.EntityAggregates++
		default:
			y.Aggregates++
		}
	}
	for _, w := range s.windows {
		y.Windows = append(y.Windows, time.Duration(w.length)*time.Millisecond)
	}
	slices.Sort(y.Windows)
	for _, f := range s.filters[1:] {
		y.Filters = append(y.Filters, f.canonical)
	}
	for _, c := range s.columns {
		y.Columns = append(y.Columns, c.canonical)
	}
	for _, a := range s.attributes {
		y.Attributes = append(y.Attributes, Retention{a.name, a.kind.String()})
	}
	for _, m := range s.marks {
		y.Marks = append(y.Marks, Retention{m.name, m.description})
	}
	for i := range s.entities {
		y.Entities = append(y.Entities, s.entities[i].summary())
	}
	return y
}

func (e *Entity) summary() EntitySummary {
	span := func(t payment.Time) time.Duration { return time.Duration(t) * time.Millisecond }
	y := EntitySummary{
		Name: e.Name, Tile: span(e.length), Delay: span(e.declaredDelay), Lookback: span(e.lookback),
		Counters: len(e.tallies.counts), Sums: len(e.tallies.sums), LabelCounters: len(e.labels.counts),
	}
	if e.lookback > 0 {
		y.Kept = int(e.retention()/e.length) + tile.ChunkTiles
	}
	if y.Counters+y.Sums > 0 {
		y.RowBytes = rowBytes(e)
	}
	return y
}

// rowBytes returns how many bytes a row takes in a full chunk, with hundreds of events of a hundred units each.
func rowBytes(e *Entity) int {
	cell := tile.NewCell(e.Shape())
	for n := range int64(tile.ChunkTiles) {
		counts, sums := cell.At(n)
		for i := range counts {
			counts[i] = 200 + n
		}
		for i := range sums {
			sums[i] = exact.Int128{}
			if e.tallies.sums[i].square {
				sums[i].AddSquare(200_000 + n)
			} else {
				sums[i].Add(2_000_000 + n)
			}
		}
	}
	return (len(cell.AppendChunk(nil, 0)) + tile.ChunkTiles - 1) / tile.ChunkTiles
}

// AccountBytes returns the size of the encoding of a made-up account with n events: evenly over the longest window, at
// n/4 merchants in 8 categories, with a place each, and every attribute there.
func (s *Set) AccountBytes(n int) int {
	a, o := s.NewAccount(), &Observation{}
	home, _ := payment.ParseCurrency(s.layout.Currency)
	start := payment.TimeOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	for i := range n {
		tx := payment.Transaction{
			ID: fmt.Sprintf("transaction-%d", i), AccountID: "account", Type: payment.Purchase,
			Time:   start + millis(s.layout.LongestWindow)*payment.Time(i)/payment.Time(n) + payment.Time(i%977),
			Amount: int64(1000 + i*7919%20000), Currency: home,
			Merchant: payment.Merchant{
				Name: fmt.Sprintf("merchant %06d", i*31%max(1, n/4)), Category: fmt.Sprintf("category %d", i%8),
				Location: payment.Location{LatitudeE7: int32(480_000_000 + i*1237), LongitudeE7: int32(110_000_000 + i*1721), Known: true},
			},
		}
		for k := range s.attributes {
			value := fmt.Sprintf("%s-%d", s.attributes[k].name, i%3)
			if s.attributes[k].kind == expression.Number {
				value = fmt.Sprintf("%d.%02d", i%100, i%97)
			}
			tx.Attributes = append(tx.Attributes, payment.Attribute{Key: s.attributes[k].name, Value: value})
		}
		a.Observe(&tx, o)
		a.Fold(o)
	}
	return len(a.Append(nil))
}
