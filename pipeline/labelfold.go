package pipeline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/stream"
)

// labelShard is what is held in memory of one partition of the feedback log: what was said of each account's
// transactions, and the tiles that this adds up to.
type labelShard struct {
	set       *features.Set
	accounts  map[string]*labelEntry
	cells     []map[string]*labelEntry // by entity, by key
	changed   []*labelEntry            // since the last save
	fresh     freshKeys
	watermark payment.Time // newest time of a label
}

// labelEntry is an account's labels, or the tiles of one key of an entity.
type labelEntry struct {
	id      string
	account *feedback.Account // nil for
	cell    *tile.Cell        // of
	entity  int
	filed   int64
	filing  int64
	changed bool
}

func newLabelShard(set *features.Set, watermark payment.Time) labelShard {
	s := labelShard{set: set, accounts: make(map[string]*labelEntry), fresh: make(freshKeys), watermark: watermark}
	for range set.Entities() {
		s.cells = append(s.cells, make(map[string]*labelEntry))
	}
	return s
}

func (s *labelShard) change(e *labelEntry) {
	if !e.changed {
		e.changed = true
		s.changed = append(s.changed, e)
	}
}

// adopt takes what was read into memory.
func (s *labelShard) adopt(r *features.Read, cells []*labelEntry) error {
	for i, value := range r.Values {
		if value == nil {
			continue
		}
		a, err := feedback.DecodeAccount(value)
		if err != nil {
			return err
		}
		e := s.accounts[r.Accounts[i]]
		e.account = a
		e.filed = s.bucket(e)
	}
	for i := range r.Tiles {
		for _, c := range r.Tiles[i].Chunks {
			if err := cells[i].cell.DecodeChunk(c.Number, c.Value); err != nil {
				return err
			}
		}
		cells[i].filed = s.bucket(cells[i])
	}
	return nil
}

func (s *labelShard) bucket(e *labelEntry) int64 {
	if e.account != nil {
		if newest, ok := e.account.Newest(); ok {
			return s.set.Bucket(newest)
		}
		return firstBucket
	}
	if newest, ok := e.cell.Newest(); ok {
		return s.set.Bucket(s.set.Entities()[e.entity].End(newest))
	}
	return firstBucket
}

// saved notes that a write is stored. Beyond limit, what is in memory is forgotten.
func (s *labelShard) saved(w *features.Write, limit int) {
	for _, e := range s.changed {
		e.changed, e.filed = false, e.filing
	}
	s.changed = s.changed[:0]
	total := len(s.accounts)
	for _, cells := range s.cells {
		total += len(cells)
	}
	if total > limit {
		*s = newLabelShard(s.set, w.To.Watermark)
	}
}

// labelFolder folds labels. It is used by one goroutine.
type labelFolder struct {
	set      *features.Set
	tally    *features.LabelTally
	remember payment.Time
	marks    map[string]int
}

func newLabelFolder(set *features.Set, remember time.Duration) labelFolder {
	f := labelFolder{set: set, tally: set.NewLabelTally(), remember: payment.Time(remember.Milliseconds()), marks: make(map[string]int)}
	for i, name := range set.Marks() {
		f.marks[name] = i
	}
	return f
}

// The refusals of labels that are well-formed.
var (
	errKey    = errors.New("the record's key is not the account_id, which decides the partition")
	errFuture = errors.New("timestamp is ahead of the record's own by more than max_future")
	errBefore = errors.New("transaction_timestamp is ahead of the label's own by more than max_future")
)

// decode returns the labels of the records.
func (f *labelFolder) decode(records []stream.Record, refuse func(*stream.Record, error)) []feedback.Label {
	labels := make([]feedback.Label, 0, len(records))
	for i := range records {
		l, err := feedback.Decode(records[i].Value)
		if err == nil {
			err = f.check(&l, &records[i])
		}
		if err != nil {
			refuse(&records[i], err)
			continue
		}
		labels = append(labels, l)
	}
	return labels
}

