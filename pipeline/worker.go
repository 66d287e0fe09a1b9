package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/stream"
)

// Store keeps account states and heads; features/redisstate is one. See its methods for the contract.
type Store interface {
	Head(ctx context.Context, partition int32) (features.Head, error)
	Heads(ctx context.Context, n int32) ([]features.Head, error)
	Load(ctx context.Context, reads []features.Read) error
	Apply(ctx context.Context, writes []features.Write) error
	Discard(ctx context.Context, partition int32, was, fresh features.Head) error
	DeleteDiscarded(ctx context.Context, partition int32) error
	Forget(ctx context.Context, partition int32, head features.Head, before int64) (more bool, err error)
	Peers(ctx context.Context, n int32) ([]features.Peer, error)
	Hint(ctx context.Context, partition int32, head features.Head, hint features.Hint) error
}

// Topics are the names of the topics a worker reads and writes.
type Topics struct {
	Transactions string
	Decisions    string
	Alerts       string
	DeadLetters  string
	Feedback     string
}

// WorkerConfig says how a Worker works.
type WorkerConfig struct {
	Kafka              stream.Config
	Group              stream.GroupConfig // its Topic is Topics.Transactions
	Topics             Topics
	TopicID            string // of the transactions topic
	Partitions         int32  // of the transactions topic
	Start              Start
	Delivery           Delivery
	TransactionalID    string        // unique among living workers, the same again after a restart
	TransactionTimeout time.Duration // after which the broker aborts a transaction of a worker that is gone
	BatchSize          int           // most records in one batch
	ApplyInterval      time.Duration // how far the state in Redis may lag behind the committed offsets
	CacheAccounts      int           // most accounts held in memory, beyond those not yet applied
	EntityWait         time.Duration // how long a transaction may wait for tiles of other partitions, 0 for without end
	// Ends asks the brokers for the ends of a topic's partitions, on a connection that waits for nothing else.
	Ends   func(ctx context.Context, topic string, partitions int32) ([]int64, error)
	Labels LabelSource // where the tiles of labels come from, if the set reads any

	// Clock measures stages. It tells wall time, or the CPU time of the calling thread: PinThreads then keeps each
	// goroutine of the worker on a thread of its own.
	Clock      func() time.Duration
	PinThreads bool

	Sabotage Sabotage
}

// LabelSource is the state that [LabelWorker]s keep.
type LabelSource struct {
	Store      PeerStore
	Partitions int32         // of the feedback topic
	Kept       time.Duration // how much longer than they are read tiles are kept: LabelWorkerConfig.Remember
}

// Sabotage switches safeguards off, so that tests can show that each is needed. All are on in the zero value.
type Sabotage struct {
	NoTransaction bool // produce and commit offsets separately
	NoRewind      bool // never fold what the state has missed
	NoDedupe      bool // take repeated transactions for new ones
	NoWait        bool // read the tiles of other partitions however far these are
	NoLateness    bool // add to tiles what comes too late for them, and read them
}

// Worker runs the pipeline over the partitions that its consumer group gives it. One goroutine runs it, with two at its
// side: one that waits for the transaction of the last batch, one that writes a snapshot of the state to the store.
type Worker struct {
	config    WorkerConfig
	store     Store
	log       *slog.Logger
	stats     *Stats
	now       func() time.Time
	token     func() uint64 // random, names generations
	vitals    *Vitals
	engines   *Switch
	judge     *judge // of the engine that this batch is decided by
	decoder   payment.Decoder
	consumer  *stream.Consumer
	committer committer

	keys     *features.KeyReader
	entities entities

	// follows tells what the group has committed, where this worker is a Builder's and no member of it. It is nil for a member.
	follows func(context.Context) ([]int64, error)

	partitions map[int32]*partition
	recent     recency
	intake     intake
	samples    samples
	filling    *batch    // decided, and folded into the accounts in memory
	flight     *batch    // launched and not yet landed; nil for none
	free       *batch    // neither of them
	saving     *snapshot // on its way to the store; nil for none
	spare      *snapshot // memory for the next one
	verified   time.Time // when the heads were last looked at
	failed     error     // what went wrong for good inside a rebalance
}

