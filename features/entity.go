package features

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weir-fraud/weir/features/exact"
	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/payment"
)

// Entity is what a set keeps and reads of the merchants, say, or of the devices: aggregates that add up over accounts and
// partitions, in tiles of event time.
type Entity struct {
	Name string

	program       *expression.Program
	isAccount     bool
	length        payment.Time // of a tile
	lateness      payment.Time
	delay         payment.Time // the shortest one that a feature reads with
	lookback      payment.Time // from a transaction to the start of the oldest tile that it reads
	declaredDelay payment.Time
	stored        string // what decides the tiles' content, hashed

	tallies tallies // of transactions
	labels  tallies
}

// Label is what a label event says of a transaction, as far as features count it.
type Label uint8

// The labels that are counted.
const (
	NoLabel Label = iota
	LabelFraud
	LabelLegitimate
)

func labelNamed(name string) (Label, bool) {
	switch name {
	case "fraud":
		return LabelFraud, true
	case "legitimate":
		return LabelLegitimate, true
	}
	return NoLabel, false
}

// tallies are what each row of an entity's tiles holds.
type tallies struct {
	counts []tally
	sums   []tally
}

// tally adds up the events that pass a filter: how many there are, or a number of theirs.
type tally struct {
	filter int
	column int // everyEvent where a counter counts all of them and not only those that have the number
	square bool
	label  Label
}

const everyEvent = -2

func (t *tallies) shape() tile.Shape { return tile.Shape{Counts: len(t.counts), Sums: len(t.sums)} }

func (t *tallies) count(c tally) int { return indexOrAdd(&t.counts, c) }
func (t *tallies) sum(s tally) int   { return indexOrAdd(&t.sums, s) }

func indexOrAdd(list *[]tally, t tally) int {
	i := slices.Index(*list, t)
	if i < 0 {
		i = len(*list)
		*list = append(*list, t)
	}
	return i
}

// tileReading is how a feature is read off an entity's tiles.
type tileReading struct {
	entity       int
	labels       bool
	statistic    tileStatistic
	count        int // the counter that it reads
	sum, squares int // the sums
	column       int
	window       int64 // tiles
	delay        payment.Time
}

type tileStatistic uint8

const (
	tileCount tileStatistic = iota + 1
	tileSum
	tileMean
	tileStd
	tileAge
)

var tileStatistics = map[string]tileStatistic{"count": tileCount, "sum": tileSum, "mean": tileMean, "std": tileStd, "age": tileAge}

// Shape returns what a row of the entity's tiles of transactions holds.
func (e *Entity) Shape() tile.Shape { return e.tallies.shape() }

// LabelShape returns what a row of its tiles of labels holds.
func (e *Entity) LabelShape() tile.Shape { return e.labels.shape() }

// IsAccount reports whether the entity's key is the account itself.
func (e *Entity) IsAccount() bool { return e.isAccount }

// Tile returns the number of the tile that t falls into.
func (e *Entity) Tile(t payment.Time) int64 { return tile.Number(t, e.length) }

// End returns the time at which a tile ends.
func (e *Entity) End(n int64) payment.Time { return payment.Time(n+1) * e.length }

// Through returns the newest tile that a transaction at t reads.
func (e *Entity) Through(t payment.Time) int64 { return tile.Last(t, e.delay, e.length) }

// LabelsThrough returns the newest tile of labels that a transaction at t reads. Their delay is part of the tile that
// they are in.
func (e *Entity) LabelsThrough(t payment.Time) int64 { return tile.Last(t, 0, e.length) }

// Closed returns the newest tile that nothing is added to any more by a partition with the given watermark.
func (e *Entity) Closed(watermark payment.Time) int64 {
	return tile.Last(watermark, e.lateness, e.length)
}

// Oldest returns the oldest tile that a transaction at t reads.
func (e *Entity) Oldest(t payment.Time) int64 { return tile.Number(t-e.lookback, e.length) }

// maxSkew is how far behind a partition's watermark the transactions of another may be that still read its tiles in full.
const maxSkew = 7 * day

// Skew returns how many tiles the partitions may be apart that read each other's tiles in full.
func (e *Entity) Skew() int64 { return e.Tile(millis(maxSkew)) }

// retention returns how far behind the watermark of its partition a tile may still be read.
func (e *Entity) retention() payment.Time {
	return e.lookback + e.lateness + 2*e.length + millis(maxSkew)
}

// Kept returns the oldest tile that a partition with the given watermark keeps: the first of a chunk.
func (e *Entity) Kept(watermark payment.Time) int64 {
	return tile.Chunk(tile.Number(watermark-e.retention(), e.length)) * tile.ChunkTiles
}

