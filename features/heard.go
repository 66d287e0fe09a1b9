package features

import (
	"cmp"
	"slices"

	"github.com/weir-fraud/weir/payment"
)

// heard is a text that bundled events used, and when last. An account remembers an eighth of its event budget of each
// field, those that were used last. So how many different ones there are, and whether one is new, is exact for accounts
// with no more of them; for others the number is too low rather than too high, and what is called new may have been
// there a while ago. Filters are not asked: only what looks at all events reads this.
type heard struct {
	name uint32
	time payment.Time
}

// hear notes the texts of an event that becomes a bundle. sortHeard must follow.
func (a *Account) hear(e *event, row []int64) {
	if a.heard == nil {
		a.heard = make([][]heard, a.set.heardFields())
	}
	for i := range a.heard {
		if !a.set.isText(i) {
			continue
		}
		name := (merchantField + textField(i)).of(e, row)
		if name == 0 {
			continue
		}
		list := a.heard[i]
		if at := slices.IndexFunc(list, func(h heard) bool { return h.name == name }); at >= 0 {
			list[at].time = max(list[at].time, e.time)
		} else {
			a.heard[i] = append(list, heard{name, e.time})
		}
	}
}

// sortHeard puts the texts of each field in the order of their time and drops the oldest of too many.
func (a *Account) sortHeard() {
	for i, list := range a.heard {
		slices.SortFunc(list, func(x, y heard) int {
			return cmp.Or(cmp.Compare(x.time, y.time), a.compareNames(x.name, y.name))
		})
		if over := len(list) - a.set.layout.keptTexts(); over > 0 {
			a.heard[i] = slices.Delete(list, 0, over)
		}
	}
}

// expireHeard drops the texts that were last used at bound or before.
func (a *Account) expireHeard(bound payment.Time) {
	for i, list := range a.heard {
		n := 0
		for n < len(list) && list[n].time <= bound {
			n++
		}
		a.heard[i] = list[n:]
	}
	if len(a.bundles) == 0 {
		a.heard = nil
	}
}

// readHeard returns what the distinct texts inside (from, to] come to, with those that bundled events used.
func (a *Account) readHeard(p *placed, s statistic, key uint32, from, to payment.Time) float64 {
	list, d := a.heard[p.field-merchantField], &a.aggregates.distinct[p.at]
	if s == statNew {
		fresh := d.value(s, key)
		for i := len(list) - 1; fresh == 1 && i >= 0 && list[i].time > from; i-- {
			if list[i].name == key && list[i].time <= to {
				return 0
			}
		}
		return fresh
	}
	n := d.n
	for i := len(list) - 1; i >= 0 && list[i].time > from; i-- {
		if list[i].time <= to && (int(list[i].name) >= len(d.counts) || d.counts[list[i].name] == 0) {
			n++
		}
	}
	return float64(n)
}
