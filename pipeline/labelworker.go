package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/stream"
)

// LabelWorkerConfig says how a LabelWorker works.
type LabelWorkerConfig struct {
	Kafka         stream.Config
	Group         stream.GroupConfig // its Topic is the feedback topic
	TopicID       string
	Partitions    int32
	ApplyInterval time.Duration // how far the stored tiles may lag behind the log
	Remember      time.Duration // how long after its transaction a label can still be corrected, and how far transactions may be behind labels
	CacheAccounts int
}

// LabelWorker folds the feedback log into tiles of labels, by the rules of the other log: what is stored of a partition
// at an offset is a function of the log before it. It decides nothing and produces nothing, so all there is to commit is
// what it stores.
type LabelWorker struct {
	config   LabelWorkerConfig
	set      *features.Set
	store    Store
	log      *slog.Logger
	stats    *Stats
	now      func() time.Time
	token    func() uint64
	consumer *stream.Consumer

	partitions map[int32]*labelPartition
	records    []stream.Record
	folder     labelFolder
	saved      time.Time // when what had changed was last stored, and
	verified   time.Time // the heads were last looked at
}

// labelPartition is an assigned partition of the feedback topic.
type labelPartition struct {
	number     int32
	head       features.Head
	next       int64  // offset of the first record not folded in
	forgetting bool   // the store may hold more that is forgotten
	readTo     int64  // offset up to which there was nothing more, when last told
	reachedTo  int64  // the same, as last noted in the store
	doubt      string // why it must be recovered before anything else, empty for no doubt
	damaged    bool
	labels     labelShard
}

// NewLabelWorker returns a LabelWorker. Token gives random numbers, Now the time for intervals.
func NewLabelWorker(config LabelWorkerConfig, set *features.Set, store Store, stats *Stats, log *slog.Logger, now func() time.Time, token func() uint64) *LabelWorker {
	return &LabelWorker{
		config: config, set: set, store: store, stats: stats, log: log, now: now, token: token,
		partitions: make(map[int32]*labelPartition),
		folder:     newLabelFolder(set, config.Remember),
	}
}

// Run works until ctx ends. Errors that may pass are waited out; one that is returned will not go away by itself.
func (w *LabelWorker) Run(ctx context.Context) (err error) {
	w.consumer, err = stream.NewConsumer(w.config.Kafka, w.config.Group, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.consumer.Close()) }()
	pause := backoff{log: w.log, vitals: newVitals(w.now)}
	return pause.run(ctx, w.step)
}

const labelsPerPoll = 4096

// step recovers what is in doubt, folds what one poll brings, and stores what is due.
func (w *LabelWorker) step(ctx context.Context) error {
	for n, p := range w.partitions {
		if p.doubt == "" {
			continue
		}
		from, err := w.recover(ctx, p)
		if err != nil {
			return err
		}
		if err := w.consumer.Seek(n, from); err != nil {
			p.doubt = "seek failed"
			return err
		}
	}
	records, ends, err := w.consumer.Poll(ctx, w.records[:0], labelsPerPoll, min(100*time.Millisecond, max(w.config.ApplyInterval, time.Millisecond)))
	w.records = records
	if err != nil {
		w.doubtAll("consumer failed")
		return err
	}
	work := context.WithoutCancel(ctx)
	if err := w.fold(work); err != nil {
		w.doubtAll("fold failed")
		return err
	}
	for _, end := range ends {
		if p := w.partitions[end.Partition]; p != nil {
			p.readTo = end.Offset
		}
	}
	if now := w.now(); now.Sub(w.saved) >= w.config.ApplyInterval {
		w.saved = now
		if err := w.save(work); err != nil {
			return err
		}
	}
	return w.verify(work)
}