func (c *compiler) compileEntities() error {
	for _, d := range c.entities {
		e := Entity{Name: d.name, isAccount: d.key.string == "account", length: millis(d.length), lateness: c.set.lateness, delay: -1}
		what := fmt.Sprintf("entity %q", d.name)
		var err error
		e.program, err = c.expression(d.key.string, d.key.at, what, expression.Text, func(name string) bool {
			_, isFeature := c.featureAt[name]
			_, isMark := c.markAt[name]
			return !isFeature && !isMark
		}, "a key is made of the transaction's texts")
		switch {
		case err != nil:
			return err
		case d.length < time.Minute || d.length > 7*day:
			return c.doc.Mistake(d.key.at, "%s: tile is %s: it must be between 1m and 7d", what, spanInWords(d.length))
		case d.delay >= 0 && millis(d.delay) < c.set.lateness:
			return c.doc.Mistake(d.key.at, "%s: delay is %s: it must be at least the allowed lateness, %s, since until then events may still come", what,
				spanInWords(d.delay), spanInWords(c.set.layout.Lateness))
		}
		e.declaredDelay = c.set.lateness
		if d.delay >= 0 {
			e.declaredDelay = millis(d.delay)
		}
		c.set.entities = append(c.set.entities, e)
	}
	return nil
}

// tileFeature compiles a feature over an entity's tiles.
func (c *compiler) tileFeature(d *Definition) (feature, error) {
	r := tileReading{entity: slices.IndexFunc(c.set.entities, func(e Entity) bool { return e.Name == d.Entity })}
	if r.entity < 0 {
		return feature{}, c.mistake(d, "entity", "entity %q is not declared: add it under entities", d.Entity)
	}
	e := &c.set.entities[r.entity]
	var known bool
	if r.statistic, known = tileStatistics[d.Aggregate]; !known {
		return feature{}, c.mistake(d, "aggregate", "aggregate %q does not add up over accounts; over tiles there are age, count, mean, std and sum", d.Aggregate)
	}
	if d.Same != "" {
		return feature{}, c.mistake(d, "same", "same does not go with an entity; declare one whose key is that text")
	}
	length := time.Duration(e.length) * time.Millisecond
	if d.Window < length || d.Window%length != 0 || d.Window > 400*day {
		return feature{}, c.mistake(d, "windows", "window %s is not a multiple of the entity's tile, %s, up to 400 days", spanInWords(d.Window), spanInWords(length))
	}
	r.window = int64(d.Window / length)
	if d.Labels != "" {
		if err := c.labelReading(d, e, &r); err != nil {
			return feature{}, err
		}
	} else if err := c.transactionReading(d, e, &r); err != nil {
		return feature{}, err
	}
	e.lookback = max(e.lookback, r.delay+payment.Time(r.window+2)*e.length)
	return feature{op: opTiles, tiles: r}, nil
}

// transactionReading plans the reading of transactions' tiles.
func (c *compiler) transactionReading(d *Definition, e *Entity, r *tileReading) (err error) {
	r.delay = e.declaredDelay
	if d.Delay != 0 {
		r.delay = millis(d.Delay)
	}
	if r.delay < c.set.lateness {
		return c.mistake(d, "delay", "delay is %s: it must be at least the allowed lateness, %s, since until then events may still come",
			spanInWords(d.Delay), spanInWords(c.set.layout.Lateness))
	}
	if e.delay < 0 || r.delay < e.delay {
		e.delay = r.delay
	}
	t := tally{column: everyEvent}
	if t.filter, err = c.filter(d); err != nil {
		return err
	}
	if r.statistic == tileCount || r.statistic == tileAge {
		if d.Of != "" {
			return c.mistake(d, "of", "%s has no of", d.Aggregate)
		}
		r.count = e.tallies.count(t)
		return nil
	}
	if t.column, err = c.column(d); err != nil {
		return err
	}
	r.column = t.column
	r.count, r.sum = e.tallies.count(t), e.tallies.sum(t)
	if r.statistic == tileStd {
		t.square = true
		r.squares = e.tallies.sum(t)
	}
	return nil
}

// labelReading plans the reading of labels' tiles.
func (c *compiler) labelReading(d *Definition, e *Entity, r *tileReading) error {
	label, ok := labelNamed(d.Labels)
	switch {
	case !ok:
		return c.mistake(d, "labels", "labels is %q: it must be fraud or legitimate", d.Labels)
	case r.statistic != tileCount && r.statistic != tileAge || d.Of != "":
		return c.mistake(d, "aggregate", "labels are counted: the aggregate must be count or age, and there is no of")
	case d.Delay != 0:
		return c.mistake(d, "delay", "the delay of labels is the same for all features: labels.delay")
	case c.labelDelay == 0:
		return c.mistake(d, "labels", "features over labels need labels: {delay: …} in the file: how long after its transaction a label may be used")
	}
	t := tally{column: everyEvent, label: label}
	source := d.Filter
	if i := slices.IndexFunc(c.filters, func(n named) bool { return n.name == source }); i >= 0 {
		source = c.filters[i].source.string
	}
	if source != "" {
		// A label event carries the marks of its transaction and little else, so that is what can be told of it.
		const scope = "a filter of labels reads marks and the amount"
		p, err := c.expression(source, d.at("filter"), fmt.Sprintf("feature %q", d.Name), expression.Bool, func(name string) bool {
			_, isMark := c.markAt[name]
			return isMark || name == "amount"
		}, scope)
		switch {
		case err != nil:
			return err
		case p.ReadsTime():
			return c.mistake(d, "filter", "it reads the time of the transaction; %s", scope)
		}
	}
	var err error
	if t.filter, err = c.filter(d); err != nil {
		return err
	}
	r.labels, r.delay = true, millis(c.labelDelay)
	r.count = e.labels.count(t)
	return nil
}

