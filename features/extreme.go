package features

// extreme keeps the largest or smallest number with a monotonic queue: each entry is the extreme of everything that
// entered after it (the sliding-window maximum of Lemire, "Streaming maximum-minimum filter", 2006).
type extreme struct {
	queue   []peak
	front   int
	unknown int64
}

type peak struct {
	seq   uint64
	value int64 // times the sign
}

func (m *extreme) enter(p *placed, e *event, row []int64, seq uint64, b *bundle) {
	v, unknown := p.extremeOf(e, row, b)
	m.unknown += unknown
	if v == missing {
		return
	}
	v *= int64(p.sign)
	for len(m.queue) > m.front && m.queue[len(m.queue)-1].value <= v {
		m.queue = m.queue[:len(m.queue)-1]
	}
	if m.front > 0 && (len(m.queue) == m.front || len(m.queue) == cap(m.queue)) {
		m.queue = m.queue[:copy(m.queue, m.queue[m.front:])]
		m.front = 0
	}
	m.queue = append(m.queue, peak{seq, v})
}

func (m *extreme) leave(p *placed, e *event, row []int64, seq uint64, b *bundle) {
	_, unknown := p.extremeOf(e, row, b)
	m.unknown -= unknown
	if m.front < len(m.queue) && m.queue[m.front].seq == seq {
		m.front++
	}
}

// extremeOf returns the largest or smallest number of an entry's events, missing where none has one, and how many have none.
func (p *placed) extremeOf(e *event, row []int64, b *bundle) (v, unknown int64) {
	switch {
	case b == nil || p.number.at != amountColumn:
		if v = p.number.of(e, row); v == missing {
			unknown = b.size()
		}
		return v, unknown
	case b.amounts.N == 0:
		return missing, b.events
	case p.sign > 0:
		return b.largest, b.events - b.amounts.N
	}
	return b.least, b.events - b.amounts.N
}

func (m *extreme) value(p *placed) float64 {
	if m.unknown > 0 && p.number.poisons() || m.front == len(m.queue) {
		return nan
	}
	return float64(m.queue[m.front].value*int64(p.sign)) / p.number.scale
}

func (m *extreme) reset() { m.queue, m.front, m.unknown = m.queue[:0], 0, 0 }
