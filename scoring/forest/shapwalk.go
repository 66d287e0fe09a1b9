package forest

import "fmt"

// Scratch is the memory that [Attribution.Explain] works in. One goroutine uses it at a time.
type Scratch struct {
	products []float64 // per place, per point
	ways     []way     // per split
}

// way is how a vector passes a split.
type way uint8

const (
	wayLost  way = iota // an earlier split on the same feature was not satisfied, so nothing here depends on the value
	wayLeft             // the vector goes left
	wayRight            // the vector goes right
)

// NewScratch returns memory for a.
func (a *Attribution) NewScratch() *Scratch {
	return &Scratch{products: make([]float64, a.room), ways: make([]way, a.rows)}
}

// Base returns the mean margin of the training rows, from which contributions lead to a vector's own.
func (a *Attribution) Base() float64 { return a.base }

// Explain sets phi[i] to what v[i] adds to the margin, 0 where the model does not read it, and returns the base: with it
// the contributions add up to the margin. v and phi are of the attribution's width; another length is a mistake in the
// program, and panics. It allocates nothing.
func (a *Attribution) Explain(v, phi []float64, s *Scratch) (base float64) {
	if len(v) != a.width || len(phi) != a.width {
		panic(fmt.Sprintf("forest: vectors of %d and %d values for an attribution of %d", len(v), len(phi), a.width))
	}
	clear(phi)
	for i := range a.trees {
		t := &a.trees[i]
		t.descend(v, s)
		t.ascend(phi, s)
	}
	return a.base
}

// descend carries the products down the tree: what a place holds afterwards is the weight of each point times the factors of the
// path's features, and at a leaf times its value.
func (t *pathTree) descend(v []float64, s *Scratch) {
	n := len(t.rule.points)
	points, rests, inverses, products := t.rule.points, t.rule.rests[:n], t.inverses, s.products
	copy(products, t.rule.weights)
	for i := range t.splits {
		split := &t.splits[i]
		from := products[int(split.at)*n:][:n]
		first := (2*i + 1) * n
		one, two := products[first:][:n], products[first+n:][:n]
		hot, cold := &t.places[2*i+1], &t.places[2*i+2]
		s.ways[i] = t.way(split, v, s.ways)
		switch s.ways[i] {
		case wayLost:
			l, r := hot.ratio*hot.scale, cold.ratio*cold.scale
			for k, c := range from {
				one[k], two[k] = c*l, c*r
			}
			continue
		case wayRight:
			hot, cold, one, two = cold, hot, two, one
		}
		z, scale, lose := hot.share, hot.scale, cold.share*cold.scale
		one, two = one[:len(from)], two[:len(from)] // spares the loops their checks
		rests, points := rests[:len(from)], points[:len(from)]
		if split.up < 0 {
			for k, c := range from {
				one[k] = c * (float64(z*rests[k]) + points[k]) * scale
				two[k] = c * rests[k] * lose
			}
			continue
		}
		// The feature's factor so far gives way to the new one.
		undo := inverses[int(split.up)*n:][:len(from)]
		for k, c := range from {
			c *= undo[k]
			one[k] = c * (float64(z*rests[k]) + points[k]) * scale
			two[k] = c * rests[k] * lose
		}
	}
}

// way returns how v passes a split, given how it passed those before.
func (t *pathTree) way(split *pathSplit, v []float64, ways []way) way {
	if split.up >= 0 {
		// Children of split i are 2i+1, the left one, and 2i+2.
		if before := ways[(split.up-1)/2]; before != wayLeft+way(split.up-1)%2 {
			return wayLost
		}
	}
	if split.goesLeft(v[split.position]) {
		return wayLeft
	}
	return wayRight
}

// ascend sums the products up the tree, and at each split adds to its feature what the leaves below owe to it. Where an
// earlier split on the feature was not satisfied, its share of these leaves is what it was, so nothing is added.
func (t *pathTree) ascend(phi []float64, s *Scratch) {
	n := len(t.rule.points)
	undo, inverses, products := t.rule.undo, t.inverses, s.products
	for i := len(t.splits) - 1; i >= 0; i-- {
		split := &t.splits[i]
		into := products[int(split.at)*n:][:n]
		hot := 2*i + 1
		cold := hot + 1
		switch s.ways[i] {
		case wayLost:
			one, two := products[hot*n:][:len(into)], products[cold*n:][:len(into)]
			for k := range into {
				into[k] = one[k] + two[k]
			}
			continue
		case wayRight:
			hot, cold = cold, hot
		}
		one, two := products[hot*n:][:len(into)], products[cold*n:][:len(into)]
		inverse, rest := inverses[hot*n:][:len(into)], undo[:len(into)]
		won, lost := 0.0, 0.0
		if split.up < 0 {
			for k := range into {
				into[k] = one[k] + two[k]
				won += float64(one[k] * inverse[k])
				lost += float64(two[k] * rest[k])
			}
			phi[split.position] += float64((1-t.places[hot].share)*won) - lost
			continue
		}
		before := inverses[int(split.up)*n:][:len(into)]
		had := 0.0
		for k := range into {
			sum := one[k] + two[k]
			into[k] = sum
			won += float64(one[k] * inverse[k])
			lost += float64(two[k] * rest[k])
			had += float64(sum * before[k])
		}
		phi[split.position] += float64((1-t.places[hot].share)*won) - lost - float64((1-t.places[split.up].share)*had)
	}
}
