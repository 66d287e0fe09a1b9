package features_test

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/payment"
)

// testEntities are the entities of the tests' files, as the oracle understands them.
var testEntities = []struct {
	name, declaration string
	tile, delay       time.Duration
	key               func(tx *payment.Transaction) string
}{
	{"shop", "{key: merchant, tile: 1m, delay: 2m}", time.Minute, 2 * time.Minute, func(tx *payment.Transaction) string { return tx.Merchant.Name }},
	{"device", "{key: device, tile: 7m}", 7 * time.Minute, tileLayout.Lateness, func(tx *payment.Transaction) string { return textOf("device", tx) }},
	{"either", "{key: device ?? merchant, delay: 1h}", time.Hour, time.Hour, func(tx *payment.Transaction) string {
		if device := textOf("device", tx); device != "" {
			return device
		}
		return tx.Merchant.Name
	}},
	{"holder", "{key: account, tile: 1m, delay: 30s}", time.Minute, 30 * time.Second, func(tx *payment.Transaction) string { return tx.AccountID }},
}

var tileLayout = features.Layout{
	LongestWindow: 10 * time.Minute, Lateness: 30 * time.Second, Dedupe: 2 * time.Minute, MaxFuture: time.Minute, Currency: "USD", Rates: testRates,
}

const testLabelDelay = 5 * time.Minute

// tileFile returns a file with random features over tiles.
func tileFile(d *rand.Rand) string {
	parts := "attributes: {device: text, risk: number, channel: text}\n" + filterDeclarations + tableDeclarations + markDeclarations +
		"labels: {delay: " + span(testLabelDelay) + "}\nentities:\n"
	for _, e := range testEntities {
		parts += "  " + e.name + ": " + e.declaration + "\n"
	}
	list := markFeatures(tileLayout.LongestWindow)
	filters := append(slices.Sorted(maps.Keys(conditions)), "", "", "large", "burst")
	numbers := append(slices.Sorted(maps.Keys(derived)), "amount")
	for i := range 60 {
		e := testEntities[d.IntN(len(testEntities))]
		f := fmt.Sprintf("name: tiles_%d, entity: %s, windows: [%s]", i, e.name, span(time.Duration(pick(d, 1, 2, 5, 30, 1+d.IntN(200))*int(e.tile))))
		switch d.IntN(4) {
		case 0:
			f += ", aggregate: " + pick(d, "count", "age") + ", labels: " + pick(d, "fraud", "legitimate")
			if filter := pick(d, "", "large", "not large", "amount > 50", "not again and amount > 1"); filter != "" {
				f += ", filter: '" + filter + "'"
			}
		case 1:
			f += ", aggregate: " + pick(d, "count", "age") + tileFilter(d, filters)
		default:
			f += ", aggregate: " + pick(d, "sum", "mean", "std") + ", of: '" + pick(d, numbers...) + "'" + tileFilter(d, filters)
		}
		list = append(list, f)
	}
	return file(parts, append(list, "name: share, value: tiles_0 / tiles_1")...)
}

func tileFilter(d *rand.Rand, filters []string) (keys string) {
	if filter := pick(d, filters...); filter != "" {
		keys = ", filter: '" + filter + "'"
	}
	if d.IntN(3) == 0 {
		keys += ", delay: " + span(pick(d, 30*time.Second, 31*time.Second, 10*time.Minute, 3*time.Hour))
	}
	return keys
}

// TestTiles holds features over tiles, of several accounts in several partitions, against an oracle that remembers
// everything.
func TestTiles(t *testing.T) {
	for i := range *oracleStreams {
		seed := *oracleSeed + uint64(i)
		if err := newWorld(t, rand.New(rand.NewPCG(seed, 6))).run(); err != nil {
			t.Fatalf("seed %d: %v\nonce more: go test ./features -run '^TestTiles$' -oracle.seed=%d -oracle.streams=1", seed, err, seed)
		}
	}
}

// world is accounts in partitions, what these hold of the entities' keys, and what the oracle remembers of both.
type world struct {
	dice       *rand.Rand
	set        *features.Set
	traffic    *traffic
	now        payment.Time
	partitions []*worldPartition
	accounts   []*worldAccount
	reader     *features.KeyReader
	tally      *features.LabelTally
	labelCells []map[cellKey]*tile.Cell // by partition of the labels

	seen   []tallied
	labels []labeled
}

type worldPartition struct {
	watermark payment.Time
	cells     map[cellKey]*tile.Cell
}

type worldAccount struct {
	id        string
	partition *worldPartition
	account   *features.Account
	oracle    *oracle
}

