package features_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/payment"
)

// everyKind declares a feature of each kind there is.
const everyKind = `
format: 1
attributes: {device: text, risk: number}
filters: {spending: type != "deposit"}
tables: {usual: {by: category, values: {food: 4.5}, default: 3}}
marks:
  large: {when: amount > 2 * mean_1h and count_1h >= 2, description: far above the hour's mean}
entities:
  shop: {key: merchant, tile: 1h, delay: 1h}
labels: {delay: 1d}
features:
  - {name: amount, value: amount}
  - {name: ratio, value: amount / mean_1h}
  - {name: usual_here, value: "large ? usual(category) : hour()"}
  - {name: "count_{window}", aggregate: count, windows: [10m, 1h]}
  - {name: "mean_{window}", aggregate: mean, of: amount, filter: spending, windows: [1h, 1d]}
  - {name: sum_1d, aggregate: sum, of: amount, filter: large, windows: [1d]}
  - {name: risk_sum_1d, aggregate: sum, of: risk * 2, windows: [1d]}
  - {name: std_1d, aggregate: std, of: amount, windows: [1d]}
  - {name: max_1h, aggregate: max, of: amount, windows: [1h]}
  - {name: min_risk_1h, aggregate: min, of: risk, windows: [1h]}
  - {name: last_1d, aggregate: last, of: amount, windows: [1d]}
  - {name: devices_1d, aggregate: distinct, of: device, windows: [1d]}
  - {name: new_merchant_1h, aggregate: new, of: merchant, windows: [1h]}
  - {name: since_1h, aggregate: since, windows: [1h]}
  - {name: km_1d, aggregate: km_since, windows: [1d]}
  - {name: kmh_1d, aggregate: kmh_since, windows: [1d]}
  - {name: category_count_1d, aggregate: count, same: category, windows: [1d]}
  - {name: device_std_1d, aggregate: std, of: amount, same: device, windows: [1d]}
  - {name: shop_count_1d, entity: shop, aggregate: count, filter: spending, windows: [1d]}
  - {name: shop_sum_1d, entity: shop, aggregate: sum, of: risk, windows: [1d]}
  - {name: shop_mean_1d, entity: shop, aggregate: mean, of: amount, windows: [1d]}
  - {name: shop_std_1d, entity: shop, aggregate: std, of: amount, windows: [1d]}
  - {name: shop_age_1d, entity: shop, aggregate: age, filter: large, windows: [1d]}
  - {name: shop_frauds_1d, entity: shop, labels: fraud, aggregate: count, windows: [1d]}
`

