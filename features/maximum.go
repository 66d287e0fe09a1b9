package features

// maximum keeps the largest amount with a monotonic queue: amounts falling from front to back, each the largest of
// everything that entered after it (the sliding-window maximum of Lemire, "Streaming maximum-minimum filter", 2006).
type maximum struct {
	queue   []peak
	front   int
	unknown int
	scale   float64
}

type peak struct {
	seq    uint64
	amount int64
}

func (m *maximum) enter(e *event, seq uint64) {
	if e.flags&noAmount != 0 {
		m.unknown++
		return
	}
	for len(m.queue) > m.front && m.queue[len(m.queue)-1].amount <= e.amount {
		m.queue = m.queue[:len(m.queue)-1]
	}
	if m.front > 0 && (len(m.queue) == m.front || len(m.queue) == cap(m.queue)) {
		m.queue = m.queue[:copy(m.queue, m.queue[m.front:])]
		m.front = 0
	}
	m.queue = append(m.queue, peak{seq, e.amount})
}

func (m *maximum) leave(e *event, seq uint64) {
	if e.flags&noAmount != 0 {
		m.unknown--
		return
	}
	if m.front < len(m.queue) && m.queue[m.front].seq == seq {
		m.front++
	}
}

func (m *maximum) value(statistic) float64 {
	if m.unknown > 0 || m.front == len(m.queue) {
		return nan
	}
	return float64(m.queue[m.front].amount) / m.scale
}

func (m *maximum) reset() { m.queue, m.front, m.unknown = m.queue[:0], 0, 0 }
