package features

// distinct counts different texts. Texts are small numbers within their account, so the counts are an array. Where it
// looks at all events it leaves bundles to what the account has heard, which knows better.
type distinct struct {
	counts []uint32 // by number; 0 is the missing text and never counted
	n      int
}

func (d *distinct) enter(p *placed, e *event, row []int64, b *bundle) {
	name := p.field.of(e, row)
	if name == 0 || p.all() && b != nil {
		return
	}
	for int(name) >= len(d.counts) {
		d.counts = append(d.counts, 0)
	}
	if d.counts[name] == 0 {
		d.n++
	}
	d.counts[name]++
}

func (d *distinct) leave(p *placed, e *event, row []int64, b *bundle) {
	name := p.field.of(e, row)
	if name == 0 || p.all() && b != nil {
		return
	}
	d.counts[name]--
	if d.counts[name] == 0 {
		d.n--
	}
}

// all reports whether it looks at the events without a filter.
func (p *placed) all() bool { return p.filter == 0 }

func (d *distinct) value(s statistic, key uint32) float64 {
	switch {
	case s == statDistinct:
		return float64(d.n)
	case key == 0:
		return nan
	}
	return indicator(uint64(key) >= uint64(len(d.counts)) || d.counts[key] == 0)
}

func (d *distinct) reset() {
	clear(d.counts)
	d.n = 0
}
