package features

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// The shares of an event budget. An account that exceeds it is brought down to 13/16 at once, so that the work, and the
// fresh start of all windows that it takes, comes once in so many events.
func (l *Layout) keptSingle() int  { return l.EventBudget / 16 * 3 }
func (l *Layout) keptBundles() int { return l.EventBudget / 8 * 5 }
func (l *Layout) keptTexts() int   { return l.EventBudget / 8 }

// finestTile is the length of the shortest tiles, in milliseconds.
const finestTile payment.Time = 1000

// coarsest is how often the length of the shortest tiles may be doubled, and ageInTiles how many times as old as long the
// other tiles are at least.
const (
	coarsest   = 24
	ageInTiles = 4
)

// keepBudget turns the oldest events into bundles where the account has more than its budget. All that it does is a
// function of what the account holds, so whoever folds the same log ends up with the same bundles.
func (a *Account) keepBudget() {
	l := &a.set.layout
	if l.EventBudget == 0 || len(a.events) <= l.EventBudget {
		return
	}
	for len(a.events)-len(a.bundles) > l.keptSingle() {
		a.toBundle(len(a.bundles))
	}
	a.sortHeard()
	a.joinBundles(l.keptBundles())
	a.stale = true
}

// toBundle makes the single event at index i a bundle.
func (a *Account) toBundle(i int) {
	e := &a.events[i]
	e.id, e.body = 0, 0
	a.bundles = slices.Insert(a.bundles, i, single(e))
	a.hear(e, a.row(i))
}

// tileAt returns the start and the level of the tile that a bundled event at t is in when the account's newest is at
// newest: of the stretches of finestTile·2^level which contain t and start at a multiple of their length, the longest
// that ended at least ageInTiles times its length ago. Tiles only ever grow together.
func tileAt(t, newest payment.Time) (start payment.Time, level int) {
	length := finestTile
	for level < coarsest {
		end := t - t%(2*length) + 2*length
		if newest-end < ageInTiles*2*length {
			break
		}
		length *= 2
		level++
	}
	return t - t%length, level
}

// joining is one tile of an account while its bundles are being joined.
type joining struct {
	members []int // indices of entries, like ones side by side
	level   int
	best    int // members best and best+1 are the pair that loses least by being joined
	loss    loss
}

// loss is what gets lost when two bundles become one.
type loss struct {
	kinds  bool   // their events are of different kinds, which are otherwise kept apart
	events uint64 // the events that may be taken for something else, the more the newer they are
}

func (l loss) less(o loss) bool {
	if l.kinds != o.kinds {
		return o.kinds
	}
	return l.events < o.events
}

