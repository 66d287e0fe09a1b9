package evaluation

// column is a list that grows without moving what it holds: copying tens of millions of values to grow would double
// the memory of a long replay.
type column[T any] struct {
	chunks [][]T
	n      int
}

const chunkSize = 1 << 16

func (c *column[T]) add(v T) {
	if c.n%chunkSize == 0 {
		c.chunks = append(c.chunks, make([]T, 0, chunkSize))
	}
	last := &c.chunks[len(c.chunks)-1]
	*last = append(*last, v)
	c.n++
}

func (c *column[T]) at(i int) T { return c.chunks[i/chunkSize][i%chunkSize] }

// flat returns a copy in one piece.
func (c *column[T]) flat() []T {
	all := make([]T, 0, c.n)
	for _, chunk := range c.chunks {
		all = append(all, chunk...)
	}
	return all
}
