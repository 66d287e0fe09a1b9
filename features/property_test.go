package features_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
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

// span returns a time as features files write it.
func span(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

// combinations are every aggregate with every number, text and filter over every window, in random order.
var combinations = func() []string {
	kinds := []string{"count", "since", "km_since", "kmh_since"}
	numbers := slices.Sorted(maps.Keys(derived))
	for _, of := range append(numbers, "amount") {
		for _, aggregate := range []string{"sum", "mean", "std", "min", "max", "last"} {
			kinds = append(kinds, aggregate+", of: '"+of+"'")
		}
	}
	for _, text := range []string{"merchant", "category", "device"} {
		kinds = append(kinds, "distinct, of: "+text, "new, of: "+text, "count, same: "+text)
		for _, of := range []string{"amount", "risk"} {
			kinds = append(kinds, "sum, of: "+of+", same: "+text, "mean, of: "+of+", same: "+text, "std, of: "+of+", same: "+text)
		}
	}
	filters := append(slices.Sorted(maps.Keys(conditions)), "", "large", "burst")
	var all []string
	for _, kind := range kinds {
		for _, filter := range filters {
			if filter != "" {
				filter = ", filter: '" + filter + "'"
			}
			for part := range windowParts {
				all = append(all, fmt.Sprintf("aggregate: %s%s, windows: [part%d]", kind, filter, part))
			}
		}
	}
	d := rand.New(rand.NewPCG(5, 5))
	d.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}()

// eachTime is how many combinations one stream tries.
const eachTime = 160

// everything returns a file with some of the combinations; n counts the streams, so that in their course all come up.
func everything(longest time.Duration, n int) string {
	list := append(slices.Clone(valueFeatures), markFeatures(longest)...)
	for i := range eachTime {
		c := combinations[(n*eachTime+i)%len(combinations)]
		for p, part := range windowParts {
			c = strings.Replace(c, fmt.Sprintf("part%d", p), span(longest/part), 1)
		}
		list = append(list, fmt.Sprintf("name: combination_%d, %s", i, c))
	}
	return file("attributes: {device: text, risk: number, channel: text}\n"+filterDeclarations+tableDeclarations+markDeclarations, list...)
}

// memoryless returns one without marks that depend on earlier events.
func memoryless(longest time.Duration) string {
	w := span(longest)
	return file("attributes: {risk: number, device: text}\nmarks: {small_amount: {when: type == \"purchase\" and amount < 3}}",
		"name: n, aggregate: count, filter: small_amount, windows: ["+w+"]", "name: mean, aggregate: mean, of: risk, windows: ["+w+"]",
		"name: devices, aggregate: distinct, of: device, filter: 'not (risk > 0.5)', windows: ["+w+"]")
}

var testRates = map[string]string{"EUR": "1.0842", "JPY": "0.006715", "KWD": "3.25"}

// subject is a layout and the file of the nth stream that the properties are tried on.
type subject struct {
	layout     features.Layout
	file       func(n int) string
	memoryless bool // marks do not depend on what expires
}

// subjects have short horizons, but for the shipped one, which makes events expire all the time.
func subjects() map[string]subject {
	of := func(l features.Layout) subject {
		return subject{layout: l, file: func(n int) string { return everything(l.LongestWindow, n) }}
	}
	ten := features.Layout{
		LongestWindow: 10 * time.Minute, Lateness: 30 * time.Second, Dedupe: 2 * time.Minute, Currency: "USD", Rates: testRates,
	}
	layout := features.DefaultLayout()
	layout.Rates = testRates
	return map[string]subject{
		"shipped":     {layout: layout, file: func(int) string { return features.BuiltinSource() }},
		"ten minutes": of(ten),
		"no lateness": of(features.Layout{
			LongestWindow: 10 * time.Minute, Dedupe: 10 * time.Minute, Currency: "JPY",
			Rates: map[string]string{"EUR": "161.45", "KWD": "484"},
		}),
		"one minute, late": of(features.Layout{
			LongestWindow: time.Minute, Lateness: time.Minute, Dedupe: time.Millisecond, Currency: "KWD",
			Rates: map[string]string{"EUR": "0.333333333", "JPY": "0.002"},
		}),
		"memoryless": {layout: ten, file: func(int) string { return memoryless(ten.LongestWindow) }, memoryless: true},
	}
}

// TestOracle holds the engine against the oracle on random streams, bit for bit.
func TestOracle(t *testing.T) {
	for name, subject := range subjects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range *oracleStreams {
				seed := *oracleSeed + uint64(i)
				set := compile(t, subject.file(int(seed)), subject.layout)
				d := rand.New(rand.NewPCG(seed, 0))
				trial, steps := newTrial(set, d), 20+d.IntN(300)
				trial.memoryless = subject.memoryless
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
		f.Add(byte(n), byte(n/40), input)
	}
	names := slices.Sorted(maps.Keys(subjects()))
	sets := make(map[string]*features.Set) // compiling takes longer than a short stream
	f.Fuzz(func(t *testing.T, which, n byte, input []byte) {
		subject := subjects()[names[int(which)%len(names)]]
		d := &tape{rest: input[:min(len(input), 1<<11)]}
		text := subject.file(int(n))
		if sets[text] == nil {
			sets[text] = compile(t, text, subject.layout)
		}
		trial := newTrial(sets[text], d)
		trial.memoryless = subject.memoryless
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
	oracle  *oracle
	traffic *traffic

	kept     *features.Account // in memory from the first event on
	stored   *features.Account // encoded and decoded every now and then
	rebuilt  *features.Account // folds, and seldom computes
	reloads  int               // one in so many for stored
	computes int               // one in so many for rebuilt, 0 for never
	steps    int

	memoryless bool
}

func newTrial(set *features.Set, d dice) *trial {
	return &trial{
		dice: d, set: set, traffic: newTraffic(d, *set.Layout()),
		oracle: newOracle(set),
		kept:   set.NewAccount(), stored: set.NewAccount(), rebuilt: set.NewAccount(),
		reloads: pick(d, 1, 3, 20), computes: pick(d, 0, 5, 50),
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
	v := r.oracle.look(tx)
	want := v.vector()
	late, outcome := r.oracle.late(tx), r.oracle.outcome(tx)
	// A repeated transaction is not folded, and some others are only asked about.
	fold := outcome == features.Fresh && r.dice.IntN(10) > 0
	for name, a := range map[string]*features.Account{"kept": r.kept, "stored": r.stored, "rebuilt": r.rebuilt} {
		var o features.Observation
		a.Observe(tx, &o)
		if o.Outcome != outcome || o.Late != late {
			return fmt.Errorf("%s: outcome %d, late %v; want %d, %v", name, o.Outcome, o.Late, outcome, late)
		}
		computes := a != r.rebuilt || r.computes > 0 && r.dice.IntN(r.computes) == 0
		if computes {
			got := make(features.Vector, len(want))
			a.Compute(&o, got)
			if err := r.compare(got, want); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if fold {
			a.Fold(&o)
		}
		if got, want := o.Marks(), v.markBits(); (computes || fold) && got != want {
			return fmt.Errorf("%s: the marks are %b, want %b of %v", name, got, want, r.set.Marks())
		}
	}
	if fold {
		r.oracle.fold(v)
	}
	return r.states(tx.Time)
}

// markBits returns the marks as the engine does.
func (v *view) markBits() (bits uint16) {
	for i, m := range v.oracle.marks {
		if v.self.marks[m] {
			bits |= 1 << i
		}
	}
	return bits
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

// afresh folds what is visible into an empty account, in the order of time, and expects the same encoding. Marks may
// tell of what is not visible any more.
func (r *trial) afresh() error {
	if !r.memoryless {
		return nil
	}
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
