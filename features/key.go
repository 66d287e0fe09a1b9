package features

import (
	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/payment"
)

// KeyReader tells which keys a transaction has. It is used by one goroutine.
type KeyReader struct {
	set *Set
	env expression.Env
}

// NewKeyReader returns a KeyReader.
func (s *Set) NewKeyReader() *KeyReader { return &KeyReader{set: s, env: s.newEnv()} }

// Keys fills in the key of each entity of the set, "" where the transaction has none. They are views into the
// transaction's texts.
func (r *KeyReader) Keys(tx *payment.Transaction, keys []string) {
	if len(r.set.entities) == 0 {
		return
	}
	e := event{time: tx.Time, original: tx.Amount, currency: tx.Currency, kind: tx.Type}
	r.set.report(&e)
	r.set.describe(&r.env, tx, &e)
	for i := range r.set.entities {
		keys[i] = r.set.entities[i].program.Text(&r.env)
	}
}

// Tally adds a transaction that was observed, computed and folded to what its partition holds of a key of the entity.
func (s *Set) Tally(entity int, o *Observation, cell *tile.Cell) {
	e := &s.entities[entity]
	counts, sums := cell.At(e.Tile(o.event.time))
	e.tallies.add(s, &o.event, o.row, counts, sums)
}

// Labeled is what features know of a labelled transaction.
type Labeled struct {
	Label  Label
	Amount float64 // in units of the reporting currency, NaN where there is no rate
	Marks  uint16
}

// LabelTally tells what a labelled transaction adds to an entity's tiles of labels.
type LabelTally struct {
	set *Set
	env expression.Env
}

// NewLabelTally returns a LabelTally. It is used by one goroutine.
func (s *Set) NewLabelTally() *LabelTally { return &LabelTally{set: s, env: s.newEnv()} }

// Counts returns which counters of the entity's tiles of labels the transaction belongs to, counter i as bit i.
func (t *LabelTally) Counts(entity int, l Labeled) (bits uint64) {
	t.env.Numbers[slotAmount] = l.Amount
	for i := range t.set.marks {
		t.env.Numbers[t.set.markSlot(i)] = indicator(l.Marks>>i&1 != 0)
	}
	for i, c := range t.set.entities[entity].labels.counts {
		if p := t.set.filters[c.filter].program; c.label == l.Label && (p == nil || p.Bool(&t.env)) {
			bits |= 1 << i
		}
	}
	return bits
}

// LateForTiles reports whether an event comes too late for the tiles of its partition, whose watermark is as given:
// others may have read them. Such an event is not counted there, and reads none.
func (s *Set) LateForTiles(t, watermark payment.Time) bool { return t < watermark-s.lateness }
