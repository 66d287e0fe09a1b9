package features

import (
	"hash/maphash"
	"slices"
	"strings"
)

// names is an account's dictionary of the texts that its events hold, such as merchants and categories: events hold small numbers, each name is kept once.
// Number 0 is the missing name.
type names struct {
	seed  maphash.Seed
	list  []string
	slots []nameSlot // once list is long enough for a scan to cost more: 2^n slots, at most half of them taken
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
	for i, have := range n.list {
		if have == s {
			return uint32(i + 1), true
		}
	}
	return 0, false
}

func (n *names) hash(s string) uint32 { return uint32(maphash.String(n.seed, s)) }

// slot returns the slot of s, or the free one where it would be.
func (n *names) slot(s string, hash uint32) *nameSlot {
	last := uint32(len(n.slots) - 1)
	for at := hash & last; ; at = (at + 1) & last {
		slot := &n.slots[at]
		if slot.number == 0 || slot.hash == hash && n.list[slot.number-1] == s {
			return slot
		}
	}
}

// add returns the number of s, and gives it one if need be. It keeps a copy: s may be a view into a record.
func (n *names) add(s string) uint32 {
	if i, ok := n.find(s); ok {
		return i
	}
	s = strings.Clone(s)
	n.list = append(n.list, s)
	if 2*len(n.list) > len(n.slots) {
		n.reindex()
	} else {
		n.place(s, len(n.list))
	}
	return uint32(len(n.list))
}

// place files a name that is not in the table under its number.
func (n *names) place(s string, number int) {
	hash := n.hash(s)
	*n.slot(s, hash) = nameSlot{hash, uint32(number)}
}

// reindex makes a table of room for half as many names again, if the list is long enough to want one.
func (n *names) reindex() {
	if len(n.list) <= scanNames {
		return
	}
	size := 16 // a power of two
	for size < 3*len(n.list) {
		size *= 2
	}
	n.slots = make([]nameSlot, size)
	for i, s := range n.list {
		n.place(s, i+1)
	}
}

// unique reports whether no name is in the list twice.
func (n *names) unique() bool {
	for i, s := range n.list {
		if number, _ := n.find(s); n.slots != nil && number != uint32(i+1) || n.slots == nil && slices.Contains(n.list[:i], s) {
			return false
		}
	}
	return true
}

// name returns the name with the given number.
func (n *names) name(i uint32) string {
	if i == 0 {
		return ""
	}
	return n.list[i-1]
}
