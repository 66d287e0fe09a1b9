package history

import (
	"slices"
	"unsafe"

	"github.com/weir-fraud/weir/payment"
)

// slab hands out memory for what rows hold besides views of the input, many rows to an allocation.
type slab struct {
	bytes []byte
	attrs []payment.Attribute
}

// grow makes room for n bytes.
func (s *slab) grow(n int) {
	const size = 8 << 10
	if cap(s.bytes)-len(s.bytes) < n {
		s.bytes = make([]byte, 0, max(size, n))
	}
}

// text returns a copy of b.
func (s *slab) text(b []byte) string {
	s.grow(len(b))
	start := len(s.bytes)
	s.bytes = append(s.bytes, b...)
	return view(s.bytes[start:])
}

// unquoted returns a copy of b without the doubles of its quotes.
func (s *slab) unquoted(b []byte) string {
	s.grow(len(b))
	start := len(s.bytes)
	s.bytes = appendUnquoted(s.bytes, b)
	return view(s.bytes[start:])
}

// reserve returns an empty slice with room for n attributes. What is appended to it has to be taken before the next call.
func (s *slab) reserve(n int) []payment.Attribute {
	const size = 512
	if len(s.attrs) < n {
		s.attrs = make([]payment.Attribute, max(size, n))
	}
	return s.attrs[:0]
}

// take makes what was reserved and appended to safe from later calls, and returns it.
func (s *slab) take(used []payment.Attribute) []payment.Attribute {
	if len(used) == 0 {
		return nil
	}
	s.attrs = s.attrs[len(used):]
	return slices.Clip(used)
}

// view returns b as a string without copying. What it is called on is never written again.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
