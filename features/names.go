package features

import (
	"slices"
	"strings"
)

// names is an account's dictionary of the texts that its events hold, such as merchants and categories: events hold small numbers, each name is kept once.
// Number 0 is the missing name.
type names struct {
	list  []string
	index map[string]uint32 // built once list is long enough for a scan to cost more
}

const scanNames = 12

// find returns the number of s, if it has one.
func (n *names) find(s string) (uint32, bool) {
	if s == "" {
		return 0, true
	}
	if n.index != nil {
		i, ok := n.index[s]
		return i, ok
	}
	for i, have := range n.list {
		if have == s {
			return uint32(i + 1), true
		}
	}
	return 0, false
}

// add returns the number of s, and gives it one if need be. It keeps a copy: s may be a view into a record.
func (n *names) add(s string) uint32 {
	if i, ok := n.find(s); ok {
		return i
	}
	s = strings.Clone(s)
	n.list = append(n.list, s)
	i := uint32(len(n.list))
	if n.index != nil {
		n.index[s] = i
	} else {
		n.reindex()
	}
	return i
}

// reindex builds the index if the list is long enough to want one.
func (n *names) reindex() {
	if len(n.list) <= scanNames {
		return
	}
	n.index = make(map[string]uint32, 2*len(n.list))
	for i, s := range n.list {
		n.index[s] = uint32(i + 1)
	}
}

// unique reports whether no name is in the list twice. It needs the index of a long list.
func (n *names) unique() bool {
	if n.index != nil {
		return len(n.index) == len(n.list)
	}
	for i, s := range n.list {
		if slices.Contains(n.list[:i], s) {
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