func compiled(t *testing.T, text string) *features.Set {
	t.Helper()
	d, err := features.ParseDeclarations("features.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	layout := features.DefaultLayout()
	layout.Rates = map[string]string{"EUR": "1.0842"}
	set, err := features.Compile(d, layout)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// explained is an account whose every feature is explained before each transaction is folded.
type explained struct {
	set     *features.Set
	account *features.Account
	o       features.Observation
	vector  features.Vector
	shops   map[string]*tile.Cell
	frauds  *tile.Series
}

func newExplained(set *features.Set) *explained {
	return &explained{set: set, account: set.NewAccount(), vector: make(features.Vector, set.Schema().Len()), shops: map[string]*tile.Cell{}}
}

// compute computes tx, with all that was folded up to the tile that it reads.
func (x *explained) compute(tx *payment.Transaction) {
	x.account.Observe(tx, &x.o)
	shop := &x.set.Entities()[0]
	if cell := x.shops[tx.Merchant.Name]; cell != nil {
		series, through := tile.NewSeries(shop.Shape(), shop.Oldest(tx.Time)-1), shop.Through(tx.Time)
		series.Extend(through, cell.Rows(math.MinInt64, through))
		x.o.Tiles[0].Transactions = series
	}
	x.o.Tiles[0].Labels = x.frauds
	x.account.Compute(&x.o, x.vector)
}

func (x *explained) fold(tx *payment.Transaction) {
	x.account.Fold(&x.o)
	if tx.Merchant.Name == "" {
		return
	}
	cell := x.shops[tx.Merchant.Name]
	if cell == nil {
		cell = tile.NewCell(x.set.Entities()[0].Shape())
		x.shops[tx.Merchant.Name] = cell
	}
	x.set.Tally(0, &x.o, cell)
}

// Explanations recompute every kind of feature from what they list, and agree, in traffic that has all there is: late
// events, amounts without a rate, texts and places that are missing.
func TestExplanationsAgree(t *testing.T) {
	x := newExplained(compiled(t, everyKind))
	d := rand.New(rand.NewPCG(5, 1))
	now := payment.TimeOf(time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC))
	known := make(map[string]int)
	for i := range 1500 {
		now = now.Add(time.Duration(d.IntN(600)) * time.Second)
		tx := randomPayment(d, i, now)
		x.compute(&tx)
		for k := range x.vector {
			e := x.account.Explain(&x.o, k)
			if !e.Agrees() || math.Float64bits(e.Value) != math.Float64bits(x.vector[k]) {
				t.Fatalf("%s of transaction %d is %v, explained as %v\n%+v", e.Definition, i, e.Value, e.Recomputed, e.Events)
			}
			if !math.IsNaN(e.Value) && e.Value != 0 {
				known[e.Definition.Name]++
			}
		}
		x.fold(&tx)
	}
	for _, def := range x.set.Definitions() {
		if known[def.Name] < 20 && def.Name != "shop_frauds_1d" {
			t.Errorf("%s has had a value %d times only", def.Name, known[def.Name])
		}
	}
}

func randomPayment(d *rand.Rand, i int, now payment.Time) payment.Transaction {
	currency := func(code string) payment.Currency { c, _ := payment.ParseCurrency(code); return c }
	pick := func(texts ...string) string { return texts[d.IntN(len(texts))] }
	tx := payment.Transaction{
		ID: fmt.Sprint(i), AccountID: "a", Time: now, Type: []payment.Type{payment.Purchase, payment.Withdrawal, payment.Deposit}[d.IntN(3)],
		Amount: d.Int64N(100_000), Currency: currency(pick("USD", "USD", "USD", "EUR")),
		Merchant: payment.Merchant{Name: pick("", "shop 1", "shop 2"), Category: pick("", "food", "travel")},
	}
	if d.IntN(200) == 0 {
		tx.Currency = currency("JPY") // has no rate
	}
	if d.IntN(8) == 0 {
		tx.Time = now.Add(-time.Duration(d.IntN(7200)) * time.Second)
	}
	if d.IntN(2) == 0 {
		tx.Merchant.Location = payment.Location{LatitudeE7: int32(d.IntN(9e8)), LongitudeE7: int32(d.IntN(9e8)), Known: true}
	}
	for key, value := range map[string]string{"device": pick("x", "y"), "risk": fmt.Sprintf("%d.%d", d.IntN(10), d.IntN(100))} {
		if d.IntN(5) > 0 {
			tx.Attributes = append(tx.Attributes, payment.Attribute{Key: key, Value: value})
		}
	}
	return tx
}

// What an explanation lists is what a person would list.
func TestExplanation(t *testing.T) {
	x := newExplained(compiled(t, everyKind))
	usd, _ := payment.ParseCurrency("USD")
	start := payment.TimeOf(time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC))
	at := func(minute int, kind payment.Type, amount int64, merchant, category string) payment.Transaction {
		return payment.Transaction{
			ID: fmt.Sprint(minute), AccountID: "a", Time: start.Add(time.Duration(minute) * time.Minute), Type: kind, Amount: amount, Currency: usd,
			Merchant: payment.Merchant{Name: merchant, Category: category},
		}
	}
	for _, tx := range []payment.Transaction{
		at(0, payment.Purchase, 1000, "shop 1", "food"), at(70, payment.Purchase, 2000, "shop 1", "food"),
		at(80, payment.Deposit, 50_000, "", ""), at(90, payment.Purchase, 9000, "shop 2", "travel"),
	} {
		x.compute(&tx)
		x.fold(&tx)
	}
	x.frauds = tile.NewSeries(x.set.Entities()[0].LabelShape(), math.MaxInt64)
	last := at(170, payment.Purchase, 500, "shop 1", "food")
	x.compute(&last)
	explain := func(name string) features.Explanation { return x.account.Explain(&x.o, x.set.Schema().Index(name)) }

	mean := explain("mean_1d")
	if mean.Value != 40 || mean.Events.Inside != 4 || len(mean.Events.Parts) != 3 || mean.Events.Filter != `(type != "deposit")` {
		t.Errorf("%v: %+v", mean.Value, mean.Events)
	}
	if p := mean.Events.Parts[2]; p.Number != 90 || p.Merchant.Name != "shop 2" || !slices.Equal(p.Marks, []string{"large"}) {
		t.Errorf("%+v", p)
	}
	if w := mean.Events; w.Until != last.Time || last.Time.Sub(w.After) != 24*time.Hour {
		t.Errorf("%+v", w)
	}
	largest := explain("max_1h") // what is 80 minutes old has left the window, and what is an hour old too
	if !math.IsNaN(largest.Value) || largest.Events.Inside != 0 {
		t.Errorf("%v: %+v", largest.Value, largest.Events)
	}
	since := explain("last_1d")
	if n := len(since.Events.Parts); n != 4 || !since.Events.Parts[3].Decisive || since.Events.Parts[0].Decisive {
		t.Errorf("%+v", since.Events)
	}
	same := explain("category_count_1d").Events
	if same.Same != "category" || same.Own != "food" || len(same.Parts) != 2 || same.Inside != 4 {
		t.Errorf("%+v", same)
	}
	value := explain("usual_here")
	var operands []string
	for _, o := range value.Operands {
		operands = append(operands, fmt.Sprintf("%s %s %v %q", o.Name, o.Kind, o.Number, o.Text))
	}
	if got := strings.Join(operands, ", "); got != `large bool 0 "", category text 0 "food"` {
		t.Errorf("it reads %s", got)
	}

	tiles := explain("shop_mean_1d").Tiles
	if tiles.Key != "shop 1" || !tiles.Read || !tiles.Complete || tiles.Tile != time.Hour || tiles.Delay != time.Hour {
		t.Errorf("%+v", tiles)
	}
	// At 14:50 with a delay of an hour, the last tile is that of 12 o'clock: 13:10 is not seen yet.
	if len(tiles.Parts) != 1 || tiles.Parts[0] != (features.TilePart{After: start, Until: start.Add(time.Hour), Count: 1, Sum: 10}) || tiles.Until != start.Add(time.Hour) {
		t.Errorf("%+v", tiles)
	}
	if got := tiles.Until.Sub(tiles.After); got != 24*time.Hour {
		t.Errorf("the tiles span %v", got)
	}
	if frauds := explain("shop_frauds_1d"); frauds.Tiles.Labels != "fraud" || frauds.Value != 0 || !frauds.Tiles.Read {
		t.Errorf("%v: %+v", frauds.Value, frauds.Tiles)
	}
	nowhere := at(171, payment.Purchase, 500, "", "")
	x.compute(&nowhere)
	if none := explain("shop_count_1d"); none.Tiles.Key != "" || none.Tiles.Read || !math.IsNaN(none.Value) || !none.Agrees() {
		t.Errorf("%v: %+v", none.Value, none.Tiles)
	}
}

