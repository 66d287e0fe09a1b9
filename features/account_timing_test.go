package features_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

const month = 30 * 24 * time.Hour

// stream repeats a customer's month for ever, each time a month later and under new ids.
type stream struct {
	month []payment.Transaction
	next  int
	round int
	ids   []string
}

func newStream(events int) *stream {
	s := &stream{month: customer(events)}
	for i := range max(events, 4096) {
		s.ids = append(s.ids, fmt.Sprintf("tx-%08x", i*2654435761&0xffffffff))
	}
	return s
}

// fill sets tx to the next transaction.
func (s *stream) fill(tx *payment.Transaction) {
	*tx = s.month[s.next%len(s.month)]
	tx.ID = s.ids[s.next%len(s.ids)]
	tx.Time += payment.Time(s.round) * payment.Time(month.Milliseconds()) // a time.Duration ends after 292 years
	s.next++
	if s.next%len(s.month) == 0 {
		s.round++
	}
}

// warm returns an account that has lived for two months.
func warm(set *features.Set, s *stream) *features.Account {
	a := set.NewAccount()
	var o features.Observation
	var tx payment.Transaction
	v := make(features.Vector, set.Schema().Len())
	for range 2 * len(s.month) {
		s.fill(&tx)
		a.Observe(&tx, &o)
		a.Compute(&o, v)
		a.Fold(&o)
	}
	return a
}

// sized returns a set with rates: the shipped one, or one of so many features over an account's events.
func sized(tb testing.TB, count int) *features.Set {
	layout := features.DefaultLayout()
	layout.Rates = testRates
	if count == 0 {
		return compile(tb, features.BuiltinSource(), layout)
	}
	kinds := []string{
		"aggregate: count", "aggregate: sum, of: amount", "aggregate: mean, of: amount", "aggregate: std, of: amount", "aggregate: max, of: amount",
		"aggregate: distinct, of: merchant", "aggregate: new, of: device_id", "aggregate: since", "aggregate: kmh_since",
		"aggregate: mean, of: amount, same: category", "aggregate: last, of: amount * 2",
	}
	windows := []string{"10m", "1h", "24h", "7d", "30d"}
	filters := []string{"", ", filter: spending", ", filter: withdrawals", ", filter: online"}
	list := make([]string, count)
	for i := range list {
		list[i] = fmt.Sprintf("name: f%d, %s%s, windows: [%s]", i, kinds[i%len(kinds)], filters[i/len(kinds)%len(filters)], windows[i%len(windows)])
	}
	return compile(tb, file("attributes: {device_id: text, channel: text}\n"+filterDeclarations, list...), layout)
}

var sizes = []int{10, 100, 1000}

// eachSize runs a benchmark for the shipped features, for 40 and for 200 over an account's events, each with so many
// events inside 30 days.
func eachSize(b *testing.B, run func(b *testing.B, set *features.Set, n int)) {
	for _, count := range []int{0, 40, 200} {
		name := "shipped"
		if count > 0 {
			name = fmt.Sprint(count)
		}
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) { run(b, sized(b, count), n) })
		}
	}
}

// BenchmarkCompute is one transaction of an account in memory: observe, compute, fold.
func BenchmarkCompute(b *testing.B) {
	eachSize(b, func(b *testing.B, set *features.Set, n int) {
		s := newStream(n)
		a := warm(set, s)
		v := make(features.Vector, set.Schema().Len())
		var o features.Observation
		var tx payment.Transaction
		b.ReportAllocs()
		for b.Loop() {
			s.fill(&tx)
			a.Observe(&tx, &o)
			a.Compute(&o, v)
			a.Fold(&o)
		}
	})
}

// BenchmarkCold is the first transaction of an account that was not in memory: decode, observe, compute.
func BenchmarkCold(b *testing.B) {
	eachSize(b, func(b *testing.B, set *features.Set, n int) {
		s := newStream(n)
		value := warm(set, s).Append(nil)
		v := make(features.Vector, set.Schema().Len())
		var o features.Observation
		var tx payment.Transaction
		s.fill(&tx)
		b.SetBytes(int64(len(value)))
		b.ReportAllocs()
		for b.Loop() {
			a, err := set.Decode(value)
			if err != nil {
				b.Fatal(err)
			}
			a.Observe(&tx, &o)
			a.Compute(&o, v)
		}
	})
}

// BenchmarkObserve is the part that looks for the transaction's id.
func BenchmarkObserve(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			set, s := sized(b, 0), newStream(n)
			a := warm(set, s)
			var o features.Observation
			var tx payment.Transaction
			s.fill(&tx)
			b.ReportAllocs()
			for b.Loop() {
				a.Observe(&tx, &o)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			set := sized(b, 0)
			value := warm(set, newStream(n)).Append(nil)
			b.SetBytes(int64(len(value)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := set.Decode(value); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			set := sized(b, 0)
			a := warm(set, newStream(n))
			var value []byte
			b.ReportAllocs()
			for b.Loop() {
				value = a.Append(value[:0])
			}
			b.SetBytes(int64(len(value)))
		})
	}
}
