package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/weir-fraud/weir/features"
)

// Assigned implements stream.Rebalancer: it recovers the partitions and says where to read on.
func (w *Worker) Assigned(ctx context.Context, numbers []int32) ([]int64, error) {
	w.vitals.Joined.Store(true)
	if len(numbers) == 0 {
		return nil, nil
	}
	w.log.Info("partitions assigned", "partitions", numbers)
	for _, n := range numbers {
		p := &partition{number: n, shard: newShard(w.judge.set), doubt: "assigned", stats: w.stats.Partition(n), saved: w.stagger(n)}
		p.stats.RecordTime.Store(w.now().UnixMilli())
		p.stats.Assigned.Store(true)
		w.partitions[n] = p
	}
	pause := backoff{log: w.log, vitals: w.vitals}
	return recovered(ctx, numbers, &pause, func(n int32) (int64, error) { return w.recover(ctx, w.partitions[n]) })
}

// recovered recovers partitions, each as often as it takes, and returns where to read each from.
func recovered(ctx context.Context, numbers []int32, pause *backoff, one func(n int32) (int64, error)) ([]int64, error) {
	from := make([]int64, len(numbers))
	for i := 0; i < len(numbers); {
		offset, err := one(numbers[i])
		switch {
		case err == nil:
			from[i] = offset
			i++
			pause.reset()
		case ctx.Err() != nil || !passing(err):
			return nil, err
		default:
			pause.wait(ctx, err)
		}
	}
	return from, nil
}

// stagger spreads the moments at which partitions are saved over the interval: the store then has many small writes
// to do instead of a few that others have to wait behind.
func (w *Worker) stagger(n int32) time.Time {
	of := max(1, int(w.config.Partitions))
	return w.now().Add(w.config.ApplyInterval * time.Duration(int(n)%of) / time.Duration(of))
}

// Revoked implements stream.Rebalancer: it commits and saves what is in hand and lets go.
func (w *Worker) Revoked(ctx context.Context, numbers []int32, lost bool) {
	w.log.Info("partitions revoked", "partitions", numbers, "lost", lost)
	if lost {
		// Another worker may have them already: what is not committed is its to decide.
		w.vitals.Joined.Store(false)
		w.filling.reset()
		w.doubtAll("partitions lost")
	}
	if err := w.finish(ctx); err != nil {
		// Whoever has the partitions next folds what is missing here.
		w.log.Warn("not everything was committed and saved before the partitions left", "error", err)
		if !passing(err) {
			w.failed = err
		}
	}
	for _, n := range numbers {
		if p := w.partitions[n]; p != nil {
			p.stats.Assigned.Store(false)
			w.recent.drop(p.shard)
			if err := w.goOn(p); err != nil { // paused, it would stay so where it comes back
				w.log.Warn("cannot resume a partition that leaves", "partition", n, "error", err)
			}
			delete(w.partitions, n)
		}
	}
}

// finish commits what is in hand, and then saves a snapshot of the state whether or not one is due.
func (w *Worker) finish(ctx context.Context) error {
	if err := w.quiesce(ctx); err != nil {
		return err
	}
	if s := w.snapshot(w.now().Add(w.config.ApplyInterval)); s != nil { // also those that are staggered
		w.save(ctx, s)
	}
	return w.quiesce(ctx)
}

// settle sees to it that the producers are fit for use, and recovers the partitions that are in doubt.
func (w *Worker) settle(ctx context.Context) error {
	doubted := w.doubted()
	if w.flight == nil && !w.committer.ready() {
		if err := w.committer.open(ctx); err != nil {
			return err
		}
	}
	if len(doubted) == 0 {
		return nil
	}
	if err := w.quiesce(ctx); err != nil {
		return err
	}
	for _, n := range doubted {
		from, err := w.recover(ctx, w.partitions[n])
		if err != nil {
			return err
		}
		if err := w.consumer.Seek(n, from); err != nil {
			w.partitions[n].doubt = "seek failed"
			return err
		}
	}
	return nil
}

