package pipeline

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/stream"
)

// batch is what one Kafka transaction makes visible. It is filled by one poll after another while the batch before it
// is on its way.
type batch struct {
	taken    int     // records worked off
	times    []int64 // record times of those that were scored, and
	scores   []float64
	out      []stream.Message
	bytes    []byte          // what out's values are cut from
	offsets  map[int32]int64 // to be committed, by partition; empty if nothing but folding was done
	recorded map[int32]int64 // record time of the last record before each of the offsets
	tally    tally
	snapshot *snapshot // the state as of this batch, to be saved once it is committed; nil if that is not due

	done chan struct{} // closed when the batch has landed, with
	err  error
}

func newBatch() *batch {
	return &batch{offsets: make(map[int32]int64), recorded: make(map[int32]int64)}
}

func (b *batch) reset() {
	clear(b.offsets)
	clear(b.recorded)
	b.times, b.scores = b.times[:0], b.scores[:0]
	clear(b.out) // lets go of the records that keys and dead letters are cut from
	b.taken, b.out, b.bytes, b.snapshot, b.err, b.tally = 0, b.out[:0], b.bytes[:0], nil, nil, tally{}
}

// tally counts what a batch will have done once it is committed: what is aborted is done again.
type tally struct {
	alerts, duplicates, conflicts, late, incomplete int64
	decisions                                       [scoring.NumActions]int64
	deadLetters                                     [payment.NumKinds]int64
}

func (t *tally) addTo(s *Stats) {
	s.Alerts.Add(t.alerts)
	s.Duplicates.Add(t.duplicates)
	s.Conflicts.Add(t.conflicts)
	s.Late.Add(t.late)
	s.Incomplete.Add(t.incomplete)
	for action, n := range t.decisions {
		s.Decisions[action].Add(n)
	}
	for kind, n := range t.deadLetters {
		s.DeadLetters[kind].Add(n)
	}
}

// process takes the polled records through decoding, loading and deciding, into the batch being filled.
func (w *Worker) process(ctx context.Context) error {
	in := &w.intake
	if len(in.records) == 0 {
		return nil
	}
	in.group()
	l := w.lap()
	for _, n := range in.order {
		w.decode(w.partitions[n], in.slices[n])
	}
	w.stats.Stages.add(Decode, l.to())
	if err := w.load(ctx); err != nil {
		w.doubtRecords("load failed")
		return err
	}
	w.stats.Stages.add(Load, l.to())
	for _, n := range in.order {
		if p := w.partitions[n]; p != nil && p.doubt == "" {
			if err := w.advance(p, in.slices[n]); err != nil {
				return err
			}
		}
	}
	w.samples.flush(w.stats.Stages, l.to())
	w.recent.trim(w.config.CacheAccounts)
	for _, l := range w.entities.lookups {
		l.trim(w.config.CacheAccounts)
	}
	return nil
}

// advance works off a partition's records in order, up to the first that has to wait for other partitions.
func (w *Worker) advance(p *partition, at []int32) error {
	b, done := w.filling, 0
	for n, i := range at {
		if n%ahead == 0 {
			w.touch(at[n:min(n+ahead, len(at))])
		}
		r, in := &w.intake.records[i], &w.intake.inputs[i]
		if r.Offset < p.next {
			done++
			continue // fetched before a seek
		}
		scoring := r.Offset >= p.foldUntil
		if scoring && in.refused == nil && w.mustWait(p, in, at, done) {
			break
		}
		done++
		p.next = r.Offset + 1
		b.taken++
		if in.refused != nil {
			if scoring {
				w.deadLetter(r, in.refused)
			}
			continue
		}
		w.take(p, r, in, scoring)
	}
	if p.rebuild != nil {
		w.caughtUp(p, p.next)
	}
	p.stats.Watermark.Store(int64(p.shard.watermark))
	if done > 0 && p.next > p.foldUntil {
		b.offsets[p.number] = p.next
		b.recorded[p.number] = w.intake.records[at[done-1]].Time
	}
	if done == len(at) {
		return w.worked(p)
	}
	return nil
}

// ahead is how many transactions are touched before the first of them is worked on. What they touch has to be near until
// the last of them: more than a few dozen are too many.
const ahead = 16

// touch has the memory come that transactions will need.
func (w *Worker) touch(at []int32) {
	for _, i := range at {
		in := &w.intake.inputs[i]
		if in.refused != nil {
			continue
		}
		in.entry.account.Touch(&in.tx)
		for k := range in.tiles {
			for _, s := range [...]*series{in.tiles[k].transactions, in.tiles[k].labels} {
				if s != nil {
					s.closed.Touch()
				}
			}
		}
	}
}

