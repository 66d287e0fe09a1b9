package exact_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/weir-fraud/weir/features/exact"
)

// TestInt128 holds the arithmetic against math/big, at the edges first.
func TestInt128(t *testing.T) {
	edges := []int64{0, 1, -1, 2, -2, 1e15, -1e15, math.MaxInt64, math.MinInt64, math.MinInt64 + 1, 1 << 32, -1 << 32}
	d := rand.New(rand.NewPCG(1, 4))
	other, wantOther := exact.Int128{}, new(big.Int)
	for i := range 2000 {
		var v exact.Int128
		want := new(big.Int)
		for step := range 20 {
			x := edges[d.IntN(len(edges))]
			if i%2 == 0 {
				x = int64(d.Uint64() >> d.IntN(64))
			}
			big64 := big.NewInt(x)
			square := new(big.Int).Mul(big64, big64)
			switch d.IntN(5) {
			case 0:
				v.Add(x)
				want.Add(want, big64)
			case 1:
				v.AddSquare(x)
				want.Add(want, square)
			case 2:
				v.SubtractSquare(x)
				want.Sub(want, square)
			case 3:
				v.AddInt128(other)
				want.Add(want, wantOther)
			case 4:
				v = v.Sub(other)
				want.Sub(want, wantOther)
			}
			want = wrapped(want)
			if v.Big().Cmp(want) != 0 {
				t.Fatalf("stream %d, step %d, x = %d: %v, want %v", i, step, x, v.Big(), want)
			}
			checkInt128(t, v)
			if got, want := v.Cmp(other), want.Cmp(wantOther); got != want {
				t.Fatalf("%v compared with %v is %d, want %d", v.Big(), other.Big(), got, want)
			}
		}
		other, wantOther = v, want
	}
}

// wrapped returns v modulo 2^128, in the range of an Int128.
func wrapped(v *big.Int) *big.Int {
	w := new(big.Int).And(v, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1)))
	if w.Bit(127) == 1 {
		w.Sub(w, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	return w
}

func checkInt128(t *testing.T, v exact.Int128) {
	t.Helper()
	b := v.Big()
	if x, ok := v.Int64(); ok != b.IsInt64() || ok && x != b.Int64() {
		t.Fatalf("%v as an int64 is %d, %v", b, x, ok)
	}
	if want, _ := new(big.Rat).SetInt(b).Float64(); v.Float() != want {
		t.Fatalf("%v as a float64 is %v, want %v", b, v.Float(), want)
	}
	if v.Sign() != b.Sign() || v.Cmp(v) != 0 {
		t.Fatalf("the sign of %v is %d, and compared with itself it is %d", b, v.Sign(), v.Cmp(v))
	}
	if again := exact.FromBits(v.Bits()); again != v {
		t.Fatalf("%v from its bits is %v", b, again.Big())
	}
	for _, n := range []uint64{0, 1, 3, 1000, 1 << 40} {
		product := new(big.Int).Mul(b, new(big.Int).SetUint64(n))
		if product.BitLen() > 127 {
			continue
		}
		if got := v.Times(n); got.Big().Cmp(product) != 0 {
			t.Fatalf("%v times %d is %v, want %v", b, n, got.Big(), product)
		}
	}
}
