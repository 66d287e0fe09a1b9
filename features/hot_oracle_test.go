package features_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

const hotDeclarations = `
format: 1
attributes: {channel: text, risk: number}
filters: {purchases: type == "purchase", online: channel == "online", risky: risk > 0.5, early: hour() < 10}
marks:
  big: {when: amount > 90, description: a large amount}
features:
  - {name: "count_{window}", aggregate: count, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "count_purchases_{window}", aggregate: count, filter: purchases, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "count_big_{window}", aggregate: count, filter: big, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "sum_{window}", aggregate: sum, of: amount, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "sum_purchases_{window}", aggregate: sum, of: amount, filter: purchases, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "sum_big_{window}", aggregate: sum, of: amount, filter: big, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "mean_purchases_{window}", aggregate: mean, of: amount, filter: purchases, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "std_purchases_{window}", aggregate: std, of: amount, filter: purchases, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "max_{window}", aggregate: max, of: amount, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "min_purchases_{window}", aggregate: min, of: amount, filter: purchases, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "since_{window}", aggregate: since, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "since_big_{window}", aggregate: since, filter: big, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "distinct_{window}", aggregate: distinct, of: merchant, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "new_{window}", aggregate: new, of: merchant, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "count_online_{window}", aggregate: count, filter: online, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "count_risky_{window}", aggregate: count, filter: risky, windows: [10s, 1m, 10m, 1h, 2h], description: x}
  - {name: "count_early_{window}", aggregate: count, filter: early, windows: [10m, 1h, 2h], description: x}
  - {name: share_10s, value: count_10s / amount, description: x}
  - {name: share_1h, value: count_1h / count_10s, description: x}
  - {name: rate, value: amount, description: x}
`