// partition is an assigned partition.
type partition struct {
	number     int32
	shard      *shard
	head       features.Head // as this worker last wrote or read it
	nextHead   features.Head // as the snapshot under way writes it, zero without one
	next       int64         // offset of the first record not folded in
	foldUntil  int64         // below this offset, fold without producing
	doubt      string        // why the state must be recovered before anything else, empty for no doubt
	damaged    bool          // the stored state is known to be no good
	outrun     bool          // somebody else has written it
	changed    []*entry      // since the last snapshot
	writing    []*entry      // in the snapshot under way
	saved      time.Time     // when the last snapshot of it was taken
	forgetting bool          // the store may hold more forgotten accounts
	rebuild    *progress     // of the catching up, nil when there is none
	readTo     int64         // offset up to which there was nothing more, when last told
	hint       features.Hint // as last given to the store, for
	hinted     features.Head // this head
	hold       *hold         // what it waits for, nil for nothing
	gaveUp     *hold         // what it has waited for long enough, and goes on without until it has come; nil for nothing
	newest     payment.Time  // of the transactions in hand that are scored, math.MinInt64 for none
	stats      *PartitionStats
}

// reached notes that the decisions before offset are out. What is between the last record and the end of the log is
// no work: markers of transactions and records that are gone.
func (p *partition) reached(offset int64) {
	if offset >= p.next && p.hold == nil {
		offset = max(offset, p.readTo)
	}
	p.stats.Committed.Store(offset)
	p.stats.End.Store(max(offset, p.stats.End.Load()))
}

// knows reports whether a stored head is the worker's own.
func (p *partition) knows(h features.Head) bool {
	return h == p.head || p.nextHead.Known() && h == p.nextHead
}

// NewWorker returns a worker that decides by the engine in effect. Token gives random numbers, Now the time for logs and
// intervals.
func NewWorker(config WorkerConfig, engines *Switch, store Store, stats *Stats, log *slog.Logger, now func() time.Time, token func() uint64) *Worker {
	engine := engines.Engine()
	w := &Worker{
		config: config, engines: engines, store: store, log: log, stats: stats, vitals: stats.worker(now), now: now, token: token,
		judge: newJudge(engine), partitions: make(map[int32]*partition),
		filling: newBatch(), free: newBatch(), spare: new(snapshot),
	}
	w.committer = committer{config: &w.config, stats: stats, vitals: w.vitals, log: log}
	w.vitals.engine.Store(engine)
	w.keys = engine.set.NewKeyReader()
	w.entities = w.newEntities()
	return w
}

// CheckPartitionCount refuses where any partition's state was built under another partition count of the same topic.
func CheckPartitionCount(ctx context.Context, store Store, topicID string, partitions int32) error {
	heads, err := store.Heads(ctx, partitions)
	if err != nil {
		return err
	}
	for _, h := range heads {
		if _, err := planRecovery(found{head: h, topicID: topicID, partitions: partitions}, StartEarliest, AtLeastOnce); err != nil {
			return err
		}
	}
	return nil
}