// verify puts partitions whose stored head is not the worker's own in doubt, so that what Redis has lost is built again
// also while nobody sends labels.
func (w *LabelWorker) verify(ctx context.Context) error {
	now := w.now()
	if now.Sub(w.verified) < verifyEvery {
		return nil
	}
	w.verified = now
	heads, err := w.store.Heads(ctx, w.config.Partitions)
	if err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	for n, p := range w.partitions {
		if p.doubt == "" && heads[n] != p.head {
			w.stats.Mismatches.Add(1)
			p.doubt = "head mismatch on verifying"
		}
		p.reachedTo = 0 // Redis may have lost it and kept the head
	}
	return nil
}

func (w *LabelWorker) doubtAll(why string) {
	for _, p := range w.partitions {
		p.doubt = why
	}
}

// fold folds the polled records.
func (w *LabelWorker) fold(ctx context.Context) error {
	byPartition := make(map[int32][]stream.Record)
	for _, r := range w.records {
		if p := w.partitions[r.Partition]; p != nil && p.doubt == "" && r.Offset >= p.next {
			byPartition[r.Partition] = append(byPartition[r.Partition], r)
		}
	}
	for n, records := range byPartition {
		p := w.partitions[n]
		labels := w.folder.decode(records, func(r *stream.Record, err error) {
			w.stats.LabelsRefused.Add(1)
			w.log.Warn("feedback that is no label", "topic", w.config.Group.Topic, "partition", r.Partition, "offset", r.Offset, "error", err)
		})
		switch err := w.foldPartition(ctx, p, labels); {
		case errors.Is(err, errStore):
			return err
		case errors.Is(err, features.ErrMismatch):
			w.stats.Mismatches.Add(1)
			p.doubt = "head mismatch on reading"
			continue
		case err != nil:
			w.log.Error("damaged state of labels: rebuilding its partition", "partition", n, "error", err)
			p.doubt, p.damaged = "damaged state", true
			continue
		}
		w.stats.Labels.Add(int64(len(labels)))
		p.next = records[len(records)-1].Offset + 1
	}
	return nil
}