// check refuses a label that is in the wrong partition, and one that would push the watermark, and with it everything that
// is still counted, out of sight.
func (f *labelFolder) check(l *feedback.Label, r *stream.Record) error {
	switch layout := f.set.Layout(); {
	case string(r.Key) != l.AccountID:
		return errKey
	case layout.CheckFuture(l.Time, payment.Time(r.Time)) != nil:
		return errFuture
	case layout.CheckFuture(l.TransactionTime, l.Time) != nil:
		return errBefore
	}
	return nil
}

// keyOf returns the key that a label has of an entity, "" for none.
func (f *labelFolder) keyOf(entity int, l *feedback.Label) string {
	e := &f.set.Entities()[entity]
	if key, ok := l.Entities[e.Name]; ok {
		return key
	}
	if e.IsAccount() {
		return l.AccountID
	}
	return ""
}

func (f *labelFolder) counts(entity int) bool {
	return f.set.Entities()[entity].LabelShape().Counts > 0
}

// askAccounts makes entries for the accounts that are not in memory, and asks for them.
func (f *labelFolder) askAccounts(s *labelShard, labels []feedback.Label, r *features.Read) {
	for i := range labels {
		if id := labels[i].AccountID; s.accounts[id] == nil {
			s.accounts[id] = &labelEntry{id: id, account: new(feedback.Account)}
			r.Accounts = append(r.Accounts, id)
		}
	}
}

// askTiles makes entries for the tiles that are not in memory, and asks for them: where the labels count, and where what
// they correct was counted. It returns the entries in the read's order.
func (f *labelFolder) askTiles(s *labelShard, labels []feedback.Label, r *features.Read) ([]*labelEntry, error) {
	var cells []*labelEntry
	ask := func(k int, key string) {
		if s.cells[k][key] != nil {
			return
		}
		e := &labelEntry{id: key, entity: k, cell: tile.NewCell(f.set.Entities()[k].LabelShape())}
		s.cells[k][key] = e
		r.Tiles = append(r.Tiles, features.TileRead{Cell: f.cellName(e), All: true})
		cells = append(cells, e)
	}
	for i := range labels {
		l := &labels[i]
		for k := range s.cells {
			if key := f.keyOf(k, l); key != "" && f.counts(k) {
				ask(k, key)
			}
		}
		if entry := s.accounts[l.AccountID].account.Entry(l.TransactionID); entry != nil {
			counted, err := f.parse(entry.Payload)
			if err != nil {
				return nil, err
			}
			for _, c := range counted {
				ask(c.entity, c.key)
			}
		}
	}
	return cells, nil
}

func (f *labelFolder) cellName(e *labelEntry) features.CellName {
	return features.CellName{Entity: f.set.Entities()[e.entity].Name, Key: e.id}
}

// counted is where a transaction's label was counted: bit i of counters for counter i.
type counted struct {
	entity   int
	key      string
	counters uint64
}

// fold takes in one label: what its transaction counted as before is taken back, and what it is now is counted, both in
// the tile of the time from which on the label may be used. Where tiles are closed by then, in the first that is not.
func (f *labelFolder) fold(s *labelShard, l *feedback.Label) error {
	account := s.accounts[l.AccountID]
	account.account.Drop(s.watermark - f.remember) // before it is looked at: what is stored of it may be deleted by now
	entry, before, after := account.account.Add(l)
	s.change(account)
	if before.Verdict != after.Verdict {
		known := feedback.Known(l.TransactionTime, l.Time, f.set.LabelDelay())
		was, err := f.parse(entry.Payload)
		if err != nil {
			return err
		}
		is := f.count(l, labelOf(after.Verdict))
		f.add(s, was, known, -1)
		f.add(s, is, known, 1)
		entry.Payload = appendCounted(nil, is)
	}
	s.watermark = max(s.watermark, l.Time)
	account.account.Drop(s.watermark - f.remember)
	return nil
}

