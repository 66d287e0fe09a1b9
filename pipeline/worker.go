package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
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
}

// Topics are the names of the topics a worker reads and writes.
type Topics struct {
	Transactions string
	Decisions    string
	Alerts       string
	DeadLetters  string
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
	Sabotage           Sabotage
}

// Sabotage switches safeguards off, so that tests can show that each is needed. All are on in the zero value.
type Sabotage struct {
	NoTransaction bool // produce and commit offsets separately
	NoRewind      bool // never fold what the state has missed
	NoDedupe      bool // take repeated transactions for new ones
}

// Worker runs the pipeline over the partitions that its consumer group gives it. One goroutine runs it.
type Worker struct {
	config   WorkerConfig
	store    Store
	log      *slog.Logger
	stats    *Stats
	now      func() time.Time
	token    func() uint64 // random, names generations
	judge    *judge
	decoder  payment.Decoder
	consumer *stream.Consumer
	producer *stream.Producer

	partitions map[int32]*partition
	recent     recency
	applied    time.Time // when the state was last applied
	verified   time.Time // when the heads were last looked at
	batch      batch
}

// partition is an assigned partition.
type partition struct {
	number     int32
	shard      *shard
	head       features.Head // as this worker last wrote or read it
	next       int64         // offset of the first record not folded in
	foldUntil  int64         // below this offset, fold without producing
	doubt      string        // why the state must be recovered before anything else, empty for no doubt
	damaged    bool          // the stored state is known to be no good
	changed    []*entry      // not yet applied
	forgetting bool          // the store may hold more forgotten accounts
	rebuild    *progress     // of the catching up, nil when there is none
}