func hotParse(tb testing.TB, source string) *features.Declarations {
	tb.Helper()
	d, err := features.ParseDeclarations("hot.yaml", []byte(source))
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

var hotShort = features.Layout{
	LongestWindow: 2 * time.Hour, Lateness: 5 * time.Minute, Dedupe: time.Hour, Currency: "USD", EventBudget: 1024,
}

// hotOracle is told every transaction that was folded, and states what may be answered, by going through all of them.
// Of the account it asks only where its bundles end.
type hotOracle struct {
	layout features.Layout
	folded []payment.Transaction
	newest payment.Time
}

func (h *hotOracle) fold(tx *payment.Transaction) {
	if len(h.folded) > 0 && h.newest.Sub(tx.Time) >= h.layout.Horizon() {
		return
	}
	h.folded = append(h.folded, tx.Clone())
	h.newest = max(h.newest, tx.Time)
}

// hotRange is what a window may hold: all of inside, and any of before.
type hotRange struct{ inside, before []*payment.Transaction }

// look returns what the window of a definition may hold for a transaction at t. A window that reaches bundles looks
// back a quarter of its length further at most, or a second.
func (h *hotOracle) look(d *features.Definition, t payment.Time) (r hotRange) {
	slack := max(time.Second, (d.Window+max(0, h.newest.Sub(t)))/4)
	for i := range h.folded {
		tx := &h.folded[i]
		age := t.Sub(tx.Time)
		switch {
		case age < 0 || d.Filter == "purchases" && tx.Type != payment.Purchase || d.Filter == "big" && tx.Amount <= 9000:
		case age < d.Window && h.newest.Sub(tx.Time) < h.layout.Horizon():
			r.inside = append(r.inside, tx)
		case age >= d.Window && age < d.Window+slack:
			r.before = append(r.before, tx)
		}
	}
	return r
}

// hotStatistics are the plainest ones.
func hotStatistics(list []*payment.Transaction) (sum, squares, least, most float64, newest payment.Time, names map[string]bool) {
	least, most, names = math.Inf(1), math.Inf(-1), map[string]bool{}
	for _, tx := range list {
		x := float64(tx.Amount)
		sum, squares = sum+x, squares+x*x
		least, most = min(least, x), max(most, x)
		newest = max(newest, tx.Time)
		names[tx.Merchant.Name] = true
	}
	return sum, squares, least, most, newest, names
}

// bounds returns what a feature must lie between. few says that the account knows few merchants.
func (h *hotOracle) bounds(d *features.Definition, r hotRange, tx *payment.Transaction, few bool) (low, high float64) {
	sum, squares, least, most, newest, names := hotStatistics(r.inside)
	everything := append(slices.Clone(r.inside), r.before...)
	sumAll, squaresAll, leastAll, mostAll, _, _ := hotStatistics(everything)
	n, all := float64(len(r.inside)), float64(len(everything))
	if !few && (d.Aggregate == "distinct" || d.Aggregate == "new") {
		if d.Aggregate == "distinct" {
			return 0, float64(len(names))
		}
		return hotTruth(!names[tx.Merchant.Name]), 1
	}
	switch d.Aggregate {
	case "count":
		if hotEstimated(d) {
			return 0, all
		}
		return n, all
	case "sum":
		return sum / 100, sumAll / 100
	case "max":
		return most / 100, mostAll / 100
	case "min":
		return leastAll / 100, least / 100
	case "since":
		if n == 0 {
			return math.NaN(), math.NaN()
		}
		since := float64(tx.Time.Sub(newest).Milliseconds()) / 1000
		return since, since
	case "distinct":
		return float64(len(names)), float64(len(names))
	case "new":
		return hotTruth(!names[tx.Merchant.Name]), hotTruth(!names[tx.Merchant.Name])
	case "mean":
		return sum / all / 100, sumAll / max(n, 1) / 100
	case "std":
		return 0, math.Sqrt(max(squares, squaresAll)) / 100
	}
	panic(d.Aggregate)
}

// hotEstimated reports whether a filter asks for more than type and marks.
func hotEstimated(d *features.Definition) bool {
	return d.Filter == "online" || d.Filter == "risky" || d.Filter == "early"
}

func hotTruth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// exact returns the very value of a feature.
func (h *hotOracle) exact(d *features.Definition, r hotRange, tx *payment.Transaction) float64 {
	var list []*payment.Transaction
	for _, e := range r.inside {
		channel, _ := e.Attribute("channel")
		risk, _ := e.Attribute("risk")
		if d.Filter == "online" && channel != "online" || d.Filter == "risky" && risk <= "0.5" || d.Filter == "early" && e.Time.Std().Hour() >= 10 {
			continue
		}
		list = append(list, e)
	}
	sum, squares, least, most, _, _ := hotStatistics(list)
	n := float64(len(list))
	switch d.Aggregate {
	case "count":
		return n
	case "mean":
		return sum / n / 100
	case "std":
		return math.Sqrt(n*squares-sum*sum) / n / 100
	case "max", "min":
		if n == 0 {
			return math.NaN()
		}
		if d.Aggregate == "max" {
			return most / 100
		}
		return least / 100
	}
	low, _ := h.bounds(d, hotRange{inside: list}, tx, true)
	return low
}

// hotTrial runs one stream past the oracle, an account, and one that is stored and read again all the time.
type hotTrial struct {
	set          *features.Set
	oracle       hotOracle
	dice         *rand.Rand
	kept, stored *features.Account
	few          bool
	flagged      int // features that were
	bundled      int // checks with bundles
}

func (h *hotTrial) next(i, merchants int, pace time.Duration) payment.Transaction {
	d := h.dice
	usd, _ := payment.ParseCurrency("USD")
	t := h.oracle.newest
	switch d.IntN(400) {
	case 0, 1, 2, 3:
		t = t.Add(-time.Duration(d.Int64N(int64(h.oracle.layout.Lateness))))
	case 4, 5:
		t = t.Add(-time.Duration(d.Int64N(int64(h.oracle.layout.Horizon()))))
	case 6:
		t = t.Add(pace * time.Duration(d.IntN(200)))
	case 7:
		if d.IntN(20) == 0 {
			t = t.Add(time.Duration(d.Int64N(int64(3 * time.Hour))))
		}
	default:
		t = t.Add(time.Duration(d.ExpFloat64() * float64(pace)))
	}
	tx := payment.Transaction{
		ID: fmt.Sprint("t", i), AccountID: "A", Time: t, Currency: usd, Type: payment.Purchase,
		Amount: 1 + int64(d.ExpFloat64()*3000), Merchant: payment.Merchant{Name: fmt.Sprint("m", d.IntN(merchants))},
		Attributes: []payment.Attribute{
			{Key: "channel", Value: [...]string{"online", "pos", "atm"}[d.IntN(3)]}, {Key: "risk", Value: fmt.Sprintf("0.%d", 1+d.IntN(9))},
		},
	}
	if d.IntN(5) == 0 {
		tx.Type = payment.Withdrawal
	}
	return tx
}

func (h *hotTrial) step(tx *payment.Transaction, check bool) error {
	if h.dice.IntN(60) == 0 {
		a, err := h.set.Decode(h.stored.Append(nil))
		if err != nil {
			return err
		}
		h.stored = a
	}
	var o features.Observation
	h.kept.Observe(tx, &o)
	if check {
		if err := h.check(tx, &o); err != nil {
			return err
		}
	}
	h.kept.Fold(&o)
	h.stored.Observe(tx, &o)
	h.stored.Fold(&o)
	h.oracle.fold(tx)
	if !check {
		return nil
	}
	if a, b := h.kept.Append(nil), h.stored.Append(nil); !bytes.Equal(a, b) {
		return fmt.Errorf("kept encodes in %d bytes, stored in %d others", len(a), len(b))
	}
	return nil
}

func (h *hotTrial) check(tx *payment.Transaction, o *features.Observation) error {
	through, err := h.structure()
	if err != nil {
		return err
	}
	v := make(features.Vector, h.set.Schema().Len())
	h.kept.Compute(o, v)
	flagged := slices.Clone(o.Approximate())
	var other features.Observation
	w := make(features.Vector, len(v))
	h.stored.Observe(tx, &other)
	h.stored.Compute(&other, w)
	if !slices.Equal(other.Approximate(), flagged) {
		return fmt.Errorf("stored flags %v, kept %v", other.Approximate(), flagged)
	}
	for i := range v {
		d := &h.set.Definitions()[i]
		if math.Float64bits(v[i]) != math.Float64bits(w[i]) {
			return fmt.Errorf("%s is %v, of the stored account %v", d.Name, v[i], w[i])
		}
		if err := h.feature(d, tx, v[i], slices.Contains(flagged, i), through); err != nil {
			return fmt.Errorf("%s: %w (bundles up to %v ago)", d.Name, err, tx.Time.Sub(through))
		}
	}
	h.flagged += len(flagged)
	return h.consistent(v, tx, through)
}

// structure checks what the account holds, and returns the time of its newest bundle, or one before everything.
func (h *hotTrial) structure() (payment.Time, error) {
	through, events, singles := payment.Time(-1<<60), int64(0), 0
	all := h.kept.Events()
	for i, e := range all {
		if e.Bundle.Events == 0 {
			singles++
			events++
			continue
		}
		if singles > 0 {
			return 0, fmt.Errorf("entry %d is a bundle after a single event", i)
		}
		through = e.Time
		events += e.Bundle.Events
		if span, most := e.Time.Sub(e.Bundle.First), max(time.Second, h.oracle.newest.Sub(e.Time)/4); span < 0 || span >= most {
			return 0, fmt.Errorf("a bundle from %v ago spans %v", h.oracle.newest.Sub(e.Time), span)
		}
	}
	visible := 0
	for i := range h.oracle.folded {
		if h.oracle.newest.Sub(h.oracle.folded[i].Time) < h.oracle.layout.Horizon() {
			visible++
		}
	}
	budget := h.oracle.layout.EventBudget
	switch {
	case len(all) > budget:
		return 0, fmt.Errorf("%d entries of at most %d", len(all), budget)
	case events < int64(visible) || singles == len(all) && events != int64(visible):
		return 0, fmt.Errorf("it stands for %d events, %d are inside the horizon", events, visible)
	case singles < len(all) && singles < budget*3/16:
		return 0, fmt.Errorf("%d events are kept one by one", singles)
	}
	if singles < len(all) {
		h.bundled++
	}
	return through, nil
}

// feature checks one feature.
func (h *hotTrial) feature(d *features.Definition, tx *payment.Transaction, got float64, flagged bool, through payment.Time) error {
	if d.Aggregate == "" {
		if reaches := d.Name == "share_1h" && tx.Time.Sub(through) < time.Hour || strings.HasPrefix(d.Name, "share") && tx.Time.Sub(through) < 10*time.Second; flagged != reaches {
			return fmt.Errorf("flagged %v", flagged)
		}
		return nil
	}
	r := h.oracle.look(d, tx.Time)
	reaches := tx.Time.Sub(through) < d.Window
	if d.Aggregate == "since" && len(r.inside) > 0 {
		_, _, _, _, newest, _ := hotStatistics(r.inside)
		if newest == through {
			reaches = flagged // either may be
		}
		reaches = reaches && newest <= through
	}
	if flagged != reaches {
		return fmt.Errorf("flagged %v", flagged)
	}
	if !reaches {
		want := h.oracle.exact(d, r, tx)
		if math.Abs(got-want) > 1e-9*math.Abs(want) || math.IsNaN(got) != math.IsNaN(want) {
			return fmt.Errorf("%v, want exactly %v", got, want)
		}
		return nil
	}
	if tx.Time < through {
		return nil // it stands in the middle of bundles
	}
	low, high := h.oracle.bounds(d, r, tx, h.few)
	const rounding = 1e-9
	if math.IsNaN(got) {
		if len(r.inside) > 0 && !hotEstimated(d) {
			return fmt.Errorf("NaN of %d events", len(r.inside))
		}
		return nil
	}
	if got < low-rounding*math.Abs(low) || got > high+rounding*math.Abs(high) || math.IsNaN(low) {
		return fmt.Errorf("%v, want between %v and %v", got, low, high)
	}
	return nil
}

// consistent checks that a mean is a sum by a count, and that a deviation is one of so many events, some of them from
// just before the window.
func (h *hotTrial) consistent(v features.Vector, tx *payment.Transaction, through payment.Time) error {
	s := h.set.Schema()
	for _, w := range []string{"10s", "1m", "10m", "1h", "2h"} {
		n, sum := v[s.Index("count_purchases_"+w)], v[s.Index("sum_purchases_"+w)]
		if mean := v[s.Index("mean_purchases_"+w)]; n > 0 && math.Abs(mean-sum/n) > 1e-9*mean {
			return fmt.Errorf("the mean over %s is %v, %v by %v", w, mean, sum, n)
		}
		at := s.Index("std_purchases_" + w)
		r := h.oracle.look(&h.set.Definitions()[at], tx.Time)
		_, low, _, _, _, _ := hotStatistics(r.inside)
		_, rest, _, _, _, _ := hotStatistics(r.before)
		squares := n*v[at]*v[at] + sum*sum/n
		if squares *= 10_000; n > 0 && tx.Time >= through && (squares < low*(1-1e-9) || squares > (low+rest)*(1+1e-9)) {
			return fmt.Errorf("the deviation over %s is one of squares that come to %v, want between %v and %v", w, squares, low, low+rest)
		}
	}
	return nil
}

// TestHotOracle holds accounts beyond their budget against the oracle: exact and not flagged where a window stays
// inside what is kept one by one, else flagged and inside the stated bounds.
func TestHotOracle(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			d := rand.New(rand.NewPCG(seed, 7))
			h := &hotTrial{set: hotCompile(t, hotParse(t, hotDeclarations), hotShort), oracle: hotOracle{layout: hotShort}, dice: d, few: seed%2 == 0}
			h.kept, h.stored = h.set.NewAccount(), h.set.NewAccount()
			h.oracle.newest = payment.TimeOf(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))
			merchants := 400
			if h.few {
				merchants = 100
			}
			pace := time.Second
			for i := range 7000 {
				if d.IntN(500) == 0 {
					pace = []time.Duration{3 * time.Millisecond, 200 * time.Millisecond, time.Second, 3 * time.Second, 20 * time.Second}[d.IntN(5)]
				}
				tx := h.next(i, merchants, pace)
				if err := h.step(&tx, d.IntN(40) == 0); err != nil {
					t.Fatalf("step %d: %v", i, err)
				}
			}
			if h.bundled < 15 || h.flagged < 500 {
				t.Errorf("%d checks saw bundles, %d flags: the stream tries too little", h.bundled, h.flagged)
			}
			t.Logf("%d checks with bundles, %d flags, %d entries", h.bundled, h.flagged, h.kept.Len())
		})
	}
}