func (f *labelFolder) add(s *labelShard, list []counted, known payment.Time, sign int64) {
	for _, c := range list {
		e, cell := &f.set.Entities()[c.entity], s.cells[c.entity][c.key]
		n := max(e.Tile(known), e.Closed(s.watermark)+1)
		first := tile.Chunk(n) * tile.ChunkTiles
		if cell.cell.Rows(first-1, first+tile.ChunkTiles-1).Len() == 0 {
			s.fresh.add(c.entity, tile.Chunk(n), c.key)
			cell.cell.Drop(e.Kept(s.watermark - f.remember))
		}
		counts, _ := cell.cell.At(n)
		for i := range counts {
			counts[i] += sign * int64(c.counters>>i&1)
		}
		s.change(cell)
	}
}

// count returns where a label counts.
func (f *labelFolder) count(l *feedback.Label, as features.Label) []counted {
	if as == features.NoLabel {
		return nil
	}
	labeled := features.Labeled{Label: as, Amount: f.set.Report(l.Amount, l.Currency)}
	for _, m := range l.Marks {
		if i, ok := f.marks[m]; ok {
			labeled.Marks |= 1 << i
		}
	}
	var all []counted
	for k := range f.set.Entities() {
		if !f.counts(k) {
			continue
		}
		if key := f.keyOf(k, l); key != "" {
			if bits := f.tally.Counts(k, labeled); bits != 0 {
				all = append(all, counted{k, key, bits})
			}
		}
	}
	return all
}

// deletableBefore returns the first bucket of those that may hold something of use at the watermark: accounts whose labels
// can be corrected, and tiles, which are kept that much longer than they are read, since transactions of the past are
// decided with all labels in the log.
func (f *labelFolder) deletableBefore(watermark payment.Time) int64 {
	return f.set.DeletableBefore(max(0, watermark-f.remember))
}

func labelOf(v feedback.Verdict) features.Label {
	switch v {
	case feedback.Fraud:
		return features.LabelFraud
	case feedback.Legitimate:
		return features.LabelLegitimate
	}
	return features.NoLabel
}

// appendCounted appends what is kept beside a transaction's labels: for each place the number of the entity, the key and
// the counters.
func appendCounted(dst []byte, all []counted) []byte {
	for _, c := range all {
		dst = binary.AppendUvarint(dst, uint64(c.entity))
		dst = binary.AppendUvarint(dst, uint64(len(c.key)))
		dst = append(dst, c.key...)
		dst = binary.AppendUvarint(dst, c.counters)
	}
	return dst
}

// parse reads what appendCounted wrote.
func (f *labelFolder) parse(payload []byte) ([]counted, error) {
	var all []counted
	number := func() (v uint64) {
		v, n := binary.Uvarint(payload)
		if n <= 0 {
			payload = nil
			return math.MaxUint64
		}
		payload = payload[n:]
		return v
	}
	for len(payload) > 0 {
		var c counted
		entity, length := number(), number()
		if entity >= uint64(len(f.set.Entities())) || length > uint64(len(payload)) {
			return nil, fmt.Errorf("%w: where a label was counted", feedback.ErrDamaged)
		}
		c.entity, c.key, payload = int(entity), string(payload[:length]), payload[length:]
		c.counters = number()
		all = append(all, c)
	}
	return all, nil
}

// write adds what has changed to a write.
func (f *labelFolder) write(s *labelShard, w *features.Write) {
	s.fresh.write(f.set, w)
	for _, e := range s.changed {
		e.filing = s.bucket(e)
		filing := features.Filing{Filed: e.filed, Bucket: e.filing}
		if e.account != nil {
			w.Changes = append(w.Changes, features.Change{Account: e.id, Value: e.account.Append(nil), Filing: filing})
			continue
		}
		change := features.TileChange{Cell: f.cellName(e), Filing: filing}
		for _, n := range e.cell.DirtyChunks() {
			change.Chunks = append(change.Chunks, features.Chunk{Number: n, Value: e.cell.AppendChunk(nil, n)})
		}
		e.cell.ClearDirty()
		w.Tiles = append(w.Tiles, change)
	}
}
