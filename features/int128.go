package features

import (
	"math/big"
	"math/bits"
)

// int128 is a two's-complement integer: sums of squares of amounts outgrow 64 bits.
type int128 struct {
	hi int64
	lo uint64
}

func (v *int128) add(x int64) {
	var carry uint64
	v.lo, carry = bits.Add64(v.lo, uint64(x), 0)
	v.hi += x>>63 + int64(carry)
}

func (v *int128) addSquare(x int64) {
	hi, lo := square(x)
	var carry uint64
	v.lo, carry = bits.Add64(v.lo, lo, 0)
	v.hi += int64(hi + carry)
}

func (v *int128) subtractSquare(x int64) {
	hi, lo := square(x)
	var borrow uint64
	v.lo, borrow = bits.Sub64(v.lo, lo, 0)
	v.hi -= int64(hi + borrow)
}

func square(x int64) (hi, lo uint64) {
	if x < 0 {
		x = -x
	}
	return bits.Mul64(uint64(x), uint64(x))
}

// times returns v·n for v ≥ 0; the product must fit.
func (v *int128) times(n uint64) int128 {
	hi, lo := bits.Mul64(v.lo, n)
	return int128{hi: int64(hi + uint64(v.hi)*n), lo: lo}
}

// int64 returns v where it fits.
func (v *int128) int64() (int64, bool) {
	x := int64(v.lo)
	return x, v.hi == x>>63
}

// float returns the nearest float64.
func (v *int128) float() float64 {
	if x, ok := v.int64(); ok {
		return float64(x)
	}
	f, _ := new(big.Float).SetInt(v.big()).Float64()
	return f
}

func (v *int128) big() *big.Int {
	b := big.NewInt(v.hi)
	b.Lsh(b, 64)
	return b.Add(b, new(big.Int).SetUint64(v.lo))
}
