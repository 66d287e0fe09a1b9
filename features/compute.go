package features

// Compute fills out with the features of the observed transaction as of its event time: over the events that arrived
// before it, never itself. out has the schema's length.
func (a *Account) Compute(o *Observation, out Vector) {
	a.standAt(o.event.time)
	a.take(a.set.order, o)
	copy(out, o.env.Numbers[a.set.featureSlot(0):])
	o.computed = true
}

// take computes features and marks, each after what it reads.
func (a *Account) take(steps []step, o *Observation) {
	for _, at := range steps {
		if at.mark {
			holds := a.set.marks[at.index].program.Bool(&o.env)
			o.env.Numbers[a.set.markSlot(at.index)] = indicator(holds)
			if holds {
				o.event.marks |= 1 << at.index
			}
			continue
		}
		v := a.read(&a.set.features[at.index], o)
		if v != v {
			v = nan
		}
		o.env.Numbers[a.set.featureSlot(at.index)] = v
		if len(a.bundles) > 0 {
			a.approximates(at.index, o)
		}
	}
}

func (a *Account) read(f *feature, o *Observation) float64 {
	switch f.op {
	case opValue:
		return f.program.Number(&o.env)
	case opTiles:
		return f.tiles.read(a.set, o)
	}
	w := &a.set.windows[f.window]
	p := &w.placed[f.aggregate]
	switch f.op {
	case opSince:
		return a.aggregates.latest[p.at].secondsUntil(o.event.time)
	case opKmSince:
		return a.aggregates.latest[p.at].kmTo(&o.event)
	case opKmhSince:
		return a.aggregates.latest[p.at].kmhTo(&o.event)
	}
	key := uint32(0)
	if f.same != noField {
		key = a.number(f.same, o)
	}
	if p.kind == kindDistinct && p.all() && len(a.bundles) > 0 {
		return a.readHeard(p, f.statistic, key, o.event.time-w.length, o.event.time)
	}
	return a.aggregates.value(p, f.statistic, key)
}

// number returns the number of the observed transaction's own text: 0 for none, unheard for one that the account
// does not know.
func (a *Account) number(f textField, o *Observation) uint32 {
	n := o.numbers[f]
	if n == unasked {
		var known bool
		if n, known = a.names.find(a.set.ownText(f, o)); !known {
			n = unheard
		}
		o.numbers[f] = n
	}
	return n
}

// ownText returns the observed transaction's own text.
func (s *Set) ownText(f textField, o *Observation) string {
	switch f {
	case merchantField:
		return o.tx.Merchant.Name
	case categoryField:
		return o.tx.Merchant.Category
	}
	return o.env.Texts[s.attributes[f-firstAttributeField].slot]
}

func indicator(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
