package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/stream"
)

// intake is the memory that polled records are decoded and matched with their accounts in, reused from poll to poll.
type intake struct {
	records []stream.Record
	inputs  []input           // one per record, in the records' order
	slices  map[int32][]int32 // records of each partition, in order
	order   []int32           // the partitions, in order of first appearance
	reads   []features.Read
	cells   [][]*entry // those that each read asks tiles for
	seen    time.Time  // when the records were there

	released bool // some of the records had to wait, and no longer do
}

// input is one decoded record.
type input struct {
	tx      payment.Transaction
	refused error // why it is no transaction, nil if it is one
	entry   *entry
	keys    []string  // of each entity, "" for none
	tiles   []tilesOf // of each entity
}

// tilesOf are the tiles of one key, nil where there is no key, or the set has no use for them.
type tilesOf struct {
	cell                 *entry // what the partition itself holds
	transactions, labels *series
}

// group sorts the records by partition, keeping their order within each.
func (in *intake) group() {
	if in.slices == nil {
		in.slices = make(map[int32][]int32)
	}
	for _, n := range in.order {
		in.slices[n] = in.slices[n][:0]
	}
	in.order = in.order[:0]
	for i := range in.records {
		n := in.records[i].Partition
		if len(in.slices[n]) == 0 {
			in.order = append(in.order, n)
		}
		in.slices[n] = append(in.slices[n], int32(i))
	}
	for len(in.inputs) < len(in.records) {
		in.inputs = append(in.inputs, input{})
	}
}

// doubtRecords puts the partitions of the polled records in doubt: the records were taken from the consumer and not
// worked off.
func (w *Worker) doubtRecords(why string) {
	for i := range w.intake.records {
		if p := w.partitions[w.intake.records[i].Partition]; p != nil {
			p.doubt = why
		}
	}
}

// decode decodes the records of a partition and finds the accounts in memory.
func (w *Worker) decode(p *partition, at []int32) {
	if p == nil || p.doubt != "" {
		return
	}
	layout := w.judge.set.Layout()
	for _, i := range at {
		r, in := &w.intake.records[i], &w.intake.inputs[i]
		in.entry = nil
		if in.refused = w.decoder.Decode(r.Value, &in.tx); in.refused != nil {
			continue
		}
		if string(r.Key) != in.tx.AccountID {
			in.refused = &payment.FieldError{Field: "account_id", Kind: payment.KindValue, Reason: "is not the record's key, which decides the partition"}
			continue
		}
		if err := layout.CheckFuture(in.tx.Time, payment.Time(r.Time)); err != nil {
			in.refused = &payment.FieldError{Field: "timestamp", Kind: payment.KindRange, Reason: err.Error()}
			continue
		}
		if e := p.shard.accounts[in.tx.AccountID]; e != nil {
			in.entry = e
			w.recent.touch(e)
		}
		w.decodeKeys(p, in)
	}
}

// decodeKeys finds out the keys that the transaction has, and the cells in memory.
func (w *Worker) decodeKeys(p *partition, in *input) {
	if len(p.shard.cells) == 0 {
		return
	}
	if in.keys == nil {
		in.keys, in.tiles = make([]string, len(p.shard.cells)), make([]tilesOf, len(p.shard.cells))
	}
	w.keys.Keys(&in.tx, in.keys)
	clear(in.tiles)
	for k, key := range in.keys {
		if key == "" || !w.entities.kept(k) {
			continue
		}
		if e := p.shard.cells[k][key]; e != nil {
			in.tiles[k].cell = e
			w.recent.touch(e)
		}
	}
}

// load reads the accounts and tiles that are not in memory, for all partitions in one round trip, and what their
// features read of other partitions' tiles.
func (w *Worker) load(ctx context.Context) error {
	if err := w.loadOwn(ctx); err != nil {
		return err
	}
	return w.loadOthers(ctx)
}

