package features

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/weir-fraud/weir/payment"
)

// TestInt128 holds the arithmetic against math/big, at the edges first.
func TestInt128(t *testing.T) {
	edges := []int64{0, 1, -1, 2, -2, payment.MaxAmount, -payment.MaxAmount, math.MaxInt64, math.MinInt64, math.MinInt64 + 1, 1 << 32, -1 << 32}
	d := rand.New(rand.NewPCG(1, 4))
	for i := range 2000 {
		var v int128
		want := new(big.Int)
		for step := range 20 {
			x := edges[d.IntN(len(edges))]
			if i%2 == 0 {
				x = int64(d.Uint64() >> d.IntN(64))
			}
			big64 := big.NewInt(x)
			square := new(big.Int).Mul(big64, big64)
			switch d.IntN(3) {
			case 0:
				v.add(x)
				want.Add(want, big64)
			case 1:
				v.addSquare(x)
				want.Add(want, square)
			case 2:
				v.subtractSquare(x)
				want.Sub(want, square)
			}
			if v.big().Cmp(wrapped(want)) != 0 {
				t.Fatalf("stream %d, step %d, x = %d: %v, want %v", i, step, x, v.big(), wrapped(want))
			}
			checkInt128(t, &v)
		}
	}
}

// wrapped returns v modulo 2^128, in the range of an int128.
func wrapped(v *big.Int) *big.Int {
	w := new(big.Int).And(v, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1)))
	if w.Bit(127) == 1 {
		w.Sub(w, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	return w
}

func checkInt128(t *testing.T, v *int128) {
	t.Helper()
	b := v.big()
	if x, ok := v.int64(); ok != b.IsInt64() || ok && x != b.Int64() {
		t.Fatalf("%v as an int64 is %d, %v", b, x, ok)
	}
	if want, _ := new(big.Rat).SetInt(b).Float64(); v.float() != want {
		t.Fatalf("%v as a float64 is %v, want %v", b, v.float(), want)
	}
	if b.Sign() < 0 {
		return
	}
	for _, n := range []uint64{0, 1, 3, 1000, 1 << 40} {
		product := new(big.Int).Mul(b, new(big.Int).SetUint64(n))
		if product.BitLen() > 127 {
			continue
		}
		if got := v.times(n); got.big().Cmp(product) != 0 {
			t.Fatalf("%v times %d is %v, want %v", b, n, got.big(), product)
		}
	}
}

// TestMomentsAtTheEdge goes where sums outgrow 64 bits and products 128: 30,000 amounts of the largest size.
func TestMomentsAtTheEdge(t *testing.T) {
	for name, amount := range map[string]func(i int) int64{
		"all equal": func(int) int64 { return payment.MaxAmount },
		"negative":  func(int) int64 { return -payment.MaxAmount },
		"nearly":    func(i int) int64 { return payment.MaxAmount - int64(i) },
		"both ends": func(i int) int64 { return payment.MaxAmount * int64(1-i%2*2) },
	} {
		t.Run(name, func(t *testing.T) {
			m := moments{scale: 100}
			sum, squares := new(big.Int), new(big.Int)
			check := func(n int) {
				t.Helper()
				spread := new(big.Int).Mul(squares, big.NewInt(int64(n)))
				spread.Sub(spread, new(big.Int).Mul(sum, sum))
				exactly := func(x *big.Int) float64 { f, _ := new(big.Rat).SetInt(x).Float64(); return f }
				if got, want := m.value(statSum), exactly(sum)/100; got != want {
					t.Fatalf("the sum of %d is %v, want %v", n, got, want)
				}
				if got, want := m.value(statMean), exactly(sum)/float64(n)/100; got != want {
					t.Fatalf("the mean of %d is %v, want %v", n, got, want)
				}
				if got, want := m.value(statStd), math.Sqrt(exactly(spread))/float64(n)/100; got != want {
					t.Fatalf("the deviation of %d is %v, want %v", n, got, want)
				}
			}
			const events = 30_000
			for i := range events {
				x := big.NewInt(amount(i))
				m.enter(&event{amount: amount(i)}, uint64(i))
				sum.Add(sum, x)
				squares.Add(squares, x.Mul(x, x))
				if i%97 == 0 {
					check(i + 1)
				}
			}
			for i := range events - 1 {
				x := big.NewInt(amount(i))
				m.leave(&event{amount: amount(i)}, uint64(i))
				sum.Sub(sum, x)
				squares.Sub(squares, x.Mul(x, x))
				if i%97 == 0 {
					check(events - i - 1)
				}
			}
			m.leave(&event{amount: amount(events - 1)}, events-1)
			if m != (moments{scale: 100}) {
				t.Errorf("what has left has left a trace: %+v", m)
			}
		})
	}
}