// finishEntities fixes what is known once all features are compiled.
func (c *compiler) finishEntities() error {
	for i := range c.set.entities {
		e := &c.set.entities[i]
		key, err := c.canonical(e.program)
		if err != nil {
			return err
		}
		var b strings.Builder
		// The name is in the keys of what is stored, and the lookback decides how much of it there is.
		fmt.Fprintf(&b, "%s key=%s tile=%d lookback=%d", e.Name, key, e.length, e.lookback)
		if len(e.labels.counts) > 0 {
			fmt.Fprintf(&b, " delay=%s", c.labelDelay)
		}
		for i, list := range [][]tally{e.tallies.counts, e.tallies.sums, e.labels.counts} {
			fmt.Fprintf(&b, " list=%d", i)
			for _, t := range list {
				fmt.Fprintf(&b, " %d/%v", t.label, t.square)
				if t.column != everyEvent {
					if err := c.describeColumn(&b, t.column); err != nil {
						return err
					}
				}
				if err := c.describeFilter(&b, t.filter); err != nil {
					return err
				}
			}
		}
		e.stored = hash(8, b.String())
	}
	return nil
}

// describeTiles returns the text that the hash of a feature over tiles covers.
func (c *compiler) describeTiles(b *strings.Builder, d *Definition, f *feature) (string, error) {
	e := &c.set.entities[f.tiles.entity]
	key, err := c.canonical(e.program)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(b, " key=%s tile=%dms delay=%dms labels=%s", key, e.length, f.tiles.delay, d.Labels)
	filter := 0
	if f.tiles.labels {
		filter = e.labels.counts[f.tiles.count].filter
	} else {
		t := &e.tallies.counts[f.tiles.count]
		if filter = t.filter; t.column != everyEvent {
			if err := c.describeColumn(b, t.column); err != nil {
				return "", err
			}
		}
	}
	err = c.describeFilter(b, filter)
	return b.String(), err
}

// add adds an event to a row of tiles.
func (t *tallies) add(s *Set, e *event, row []int64, counts []int64, sums []exact.Int128) {
	value := func(c *tally) (int64, bool) {
		n := s.numberOf(c.column)
		v := n.of(e, row)
		return v, v != missing
	}
	for i := range t.counts {
		c := &t.counts[i]
		if e.matches>>c.filter&1 == 0 {
			continue
		}
		if c.column != everyEvent {
			if _, ok := value(c); !ok {
				continue
			}
		}
		counts[i]++
	}
	for i := range t.sums {
		c := &t.sums[i]
		if e.matches>>c.filter&1 == 0 {
			continue
		}
		switch v, ok := value(c); {
		case !ok:
		case c.square:
			sums[i].AddSquare(v)
		default:
			sums[i].Add(v)
		}
	}
}

// span returns the series that a feature reads and the tiles from from, exclusive, up to to. It is complete unless the
// series ends before the last of them.
func (r *tileReading) span(s *Set, o *Observation) (series *tile.Series, from, to int64, complete bool) {
	e := &s.entities[r.entity]
	series, to = o.Tiles[r.entity].Transactions, tile.Last(o.event.time, r.delay, e.length)
	if r.labels {
		series, to = o.Tiles[r.entity].Labels, e.LabelsThrough(o.event.time)
	}
	complete = true
	if series != nil && to > series.Through() {
		to, complete = series.Through(), false
	}
	return series, to - r.window, to, complete
}

// read reads a feature off an entity's tiles.
func (r *tileReading) read(s *Set, o *Observation) float64 {
	series, from, to, complete := r.span(s, o)
	if series == nil {
		return nan
	}
	if !complete || o.Tiles[r.entity].Partial {
		o.incomplete |= 1 << r.entity
	}
	switch r.statistic {
	case tileCount:
		return float64(max(0, series.Count(r.count, from, to)))
	case tileAge:
		n, ok := series.Newest(r.count, from, to)
		if !ok {
			return nan
		}
		return float64(o.event.time-s.entities[r.entity].End(n)) / 3_600_000
	}
	number := s.numberOf(r.column)
	m := exact.Moments{N: series.Count(r.count, from, to), Total: series.Sum(r.sum, from, to)}
	switch r.statistic {
	case tileSum:
		return m.Sum(number.scale)
	case tileMean:
		return m.Mean(number.scale)
	}
	m.Squares = series.Sum(r.squares, from, to)
	return m.Std(number.scale)
}
