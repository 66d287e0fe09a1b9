package exact_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/weir-fraud/weir/features/exact"
)

// largest is the largest amount of a payment, in minor units.
const largest int64 = 1e15

// TestMomentsAtTheEdge goes where sums outgrow 64 bits and products 128: 30,000 amounts of the largest size.
func TestMomentsAtTheEdge(t *testing.T) {
	for name, amount := range map[string]func(i int) int64{
		"all equal": func(int) int64 { return largest },
		"negative":  func(int) int64 { return -largest },
		"nearly":    func(i int) int64 { return largest - int64(i) },
		"both ends": func(i int) int64 { return largest * int64(1-i%2*2) },
	} {
		t.Run(name, func(t *testing.T) {
			var m exact.Moments
			sum, squares := new(big.Int), new(big.Int)
			check := func(n int) {
				t.Helper()
				spread := new(big.Int).Mul(squares, big.NewInt(int64(n)))
				spread.Sub(spread, new(big.Int).Mul(sum, sum))
				exactly := func(x *big.Int) float64 { f, _ := new(big.Rat).SetInt(x).Float64(); return f }
				if got, want := m.Sum(100), exactly(sum)/100; got != want {
					t.Fatalf("the sum of %d is %v, want %v", n, got, want)
				}
				if got, want := m.Mean(100), exactly(sum)/float64(n)/100; got != want {
					t.Fatalf("the mean of %d is %v, want %v", n, got, want)
				}
				if got, want := m.Std(100), math.Sqrt(exactly(spread))/float64(n)/100; got != want {
					t.Fatalf("the deviation of %d is %v, want %v", n, got, want)
				}
			}
			const events = 30_000
			for i := range events {
				x := big.NewInt(amount(i))
				m.Add(amount(i))
				sum.Add(sum, x)
				squares.Add(squares, x.Mul(x, x))
				if i%97 == 0 {
					check(i + 1)
				}
			}
			for i := range events - 1 {
				x := big.NewInt(amount(i))
				m.Remove(amount(i))
				sum.Sub(sum, x)
				squares.Sub(squares, x.Mul(x, x))
				if i%97 == 0 {
					check(events - i - 1)
				}
			}
			m.Remove(amount(events - 1))
			if m != (exact.Moments{}) {
				t.Errorf("what has left has left a trace: %+v", m)
			}
		})
	}
}

// What has no mean or no deviation reads as the NaN of package math, whose bits vectors are compared by.
func TestMomentsOfNothing(t *testing.T) {
	moments := func(add, remove []int64) (m exact.Moments) {
		for _, x := range add {
			m.Add(x)
		}
		for _, x := range remove {
			m.Remove(x)
		}
		return m
	}
	for name, c := range map[string]struct {
		m              exact.Moments
		sum, mean, std float64
	}{
		"empty":                  {moments(nil, nil), 0, math.NaN(), math.NaN()},
		"fewer than none":        {moments(nil, []int64{300}), -3, math.NaN(), math.NaN()},
		"more taken than added":  {moments([]int64{100, 100}, []int64{300}), -1, -1, math.NaN()},
		"none, and yet some sum": {moments([]int64{300}, []int64{100}), 2, math.NaN(), math.NaN()},
	} {
		t.Run(name, func(t *testing.T) {
			for what, v := range map[string][2]float64{
				"sum": {c.m.Sum(100), c.sum}, "mean": {c.m.Mean(100), c.mean}, "deviation": {c.m.Std(100), c.std},
			} {
				if math.Float64bits(v[0]) != math.Float64bits(v[1]) {
					t.Errorf("the %s is %v (%x), want %v", what, v[0], math.Float64bits(v[0]), v[1])
				}
			}
		})
	}
}