// joinBundles joins bundles of the same tile, those first by which the least is lost, until there are at most so many.
func (a *Account) joinBundles(most int) {
	if len(a.bundles) <= most {
		return
	}
	tiles := a.joinings()
	gone := make([]bool, len(a.bundles))
	changed := make([]bool, len(a.bundles))
	for left := len(a.bundles); left > most; left-- {
		best := -1
		for i := range tiles {
			if len(tiles[i].members) > 1 && (best < 0 || tiles[i].loss.less(tiles[best].loss)) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		j := &tiles[best]
		x, y := j.members[j.best], j.members[j.best+1]
		from, into := min(x, y), max(x, y)
		gone[from], changed[into] = true, a.joinInto(from, into) || changed[into]
		j.members = slices.Delete(j.members, j.best, j.best+1)
		j.members[j.best] = into
		a.choose(j)
	}
	a.removeEntries(gone, changed)
}

// joinings returns the tiles of the account's bundles.
func (a *Account) joinings() []joining {
	newest, _ := a.Newest()
	var tiles []joining
	var start payment.Time
	for i := range a.bundles {
		s, level := tileAt(a.events[i].time, newest)
		if len(tiles) == 0 || s != start {
			tiles = append(tiles, joining{level: level})
			start = s
		}
		j := &tiles[len(tiles)-1]
		j.members = append(j.members, i)
	}
	for i := range tiles {
		slices.SortStableFunc(tiles[i].members, a.compareLikeness)
		a.choose(&tiles[i])
	}
	return tiles
}

// choose finds the pair of neighbours in the tile that loses least.
func (a *Account) choose(j *joining) {
	for i := range len(j.members) - 1 {
		if l := a.loss(j.members[i], j.members[i+1], j.level); i == 0 || l.less(j.loss) {
			j.best, j.loss = i, l
		}
	}
}

// loss returns what gets lost when the bundles at x and y become one. The older the tile, the less it counts: windows
// that reach far back hold more besides.
func (a *Account) loss(x, y, level int) loss {
	e, f := &a.events[x], &a.events[y]
	differences := uint64(0)
	if e.currency != f.currency {
		differences++
	}
	if e.merchant != f.merchant {
		differences++
	}
	if e.category != f.category {
		differences++
	}
	for k, row, other := 0, a.row(x), a.row(y); k < len(a.set.attributes); k++ {
		if a.set.attributes[k].kind == expression.Text && row[k] != other[k] {
			differences++
		}
	}
	fewer := uint64(min(a.bundles[x].events, a.bundles[y].events))
	return loss{kinds: e.kind != f.kind || e.marks != f.marks, events: fewer * (1 + 4*differences) << (coarsest - level)}
}

// compareLikeness orders entries so that like ones are side by side. It goes by texts and not by their numbers, which
// differ between accounts that hold the same.
func (a *Account) compareLikeness(x, y int) int {
	e, f := &a.events[x], &a.events[y]
	c := cmp.Or(cmp.Compare(e.kind, f.kind), cmp.Compare(e.marks, f.marks), cmp.Compare(e.currency, f.currency),
		a.compareNames(e.category, f.category))
	if c != 0 {
		return c
	}
	row, other := a.row(x), a.row(y)
	for k := range a.set.attributes {
		if a.set.attributes[k].kind == expression.Text {
			if c := a.compareNames(uint32(row[k]), uint32(other[k])); c != 0 {
				return c
			}
		}
	}
	return a.compareNames(e.merchant, f.merchant)
}

func (a *Account) compareNames(x, y uint32) int {
	if x == y {
		return 0
	}
	return cmp.Compare(a.names.name(x), a.names.name(y))
}

// joinInto joins an older bundle into a newer one, and reports whether the older one's representative stays on.
func (a *Account) joinInto(from, into int) bool {
	b, o := &a.bundles[into], &a.bundles[from]
	e, f := &a.events[into], &a.events[from]
	b.join(o)
	// Drawn by lot in a way that everybody draws the same.
	lot := scramble(uint64(f.time) ^ scramble(uint64(e.time)^scramble(uint64(e.original)^bits.RotateLeft64(uint64(f.original), 32)^uint64(b.events))))
	if lot%uint64(b.events) >= uint64(o.events) {
		return false
	}
	time := e.time
	*e = *f
	e.time = time
	copy(a.row(into), a.row(from))
	return true
}

// scramble is the finalizer of SplitMix64: every bit of the result depends on every bit of x.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// removeEntries removes bundles, and derives anew what the changed ones imply.
func (a *Account) removeEntries(gone, changed []bool) {
	env := a.set.newEnv()
	n := 0
	for i := range a.bundles {
		if gone[i] {
			continue
		}
		a.events[n], a.bundles[n] = a.events[i], a.bundles[i]
		copy(a.row(n), a.row(i))
		if changed[i] {
			a.deriveAt(n, &env)
		}
		n++
	}
	singles := len(a.events) - len(a.bundles)
	copy(a.events[n:], a.events[len(a.bundles):])
	copy(a.rows[n*a.set.stride:], a.rows[len(a.bundles)*a.set.stride:])
	a.bundles, a.events, a.rows = a.bundles[:n], a.events[:n+singles], a.rows[:(n+singles)*a.set.stride]
}