// doubted returns the partitions in doubt, in order.
func (w *Worker) doubted() []int32 {
	var all []int32
	for n, p := range w.partitions {
		if p.doubt != "" {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all
}

// recover is the one routine for assignment, mismatch and doubt: it brings what is stored and what is committed
// together, and returns the offset to read on from.
func (w *Worker) recover(ctx context.Context, p *partition) (int64, error) {
	w.vitals.beat()
	w.stats.Recoveries.Add(1)
	w.recent.drop(p.shard)
	p.changed, p.writing, p.nextHead = p.changed[:0], p.writing[:0], features.Head{}
	if err := w.goOn(p); err != nil {
		return 0, err
	}
	p.gaveUp = nil
	if p.damaged {
		p.head = features.Head{}
	}
	stored, f, err := w.find(ctx, p)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, w.config.TransactionTimeout)
	defer cancel()
	do, err := planRecovery(f, w.config.Start, w.config.Delivery)
	if err != nil {
		return 0, err
	}
	if w.config.Sabotage.NoRewind && !do.discard {
		do.from = do.foldUntil
	}
	if do.discard {
		fresh := features.Head{
			Applied: do.from, TopicID: f.topicID, Partitions: f.partitions, Generation: w.token()>>24 | 1,
		}
		if err := w.store.Discard(ctx, p.number, stored, fresh); err != nil {
			return 0, fmt.Errorf("%w: %w", errStore, err)
		}
		if do.from < do.foldUntil {
			w.stats.Rebuilds.Add(1)
		}
		f.head = fresh
	}
	if err := w.store.DeleteDiscarded(ctx, p.number); err != nil {
		return 0, fmt.Errorf("%w: %w", errStore, err)
	}
	if do.commit && w.follows == nil {
		if err := w.consumer.CommitOffsets(map[int32]int64{p.number: do.foldUntil}); err != nil {
			return 0, err
		}
	}
	w.log.Info("partition recovered", "partition", p.number, "why", p.doubt, "found", do.why, "committed", f.committed,
		"applied", stored.Applied, "from", do.from, "fold_until", do.foldUntil, "discarded", do.discard)
	p.head, p.next, p.foldUntil, p.readTo = f.head, do.from, do.foldUntil, do.from
	p.stats.Committed.Store(do.foldUntil)
	p.stats.End.Store(f.end)
	p.shard.watermark = f.head.Watermark
	p.stats.Watermark.Store(int64(f.head.Watermark))
	p.doubt, p.damaged, p.outrun = "", false, false
	p.rebuild = nil
	if do.from < do.foldUntil {
		p.rebuild = newProgress(w.now(), do.from, do.foldUntil)
		p.stats.At.Store(do.from)
		p.stats.Until.Store(do.foldUntil)
	}
	p.stats.Catching.Store(p.rebuild != nil)
	return do.from, nil
}

// find finds out what recovery is about. What is committed is read after what is stored, so that a state which others keep
// moving is not taken to be ahead.
func (w *Worker) find(ctx context.Context, p *partition) (stored features.Head, f found, err error) {
	f = found{topicID: w.config.TopicID, partitions: w.config.Partitions}
	limited, cancel := context.WithTimeout(ctx, w.config.TransactionTimeout)
	defer cancel()
	if stored, err = w.store.Head(limited, p.number); err != nil {
		return stored, f, fmt.Errorf("%w: %w", errStore, err)
	}
	if f.head = stored; p.damaged {
		f.head = features.Head{}
	}
	if f.committed, err = w.committed(ctx, p.number); err != nil {
		return stored, f, err
	}
	f.first, f.end, err = w.consumer.Bounds(ctx, p.number)
	return stored, f, err
}

// committed returns the offset that the group has committed.
func (w *Worker) committed(ctx context.Context, n int32) (int64, error) {
	if w.follows != nil {
		all, err := w.follows(ctx)
		if err != nil {
			return 0, err
		}
		return all[n], nil
	}
	all, err := w.consumer.Committed(ctx, []int32{n})
	if err != nil {
		return 0, err
	}
	return all[0], nil
}

// doubtAll puts every partition in doubt: what was computed is not what is committed.
func (w *Worker) doubtAll(why string) {
	for _, p := range w.partitions {
		p.doubt = why
	}
}
