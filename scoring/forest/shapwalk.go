package forest

import "fmt"

// Scratch is the memory that [Attribution.Explain] works in. One goroutine uses it at a time.
type Scratch struct {
	products []float64 // per place, per point
	hot      []int32   // per split: the child that the vector goes to, or lost
}

// lost says of a split that an earlier one on the same feature was not satisfied, so that nothing depends on the value here.
const lost = 0 // the root, which is nobody's child

// NewScratch returns memory for a.
func (a *Attribution) NewScratch() *Scratch {
	return &Scratch{products: make([]float64, a.room), hot: make([]int32, a.rows)}
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
	products := s.products
	copy(products, t.rule.weights)
	for i := range t.splits {
		split := &t.splits[i]
		from := products[int(split.at)*n:][:n]
		hot := t.way(i, v, s.hot)
		s.hot[i] = hot
		if hot == lost {
			t.dilute(i, from, products)
			continue
		}
		cold := sibling(i, hot)
		won, gone := &t.places[hot], &t.places[cold]
		z, scale, lose := won.share, won.scale, gone.share*gone.scale
		one, two := products[int(hot)*n:][:len(from)], products[int(cold)*n:][:len(from)]
		points, rests := t.rule.points[:len(from)], t.rule.rests[:len(from)]
		if split.up < 0 {
			for k, c := range from {
				rest := rests[k]
				one[k] = c * (float64(z*rest) + points[k]) * scale
				two[k] = c * rest * lose
			}
			continue
		}
		// The feature's factor so far gives way to the new one.
		undo := t.inverses[int(split.up)*n:][:len(from)]
		for k, c := range from {
			c *= undo[k]
			rest := rests[k]
			one[k] = c * (float64(z*rest) + points[k]) * scale
			two[k] = c * rest * lose
		}
	}
}

// dilute hands a product on to both children of split i, by the rows that went there.
func (t *pathTree) dilute(i int, from, products []float64) {
	n := len(from)
	left, right := &t.places[2*i+1], &t.places[2*i+2]
	l, r := left.ratio*left.scale, right.ratio*right.scale
	one, two := products[(2*i+1)*n:][:n], products[(2*i+2)*n:][:n]
	for k, c := range from {
		one[k], two[k] = c*l, c*r
	}
}

// way returns the child of split i that v goes to, or lost, given how it passed the splits before.
func (t *pathTree) way(i int, v []float64, hot []int32) int32 {
	split := &t.splits[i]
	if split.up >= 0 && hot[(split.up-1)/2] != split.up {
		return lost
	}
	child := 2*int32(i) + 2
	if split.goesLeft(v[split.position]) {
		child--
	}
	return child
}

// sibling returns the other child of split i.
func sibling(i int, child int32) int32 { return 4*int32(i) + 3 - child }

// ascend sums the products up the tree, and at each split adds to its feature what the leaves below owe to it. Where an
// earlier split on the feature was not satisfied, its share of these leaves is what it was, so nothing is added.
func (t *pathTree) ascend(phi []float64, s *Scratch) {
	n := len(t.rule.points)
	products := s.products
	for i := len(t.splits) - 1; i >= 0; i-- {
		split := &t.splits[i]
		into := products[int(split.at)*n:][:n]
		hot := max(s.hot[i], 2*int32(i)+1)
		cold := sibling(i, hot)
		one, two := products[int(hot)*n:][:len(into)], products[int(cold)*n:][:len(into)]
		if s.hot[i] == lost {
			for k := range into {
				into[k] = one[k] + two[k]
			}
			continue
		}
		inverse, undo := t.inverses[int(hot)*n:][:len(into)], t.rule.undo[:len(into)]
		won, gone := 0.0, 0.0
		if split.up < 0 {
			for k := range into {
				x, y := one[k], two[k]
				into[k] = x + y
				won += float64(x * inverse[k])
				gone += float64(y * undo[k])
			}
			phi[split.position] += float64((1-t.places[hot].share)*won) - gone
			continue
		}
		before := t.inverses[int(split.up)*n:][:len(into)]
		had := 0.0
		for k := range into {
			x, y := one[k], two[k]
			into[k] = x + y
			won += float64(x * inverse[k])
			gone += float64(y * undo[k])
			had += float64((x + y) * before[k])
		}
		phi[split.position] += float64((1-t.places[hot].share)*won) - gone - float64((1-t.places[split.up].share)*had)
	}
}