func (w *Worker) loadOwn(ctx context.Context) error {
	in := &w.intake
	in.reads = in.reads[:0]
	var misses int64
	for _, n := range in.order {
		p := w.partitions[n]
		if p == nil || p.doubt != "" {
			continue
		}
		r, cells := in.nextRead()
		r.Partition, r.Generation, r.Accounts, r.Tiles, r.Head = n, p.head.Generation, r.Accounts[:0], r.Tiles[:0], p.head
		for _, i := range in.slices[n] {
			w.missing(p, &in.inputs[i], r, cells)
		}
		misses += int64(len(r.Accounts))
		if len(r.Accounts) == 0 && len(r.Tiles) == 0 {
			in.reads = in.reads[:len(in.reads)-1]
		}
	}
	w.stats.Misses.Add(misses)
	w.stats.Hits.Add(int64(len(in.records)) - misses)
	if len(in.reads) == 0 {
		return nil
	}
	if err := w.store.Load(ctx, in.reads); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	for i := range in.reads {
		w.adopt(&in.reads[i], in.cells[i])
	}
	return nil
}

// missing adds to a read what a transaction needs of its own partition and is not in memory.
func (w *Worker) missing(p *partition, in *input, r *features.Read, cells *[]*entry) {
	if in.refused != nil {
		return
	}
	if in.entry == nil {
		e := p.shard.accounts[in.tx.AccountID]
		if e == nil { // the first of its records in this poll
			id := string([]byte(in.tx.AccountID)) // the record's bytes are not to live as long as the account
			e = p.shard.add(id, w.judge.set.NewAccount())
			w.recent.touch(e)
			r.Accounts = append(r.Accounts, id)
		}
		in.entry = e
	}
	for k := range in.tiles {
		if in.keys[k] == "" || in.tiles[k].cell != nil || !w.entities.kept(k) {
			continue
		}
		e := p.shard.cells[k][in.keys[k]]
		if e == nil {
			e = p.shard.addCell(k, string([]byte(in.keys[k])))
			w.recent.touch(e)
			r.Tiles = append(r.Tiles, features.TileRead{Cell: e.cellName(), All: true})
			*cells = append(*cells, e)
		}
		in.tiles[k].cell = e
	}
}

func (in *intake) nextRead() (*features.Read, *[]*entry) {
	if len(in.reads) < cap(in.reads) {
		in.reads = in.reads[:len(in.reads)+1]
	} else {
		in.reads = append(in.reads, features.Read{})
	}
	last := len(in.reads) - 1
	for len(in.cells) <= last {
		in.cells = append(in.cells, nil)
	}
	in.cells[last] = in.cells[last][:0]
	return &in.reads[last], &in.cells[last]
}

// adopt takes what was read into memory, if its head is the one this worker knows.
func (w *Worker) adopt(r *features.Read, cells []*entry) {
	p := w.partitions[r.Partition]
	if !p.knows(r.Head) {
		w.mismatch(p, "head mismatch on reading")
		return
	}
	for i, value := range r.Values {
		if value == nil {
			continue
		}
		a, err := w.judge.set.Decode(value)
		if err != nil {
			w.damaged(p, err)
			return
		}
		e := p.shard.accounts[r.Accounts[i]]
		e.account = a
		if newest, ok := a.Newest(); ok {
			e.filed = w.judge.set.Bucket(newest)
		}
	}
	for i := range r.Tiles {
		e := cells[i]
		for _, c := range r.Tiles[i].Chunks {
			if err := e.cell.DecodeChunk(c.Number, c.Value); err != nil {
				w.damaged(p, err)
				return
			}
		}
		e.filed = e.bucket()
	}
}

// damaged puts a partition in doubt whose stored state cannot be read.
func (w *Worker) damaged(p *partition, err error) {
	w.log.Error("damaged state: rebuilding its partition", "partition", p.number, "error", err)
	p.doubt, p.damaged = "damaged state", true
}

// mismatch puts a partition whose stored head is not the worker's own in doubt.
func (w *Worker) mismatch(p *partition, why string) {
	w.stats.Mismatches.Add(1)
	p.doubt, p.outrun = why, true
}
