package features

import "github.com/weir-fraud/weir/payment"

// Touch reads what the next transaction of the account will find everywhere in memory. Where many accounts take turns,
// most of that is far from the processor, and comes one piece after the other if each is asked for only when it is
// needed. Who touches a few accounts before working on the first of them has the pieces come at the same time. The
// result means nothing.
func (a *Account) Touch(tx *payment.Transaction) uint64 {
	const newest = 8 // events, which are looked through for a repeated transaction
	sum := a.names.touch(tx.Merchant.Name) + a.names.touch(tx.Merchant.Category)
	for i := max(0, len(a.events)-newest); i < len(a.events); i++ {
		sum += a.events[i].id
	}
	if a.windows != nil {
		sum += a.aggregates.touch()
	}
	return sum
}

func (in *aggregates) touch() (sum uint64) {
	for i := 0; i < len(in.counts); i += 8 { // as many come with one read
		sum += uint64(in.counts[i])
	}
	for i := range in.moments {
		sum += uint64(in.moments[i].N)
	}
	for i := range in.latest {
		sum += in.latest[i].seq
	}
	for i := range in.grouped {
		sum += uint64(len(in.grouped[i].counts) + len(in.grouped[i].groups))
	}
	for i := range in.extremes {
		sum += in.extremes[i].touch()
	}
	for i := range in.distinct {
		sum += in.distinct[i].touch()
	}
	return sum
}

func (n *names) touch(s string) uint64 {
	if n.slots == nil {
		return uint64(len(n.ends))
	}
	number := n.slots[n.hash(s)&uint32(len(n.slots)-1)].number
	return uint64(len(n.name(number)))
}

func (m *extreme) touch() uint64 {
	if n := len(m.queue); n > 0 {
		return m.queue[n-1].seq
	}
	return 0
}

func (d *distinct) touch() uint64 {
	const together = 16 // come with one read
	sum := uint64(0)
	for i := 0; i < len(d.counts); i += together {
		sum += uint64(d.counts[i])
	}
	return sum
}