// Run works until ctx ends, and then leaves the group with everything committed and saved. Errors that may pass are
// waited out; one that is returned will not go away by itself.
func (w *Worker) Run(ctx context.Context) (err error) {
	if w.config.PinThreads {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	if err := w.committer.open(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer w.committer.close()
	w.consumer, err = stream.NewConsumer(w.config.Kafka, w.config.Group, w)
	if err != nil {
		return err
	}
	defer func() {
		// Closing revokes what is left, which commits and saves it.
		err = errors.Join(err, w.consumer.Close())
		w.vitals.Joined.Store(false)
	}()
	pause := backoff{log: w.log, vitals: w.vitals}
	return pause.run(ctx, w.step)
}

// step takes in what has landed, settles doubts, launches what is ready, and works off what one poll brings.
func (w *Worker) step(ctx context.Context) error {
	w.vitals.beat()
	w.vitals.Accounts.Store(int64(w.recent.n))
	if err := errors.Join(w.failed, w.land(ctx, false)); err != nil {
		return err
	}
	if err := w.settle(ctx); err != nil {
		return err
	}
	w.follow()
	room := w.config.BatchSize - w.filling.taken
	if room > 0 {
		if w.flight != nil && len(w.intake.records) < unhurried {
			await(w.flight.done, gather)
		}
		if err := w.poll(ctx, room); err != nil {
			return err
		}
	}
	if err := w.land(ctx, room <= 0); err != nil {
		return err
	}
	w.launch(ctx)
	return w.verify(ctx)
}

// While a batch is on its way and polls bring fewer than unhurried records, they are gathered for a while: nothing can
// be launched anyway, and each poll has a price.
const (
	unhurried = 256
	gather    = 4 * time.Millisecond
)

// poll works off the records that are there, waiting for them a while.
func (w *Worker) poll(ctx context.Context, room int) error {
	in := &w.intake
	var ends []stream.End
	var err error
	l := w.lap()
	in.records, ends, err = w.consumer.Poll(ctx, in.records[:0], room, w.pollTime())
	if w.config.PinThreads { // in wall time this would be waiting, mostly
		w.stats.Stages.add(Consume, l.to())
	}
	if err != nil {
		w.doubtRecords("consumer failed")
		return err
	}
	if err := w.queue(ctx, room); err != nil {
		w.doubtRecords("peers unknown")
		return err
	}
	// What has begun is finished, also when the worker is told to stop.
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.config.TransactionTimeout)
	defer cancel()
	if err := w.process(work); err != nil {
		return err
	}
	for _, end := range ends {
		if p := w.partitions[end.Partition]; p != nil && p.doubt == "" {
			w.caughtUp(p, end.Offset)
			p.readTo = end.Offset
			p.reached(p.stats.Committed.Load())
		}
	}
	return nil
}

// pollTime returns how long to wait for records: not long while something is on its way.
func (w *Worker) pollTime() time.Duration {
	const longest, busy = 100 * time.Millisecond, time.Millisecond
	switch {
	case w.flight != nil || w.filling.taken > 0 || w.intake.released:
		return 0
	case w.saving != nil || w.holding():
		return busy
	}
	return min(longest, max(busy, w.config.ApplyInterval))
}

// launch sends the batch being filled on its way if the last one has landed. With it goes a snapshot of the partitions
// that are due: what is in memory now is what will be committed with this batch.
func (w *Worker) launch(ctx context.Context) {
	if w.flight != nil {
		return
	}
	var due *snapshot
	if w.saving == nil {
		due = w.snapshot(w.now().Add(-w.config.ApplyInterval))
	}
	b := w.filling
	if len(b.offsets) == 0 { // nothing, or only folding: all that is in memory is committed
		b.reset()
		if due != nil {
			w.save(ctx, due)
		}
		return
	}
	b.snapshot = due
	w.flight, w.filling, w.free = b, w.free, nil
	w.committer.launch(ctx, w.consumer, b)
}

// land takes in the batch and the snapshot that are on their way if their outcome is known, or waits for the batch.
// When a batch fails, the state in memory is ahead of what is committed, so everything is in doubt.
func (w *Worker) land(ctx context.Context, wait bool) error {
	if w.saving != nil && over(w.saving.done, false) {
		if err := w.confirm(w.saving); err != nil {
			return err
		}
	}
	if w.flight == nil || !over(w.flight.done, wait) {
		return nil
	}
	b := w.flight
	w.flight, w.free = nil, b
	defer b.reset()
	if b.err != nil {
		w.stats.Aborts.Add(1)
		if b.snapshot != nil {
			w.spare = b.snapshot
		}
		w.filling.reset()
		w.doubtAll("commit failed")
		return b.err
	}
	w.account(b)
	if b.snapshot != nil {
		w.save(ctx, b.snapshot)
	}
	return nil
}

// account counts a batch that is committed.
func (w *Worker) account(b *batch) {
	w.stats.Commits.Add(1)
	w.stats.BatchSize.Add(float64(b.taken))
	w.stats.Transactions.Add(int64(len(b.times)))
	b.tally.addTo(w.stats)
	now := w.now().UnixMilli()
	for _, t := range b.times {
		w.stats.Latency.Add(float64(max(0, now-t)) / 1000)
	}
	for _, score := range b.scores {
		w.stats.Scores.Add(score)
	}
	for n, offset := range b.offsets {
		if p := w.partitions[n]; p != nil {
			p.stats.RecordTime.Store(b.recorded[n])
			p.reached(offset)
		}
	}
}

// await waits until a channel is closed, but not longer than limit.
func await(done <-chan struct{}, limit time.Duration) {
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}

// over reports whether a channel is closed, or waits until it is.
func over(done <-chan struct{}, wait bool) bool {
	if wait {
		<-done
		return true
	}
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// quiesce commits and saves everything that is in memory.
func (w *Worker) quiesce(ctx context.Context) error {
	for {
		w.vitals.beat()
		if err := w.land(ctx, true); err != nil {
			return err
		}
		if w.saving != nil {
			<-w.saving.done
			continue
		}
		if len(w.filling.offsets) == 0 {
			return nil
		}
		w.launch(ctx)
	}
}

// verifyEvery is how often the heads of all partitions are looked at, so that what Redis has lost is built again also
// while a partition is idle.
const verifyEvery = time.Second

// verify puts partitions whose stored head is not the worker's own in doubt.
func (w *Worker) verify(ctx context.Context) error {
	if w.now().Sub(w.verified) < verifyEvery {
		return nil
	}
	w.verified = w.now()
	for n, p := range w.partitions {
		p.stats.End.Store(max(p.stats.Committed.Load(), w.consumer.End(n)))
	}
	var reads []features.Read
	for n, p := range w.partitions {
		if p.doubt == "" {
			reads = append(reads, features.Read{Partition: n, Generation: p.head.Generation, Head: p.head})
		}
	}
	if len(reads) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, w.config.TransactionTimeout)
	defer cancel()
	if err := w.store.Load(ctx, reads); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	for i := range reads {
		if p := w.partitions[reads[i].Partition]; !p.knows(reads[i].Head) {
			w.mismatch(p, "head mismatch on verifying")
		} else {
			p.hinted = features.Head{} // Redis may have lost it and kept the head
			if err := w.giveHint(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// giveHint tells the other workers what they cannot see of the head: that there is nothing more to fold, where the log
// ends with something that is no record, and which event time comes next, where this partition waits for them.
func (w *Worker) giveHint(ctx context.Context, p *partition) error {
	hint := features.Hint{Reached: max(p.head.Applied, p.readTo)}
	if p.hold != nil {
		hint.Reached, hint.Ahead = p.head.Applied, p.hold.time
	}
	if p.head.Applied != p.next || hint == p.hint && p.hinted == p.head || hint.Ahead == 0 && hint.Reached == p.head.Applied {
		return nil
	}
	if err := w.store.Hint(ctx, p.number, p.head, hint); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	p.hint, p.hinted = hint, p.head
	return nil
}

// passing reports whether an error may go away by itself. Redis and network failures do; what Kafka says is fatal, a
// changed partition count and damaged heads do not.
func passing(err error) bool {
	switch {
	case errors.Is(err, stream.ErrFenced), errors.Is(err, ErrPartitionCount), errors.Is(err, errProduce):
		return false
	case errors.Is(err, stream.ErrRetry), errors.Is(err, stream.ErrAborted), errors.Is(err, stream.ErrIndefinite):
		return true
	}
	return errors.Is(err, errStore)
}

var (
	// errStore marks failures of the store, which are waited out.
	errStore = errors.New("state store")
	// errProduce marks records that Kafka will never take.
	errProduce = errors.New("record refused")
)
