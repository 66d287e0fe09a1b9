package features_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

var (
	oracleSeed    = flag.Uint64("oracle.seed", 1, "seed of the first random stream of TestOracle; the others follow")
	oracleStreams = flag.Int("oracle.streams", 20, "how many random streams TestOracle tries for each layout")
)

// windowParts divides the longest window into the windows that everything looks over.
var windowParts = []time.Duration{1, 2, 7, 600}

// everything returns definitions that use every aggregate with every field and filter over several windows.
func everything(longest time.Duration) []features.Definition {
	all := []features.Definition{
		{Name: "amount", Fact: "amount"}, {Name: "is_withdrawal", Fact: "is_withdrawal"}, {Name: "is_deposit", Fact: "is_deposit"},
		{Name: "hour_of_day", Fact: "hour_of_day"}, {Name: "day_of_week", Fact: "day_of_week"},
	}
	kinds := []features.Definition{
		{Aggregate: "count"}, {Aggregate: "seconds_since"},
		{Aggregate: "sum", Field: "amount"}, {Aggregate: "mean", Field: "amount"},
		{Aggregate: "std", Field: "amount"}, {Aggregate: "max", Field: "amount"},
		{Aggregate: "distinct", Field: "merchant"}, {Aggregate: "distinct", Field: "category"},
		{Aggregate: "new", Field: "merchant"}, {Aggregate: "new", Field: "category"},
		{Aggregate: "km_since", Field: "location"}, {Aggregate: "kmh_since", Field: "location"},
	}
	for i, part := range windowParts {
		for _, d := range kinds {
			for _, filter := range []string{"", "spending", "withdrawals", "deposits"} {
				if i > 0 && (len(all)+i)%3 != 0 {
					continue // a third of the combinations is enough for the shorter windows
				}
				d.Window, d.Filter = longest/part, filter
				d.Name = fmt.Sprintf("%s_%s_%s_%v", d.Aggregate, d.Field, filter, d.Window)
				all = append(all, d)
			}
		}
	}
	mean := fmt.Sprintf("mean_amount_spending_%v", longest)
	return append(all,
		features.Definition{Name: "to_mean", Ratio: [2]string{"amount", mean}},
		features.Definition{Name: "to_to_mean", Ratio: [2]string{mean, "to_mean"}})
}

var testRates = map[string]string{"EUR": "1.0842", "JPY": "0.006715", "KWD": "3.25"}

// subjects are the layouts and sets that the properties are tried on. Short horizons make events expire all the time.
func subjects() map[string]func() (features.Layout, []features.Definition) {
	return map[string]func() (features.Layout, []features.Definition){
		"shipped": func() (features.Layout, []features.Definition) {
			l := features.DefaultLayout()
			l.Rates = testRates
			return l, features.Builtin()
		},
		"ten minutes": func() (features.Layout, []features.Definition) {
			l := features.Layout{
				LongestWindow: 10 * time.Minute, Lateness: 30 * time.Second, Dedupe: 2 * time.Minute, Currency: "USD", Rates: testRates,
			}
			return l, everything(l.LongestWindow)
		},
		"no lateness": func() (features.Layout, []features.Definition) {
			l := features.Layout{
				LongestWindow: 10 * time.Minute, Dedupe: 10 * time.Minute, Currency: "JPY",
				Rates: map[string]string{"EUR": "161.45", "KWD": "484"},
			}
			return l, everything(l.LongestWindow)
		},
		"one minute, late": func() (features.Layout, []features.Definition) {
			l := features.Layout{
				LongestWindow: time.Minute, Lateness: time.Minute, Dedupe: time.Millisecond, Currency: "KWD",
				Rates: map[string]string{"EUR": "0.333333333", "JPY": "0.002"},
			}
			return l, everything(l.LongestWindow)
		},
	}
}

// TestOracle holds the engine against the oracle on random streams, bit for bit.
func TestOracle(t *testing.T) {
	for name, subject := range subjects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			layout, definitions := subject()
			set := compile(t, definitions, layout)
			for i := range *oracleStreams {
				seed := *oracleSeed + uint64(i)
				d := rand.New(rand.NewPCG(seed, 0))
				trial, steps := newTrial(set, d), 20+d.IntN(300)
				if err := trial.run(func() bool { return trial.steps < steps }); err != nil {
					t.Fatalf("seed %d: %v\nonce more: go test ./features -run '%s' -oracle.seed=%d -oracle.streams=1", seed, err, t.Name(), seed)
				}
			}
		})
	}
}

// FuzzOracle does the same on streams that are made from the input.
func FuzzOracle(f *testing.F) {
	d := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 40, 400, 4000} {
		input := make([]byte, n)
		for i := range input {
			input[i] = byte(d.IntN(256))
		}
		f.Add(byte(n), input)
	}
	names := []string{"shipped", "ten minutes", "no lateness", "one minute, late"}
	f.Fuzz(func(t *testing.T, subject byte, input []byte) {
		layout, definitions := subjects()[names[int(subject)%len(names)]]()
		d := &tape{rest: input[:min(len(input), 1<<11)]}
		trial := newTrial(compile(t, definitions, layout), d)
		if err := trial.run(func() bool { return len(d.rest) > 0 }); err != nil {
			t.Fatal(err)
		}
	})
}

