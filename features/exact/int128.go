package exact

import (
	"cmp"
	"math/big"
	"math/bits"
)

// Int128 is a two's-complement integer: sums of squares of amounts outgrow 64 bits. Additions wrap around, so a
// difference that fits is right even where the numbers that it is a difference of did not fit. Values compare with ==.
type Int128 struct {
	hi int64
	lo uint64
}

// FromBits returns hi·2^64 + lo.
func FromBits(hi int64, lo uint64) Int128 { return Int128{hi: hi, lo: lo} }

// Bits returns hi and lo such that v is hi·2^64 + lo.
func (v Int128) Bits() (hi int64, lo uint64) { return v.hi, v.lo }

// Add adds x to v.
func (v *Int128) Add(x int64) {
	var carry uint64
	v.lo, carry = bits.Add64(v.lo, uint64(x), 0)
	v.hi += x>>63 + int64(carry)
}

// AddInt128 adds x to v.
func (v *Int128) AddInt128(x Int128) {
	var carry uint64
	v.lo, carry = bits.Add64(v.lo, x.lo, 0)
	v.hi += x.hi + int64(carry)
}

// Sub returns v − x.
func (v Int128) Sub(x Int128) Int128 {
	lo, borrow := bits.Sub64(v.lo, x.lo, 0)
	return Int128{hi: v.hi - x.hi - int64(borrow), lo: lo}
}

// AddSquare adds x² to v.
func (v *Int128) AddSquare(x int64) {
	hi, lo := square(x)
	var carry uint64
	v.lo, carry = bits.Add64(v.lo, lo, 0)
	v.hi += int64(hi + carry)
}

// SubtractSquare takes x² from v.
func (v *Int128) SubtractSquare(x int64) {
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

// Times returns v·n, which must fit.
func (v Int128) Times(n uint64) Int128 {
	hi, lo := bits.Mul64(v.lo, n)
	return Int128{hi: int64(hi + uint64(v.hi)*n), lo: lo}
}

// Cmp returns -1, 0 or 1 as v is less than, equal to or greater than x.
func (v Int128) Cmp(x Int128) int {
	if v.hi != x.hi {
		return cmp.Compare(v.hi, x.hi)
	}
	return cmp.Compare(v.lo, x.lo)
}

// Sign returns -1, 0 or 1 as v is negative, zero or positive.
func (v Int128) Sign() int { return v.Cmp(Int128{}) }

// Int64 returns v where it fits.
func (v Int128) Int64() (int64, bool) {
	x := int64(v.lo)
	return x, v.hi == x>>63
}

// Float returns the nearest float64.
func (v Int128) Float() float64 {
	if x, ok := v.Int64(); ok {
		return float64(x)
	}
	f, _ := new(big.Float).SetInt(v.Big()).Float64()
	return f
}

// Big returns v as a new big.Int.
func (v Int128) Big() *big.Int {
	b := big.NewInt(v.hi)
	b.Lsh(b, 64)
	return b.Add(b, new(big.Int).SetUint64(v.lo))
}