func TestSummary(t *testing.T) {
	set := compiled(t, everyKind)
	y := set.Summary()
	if y.Values != 3 || y.Aggregates != 17 || y.EntityAggregates != 5 || y.LabelAggregates != 1 {
		t.Errorf("%+v", y)
	}
	if !slices.Equal(y.Windows, []time.Duration{10 * time.Minute, time.Hour, 24 * time.Hour}) || !slices.Equal(y.Filters, []string{`(type != "deposit")`, "large"}) {
		t.Errorf("%v %q", y.Windows, y.Filters)
	}
	if len(y.Columns) != 2 || len(y.Attributes) != 2 || y.Attributes[1] != (features.Retention{Name: "risk", Description: "number"}) || y.Marks[0].Name != "large" {
		t.Errorf("%+v", y)
	}
	e := y.Entities[0]
	if e.Name != "shop" || e.Lookback != 50*time.Hour || e.LabelCounters != 1 || e.Counters < 3 || e.Sums != 3 || e.RowBytes < e.Counters+e.Sums || e.Kept < 24*8 {
		t.Errorf("%+v", e)
	}
	ten, hundred := set.AccountBytes(10), set.AccountBytes(100)
	if ten < 100 || hundred < 5*ten || hundred > 20*ten {
		t.Errorf("accounts of 10 and 100 events take %d and %d bytes", ten, hundred)
	}
	plain := compiled(t, "format: 1\nfeatures: [{name: amount, value: amount}]")
	if n := plain.AccountBytes(100); n >= hundred {
		t.Errorf("an account takes %d bytes without attributes and %d with", n, hundred)
	}
}