type cellKey struct {
	entity int
	key    string
}

// tallied is an event that counts in the tiles of its keys.
type tallied struct {
	*entry
	keys []string
}

// labeled is a label of an event, or with sign -1 the taking back of one.
type labeled struct {
	tallied
	label features.Label
	known payment.Time
	sign  int64
}

func newWorld(t *testing.T, d *rand.Rand) *world {
	w := &world{dice: d, set: compile(t, tileFile(d), tileLayout), now: start}
	w.reader, w.tally = w.set.NewKeyReader(), w.set.NewLabelTally()
	w.traffic = newTraffic(d, tileLayout)
	w.traffic.merchants = 3
	for range 1 + d.IntN(4) {
		w.partitions = append(w.partitions, &worldPartition{cells: make(map[cellKey]*tile.Cell)})
	}
	for range 1 + d.IntN(3) {
		w.labelCells = append(w.labelCells, make(map[cellKey]*tile.Cell))
	}
	for i := range 1 + d.IntN(6) {
		w.accounts = append(w.accounts, &worldAccount{
			id: fmt.Sprint("A", i), partition: pick(d, w.partitions...), account: w.set.NewAccount(), oracle: newOracle(w.set),
		})
	}
	return w
}

func (w *world) run() error {
	var o features.Observation
	for step := range 100 + w.dice.IntN(300) {
		switch w.dice.IntN(60) {
		case 0:
			w.now = w.now.Add(w.traffic.upTo(3 * time.Hour))
		case 1:
			w.now = w.now.Add(w.traffic.upTo(100 * time.Hour))
		default:
			w.now = w.now.Add(w.traffic.upTo(2 * time.Minute))
		}
		a := pick(w.dice, w.accounts...)
		tx := w.traffic.fresh()
		tx.ID, tx.AccountID, tx.Time = fmt.Sprint("t", step), a.id, w.now.Add(-w.traffic.upTo(40*time.Second))
		if err := w.step(a, &tx, &o); err != nil {
			return fmt.Errorf("step %d, %s: %w", step, payment.AppendJSON(nil, &tx), err)
		}
		for w.dice.IntN(3) == 0 && len(w.seen) > 0 {
			w.label()
		}
	}
	return nil
}

func (w *world) step(a *worldAccount, tx *payment.Transaction, o *features.Observation) error {
	p := a.partition
	keys := make([]string, len(testEntities))
	w.reader.Keys(tx, keys)
	for i, e := range testEntities {
		if want := e.key(tx); keys[i] != want {
			return fmt.Errorf("the key of the %s is %q, want %q", e.name, keys[i], want)
		}
	}
	late := w.set.LateForTiles(tx.Time, p.watermark)
	if want := p.watermark.Sub(tx.Time) > tileLayout.Lateness; late != want {
		return fmt.Errorf("late for tiles: %v, want %v", late, want)
	}
	a.account.Observe(tx, o)
	through := make([]reach, len(keys))
	for i, key := range keys {
		if key != "" && !late {
			through[i] = w.attach(i, key, tx.Time, &o.Tiles[i])
		}
	}
	incomplete := uint64(0)
	a.oracle.tiles = func(v *view, d *features.Definition) float64 {
		return w.feature(v.tx.Time, d, keys, through, &incomplete)
	}
	v := a.oracle.look(tx)
	want, got := v.vector(), make(features.Vector, w.set.Schema().Len())
	a.account.Compute(o, got)
	if err := (&trial{set: w.set}).compare(got, want); err != nil {
		return err
	}
	if o.Incomplete() != incomplete || o.Marks() != v.markBits() {
		return fmt.Errorf("incomplete %b, marks %b; want %b, %b", o.Incomplete(), o.Marks(), incomplete, v.markBits())
	}
	a.account.Fold(o)
	a.oracle.fold(v)
	before := p.watermark
	p.watermark = max(p.watermark, tx.Time)
	if late {
		return nil
	}
	w.seen = append(w.seen, tallied{v.self, keys})
	return w.add(p, keys, before, o)
}

