package pipeline

import (
	"context"
	"fmt"

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
}

// input is one decoded record.
type input struct {
	tx      payment.Transaction
	refused error // why it is no transaction, nil if it is one
	entry   *entry
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
	}
}

// load reads the accounts that are not in memory, for all partitions in one round trip.
func (w *Worker) load(ctx context.Context) error {
	in := &w.intake
	in.reads = in.reads[:0]
	var misses int64
	for _, n := range in.order {
		p := w.partitions[n]
		if p == nil || p.doubt != "" {
			continue
		}
		r := in.nextRead()
		r.Partition, r.Generation, r.Accounts, r.Head = n, p.head.Generation, r.Accounts[:0], p.head
		for _, i := range in.slices[n] {
			in := &in.inputs[i]
			if in.refused != nil || in.entry != nil {
				continue
			}
			e := p.shard.accounts[in.tx.AccountID]
			if e == nil { // the first of its records in this poll
				id := string([]byte(in.tx.AccountID)) // the record's bytes are not to live as long as the account
				e = p.shard.add(id, w.judge.set.NewAccount())
				w.recent.touch(e)
				r.Accounts = append(r.Accounts, id)
			}
			in.entry = e
		}
		misses += int64(len(r.Accounts))
		if len(r.Accounts) == 0 {
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
		w.adopt(&in.reads[i])
	}
	return nil
}

func (in *intake) nextRead() *features.Read {
	if len(in.reads) < cap(in.reads) {
		in.reads = in.reads[:len(in.reads)+1]
	} else {
		in.reads = append(in.reads, features.Read{})
	}
	return &in.reads[len(in.reads)-1]
}

// adopt takes the accounts that were read into memory, if their head is the one this worker knows.
func (w *Worker) adopt(r *features.Read) {
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
			w.log.Error("damaged account state: rebuilding its partition", "partition", p.number, "error", err)
			p.doubt, p.damaged = "damaged account state", true
			return
		}
		e := p.shard.accounts[r.Accounts[i]]
		e.account = a
		if newest, ok := a.Newest(); ok {
			e.filed = w.judge.set.Bucket(newest)
		}
	}
}

// mismatch puts a partition whose stored head is not the worker's own in doubt.
func (w *Worker) mismatch(p *partition, why string) {
	w.stats.Mismatches.Add(1)
	p.doubt = why
}
