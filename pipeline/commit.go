package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/stream"
)

// commit makes the batch's messages and offsets visible as one. When it fails, the state in memory is ahead of what
// is committed, so everything is in doubt.
func (w *Worker) commit(ctx context.Context) error {
	b := &w.batch
	if len(b.offsets) == 0 {
		return nil // only folded
	}
	var err error
	if w.transactional() {
		err = w.commitTransaction(ctx)
	} else {
		err = w.commitLoosely(ctx)
	}
	if err == nil {
		w.stats.Commits.Add(1)
		return nil
	}
	w.stats.Aborts.Add(1)
	w.doubtAll("commit failed")
	if errors.Is(err, stream.ErrIndefinite) {
		if renew := w.newProducer(ctx); renew != nil {
			return renew
		}
	}
	return err
}

func (w *Worker) commitTransaction(ctx context.Context) error {
	if err := w.producer.Begin(); err != nil {
		return fmt.Errorf("%w: %w", stream.ErrIndefinite, err)
	}
	if err := w.produce(); err != nil {
		return errors.Join(err, w.producer.Abort(ctx))
	}
	return w.producer.Commit(ctx, w.consumer, w.batch.offsets)
}

// commitLoosely produces, waits until that is safe, and then applies the state and commits the offsets, in this
// order: a crash in between repeats decisions and loses none.
func (w *Worker) commitLoosely(ctx context.Context) error {
	if err := w.produce(); err != nil {
		return err
	}
	if err := w.producer.Flush(ctx); err != nil {
		return err
	}
	if err := w.apply(ctx); err != nil {
		return err
	}
	for n := range w.batch.offsets {
		if p := w.partitions[n]; p == nil || p.doubt != "" {
			delete(w.batch.offsets, n)
		}
	}
	if len(w.batch.offsets) == 0 {
		return nil
	}
	return w.consumer.CommitOffsets(w.batch.offsets)
}

func (w *Worker) produce() error {
	for i := range w.batch.out {
		if err := w.producer.Produce(&w.batch.out[i]); err != nil {
			if !passing(err) {
				return fmt.Errorf("%w: %w", errProduce, err)
			}
			return err
		}
	}
	return nil
}

// apply writes the changed accounts and the new heads, one script call per partition. A partition whose head is not
// as expected is in doubt from then on, and nothing of it was written.
func (w *Worker) apply(ctx context.Context) error {
	w.applied = w.now()
	var writes []features.Write
	var bytes []byte
	for _, p := range w.partitions {
		if p.doubt != "" || p.next <= p.head.Applied {
			continue
		}
		to := p.head
		to.Applied, to.Watermark = p.next, p.shard.watermark
		write := features.Write{Partition: p.number, From: p.head, To: to, Changes: make([]features.Change, len(p.changed))}
		for i, e := range p.changed {
			start := len(bytes)
			bytes = e.account.Append(bytes)
			newest, _ := e.account.Newest()
			write.Changes[i] = features.Change{
				Account: e.id, Value: bytes[start:len(bytes):len(bytes)], Filed: e.filed, Bucket: w.judge.set.Bucket(newest),
			}
		}
		writes = append(writes, write)
	}
	if len(writes) == 0 {
		return nil
	}
	if err := w.store.Apply(ctx, writes); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	for i := range writes {
		if err := w.confirm(ctx, &writes[i]); err != nil {
			return err
		}
	}
	return nil
}

// confirm draws the consequences of one write.
func (w *Worker) confirm(ctx context.Context, write *features.Write) error {
	p := w.partitions[write.Partition]
	switch {
	case errors.Is(write.Err, features.ErrMismatch):
		w.stats.Mismatches.Add(1)
		p.doubt = "head mismatch on writing"
		return nil
	case write.Err != nil:
		return fmt.Errorf("%w: %w", errStore, write.Err)
	}
	for i, e := range p.changed {
		e.changed, e.filed = false, write.Changes[i].Bucket
	}
	p.changed = p.changed[:0]
	p.head = write.To
	if before := w.judge.set.ForgottenBefore(p.head.Watermark); before > w.judge.set.ForgottenBefore(write.From.Watermark) || p.forgetting {
		more, err := w.store.Forget(ctx, p.number, p.head, before)
		if err != nil {
			return fmt.Errorf("%w: %w", errStore, err)
		}
		p.forgetting = more
	}
	return nil
}
