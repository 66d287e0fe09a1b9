package features

import (
	"hash/maphash"
	"unsafe"
)

// names is an account's dictionary of the texts that its events hold, such as merchants and categories: events hold small numbers, each name is kept once.
// Number 0 is the missing name.
//
// The names stand one after the other in one piece of memory, which an account has instead of as many as it has names.
type names struct {
	seed  maphash.Seed
	text  []byte     // never changed, only appended to
	ends  []uint32   // of each name
	slots []nameSlot // once there are enough names for a scan to cost more: 2^n slots, at most half of them taken
}

// nameSlot is a place of a hash table with open addressing. In a map, a name of an account that was not looked at for a
// while would be further away, behind twice as many pointers.
type nameSlot struct {
	hash   uint32
	number uint32 // 0 where the slot is free
}

const scanNames = 6

// find returns the number of s, if it has one.
func (n *names) find(s string) (uint32, bool) {
	if s == "" {
		return 0, true
	}
	if n.slots != nil {
		slot := n.slot(s, n.hash(s))
		return slot.number, slot.number != 0
	}
	from := uint32(0)
	for i, end := range n.ends {
		if string(n.text[from:end]) == s {
			return uint32(i + 1), true
		}
		from = end
	}
	return 0, false
}

func (n *names) hash(s string) uint32 { return uint32(maphash.String(n.seed, s)) }

// slot returns the slot of s, or the free one where it would be.
func (n *names) slot(s string, hash uint32) *nameSlot {
	last := uint32(len(n.slots) - 1)
	for at := hash & last; ; at = (at + 1) & last {
		slot := &n.slots[at]
		if slot.number == 0 || slot.hash == hash && n.name(slot.number) == s {
			return slot
		}
	}
}

// add returns the number of s, and gives it one if need be. It keeps a copy: s may be a view into a record.
func (n *names) add(s string) uint32 {
	if i, ok := n.find(s); ok {
		return i
	}
	n.text = append(n.text, s...)
	n.ends = append(n.ends, uint32(len(n.text)))
	if 2*len(n.ends) > len(n.slots) {
		n.reindex()
	} else {
		n.place(s, len(n.ends))
	}
	return uint32(len(n.ends))
}

// place files a name that is not in the table under its number.
func (n *names) place(s string, number int) {
	hash := n.hash(s)
	*n.slot(s, hash) = nameSlot{hash, uint32(number)}
}

// reindex makes a table of room for half as many names again, if the list is long enough to want one.
func (n *names) reindex() {
	if len(n.ends) <= scanNames {
		return
	}
	size := 16 // a power of two
	for size < 3*len(n.ends) {
		size *= 2
	}
	n.slots = make([]nameSlot, size)
	for i := range n.ends {
		n.place(n.name(uint32(i+1)), i+1)
	}
}

// len returns how many names there are.
func (n *names) len() int { return len(n.ends) }

// unique reports whether no name is in the list twice.
func (n *names) unique() bool {
	for i := range n.ends {
		if number, _ := n.find(n.name(uint32(i + 1))); number != uint32(i+1) {
			return false
		}
	}
	return true
}

// name returns the name with the given number: a view, which stays good.
func (n *names) name(i uint32) string {
	if i == 0 {
		return ""
	}
	from := uint32(0)
	if i > 1 {
		from = n.ends[i-2]
	}
	name := n.text[from:n.ends[i-1]]
	return unsafe.String(unsafe.SliceData(name), len(name))
}
