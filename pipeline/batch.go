package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/stream"
)

// batch is the memory that one micro-batch is worked off in, reused from batch to batch.
type batch struct {
	records []stream.Record
	inputs  []input           // one per record, in the records' order
	slices  map[int32][]int32 // records of each partition, in order
	order   []int32           // the partitions, in order of first appearance
	reads   []features.Read
	out     []stream.Message
	bytes   []byte // what out's values are cut from
	offsets map[int32]int64
}

// input is one decoded record.
type input struct {
	tx      payment.Transaction
	refused error
	entry   *entry
}

// process takes a batch through decoding, loading, deciding and committing. After an error every partition whose
// state ran ahead of what is committed is in doubt.
func (w *Worker) process(ctx context.Context, records []stream.Record) error {
	if len(records) == 0 {
		return nil
	}
	b := &w.batch
	b.group(records)
	for _, n := range b.order {
		w.decode(w.partitions[n], b.slices[n])
	}
	if err := w.load(ctx); err != nil {
		w.doubtBatch("load failed")
		return err
	}
	b.out, b.bytes = b.out[:0], b.bytes[:0]
	clear(b.offsets)
	for _, n := range b.order {
		if p := w.partitions[n]; p != nil && p.doubt == "" {
			w.advance(p, b.slices[n])
		}
	}
	if err := w.commit(ctx); err != nil {
		return err
	}
	w.recent.trim(w.config.CacheAccounts)
	return nil
}

// doubtBatch puts the batch's partitions in doubt: their records were taken from the consumer and not worked off.
func (w *Worker) doubtBatch(why string) {
	for _, n := range w.batch.order {
		if p := w.partitions[n]; p != nil {
			p.doubt = why
		}
	}
}

// group sorts records by partition, keeping their order within each.
func (b *batch) group(records []stream.Record) {
	if b.slices == nil {
		b.slices, b.offsets = make(map[int32][]int32), make(map[int32]int64)
	}
	for _, n := range b.order {
		b.slices[n] = b.slices[n][:0]
	}
	b.order = b.order[:0]
	for i := range records {
		n := records[i].Partition
		if len(b.slices[n]) == 0 {
			b.order = append(b.order, n)
		}
		b.slices[n] = append(b.slices[n], int32(i))
	}
	for len(b.inputs) < len(records) {
		b.inputs = append(b.inputs, input{})
	}
}

