package features

import "slices"

// approximation notes which features of an observed transaction were read off bundles.
type approximation struct {
	any      bool
	features []bool
	at       []int // what Approximate returned last
}

// Approximate returns the positions in the schema of the features that are not exact because the account had more events
// than its budget: those whose window reaches past the events that are kept one by one, and values made of these. It is
// known after Compute, and good until the next Observe.
func (o *Observation) Approximate() []int {
	p := &o.approximation
	p.at = p.at[:0]
	if p.any {
		for i, yes := range p.features {
			if yes {
				p.at = append(p.at, i)
			}
		}
	}
	return p.at
}

func (p *approximation) reset() {
	if p.any {
		clear(p.features)
		p.any = false
	}
}

// approximates notes whether the feature at index i, just read, is exact.
func (a *Account) approximates(i int, o *Observation) {
	f, p := &a.set.features[i], &o.approximation
	var yes bool
	switch f.op {
	case opTiles:
	case opValue:
		yes = slices.ContainsFunc(f.reads, func(i int) bool { return p.features[i] })
	default:
		w := &a.set.windows[f.window]
		yes = o.event.time-w.length < a.bundledThrough()
		if p := &w.placed[f.aggregate]; p.kind == kindLatest {
			if l := &a.aggregates.latest[p.at]; l.known && l.seq >= a.base+uint64(len(a.bundles)) {
				yes = false // it is that of a single event, and nothing older has a say
			}
		}
	}
	p.features[i] = yes
	p.any = p.any || yes
}

// findReads notes for each value the features that it reads, be it through marks.
func (c *compiler) findReads() error {
	for i := range c.set.features {
		if p := c.set.features[i].program; p != nil {
			c.set.features[i].reads = c.readBy(p.Reads(), nil)
		}
	}
	return nil
}

func (c *compiler) readBy(names []string, found []int) []int {
	for _, name := range names {
		if i, ok := c.featureAt[name]; ok {
			found = append(found, i)
		} else if i, ok := c.markAt[name]; ok {
			found = c.readBy(c.set.marks[i].program.Reads(), found)
		}
	}
	return found
}
