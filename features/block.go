package features

import "unsafe"

// block is memory for values without pointers, of several types. An account of one block instead of as many as it has types
// is less for the collector to visit, which comes by for every account in memory.
type block []uint64

// plain are the types that a block has room for: no pointers, and 8 bytes a word.
type plain interface {
	window | count | moments | latest | peak | uint32
}

// words returns how many words n values take.
func words[T plain](n int) int {
	var t T
	return (n*int(unsafe.Sizeof(t)) + 7) / 8
}

// cut takes the room of n values off a block, which must have it.
func cut[T plain](b *block, n int) []T {
	if n == 0 {
		return nil
	}
	size := words[T](n)
	piece := (*b)[:size]
	*b = (*b)[size:]
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(piece))), n)
}
