package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/tile"
)

// snapshot is the changed state of a worker's partitions at one moment, on its way to the store. It holds only what is
// committed when it is saved: the state in Redis never runs ahead of the decisions.
type snapshot struct {
	writes []features.Write // one for each of
	parts  []*partition
	more   []bool // whether the store holds more forgotten accounts of the partition
	bytes  []byte // what the values are cut from

	done chan struct{} // closed when the outcome is known
	err  error
}

// snapshot writes down the accounts that changed since the last one, in the partitions that were saved at or before the
// given time, or wait for others. It must not be called before the last one is confirmed. It returns nil where nothing has moved.
func (w *Worker) snapshot(savedBy time.Time) *snapshot {
	l := w.lap()
	s := w.spare
	s.writes, s.parts, s.bytes, s.err = s.writes[:0], s.parts[:0], s.bytes[:0], nil
	now := w.now()
	for _, p := range w.partitions {
		due := !p.saved.After(savedBy) || p.hold != nil // others may be waiting for it in turn
		if p.doubt == "" && p.next > p.head.Applied && due {
			s.add(w, p)
			p.saved = now
		}
	}
	w.stats.Stages.add(Encode, l.to())
	if len(s.writes) == 0 {
		return nil
	}
	return s
}

func (s *snapshot) add(w *Worker, p *partition) {
	to := p.head
	to.Applied, to.Watermark = p.next, p.shard.watermark
	p.writing, p.changed = p.changed, p.writing[:0]
	if len(s.writes) < cap(s.writes) {
		s.writes = s.writes[:len(s.writes)+1]
	} else {
		s.writes = append(s.writes, features.Write{})
	}
	write := &s.writes[len(s.writes)-1]
	*write = features.Write{Partition: p.number, From: p.head, To: to, Changes: write.Changes[:0], Tiles: write.Tiles[:0], Indexes: write.Indexes[:0]}
	for _, e := range p.writing {
		filing := features.Filing{Filed: e.filed, Bucket: e.bucket()}
		if e.cell != nil {
			write.Tiles = append(write.Tiles, features.TileChange{Cell: e.cellName(), Chunks: s.chunks(e.cell), Filing: filing})
		} else {
			start := len(s.bytes)
			s.bytes = e.account.Append(s.bytes)
			write.Changes = append(write.Changes, features.Change{Account: e.id, Value: s.bytes[start:len(s.bytes):len(s.bytes)], Filing: filing})
		}
		e.filing = filing.Bucket
		e.changed, e.writing = false, true
	}
	p.shard.fresh.write(w.judge.set, write)
	p.nextHead = to
	s.parts = append(s.parts, p)
}

// chunks returns what has changed of a cell. Whether it is stored is known only later, and until then nothing else is
// written, so the cell counts as unchanged from now on; see unwrite.
func (s *snapshot) chunks(c *tile.Cell) []features.Chunk {
	dirty := c.DirtyChunks()
	chunks := make([]features.Chunk, 0, len(dirty))
	for _, n := range dirty {
		start := len(s.bytes)
		s.bytes = c.AppendChunk(s.bytes, n)
		chunk := features.Chunk{Number: n}
		if len(s.bytes) > start {
			chunk.Value = s.bytes[start:len(s.bytes):len(s.bytes)]
		}
		chunks = append(chunks, chunk)
	}
	c.ClearDirty()
	return chunks
}

// save begins to write a snapshot to the store: the changed accounts and the new heads, one script call per partition.
func (w *Worker) save(ctx context.Context, s *snapshot) {
	w.saving = s
	s.done = make(chan struct{})
	set := w.judge.set // the judge may be exchanged meanwhile
	go func() {
		defer close(s.done)
		if w.config.PinThreads {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.config.TransactionTimeout)
		defer cancel()
		l := w.lap()
		s.err = s.write(ctx, w.store, set)
		w.stats.Stages.add(Apply, l.to())
	}()
}

func (s *snapshot) write(ctx context.Context, store Store, set *features.Set) error {
	if err := store.Apply(ctx, s.writes); err != nil {
		return err
	}
	s.more = s.more[:0]
	for i := range s.writes {
		w := &s.writes[i]
		before, more := set.DeletableBefore(w.To.Watermark), false
		if w.Err == nil && (before > set.DeletableBefore(w.From.Watermark) || s.parts[i].forgetting) {
			var err error
			if more, err = store.Forget(ctx, w.Partition, w.To, before); err != nil {
				more = true // what is forgotten can be deleted at any later time
			}
		}
		s.more = append(s.more, more)
	}
	return nil
}

// confirm draws the consequences of a snapshot whose outcome is known. A partition whose head was not as expected is
// in doubt from then on, and nothing of it was written.
func (w *Worker) confirm(s *snapshot) error {
	w.saving, w.spare = nil, s
	err := s.err
	for i, p := range s.parts {
		write := &s.writes[i]
		p.nextHead = features.Head{}
		switch {
		case s.err == nil && write.Err == nil:
			p.head, p.forgetting = write.To, s.more[i]
			for _, e := range p.writing {
				e.writing, e.filed = false, e.filing
			}
			p.writing = p.writing[:0]
			continue
		case errors.Is(write.Err, features.ErrMismatch):
			w.mismatch(p, "head mismatch on writing")
		default:
			err = errors.Join(err, write.Err)
		}
		p.unwrite(write)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	if w.config.Delivery == AtLeastOnce || w.config.Sabotage.NoTransaction {
		return w.commitApplied(s)
	}
	return nil
}

// unwrite makes what could not be written changed again, so that the next snapshot has it.
func (p *partition) unwrite(write *features.Write) {
	p.shard.fresh.unwrite(p.shard.set, write)
	tiles := write.Tiles
	for _, e := range p.writing {
		e.writing = false
		if e.cell != nil {
			for _, c := range tiles[0].Chunks {
				e.cell.Touch(c.Number)
			}
			tiles = tiles[1:]
		}
		p.change(e)
	}
	p.writing = p.writing[:0]
}

// commitApplied commits the offsets that the saved state stands for: without transactions, decisions come first, then
// state, then offsets, so that a crash in between repeats decisions and loses none.
func (w *Worker) commitApplied(s *snapshot) error {
	offsets := make(map[int32]int64)
	for _, p := range s.parts {
		if p.doubt == "" && p.head.Applied > p.foldUntil {
			offsets[p.number] = p.head.Applied
		}
	}
	if len(offsets) == 0 {
		return nil
	}
	return w.consumer.CommitOffsets(offsets)
}
