package features

// grouped keeps counts or moments for each value of a text, to be read for this transaction's own: the mean amount in
// its category.
type grouped struct {
	counts []int64 // by the number of the text
	groups []moments
}

func (g *grouped) enter(p *placed, e *event, row []int64, b *bundle) {
	key := int(p.field.of(e, row))
	if p.family == familyCount {
		for key >= len(g.counts) {
			g.counts = append(g.counts, 0)
		}
		g.counts[key] += b.size()
		return
	}
	for key >= len(g.groups) {
		g.groups = append(g.groups, moments{})
	}
	g.groups[key].enter(&p.number, e, row, b)
}

func (g *grouped) leave(p *placed, e *event, row []int64, b *bundle) {
	key := p.field.of(e, row)
	if p.family == familyCount {
		g.counts[key] -= b.size()
		return
	}
	g.groups[key].leave(&p.number, e, row, b)
}

func (g *grouped) value(p *placed, s statistic, key uint32) float64 {
	switch {
	case key == 0:
		return nan
	case p.family == familyCount:
		if uint64(key) >= uint64(len(g.counts)) {
			return 0
		}
		return float64(g.counts[key])
	case uint64(key) >= uint64(len(g.groups)):
		return new(moments).value(&p.number, s)
	}
	return g.groups[key].value(&p.number, s)
}

func (g *grouped) reset() {
	clear(g.counts)
	clear(g.groups)
}
