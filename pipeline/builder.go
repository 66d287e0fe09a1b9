package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/stream"
)

// BuilderConfig says how a Builder works.
type BuilderConfig struct {
	Kafka         stream.Config
	Group         string // the serving group
	Topic         string // of transactions
	TopicID       string
	Partitions    int32   // of the topic
	Share         []int32 // the partitions to build
	Delivery      Delivery
	Timeout       time.Duration // of one operation
	ApplyInterval time.Duration // how far the stored state may lag behind what is folded
	CacheAccounts int
	Clock         func() time.Duration

	// Committed tells what the serving group has committed, by partition.
	Committed func(context.Context) ([]int64, error)
}

// Builder folds the log into the state of a layout that another process will serve: it decides nothing, is no member of the
// serving group, and never goes beyond what that group has committed, since a state ahead of the decisions is of no use. It
// goes on following the group. Wherever somebody else writes the same state, it lets them.
type Builder struct {
	config BuilderConfig
	worker *Worker

	limits  []int64   // what the group has committed, as last asked, below which is what may be folded
	asked   time.Time // when that was
	waiting map[int32][]stream.Record
	others  map[int32]*other
}

// other is somebody else who writes the state of a partition.
type other struct {
	head  features.Head
	moved time.Time // when the head was last seen to move
	seen  time.Time // when it was last looked at
}

const (
	committedKnown = 200 * time.Millisecond // how long an answer about the serving group may be used
	otherKnown     = time.Second            // and one about somebody else's state
	otherGone      = 10 * time.Second       // how long that may stand still, with work to do, before it is taken over

	// While a state is written the server does nothing else, and there are others who are in a hurry. So a builder has it
	// write little at a time.
	buildPoll  = 1024
	buildWrite = 2048
)

// NewBuilder returns a Builder. Token gives random numbers, Now the time for logs and intervals.
func NewBuilder(c BuilderConfig, set *features.Set, store Store, stats *Stats, log *slog.Logger, now func() time.Time, token func() uint64) (*Builder, error) {
	engine, err := NewEngine(EngineConfig{Set: set, Now: now})
	if err != nil {
		return nil, err
	}
	w := NewWorker(WorkerConfig{
		Kafka: c.Kafka, Topics: Topics{Transactions: c.Topic}, TopicID: c.TopicID, Partitions: c.Partitions,
		Start: StartEarliest, Delivery: c.Delivery, TransactionTimeout: c.Timeout, BatchSize: buildPoll,
		ApplyInterval: c.ApplyInterval, CacheAccounts: c.CacheAccounts, Clock: c.Clock,
	}, NewSwitch(engine), store, stats, log, now, token)
	w.follows = c.Committed
	w.entities = entities{list: set.Entities()} // what is only folded reads no tiles of others
	for _, n := range c.Share {
		w.partitions[n] = &partition{number: n, shard: newShard(set), doubt: "new to the builder", stats: stats.Partition(n), saved: w.stagger(n)}
	}
	return &Builder{config: c, worker: w, waiting: make(map[int32][]stream.Record), others: make(map[int32]*other)}, nil
}

// Run builds until ctx ends, and then saves what is folded. An error that is returned will not go away by itself.
func (b *Builder) Run(ctx context.Context) (err error) {
	w := b.worker
	if w.consumer, err = stream.NewFollower(b.config.Kafka, b.config.Group, b.config.Topic); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.consumer.Close()) }()
	pause := backoff{log: w.log, vitals: w.vitals}
	if err := pause.run(ctx, b.step); err != nil {
		return err
	}
	return w.finish(context.WithoutCancel(ctx))
}

// step settles doubts, folds what one poll brings, and stores what is due.
func (b *Builder) step(ctx context.Context) error {
	w := b.worker
	w.vitals.beat()
	if err := w.land(ctx, false); err != nil {
		return err
	}
	if err := b.settle(ctx); err != nil {
		return err
	}
	if err := b.learn(ctx); err != nil {
		return err
	}
	if w.saving != nil && b.full() {
		await(w.saving.done, gather)
		return nil
	}
	if err := b.fold(ctx); err != nil {
		return err
	}
	b.save(ctx)
	return nil
}

// settle recovers the partitions that are in doubt, but for those that somebody else has in hand.
func (b *Builder) settle(ctx context.Context) error {
	w := b.worker
	doubted := w.doubted()
	if len(doubted) == 0 {
		return nil
	}
	if err := w.quiesce(ctx); err != nil {
		return err
	}
	moved := false
	for _, n := range doubted {
		p, watched := w.partitions[n], b.others[n] != nil
		mine, err := b.mine(ctx, p)
		if err != nil {
			return err
		}
		if mine {
			if _, err := w.recover(ctx, p); err != nil {
				return err
			}
		}
		moved = moved || mine || !watched
	}
	if !moved {
		return nil
	}
	return b.read()
}

// read reads on where every partition stands. Of those that somebody else has in hand it reads nothing.
func (b *Builder) read() error {
	w := b.worker
	from := make(map[int32]int64)
	for n, p := range w.partitions {
		if p.doubt == "" {
			from[n] = p.next
		}
	}
	var err error
	for n := range b.waiting {
		err = errors.Join(err, w.consumer.Resume(n))
	}
	clear(b.waiting)
	if err = errors.Join(err, w.consumer.Assign(from)); err != nil {
		w.doubtAll("cannot read")
	}
	return err
}

