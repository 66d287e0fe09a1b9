package simulate

import "github.com/weir-fraud/weir/payment"

// item says when an actor, an account or an episode, acts next.
type item struct {
	at  payment.Time
	who uint32
}

// episodeBit marks the actors that are episodes; the rest of who is an index.
const episodeBit = 1 << 31

// before orders by time, then by actor, so that equal times have one order.
func (a item) before(b item) bool { return a.at < b.at || a.at == b.at && a.who < b.who }

// queue is a heap of fan-out 4: the children of a node share a cache line, which is what a large heap waits for.
type queue []item

func (q queue) init() {
	for i := (len(q) - 2) / 4; i >= 0; i-- {
		q.down(i)
	}
}

func (q *queue) push(it item) {
	*q = append(*q, it)
	h := *q
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !it.before(h[parent]) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = it
}

// replaceTop gives the first actor a new time.
func (q queue) replaceTop(at payment.Time) {
	q[0].at = at
	q.down(0)
}

// dropTop removes the first actor.
func (q *queue) dropTop() {
	h := *q
	last := len(h) - 1
	h[0] = h[last]
	*q = h[:last]
	if last > 0 {
		(*q).down(0)
	}
}

func (q queue) down(i int) {
	it := q[i]
	for {
		first := 4*i + 1
		if first >= len(q) {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, len(q)); c++ {
			if q[c].before(q[least]) {
				least = c
			}
		}
		if !q[least].before(it) {
			break
		}
		q[i] = q[least]
		i = least
	}
	q[i] = it
}