// tape reads choices off a fuzz input. Where it ends, every choice is the first.
type tape struct{ rest []byte }

func (d *tape) IntN(n int) int {
	var word [8]byte
	size := 1
	for size < 8 && n>>(8*size) != 0 {
		size *= 2
	}
	d.rest = d.rest[copy(word[:size], d.rest):]
	return int(binary.LittleEndian.Uint64(word[:]) % uint64(n))
}

// trial runs one stream past the oracle and past accounts that live differently. All must agree at all times.
type trial struct {
	dice    dice
	set     *features.Set
	oracle  oracle
	traffic *traffic

	kept     *features.Account // in memory from the first event on
	stored   *features.Account // encoded and decoded every now and then
	rebuilt  *features.Account // folds, and seldom computes
	reloads  int               // one in so many for stored
	computes int               // one in so many for rebuilt
	steps    int
}

func newTrial(set *features.Set, d dice) *trial {
	return &trial{
		dice: d, set: set, traffic: newTraffic(d, *set.Layout()),
		oracle: oracle{layout: *set.Layout(), definitions: set.Definitions()},
		kept:   set.NewAccount(), stored: set.NewAccount(), rebuilt: set.NewAccount(),
		reloads: pick(d, 1, 3, 20), computes: pick(d, 5, 50),
	}
}

// run goes on while more says so.
func (r *trial) run(more func() bool) error {
	for more() {
		r.steps++
		tx := r.traffic.next()
		if err := r.step(&tx); err != nil {
			return fmt.Errorf("step %d, %s: %w", r.steps, payment.AppendJSON(nil, &tx), err)
		}
	}
	return r.afresh()
}

func (r *trial) step(tx *payment.Transaction) error {
	if r.dice.IntN(r.reloads) == 0 {
		a, err := r.set.Decode(r.stored.Append(nil))
		if err != nil {
			return err
		}
		r.stored = a
	}
	want := r.oracle.vector(tx)
	late, outcome := r.oracle.late(tx), r.oracle.outcome(tx)
	// A repeated transaction is not folded, and some others are only asked about.
	fold := outcome == features.Fresh && r.dice.IntN(10) > 0
	for name, a := range map[string]*features.Account{"kept": r.kept, "stored": r.stored, "rebuilt": r.rebuilt} {
		var o features.Observation
		a.Observe(tx, &o)
		if o.Outcome != outcome || o.Late != late {
			return fmt.Errorf("%s: outcome %d, late %v; want %d, %v", name, o.Outcome, o.Late, outcome, late)
		}
		if a != r.rebuilt || r.dice.IntN(r.computes) == 0 {
			got := make(features.Vector, len(want))
			a.Compute(&o, got)
			if err := r.compare(got, want); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if fold {
			a.Fold(&o)
		}
	}
	if fold {
		r.oracle.fold(tx)
	}
	return r.states(tx.Time)
}

func (r *trial) compare(got, want features.Vector) error {
	for i := range want {
		w := math.Float64bits(want[i])
		if math.IsNaN(want[i]) {
			w = math.Float64bits(math.NaN())
		}
		if g := math.Float64bits(got[i]); g != w {
			return fmt.Errorf("%s is %v (%#x), want %v (%#x)", &r.set.Definitions()[i], got[i], g, want[i], w)
		}
	}
	return nil
}

// states compares what the accounts hold.
func (r *trial) states(t payment.Time) error {
	encoding := r.kept.Append(nil)
	for name, a := range map[string]*features.Account{"stored": r.stored, "rebuilt": r.rebuilt} {
		if other := a.Append(nil); !bytes.Equal(other, encoding) {
			return fmt.Errorf("%s encodes as %x, kept as %x", name, other, encoding)
		}
	}
	inside := r.oracle.visible()
	newest, some := r.oracle.newest()
	if got, ok := r.kept.Newest(); ok != some || got != newest {
		return fmt.Errorf("newest is %v, %v; want %v, %v", got, ok, newest, some)
	}
	if r.kept.Len() != len(inside) {
		return fmt.Errorf("%d events are kept, want %d", r.kept.Len(), len(inside))
	}
	for len(inside) > 0 && inside[len(inside)-1].tx.Time > t {
		inside = inside[:len(inside)-1]
	}
	const most = 5
	inside = inside[max(0, len(inside)-most):]
	history := r.stored.History(t, most)
	if len(history) != len(inside) {
		return fmt.Errorf("the history has %d events, want %d", len(history), len(inside))
	}
	for i := range history {
		got, want := &history[i], &inside[i].tx
		if got.Time != want.Time || got.Type != want.Type || got.Amount != want.Amount || got.Currency != want.Currency || got.Merchant != want.Merchant {
			return fmt.Errorf("event %d of the history is %+v, want %+v", i, got, want)
		}
	}
	return nil
}

// afresh folds what is visible into an empty account, in the order of time, and expects the same encoding.
func (r *trial) afresh() error {
	a := r.set.NewAccount()
	for _, e := range r.oracle.visible() {
		var o features.Observation
		a.Observe(&e.tx, &o)
		a.Fold(&o)
	}
	if got, want := a.Append(nil), r.kept.Append(nil); !bytes.Equal(got, want) {
		return fmt.Errorf("after %d steps: an account made of what is visible encodes as %x, kept as %x", r.steps, got, want)
	}
	return nil
}