// mine reports whether the builder is to recover a partition in doubt. Where that is because somebody else has written,
// they may do the work, until they stop.
func (b *Builder) mine(ctx context.Context, p *partition) (bool, error) {
	w, now := b.worker, b.worker.now()
	o := b.others[p.number]
	if o == nil {
		if !p.outrun {
			return true, nil
		}
		w.log.Info("somebody else writes the state", "partition", p.number)
		o = &other{moved: now}
		b.others[p.number] = o
	}
	if now.Sub(o.seen) < otherKnown {
		return false, nil
	}
	limited, cancel := context.WithTimeout(ctx, b.config.Timeout)
	defer cancel()
	head, err := w.store.Head(limited, p.number)
	if err != nil {
		return false, errors.Join(errStore, err)
	}
	o.seen = now
	if head != o.head {
		o.head, o.moved = head, now
	}
	if head.Known() && (head.Applied >= b.limit(p.number) || now.Sub(o.moved) < otherGone) {
		return false, nil
	}
	delete(b.others, p.number)
	return true, nil
}

// limit returns the offset below which a partition's records may be folded.
func (b *Builder) limit(n int32) int64 {
	if len(b.limits) == 0 {
		return 0
	}
	return b.limits[n]
}

// learn asks what the serving group has committed.
func (b *Builder) learn(ctx context.Context) error {
	w := b.worker
	if w.now().Sub(b.asked) < committedKnown {
		return nil
	}
	limits, err := b.config.Committed(ctx)
	if err != nil {
		return err
	}
	b.limits, b.asked = limits, w.now()
	for n, p := range w.partitions {
		switch {
		case p.doubt != "":
		case limits[n] != stream.NoOffset && limits[n] < p.next && b.config.Delivery == ExactlyOnce:
			p.doubt = "the serving group has gone back"
		default:
			p.foldUntil = max(p.next, limits[n])
		}
	}
	return nil
}

// full reports whether so much has changed that it is to be stored before there is more.
func (b *Builder) full() bool {
	for _, p := range b.worker.partitions {
		if len(p.changed) >= buildWrite {
			return true
		}
	}
	return false
}

// fold polls, and folds what may be folded.
func (b *Builder) fold(ctx context.Context) error {
	w := b.worker
	in := &w.intake
	records, err := b.released(in.records[:0])
	if err != nil {
		return err
	}
	wait := time.Duration(0)
	if len(records) == 0 {
		wait = min(committedKnown, max(b.config.ApplyInterval, time.Millisecond))
	}
	taken := len(records)
	records, ends, err := w.consumer.Poll(ctx, records, max(buildPoll, taken), wait)
	if err != nil {
		in.records = records
		w.doubtRecords("consumer failed")
		return err
	}
	in.records, err = b.admitted(records, taken)
	if err != nil {
		return err
	}
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.config.Timeout)
	defer cancel()
	err = w.process(work)
	w.filling.reset()
	if err != nil {
		return err
	}
	for _, e := range ends {
		if p := w.partitions[e.Partition]; p != nil && p.doubt == "" {
			p.readTo = e.Offset
		}
	}
	b.pass()
	return nil
}

// released appends the records that had to wait for the serving group and need not any longer.
func (b *Builder) released(batch []stream.Record) ([]stream.Record, error) {
	for n, records := range b.waiting {
		limit := b.worker.partitions[n].foldUntil
		i := slices.IndexFunc(records, func(r stream.Record) bool { return r.Offset >= limit })
		if i < 0 {
			i = len(records)
			delete(b.waiting, n)
			if err := b.worker.consumer.Resume(n); err != nil {
				return batch, err
			}
		} else {
			b.waiting[n] = records[i:]
		}
		batch = append(batch, records[:i]...)
	}
	return batch, nil
}

// admitted returns the records that may be folded, the first of which are known to be such; the others wait, and their
// partitions are not read any further.
func (b *Builder) admitted(records []stream.Record, known int) ([]stream.Record, error) {
	kept := records[:known]
	for _, r := range records[known:] {
		p := b.worker.partitions[r.Partition]
		waiting, some := b.waiting[r.Partition]
		switch {
		case p.doubt != "":
		case !some && r.Offset < p.foldUntil:
			kept = append(kept, r)
		default:
			b.waiting[r.Partition] = append(waiting, r)
			if some {
				continue
			}
			if err := b.worker.consumer.Pause(r.Partition); err != nil {
				return kept, err
			}
		}
	}
	return kept, nil
}

// pass goes on over offsets that are no records: markers of transactions, and records that are gone.
func (b *Builder) pass() {
	for n, p := range b.worker.partitions {
		if p.doubt != "" {
			continue
		}
		to := p.readTo
		if records := b.waiting[n]; len(records) > 0 {
			to = records[0].Offset
		}
		p.next = max(p.next, min(to, p.foldUntil))
		p.stats.At.Store(p.next)
		p.stats.Until.Store(p.foldUntil)
		p.stats.Watermark.Store(int64(p.shard.watermark))
	}
}

// save begins to store what is due.
func (b *Builder) save(ctx context.Context) {
	w := b.worker
	if w.saving != nil {
		return
	}
	for _, p := range w.partitions {
		if len(p.changed) >= buildWrite {
			p.saved = time.Time{}
		}
	}
	if s := w.snapshot(w.now().Add(-b.config.ApplyInterval)); s != nil {
		w.save(ctx, s)
	}
}