// add tallies the observed transaction, and now and then drops what is too old to be read.
func (w *world) add(p *worldPartition, keys []string, watermark payment.Time, o *features.Observation) error {
	for i, key := range keys {
		e := &w.set.Entities()[i]
		if key == "" || e.Shape() == (tile.Shape{}) {
			continue
		}
		c, ok := p.cells[cellKey{i, key}]
		if !ok {
			c = tile.NewCell(e.Shape())
			p.cells[cellKey{i, key}] = c
		}
		w.set.Tally(i, o, c)
		at := e.Tile(w.seen[len(w.seen)-1].tx.Time)
		if watermark > 0 && at <= e.Closed(watermark) {
			return fmt.Errorf("it is added to tile %d of the %s, and %d is closed", at, e.Name, e.Closed(watermark))
		}
		if w.dice.IntN(3) == 0 {
			c.Drop(e.Kept(p.watermark))
		}
	}
	return nil
}

// reach is up to which tiles the series of a key are complete; known is false where there are none.
type reach struct {
	known                bool
	transactions, labels int64
}

// tooShort bounds how many tiles a series lacks. Windows then begin so much earlier.
const tooShort = 5

// attach makes the series of an entity's key, some of them shorter than they should be.
func (w *world) attach(i int, key string, t payment.Time, into *features.Tiles) reach {
	e := &w.set.Entities()[i]
	r := reach{known: true, transactions: e.Through(t), labels: e.LabelsThrough(t)}
	if w.dice.IntN(5) == 0 {
		r.transactions -= w.dice.Int64N(tooShort + 1)
		r.labels -= w.dice.Int64N(tooShort + 1)
	}
	series := func(shape tile.Shape, through int64, cells []map[cellKey]*tile.Cell) *tile.Series {
		from := e.Oldest(t) - 1
		if through < e.Through(t) || through < e.LabelsThrough(t) {
			from -= tooShort
		}
		s := tile.NewSeries(shape, from)
		var rows []tile.Rows
		for _, c := range cells {
			if cell, ok := c[cellKey{i, key}]; ok {
				rows = append(rows, cell.Rows(from, through))
			}
		}
		s.Extend(through, rows...)
		return s
	}
	var cells []map[cellKey]*tile.Cell
	for _, p := range w.partitions {
		cells = append(cells, p.cells)
	}
	into.Transactions = series(e.Shape(), r.transactions, cells)
	into.Labels = series(e.LabelShape(), r.labels, w.labelCells)
	return r
}

// label labels a transaction, or takes a label back.
func (w *world) label() {
	l := labeled{tallied: pick(w.dice, w.seen...), label: pick(w.dice, features.LabelFraud, features.LabelLegitimate), sign: 1}
	if len(w.labels) > 0 && w.dice.IntN(3) == 0 {
		l = pick(w.dice, w.labels...)
		l.sign = -l.sign
	}
	l.known = max(l.tx.Time.Add(testLabelDelay), w.now.Add(-w.traffic.upTo(time.Minute)))
	w.labels = append(w.labels, l)
	m := (&view{oracle: w.accounts[0].oracle, self: l.entry}).markBits()
	for i, key := range l.keys {
		e := &w.set.Entities()[i]
		bits := w.tally.Counts(i, features.Labeled{Label: l.label, Amount: w.accounts[0].oracle.amount(l.entry), Marks: m})
		if key == "" || bits == 0 {
			continue
		}
		cells := pick(w.dice, w.labelCells...)
		c, ok := cells[cellKey{i, key}]
		if !ok {
			c = tile.NewCell(e.LabelShape())
			cells[cellKey{i, key}] = c
		}
		counts, _ := c.At(e.Tile(l.known))
		for k := range counts {
			counts[k] += l.sign * int64(bits>>k&1)
		}
	}
}

// feature says what a feature over tiles is: of all that ever counted, what lies in the window, which ends with the
// newest tile that ended the delay before, or with the newest that is complete.
func (w *world) feature(t payment.Time, d *features.Definition, keys []string, through []reach, incomplete *uint64) float64 {
	i := slices.IndexFunc(w.set.Entities(), func(e features.Entity) bool { return e.Name == d.Entity })
	e := testEntities[i]
	if !through[i].known {
		return math.NaN()
	}
	delay, complete := e.delay, through[i].transactions
	switch {
	case d.Labels != "":
		delay, complete = 0, through[i].labels
	case d.Delay > 0:
		delay = d.Delay
	}
	length := e.tile.Milliseconds()
	end := int64(t.Add(-delay))/length - 1
	if end > complete {
		end = complete
		*incomplete |= 1 << i
	}
	inside := func(at payment.Time) bool {
		n := int64(at) / length
		return n > end-d.Window.Milliseconds()/length && n <= end
	}
	counts := make(map[int64]int64) // by tile
	var known []*big.Int
	unit := 1e6
	if d.Labels != "" {
		for _, l := range w.labels {
			if l.keys[i] == keys[i] && inside(l.known) && (l.label == features.LabelFraud) == (d.Labels == "fraud") && w.accounts[0].oracle.passes(d.Filter, l.entry) {
				counts[int64(l.known)/length] += l.sign
			}
		}
	} else {
		for _, s := range w.seen {
			if s.keys[i] != keys[i] || !inside(s.tx.Time) || !s.passes[d.Filter] {
				continue
			}
			counts[int64(s.tx.Time)/length]++
			n := s.numbers[d.Of]
			if d.Of == "amount" {
				n, unit = s.reported, w.accounts[0].oracle.unit()
			}
			if n != nil {
				known = append(known, n)
			}
		}
	}
	switch d.Aggregate {
	case "count":
		total := int64(0)
		for _, n := range counts {
			total += n
		}
		return float64(max(0, total))
	case "age":
		newest := int64(math.MinInt64)
		for n, count := range counts {
			if count > 0 {
				newest = max(newest, n)
			}
		}
		if newest == math.MinInt64 {
			return math.NaN()
		}
		return float64(int64(t)-(newest+1)*length) / float64(time.Hour.Milliseconds())
	}
	return statistic(d.Aggregate, known, unit)
}

