package policy

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// Lists are the entries of block and allow lists, by list and key: block:merchants, ElectronicsStore. A list is called
// by its kind and name. Lists are immutable and safe for concurrent use; nil Lists hold nothing.
type Lists struct {
	byID map[string]*entries
}

// Entry is one key of a list.
type Entry struct {
	Key   string
	Until payment.Time // event time from which on it no longer counts; [Forever] for none
	Note  string       // for people
}

// Forever is the expiry of an entry without one.
const Forever payment.Time = math.MaxInt64

// Change adds an entry to a list, in place of one with the same key, or removes one.
type Change struct {
	List   string // such as block:merchants
	Remove bool
	Entry
}

// entries are what a list holds. A change copies recent alone, so that one entry more in a list of a million costs no
// more than in a short one.
type entries struct {
	base, recent map[string]entry // recent goes before base
	live         int
}

type entry struct {
	until   payment.Time
	note    string
	removed bool
}

// mostRecent is how many changed entries are kept apart from the rest.
const mostRecent = 1024

func (e *entries) find(key string) (entry, bool) {
	found, ok := e.recent[key]
	if !ok {
		found, ok = e.base[key]
	}
	return found, ok && !found.removed
}

// Contains reports whether the list has the key at the given event time. It allocates nothing.
func (l *Lists) Contains(list, key string, at payment.Time) bool {
	if l == nil || key == "" {
		return false
	}
	e := l.byID[list]
	if e == nil {
		return false
	}
	found, ok := e.find(key)
	return ok && at < found.until
}

// Find returns the entry of a list with a key, an expired one too.
func (l *Lists) Find(list, key string) (Entry, bool) {
	if l == nil || l.byID[list] == nil {
		return Entry{}, false
	}
	found, ok := l.byID[list].find(key)
	return Entry{key, found.until, found.note}, ok
}

// Len returns how many entries the list has, expired ones among them.
func (l *Lists) Len(list string) int {
	if l == nil || l.byID[list] == nil {
		return 0
	}
	return l.byID[list].live
}

// Names returns which lists there are entries of, in order.
func (l *Lists) Names() []string {
	if l == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(l.byID)), func(list string) bool { return l.Len(list) == 0 })
}

// Entries returns the entries of the list, by key.
func (l *Lists) Entries(list string) []Entry {
	if l.Len(list) == 0 {
		return nil
	}
	e := l.byID[list]
	all := make([]Entry, 0, e.live)
	for key, x := range e.recent {
		if !x.removed {
			all = append(all, Entry{key, x.until, x.note})
		}
	}
	for key, x := range e.base {
		if _, newer := e.recent[key]; !newer {
			all = append(all, Entry{key, x.until, x.note})
		}
	}
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
	return all
}

// Apply returns the lists with the changes made in their order. What l holds stays as it is.
func (l *Lists) Apply(changes ...Change) *Lists {
	next := &Lists{byID: make(map[string]*entries)}
	if l != nil {
		maps.Copy(next.byID, l.byID)
	}
	own := make(map[string]*entries) // that nobody else sees yet
	for _, c := range changes {
		e := own[c.List]
		if e == nil {
			e = next.byID[c.List].copied()
			own[c.List] = e
			next.byID[strings.Clone(c.List)] = e
		}
		e.change(c)
	}
	for _, e := range own {
		e.settle()
	}
	return next
}

func (e *entries) copied() *entries {
	if e == nil {
		return &entries{recent: make(map[string]entry)}
	}
	return &entries{base: e.base, recent: maps.Clone(e.recent), live: e.live}
}

func (e *entries) change(c Change) {
	if _, had := e.find(c.Key); had {
		e.live--
	}
	x := entry{until: c.Until, note: strings.Clone(c.Note), removed: c.Remove}
	if c.Remove {
		x = entry{removed: true}
	} else {
		e.live++
	}
	e.recent[strings.Clone(c.Key)] = x
}

// settle takes recent into a new base once it is long.
func (e *entries) settle() {
	if len(e.recent) <= mostRecent {
		return
	}
	base := maps.Clone(e.base)
	if base == nil {
		base = make(map[string]entry, len(e.recent))
	}
	for key, x := range e.recent {
		if x.removed {
			delete(base, key)
		} else {
			base[key] = x
		}
	}
	e.base, e.recent = base, make(map[string]entry)
}

// ParseUntil reads when an entry expires: a time such as 2026-12-31T08:00:00Z, or a day, which stands for its beginning
// in UTC.
func ParseUntil(text string) (payment.Time, error) {
	full := text
	if len(text) == len("2026-12-31") {
		full += "T00:00:00Z"
	}
	t, err := payment.ParseTime(full)
	if err != nil {
		return 0, fmt.Errorf("%s is neither a time such as 2026-12-31T08:00:00Z nor a day such as 2026-12-31", payment.Quote(text))
	}
	return t, nil
}
