package pipeline

import (
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/payment"
)

// shard is what is held in memory of one partition: its watermark, accounts and entities' tiles.
type shard struct {
	set       *features.Set
	accounts  map[string]*entry
	cells     []map[string]*entry // by entity, by key
	fresh     freshKeys
	watermark payment.Time
}

// entry is an account in memory, or what the partition holds of one key of an entity. Entries of all shards of a worker
// are linked in order of last use.
type entry struct {
	id      string // of the account, or the key
	shard   *shard
	account *features.Account // nil for
	cell    *tile.Cell        // of
	entity  int
	filed   int64 // the bucket that the store files it under, 0 for none
	filing  int64 // the one that the snapshot under way files it under
	changed bool  // since the last snapshot
	writing bool  // part of a snapshot that is not confirmed
	number  int32 // of a replay's accounts, from 1 in order of first appearance

	newer, older *entry
}

func newShard(set *features.Set) *shard {
	s := &shard{set: set, accounts: make(map[string]*entry), fresh: make(freshKeys)}
	for range set.Entities() {
		s.cells = append(s.cells, make(map[string]*entry))
	}
	return s
}

// add puts an account under id, which is kept.
func (s *shard) add(id string, a *features.Account) *entry {
	e := &entry{id: id, shard: s, account: a}
	if newest, ok := a.Newest(); ok {
		e.filed = s.set.Bucket(newest)
	}
	s.accounts[id] = e
	return e
}

// addCell makes an empty cell for a key of an entity. The key is kept.
func (s *shard) addCell(entity int, key string) *entry {
	e := &entry{id: key, shard: s, entity: entity, cell: tile.NewCell(s.set.Entities()[entity].Shape())}
	s.cells[entity][key] = e
	return e
}

// cellName returns what the store knows a cell by.
func (e *entry) cellName() features.CellName {
	return features.CellName{Entity: e.shard.set.Entities()[e.entity].Name, Key: e.id}
}

// bucket returns the bucket that the entry is to be filed under: the first, which is forgotten soonest, for one that holds
// nothing.
func (e *entry) bucket() int64 {
	if e.account != nil {
		newest, _ := e.account.Newest()
		return e.shard.set.Bucket(newest)
	}
	newest, ok := e.cell.Newest()
	if !ok {
		return firstBucket
	}
	return e.shard.set.Bucket(e.shard.set.Entities()[e.entity].End(newest))
}

// firstBucket is before every other that is in use. Nothing is ever filed under 0: from there it could not be moved.
const firstBucket = 1

// forget lets go of an entry.
func (s *shard) forget(e *entry) {
	if e.cell != nil {
		delete(s.cells[e.entity], e.id)
		return
	}
	delete(s.accounts, e.id)
}

// current returns the entry's account, emptied if it is forgotten at the watermark.
func (s *shard) current(e *entry) *features.Account {
	if newest, ok := e.account.Newest(); ok && s.set.Forgotten(newest, s.watermark) {
		e.account = s.set.NewAccount()
	}
	return e.account
}

// fold takes an observed transaction into its account and the watermark.
func (s *shard) fold(e *entry, o *features.Observation, t payment.Time) {
	e.account.Fold(o)
	s.watermark = max(s.watermark, t)
}

// recency lists entries by last use, so that memory is bounded.
type recency struct {
	newest, oldest *entry
	n              int
}

func (r *recency) touch(e *entry) {
	if r.newest == e {
		return
	}
	if e.newer != nil || e.older != nil || r.oldest == e {
		r.remove(e)
	}
	e.older, e.newer = r.newest, nil
	if r.newest != nil {
		r.newest.newer = e
	} else {
		r.oldest = e
	}
	r.newest = e
	r.n++
}

func (r *recency) remove(e *entry) {
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		r.newest = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		r.oldest = e.newer
	}
	e.newer, e.older = nil, nil
	r.n--
}

// trim forgets the least recently used accounts beyond limit. Those that are not yet in the store stay.
func (r *recency) trim(limit int) {
	for e := r.oldest; e != nil && r.n > limit; {
		next := e.newer
		if !e.changed && !e.writing {
			r.remove(e)
			e.shard.forget(e)
		}
		e = next
	}
}

// drop forgets everything of a shard.
func (r *recency) drop(s *shard) {
	for _, e := range s.accounts {
		r.remove(e)
	}
	clear(s.accounts)
	for _, cells := range s.cells {
		for _, e := range cells {
			r.remove(e)
		}
		clear(cells)
	}
	clear(s.fresh)
}