// A delay of the file's shows in which tiles are read, and entities that no feature reads keep nothing.
func TestEntity(t *testing.T) {
	text := file("entities: {shop: {key: merchant, tile: 1h, delay: 2h}, idle: {key: category}}\nlabels: {delay: 1d}",
		"name: later, entity: shop, aggregate: count, windows: [2h], delay: 5h", "name: n, entity: shop, aggregate: count, windows: [24h]",
		"name: frauds, entity: shop, labels: fraud, aggregate: count, windows: [3h]")
	set := compile(t, text, features.DefaultLayout())
	shop, idle := &set.Entities()[0], &set.Entities()[1]
	noon := payment.TimeOf(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))
	tileAt := func(hour int) int64 { return shop.Tile(noon.Add(time.Duration(hour-12) * time.Hour)) }
	if got, want := shop.Through(noon), tileAt(9); got != want {
		t.Errorf("at noon, 2 hours late, the newest tile is %d, want that of 9 o'clock, %d", got, want)
	}
	if got, want := shop.Through(noon-1), tileAt(8); got != want {
		t.Errorf("just before noon it is %d, want that of 8 o'clock, %d", got, want)
	}
	if got, want := shop.LabelsThrough(noon), tileAt(11); got != want {
		t.Errorf("of labels it is %d, want that of 11 o'clock, %d", got, want)
	}
	if got := shop.End(tileAt(9)); got != noon.Add(-2*time.Hour) {
		t.Errorf("the tile of 9 o'clock ends at %v", got)
	}
	if got := shop.Closed(noon); got != tileAt(10) {
		t.Errorf("with an hour of lateness the tile of %d is closed at noon, want that of 10 o'clock, %d", got, tileAt(10))
	}
	if (shop.Shape() != tile.Shape{Counts: 1}) || (shop.LabelShape() != tile.Shape{Counts: 1}) {
		t.Errorf("the shapes are %+v and %+v, want one counter each", shop.Shape(), shop.LabelShape())
	}
	if idle.Shape() != (tile.Shape{}) || idle.LabelShape() != (tile.Shape{}) {
		t.Errorf("what nobody reads has the shapes %+v and %+v", idle.Shape(), idle.LabelShape())
	}
	for watermark := noon; watermark < noon.Add(60*24*time.Hour); watermark = watermark.Add(7*time.Hour + 1) {
		if kept := shop.Kept(watermark); kept > shop.Oldest(watermark) || kept%tile.ChunkTiles != 0 {
			t.Fatalf("at %v tiles from %d on are kept, and %d is read", watermark, kept, shop.Oldest(watermark))
		}
		// What the newest of a cell's tiles is filed under goes only when nothing of it is read any more.
		filed := payment.Time(0)
		for set.Bucket(filed) < set.DeletableBefore(watermark) {
			filed = filed.Add(set.Layout().Horizon() / 2)
		}
		if shop.Oldest(watermark) < shop.Tile(filed.Add(-set.Layout().Horizon()/2)) {
			t.Fatalf("at %v what is filed at %v would be deleted, and tiles from %v on are read", watermark, filed, shop.End(shop.Oldest(watermark)))
		}
	}
	if !strings.Contains(set.Definitions()[0].String(), "at the shop over the last 2 hours up to 5 hours ago") {
		t.Errorf("the first is described as %s", &set.Definitions()[0])
	}
}