// foldPartition folds labels of one partition, after reading what is not in memory: first what was said before, which
// tells where that was counted, and then the tiles.
func (w *LabelWorker) foldPartition(ctx context.Context, p *labelPartition, labels []feedback.Label) error {
	read := features.Read{Partition: p.number, Generation: p.head.Generation}
	w.folder.askAccounts(&p.labels, labels, &read)
	if err := w.load(ctx, p, &read, nil); err != nil {
		return err
	}
	read = features.Read{Partition: p.number, Generation: p.head.Generation}
	cells, err := w.folder.askTiles(&p.labels, labels, &read)
	if err != nil {
		return err
	}
	if err := w.load(ctx, p, &read, cells); err != nil {
		return err
	}
	for i := range labels {
		if err := w.folder.fold(&p.labels, &labels[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *LabelWorker) load(ctx context.Context, p *labelPartition, read *features.Read, cells []*labelEntry) error {
	if len(read.Accounts)+len(read.Tiles) == 0 {
		return nil
	}
	reads := []features.Read{*read}
	if err := w.store.Load(ctx, reads); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	if reads[0].Head != p.head {
		return features.ErrMismatch
	}
	return p.labels.adopt(&reads[0], cells)
}

// save stores what has changed, and tells where the log ends.
func (w *LabelWorker) save(ctx context.Context) error {
	var writes []features.Write
	for n, p := range w.partitions {
		if p.doubt == "" && p.next > p.head.Applied {
			to := p.head
			to.Applied, to.Watermark = p.next, p.labels.watermark
			write := features.Write{Partition: n, From: p.head, To: to}
			w.folder.write(&p.labels, &write)
			writes = append(writes, write)
		}
	}
	if len(writes) > 0 {
		if err := w.store.Apply(ctx, writes); err != nil {
			w.doubtAll("saving failed")
			return fmt.Errorf("%w: %w", errStore, err)
		}
	}
	var failed error
	for i := range writes {
		write := &writes[i]
		p := w.partitions[write.Partition]
		switch {
		case write.Err == nil:
			p.head = write.To
			p.labels.saved(write, w.config.CacheAccounts)
			w.forget(ctx, p, write)
		case errors.Is(write.Err, features.ErrMismatch):
			w.stats.Mismatches.Add(1)
			p.doubt = "head mismatch on writing"
		default:
			p.doubt = "saving failed"
			failed = errors.Join(failed, fmt.Errorf("%w: %w", errStore, write.Err))
		}
	}
	if failed != nil {
		return failed
	}
	for n, p := range w.partitions {
		if p.doubt != "" || p.readTo <= p.next || p.reachedTo == p.readTo || p.head.Applied != p.next {
			continue
		}
		if err := w.store.Hint(ctx, n, p.head, features.Hint{Reached: p.readTo}); err != nil {
			return fmt.Errorf("%w: %w", errStore, err)
		}
		p.reachedTo = p.readTo
	}
	return nil
}

// forget deletes some of what no label finds and no transaction reads any more.
func (w *LabelWorker) forget(ctx context.Context, p *labelPartition, write *features.Write) {
	before := w.folder.deletableBefore(write.To.Watermark)
	if before == w.folder.deletableBefore(write.From.Watermark) && !p.forgetting {
		return
	}
	var err error
	if p.forgetting, err = w.store.Forget(ctx, p.number, write.To, before); err != nil {
		p.forgetting = true // it can be done at any later time
	}
}

// Assigned implements stream.Rebalancer.
func (w *LabelWorker) Assigned(ctx context.Context, numbers []int32) ([]int64, error) {
	pause := backoff{log: w.log, vitals: newVitals(w.now)}
	return recovered(ctx, numbers, &pause, func(n int32) (int64, error) {
		w.partitions[n] = &labelPartition{number: n, doubt: "assigned"}
		return w.recover(ctx, w.partitions[n])
	})
}

// Revoked implements stream.Rebalancer: it stores what is in hand and lets go. Whoever has the partitions next folds
// what could not be stored.
func (w *LabelWorker) Revoked(ctx context.Context, numbers []int32, lost bool) {
	if !lost {
		if err := w.save(context.WithoutCancel(ctx)); err != nil {
			w.log.Warn("not all labels were stored before their partitions left", "error", err)
		}
	}
	for _, n := range numbers {
		delete(w.partitions, n)
	}
	w.records = slices.DeleteFunc(w.records, func(r stream.Record) bool { return slices.Contains(numbers, r.Partition) })
}

// recover brings what is stored and the log together, and returns the offset to read on from. There are no committed
// offsets: what is stored says how far the log is folded.
func (w *LabelWorker) recover(ctx context.Context, p *labelPartition) (int64, error) {
	f := found{topicID: w.config.TopicID, partitions: w.config.Partitions, committed: stream.NoOffset}
	var err error
	if f.first, f.end, err = w.consumer.Bounds(ctx, p.number); err != nil {
		return 0, err
	}
	stored, err := w.store.Head(ctx, p.number)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errStore, err)
	}
	if f.head = stored; p.damaged {
		f.head = features.Head{}
	}
	do, err := planRecovery(f, StartEarliest, AtLeastOnce)
	if err != nil {
		return 0, err
	}
	if do.discard {
		f.head = features.Head{Applied: do.from, TopicID: f.topicID, Partitions: f.partitions, Generation: w.token()>>24 | 1}
		if err := w.store.Discard(ctx, p.number, stored, f.head); err != nil {
			return 0, fmt.Errorf("%w: %w", errStore, err)
		}
	}
	if err := w.store.DeleteDiscarded(ctx, p.number); err != nil {
		return 0, fmt.Errorf("%w: %w", errStore, err)
	}
	w.log.Info("labels recovered", "partition", p.number, "why", p.doubt, "found", do.why, "from", do.from, "end", f.end)
	*p = labelPartition{number: p.number, head: f.head, next: do.from, labels: newLabelShard(w.set, f.head.Watermark)}
	return do.from, nil
}