// mustWait holds a partition back where its next transaction, that of the record after the first done, reads tiles that
// others are still adding to, unless it has waited for long enough. A repeated transaction reads nothing; and since what waits
// is folded next, the others know what its partition's watermark will be, so that no two wait for each other.
func (w *Worker) mustWait(p *partition, in *input, at []int32, done int) bool {
	if len(in.tiles) == 0 {
		return false
	}
	missing, ok := w.complete(p, in)
	if ok || w.judge.observe(in.entry, &in.tx) != features.Fresh {
		return false
	}
	if p.gaveUp != nil {
		p.gaveUp.without(&missing)
		return false
	}
	w.holdBack(p, at[done:], done, missing)
	return true
}

// take scores one transaction, unless it only is to be folded, and folds it.
func (w *Worker) take(p *partition, r *stream.Record, in *input, scoring bool) {
	l := w.sampled()
	outcome := w.judge.observe(in.entry, &in.tx)
	if outcome != features.Fresh && !w.config.Sabotage.NoDedupe {
		if scoring {
			w.filling.tally.repeated(outcome)
		}
		return
	}
	late := w.tooLate(p, in.tx.Time)
	if scoring {
		w.attach(p, in, &w.judge.observation)
		w.judge.compute(in.entry)
		l.end(Features)
		w.judge.score()
		l.end(Score)
		d := w.emit(r, in)
		l.end(Decide)
		if d.AlertID != "" {
			began := w.lap()
			w.raise(r, in)
			l.alert(&w.samples, began)
		}
	} else {
		w.stats.Folded.Add(1)
	}
	w.judge.fold(in.entry, &in.tx)
	p.change(in.entry)
	w.tally(p, in, late)
	l.end(Fold)
}

func (t *tally) repeated(outcome features.Outcome) {
	if outcome == features.Conflict {
		t.conflicts++
		return
	}
	t.duplicates++
}

// emit decides a scored transaction and adds the decision to the batch.
func (w *Worker) emit(r *stream.Record, in *input) *scoring.Decision {
	b := w.filling
	d := w.judge.decide(&in.tx)
	b.times = append(b.times, r.Time)
	b.tally.decisions[d.Action]++
	b.scores = append(b.scores, d.Score)
	if w.judge.observation.Incomplete() != 0 {
		b.tally.incomplete++
	}
	if w.judge.observation.Late {
		b.tally.late++
	}
	if cap(b.bytes)-len(b.bytes) < roomForDecision {
		b.bytes = slices.Grow(b.bytes, len(b.bytes)+roomForDecision) // append would copy what is there more often
	}
	start := len(b.bytes)
	b.bytes = d.AppendJSON(b.bytes)
	b.add(w.config.Topics.Decisions, r, start)
	return d
}

// raise adds the alert of the transaction just decided to the batch.
func (w *Worker) raise(r *stream.Record, in *input) {
	b := w.filling
	b.tally.alerts++
	start := len(b.bytes)
	b.bytes = w.judge.alert(in.entry, &in.tx, in.keys).AppendJSON(b.bytes)
	b.add(w.config.Topics.Alerts, r, start)
}

// roomForDecision is what most decisions fit in.
const roomForDecision = 2048

// add adds a message whose value is what b.bytes holds from start on, with the key and partition of the record it
// stems from. Growing b.bytes leaves earlier values where they are.
func (b *batch) add(topic string, r *stream.Record, start int) {
	b.out = append(b.out, stream.Message{Topic: topic, Partition: r.Partition, Key: r.Key, Value: b.bytes[start:len(b.bytes):len(b.bytes)]})
}

// deadLetter adds a refused record, as it came, to the batch.
func (w *Worker) deadLetter(r *stream.Record, refused error) {
	headers := []stream.Header{
		{Key: "weir-error", Value: []byte(refused.Error())},
		{Key: "weir-source-topic", Value: []byte(w.config.Topics.Transactions)},
		{Key: "weir-source-partition", Value: strconv.AppendInt(nil, int64(r.Partition), 10)},
		{Key: "weir-source-offset", Value: strconv.AppendInt(nil, r.Offset, 10)},
	}
	fault := new(payment.FieldError)
	errors.As(refused, &fault)
	w.filling.tally.deadLetters[fault.Kind]++
	if fault.Field != "" {
		headers = append(headers, stream.Header{Key: "weir-error-field", Value: []byte(fault.Field)})
	}
	w.filling.out = append(w.filling.out, stream.Message{
		Topic: w.config.Topics.DeadLetters, Partition: stream.AnyPartition, Key: r.Key, Value: r.Value, Headers: headers,
	})
}
