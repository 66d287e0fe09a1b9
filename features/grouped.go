package features

// grouped keeps counts or moments for each value of a text, to be read for this transaction's own: the mean amount in
// its category.
type grouped struct {
	field  textField
	family family
	number number
	counts []int64 // by the number of the text
	groups []moments
}

func (g *grouped) enter(e *event, row []int64, seq uint64, b *bundle) {
	key := int(g.field.of(e, row))
	if g.family == familyCount {
		for key >= len(g.counts) {
			g.counts = append(g.counts, 0)
		}
		g.counts[key] += b.size()
		return
	}
	for key >= len(g.groups) {
		g.groups = append(g.groups, moments{number: g.number})
	}
	g.groups[key].enter(e, row, seq, b)
}

func (g *grouped) leave(e *event, row []int64, seq uint64, b *bundle) {
	key := g.field.of(e, row)
	if g.family == familyCount {
		g.counts[key] -= b.size()
		return
	}
	g.groups[key].leave(e, row, seq, b)
}

func (g *grouped) value(s statistic, key uint32) float64 {
	switch {
	case key == 0:
		return nan
	case g.family == familyCount:
		if uint64(key) >= uint64(len(g.counts)) {
			return 0
		}
		return float64(g.counts[key])
	case uint64(key) >= uint64(len(g.groups)):
		return (&moments{number: g.number}).value(s, 0)
	}
	return g.groups[key].value(s, 0)
}

func (g *grouped) reset() {
	clear(g.counts)
	for i := range g.groups {
		g.groups[i].reset()
	}
}
