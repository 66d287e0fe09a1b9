package forest

import (
	"fmt"
	"math"
)

// Scratch is the memory that [Attribution.Explain] works in. One goroutine uses it at a time.
type Scratch struct {
	of       *Attribution
	columns  []float64 // the vector, see columnsOf
	shares   []float64 // per column: what is added to the margin
	products []float64 // per slot: Q
	sums     []float64 // per slot: T
	lost     []uint32  // per slot, for its right and its left child: 0 if the vector satisfies the feature so far, or else blockSize
	steps    []uint32  // per split: its block for this vector, plus 1 if the vector goes to the left
}

// NewScratch returns memory for a.
func (a *Attribution) NewScratch() *Scratch {
	slots := a.largest + 1
	return &Scratch{
		of:       a,
		columns:  make([]float64, columnsOf*a.width),
		shares:   make([]float64, columnsOf*a.width),
		products: make([]float64, lanes*slots),
		sums:     make([]float64, lanes*slots),
		lost:     make([]uint32, 2*slots),
		steps:    make([]uint32, slots),
	}
}

// Base returns the mean margin of the training rows, from which contributions lead to a vector's own.
func (a *Attribution) Base() float64 { return a.base }

// Explain sets phi[i] to what v[i] adds to the margin, 0 where the model does not read it, and returns the base: with it
// the contributions add up to the margin. v and phi are of the attribution's width, and s is from its NewScratch; another
// is a mistake in the program, and panics. It allocates nothing.
func (a *Attribution) Explain(v, phi []float64, s *Scratch) (base float64) {
	if len(v) != a.width || len(phi) != a.width {
		panic(fmt.Sprintf("forest: vectors of %d and %d values for an attribution of %d", len(v), len(phi), a.width))
	}
	if s.of != a {
		panic("forest: the scratch of another attribution")
	}
	for i, x := range v {
		c := s.columns[columnsOf*i:][:columnsOf]
		c[0], c[1], c[2] = x, x, x
		if math.IsNaN(x) {
			c[1], c[2] = math.Inf(-1), 0
		}
	}
	clear(s.shares)
	for i := range a.groups {
		g := &a.groups[i]
		for _, root := range g.roots {
			copy(s.products[root:], g.weighted[:])
		}
		if a.vectors {
			descendVectors(g, s)
			ascendVectors(g, s)
		} else {
			g.descend(s)
			g.ascend(s)
		}
	}
	for i := range phi {
		c := s.shares[columnsOf*i:][:columnsOf]
		phi[i] = c[0] + c[1] + c[2]
	}
	return a.base
}

// descend takes the vector's way at each split, and carries the products down.
func (g *group) descend(s *Scratch) {
	for i := len(g.splits) - 1; i >= 0; i-- {
		p := &g.splits[i]
		way := uint32(0)
		if s.columns[p.column] <= p.threshold { // compiled to a number, not to a branch
			way = 1
		}
		lost := s.lost[p.upper]
		step := p.factors + lost
		s.steps[i] = step + way
		if i < g.pairs {
			continue
		}
		place := 2*uint32(i+1) + way
		s.lost[place], s.lost[place^1] = lost, blockSize
		hot, cold := (*[lanes]float64)(s.products[p.children[way&1]:]), (*[lanes]float64)(s.products[p.children[way&1^1]:])
		own := (*[lanes]float64)(s.products[lanes*(i+1):])
		carry(hot, cold, own, (*[lanes]float64)(g.factors[step:]), p.shares[way&1], g.points)
	}
}

// carry hands a product on to the children of a split.
func carry(hot, cold, own, e *[lanes]float64, z float64, points int) {
	for k := range min(points, lanes) {
		q := own[k]
		c := float64(z * e[k] * q)
		cold[k], hot[k] = c, q-c
	}
}

// ascend sums up the values of leaves, and at each split adds to its feature what is owed to it.
func (g *group) ascend(s *Scratch) {
	for i := range g.splits {
		p := &g.splits[i]
		way := s.steps[i] & 1
		step := s.steps[i] - way
		own, q := (*[lanes]float64)(s.sums[lanes*(i+1):]), (*[lanes]float64)(s.products[lanes*(i+1):])
		f := (*[blockSize]float64)(g.factors[step:])
		z, hot, cold := p.shares[way], p.values[way], p.values[way^1]
		if i < g.pairs {
			z *= hot - cold
			s.shares[p.column] += float64(z * gatherPair(own, q, f, z, hot, g.points))
			continue
		}
		below, beside := (*[lanes]float64)(s.sums[p.children[way]:]), (*[lanes]float64)(s.sums[p.children[way^1]:])
		s.shares[p.column] += float64(z * gather(own, below, beside, q, f, z, hot, cold, g.points))
	}
}

// gather sets own to the sum at a split, whose children have the sums below and beside, with hot and cold added to them.
// It returns the integral of Q (T_hot - T_cold) / u².
func gather(own, below, beside, q *[lanes]float64, f *[blockSize]float64, z, hot, cold float64, points int) float64 {
	var terms [lanes]float64
	for k := range min(points, lanes) {
		t := below[k] + hot
		d := t - (beside[k] + cold)
		own[k] = t - float64(z*f[k]*d)
		terms[k] = float64(q[k] * d * f[lanes+k])
	}
	return total(&terms)
}

// gatherPair is gather for a split with leaves for children, and with z · (T_hot - T_cold) for z.
func gatherPair(own, q *[lanes]float64, f *[blockSize]float64, z, hot float64, points int) float64 {
	var terms [lanes]float64
	for k := range min(points, lanes) {
		own[k] = hot - float64(z*f[k])
		terms[k] = float64(q[k] * f[lanes+k])
	}
	return total(&terms)
}

// total adds in the order in which vectors are halved.
func total(x *[lanes]float64) float64 {
	return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]))
}