// NewWorker returns a worker. Token gives random numbers, Now the time for logs and intervals.
func NewWorker(config WorkerConfig, engine *Engine, store Store, stats *Stats, log *slog.Logger, now func() time.Time, token func() uint64) *Worker {
	return &Worker{
		config: config, store: store, log: log, stats: stats, now: now, token: token,
		judge: newJudge(engine), partitions: make(map[int32]*partition),
	}
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

// Run works until ctx ends, and then leaves the group with everything committed and applied. Errors that may pass are
// waited out; one that is returned will not go away by itself.
func (w *Worker) Run(ctx context.Context) (err error) {
	if err := w.newProducer(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer func() {
		if w.producer != nil {
			w.producer.Close()
		}
	}()
	w.consumer, err = stream.NewConsumer(w.config.Kafka, w.config.Group, w)
	if err != nil {
		return err
	}
	defer func() {
		// Closing revokes what is left, which applies it.
		err = errors.Join(err, w.consumer.Close())
	}()
	var pause backoff
	for ctx.Err() == nil {
		err := w.step(ctx)
		switch {
		case err == nil:
			pause.reset()
		case ctx.Err() != nil:
		case !passing(err):
			return err
		default:
			w.log.Warn("trying again", "error", err, "in", pause.next())
			pause.wait(ctx)
		}
	}
	return nil
}

// step settles doubts, then works off one batch.
func (w *Worker) step(ctx context.Context) error {
	if err := w.settle(ctx); err != nil {
		return err
	}
	records, ends, err := w.consumer.Poll(ctx, w.batch.records[:0], w.config.BatchSize, w.pollTime())
	w.batch.records = records
	if err != nil {
		for i := range records {
			if p := w.partitions[records[i].Partition]; p != nil {
				p.doubt = "consumer failed"
			}
		}
		return err
	}
	// What has begun is finished, also when the worker is told to stop.
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.config.TransactionTimeout)
	defer cancel()
	if err := w.process(work, records); err != nil {
		return err
	}
	for _, end := range ends {
		if p := w.partitions[end.Partition]; p != nil && p.doubt == "" {
			w.caughtUp(p, end.Offset)
		}
	}
	if w.now().Sub(w.applied) < w.config.ApplyInterval {
		return nil
	}
	if err := w.apply(work); err != nil {
		return err
	}
	return w.verify(work)
}

// verifyEvery is how often the heads of all partitions are looked at, so that what Redis has lost is built again also
// while a partition is idle.
const verifyEvery = time.Second

// verify puts partitions whose stored head is not the one this worker last wrote in doubt.
func (w *Worker) verify(ctx context.Context) error {
	if w.now().Sub(w.verified) < verifyEvery {
		return nil
	}
	w.verified = w.now()
	var reads []features.Read
	for n, p := range w.partitions {
		if p.doubt == "" {
			reads = append(reads, features.Read{Partition: n, Generation: p.head.Generation, Head: p.head})
		}
	}
	if len(reads) == 0 {
		return nil
	}
	if err := w.store.Load(ctx, reads); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	for i := range reads {
		if p := w.partitions[reads[i].Partition]; reads[i].Head != p.head {
			w.stats.Mismatches.Add(1)
			p.doubt = "head mismatch on verifying"
		}
	}
	return nil
}

// pollTime returns how long to wait for records: no longer than until the state is due to be applied.
func (w *Worker) pollTime() time.Duration {
	const longest = 100 * time.Millisecond
	return min(longest, max(time.Millisecond, w.config.ApplyInterval))
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

// newProducer replaces the producer. In transactions, that ends whatever the one before left open. After an error there
// is none.
func (w *Worker) newProducer(ctx context.Context) error {
	if w.producer != nil {
		w.producer.Close()
		w.producer = nil
	}
	var pause backoff
	for {
		var p *stream.Producer
		var err error
		if w.transactional() {
			p, err = stream.NewTransactionalProducer(ctx, w.config.Kafka, w.config.TransactionalID, w.config.TransactionTimeout)
		} else {
			p, err = stream.NewProducer(w.config.Kafka)
		}
		if err == nil {
			w.producer = p
			return nil
		}
		if ctx.Err() != nil || !passing(err) {
			return err
		}
		w.log.Warn("trying again", "error", err, "in", pause.next())
		pause.wait(ctx)
	}
}

func (w *Worker) transactional() bool {
	return w.config.Delivery == ExactlyOnce && !w.config.Sabotage.NoTransaction
}

// Assigned implements stream.Rebalancer: it recovers the partitions and says where to read on.
func (w *Worker) Assigned(ctx context.Context, numbers []int32) ([]int64, error) {
	w.log.Info("partitions assigned", "partitions", numbers)
	for _, n := range numbers {
		w.partitions[n] = &partition{number: n, shard: newShard(w.judge.set), doubt: "assigned"}
	}
	from := make([]int64, len(numbers))
	var pause backoff
	for i := 0; i < len(numbers); {
		offset, err := w.recover(ctx, w.partitions[numbers[i]])
		switch {
		case err == nil:
			from[i] = offset
			i++
			pause.reset()
		case ctx.Err() != nil || !passing(err):
			return nil, err
		default:
			w.log.Warn("trying again", "error", err, "in", pause.next())
			pause.wait(ctx)
		}
	}
	return from, nil
}

// Revoked implements stream.Rebalancer: it applies what is committed and lets go.
func (w *Worker) Revoked(ctx context.Context, numbers []int32, lost bool) {
	w.log.Info("partitions revoked", "partitions", numbers, "lost", lost)
	if !lost {
		work, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if err := w.apply(work); err != nil {
			// Whoever has the partitions next folds what is missing here.
			w.log.Warn("state not applied before the partitions left", "error", err)
		}
	}
	for _, n := range numbers {
		if p := w.partitions[n]; p != nil {
			w.recent.drop(p.shard)
			delete(w.partitions, n)
		}
	}
}

// settle sees to it that there is a producer, and recovers the partitions that are in doubt.
func (w *Worker) settle(ctx context.Context) error {
	if w.producer == nil {
		if err := w.newProducer(ctx); err != nil {
			return err
		}
	}
	for _, n := range slices.Sorted(maps.Keys(w.partitions)) {
		p := w.partitions[n]
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
	return nil
}

// recover is the one routine for assignment, mismatch and doubt: it brings what is stored and what is committed
// together, and returns the offset to read on from.
func (w *Worker) recover(ctx context.Context, p *partition) (int64, error) {
	w.stats.Recoveries.Add(1)
	w.recent.drop(p.shard)
	p.changed = p.changed[:0]
	if p.damaged {
		p.head = features.Head{}
	}
	f := found{topicID: w.config.TopicID, partitions: w.config.Partitions}
	committed, err := w.consumer.Committed(ctx, []int32{p.number})
	if err != nil {
		return 0, err
	}
	f.committed = committed[0]
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
		w.stats.Discards.Add(1)
		f.head = fresh
	}
	if err := w.store.DeleteDiscarded(ctx, p.number); err != nil {
		return 0, fmt.Errorf("%w: %w", errStore, err)
	}
	if do.commit {
		if err := w.consumer.CommitOffsets(map[int32]int64{p.number: do.foldUntil}); err != nil {
			return 0, err
		}
	}
	w.log.Info("partition recovered", "partition", p.number, "why", p.doubt, "found", do.why, "committed", f.committed,
		"applied", stored.Applied, "from", do.from, "fold_until", do.foldUntil, "discarded", do.discard)
	p.head, p.next, p.foldUntil = f.head, do.from, do.foldUntil
	p.shard.watermark = f.head.Watermark
	p.doubt, p.damaged = "", false
	p.rebuild = nil
	if do.from < do.foldUntil {
		p.rebuild = newProgress(w.now(), do.from, do.foldUntil)
	}
	return do.from, nil
}

// doubtAll puts every partition in doubt: what was computed is not what is committed.
func (w *Worker) doubtAll(why string) {
	for _, p := range w.partitions {
		p.doubt = why
	}
}