// decode decodes the records of a partition and finds the accounts in memory.
func (w *Worker) decode(p *partition, at []int32) {
	if p == nil || p.doubt != "" {
		return
	}
	layout := w.judge.set.Layout()
	for _, i := range at {
		r, in := &w.batch.records[i], &w.batch.inputs[i]
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
	b := &w.batch
	b.reads = b.reads[:0]
	for _, n := range b.order {
		p := w.partitions[n]
		if p == nil || p.doubt != "" {
			continue
		}
		r := b.nextRead()
		r.Partition, r.Generation, r.Accounts, r.Head = n, p.head.Generation, r.Accounts[:0], p.head
		for _, i := range b.slices[n] {
			in := &b.inputs[i]
			if in.refused != nil || in.entry != nil {
				continue
			}
			e := p.shard.accounts[in.tx.AccountID]
			if e == nil { // the first of its records in this batch
				id := string([]byte(in.tx.AccountID)) // the record's bytes are not to live as long as the account
				e = p.shard.add(id, w.judge.set.NewAccount())
				w.recent.touch(e)
				r.Accounts = append(r.Accounts, id)
			}
			in.entry = e
		}
		if len(r.Accounts) == 0 {
			b.reads = b.reads[:len(b.reads)-1]
		}
	}
	if len(b.reads) == 0 {
		return nil
	}
	if err := w.store.Load(ctx, b.reads); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	for i := range b.reads {
		w.adopt(&b.reads[i])
	}
	return nil
}

func (b *batch) nextRead() *features.Read {
	if len(b.reads) < cap(b.reads) {
		b.reads = b.reads[:len(b.reads)+1]
	} else {
		b.reads = append(b.reads, features.Read{})
	}
	return &b.reads[len(b.reads)-1]
}

// adopt takes the accounts that were read into memory, if their head is the one this worker knows.
func (w *Worker) adopt(r *features.Read) {
	p := w.partitions[r.Partition]
	if r.Head != p.head {
		w.stats.Mismatches.Add(1)
		p.doubt = "head mismatch on reading"
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

// advance works off a partition's records in order.
func (w *Worker) advance(p *partition, at []int32) {
	b := &w.batch
	for _, i := range at {
		r, in := &b.records[i], &b.inputs[i]
		if r.Offset < p.next {
			continue // fetched before a seek
		}
		p.next = r.Offset + 1
		scoring := r.Offset >= p.foldUntil
		if in.refused != nil {
			if scoring {
				w.deadLetter(r, in.refused)
			}
			continue
		}
		w.take(p, in, scoring)
	}
	if p.rebuild != nil {
		w.caughtUp(p, p.next)
	}
	if p.next > p.foldUntil {
		b.offsets[p.number] = p.next
	}
}

// take scores one transaction, unless it only is to be folded, and folds it.
func (w *Worker) take(p *partition, in *input, scoring bool) {
	outcome := w.judge.observe(in.entry, &in.tx)
	if outcome != features.Fresh && !w.config.Sabotage.NoDedupe {
		if scoring {
			w.repeated(outcome)
		}
		return
	}
	if scoring {
		w.emit(p.number, in)
	} else {
		w.stats.Folded.Add(1)
	}
	w.judge.fold(in.entry, &in.tx)
	if !in.entry.changed {
		in.entry.changed = true
		p.changed = append(p.changed, in.entry)
	}
}

func (w *Worker) repeated(outcome features.Outcome) {
	if outcome == features.Conflict {
		w.stats.Conflicts.Add(1)
		return
	}
	w.stats.Duplicates.Add(1)
}

// emit decides a transaction and adds the decision, and the alert if it is one, to what the batch produces.
func (w *Worker) emit(partition int32, in *input) {
	b := &w.batch
	d := w.judge.decide(in.entry, &in.tx)
	w.stats.Transactions.Add(1)
	if w.judge.observation.Late {
		w.stats.Late.Add(1)
	}
	start := len(b.bytes)
	b.bytes = d.AppendJSON(b.bytes)
	b.add(w.config.Topics.Decisions, partition, in.entry.id, start)
	if d.AlertID == "" {
		return
	}
	w.stats.Alerts.Add(1)
	start = len(b.bytes)
	b.bytes = w.judge.alert(in.entry, &in.tx).AppendJSON(b.bytes)
	b.add(w.config.Topics.Alerts, partition, in.entry.id, start)
}

// add adds a message whose value is what b.bytes holds from start on. Growing b.bytes leaves earlier values where
// they are.
func (b *batch) add(topic string, partition int32, key string, start int) {
	b.out = append(b.out, stream.Message{Topic: topic, Partition: partition, Key: []byte(key), Value: b.bytes[start:len(b.bytes):len(b.bytes)]})
}

// deadLetter adds a refused record, as it came, to what the batch produces.
func (w *Worker) deadLetter(r *stream.Record, refused error) {
	w.stats.DeadLetters.Add(1)
	headers := []stream.Header{
		{Key: "weir-error", Value: []byte(refused.Error())},
		{Key: "weir-source-topic", Value: []byte(w.config.Topics.Transactions)},
		{Key: "weir-source-partition", Value: strconv.AppendInt(nil, int64(r.Partition), 10)},
		{Key: "weir-source-offset", Value: strconv.AppendInt(nil, r.Offset, 10)},
	}
	var field *payment.FieldError
	if errors.As(refused, &field) && field.Field != "" {
		headers = append(headers, stream.Header{Key: "weir-error-field", Value: []byte(field.Field)})
	}
	w.batch.out = append(w.batch.out, stream.Message{
		Topic: w.config.Topics.DeadLetters, Partition: stream.AnyPartition, Key: r.Key, Value: r.Value, Headers: headers,
	})
}
