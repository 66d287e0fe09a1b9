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
	tx.Time = tx.Time.Add(time.Duration(s.round) * month)
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

func withRates(tb testing.TB) *features.Set {
	layout := features.DefaultLayout()
	layout.Rates = testRates
	return compile(tb, features.Builtin(), layout)
}

var sizes = []int{10, 100, 1000}

// BenchmarkCompute is one transaction of an account in memory, with so many events inside 30 days: observe, compute,
// fold.
func BenchmarkCompute(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			set, s := withRates(b), newStream(n)
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
}

// BenchmarkObserve is the part that looks for the transaction's id.
func BenchmarkObserve(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			set, s := withRates(b), newStream(n)
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

// BenchmarkCold is the first transaction of an account that was not in memory: decode, observe, compute.
func BenchmarkCold(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			set, s := withRates(b), newStream(n)
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
}

func BenchmarkDecode(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			set := withRates(b)
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
			set := withRates(b)
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
