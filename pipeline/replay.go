package pipeline

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/stream"
)

// Replay runs an Engine over past transactions with the state in memory, partitioned as the topic would be. What it
// returns does not depend on the number of threads, but for Replayed.Explained.
type Replay struct {
	shards   []*shard
	threads  []replayThread
	tiles    *replayTiles // nil where the set has no entities
	scored   bool
	since    payment.Time
	observed func(*payment.Transaction, *features.Account, *features.Observation)
	accounts int32
}

// replayThread is the memory that one thread works in. It has the shards whose number it is, modulo the threads.
type replayThread struct {
	judge     *judge
	decisions []byte
	highest   highest
}

// ReplayConfig is how a Replay is run.
type ReplayConfig struct {
	Partitions int32
	Threads    int
	Explained  int          // of how many accounts, those with the highest scores, the alert in full is wanted
	Since      payment.Time // of which only alerts on transactions from then on count

	// Observed, unless it is nil, is shown every fresh transaction once its features are computed and before it is folded
	// in, by the thread that does so: the moment to explain a feature.
	Observed func(tx *payment.Transaction, a *features.Account, o *features.Observation)
}

// Replayed is one transaction and what came of it.
type Replayed struct {
	Transaction *payment.Transaction
	Label       features.Label // what is known of it in the end

	Account  uint32 // numbers the accounts, from 0 in order of first appearance
	Outcome  features.Outcome
	Late     bool
	Amount   int64           // minor units of the reporting currency, where
	Priced   bool            // there is a rate for it
	Vector   features.Vector // good until the next Process; nil unless fresh
	Score    float64
	Action   scoring.Action
	Shadow   Shadow   // good until the next Process
	Adjusted float64  // the score with what rules added,
	Segment  string   // the segment of the policy whose bands it falls into,
	ByBands  bool     // and whether they decided
	Marks    uint16   // mark i of the set as bit i
	Keys     []string // of each entity of the set, "" for none; good until the next Process
	Decision []byte   // the decision event, good until the next Process; nil unless fresh and there is a model

	// Explained is the alert in full, where its score is the account's highest and may be among the highest of all
	// accounts: the words are not for every row. It refers to no memory of the transaction. Several threads explain
	// more than one does, since none knows the others' scores; the highest are always there.
	Explained *alerts.Alert

	partition int32
	entry     *entry
}

// NewReplay returns a Replay. An engine without a model computes features only.
func NewReplay(engine *Engine, c ReplayConfig) *Replay {
	r := &Replay{scored: engine.scorer != nil, since: c.Since, observed: c.Observed}
	for range c.Partitions {
		r.shards = append(r.shards, newShard(engine.set))
	}
	if len(engine.set.Entities()) > 0 {
		r.tiles = newReplayTiles(engine.set, r.shards, c.Threads)
	}
	for range c.Threads {
		r.threads = append(r.threads, replayThread{judge: newJudge(engine), highest: highest{limit: c.Explained}})
	}
	return r
}

// Process takes in a batch: rows hold the transactions in their order, and are filled in.
func (r *Replay) Process(rows []Replayed) {
	width := r.threads[0].judge.set.Schema().Len()
	values, shadow := make([]float64, width*len(rows)), r.threads[0].judge.newShadows(len(rows))
	for i := range rows {
		rows[i].Vector = values[i*width : (i+1)*width : (i+1)*width]
		rows[i].Shadow = shadow(i)
		rows[i].partition = stream.PartitionFor([]byte(rows[i].Transaction.AccountID), int32(len(r.shards)))
	}
	for i := range r.threads {
		r.threads[i].decisions = r.threads[i].decisions[:0]
	}
	if r.tiles == nil {
		r.parallel(func(thread int) { r.work(thread, rows, 0, len(rows)) })
	} else {
		r.tiles.begin(rows)
		r.parallel(func(thread int) { r.tiles.readKeys(thread, rows) })
		for from := 0; from < len(rows); {
			to := r.tiles.run(rows, from)
			r.parallel(func(thread int) { r.tiles.extend(thread, rows, from, to) })
			r.parallel(func(thread int) { r.work(thread, rows, from, to) })
			from = to
		}
	}
	for i := range rows {
		rows[i].Account = r.number(rows[i].entry)
	}
}

// parallel runs f in every thread.
func (r *Replay) parallel(f func(thread int)) {
	var wg sync.WaitGroup
	for thread := range r.threads {
		wg.Go(func() { f(thread) })
	}
	wg.Wait()
}

// number returns the account's number, which does not depend on what its shard or thread is.
func (r *Replay) number(e *entry) uint32 {
	if e.number == 0 {
		r.accounts++
		e.number = r.accounts
	}
	return uint32(e.number - 1)
}

// work takes in those of the rows in [from, to) that are of a thread's shards.
func (r *Replay) work(thread int, rows []Replayed, from, to int) {
	t := &r.threads[thread]
	for i := from; i < to; i++ {
		row := &rows[i]
		if int(row.partition)%len(r.threads) != thread {
			continue
		}
		s, tx := r.shards[row.partition], row.Transaction
		row.entry = s.accounts[tx.AccountID]
		if row.entry == nil {
			row.entry = s.add(string([]byte(tx.AccountID)), t.judge.set.NewAccount())
		}
		row.Outcome = t.judge.observe(row.entry, tx)
		row.Late = t.judge.observation.Late
		row.Amount, row.Priced = t.judge.observation.Amount()
		if row.Outcome != features.Fresh {
			row.Vector = nil
			continue
		}
		late := s.set.LateForTiles(tx.Time, s.watermark)
		if r.tiles != nil {
			row.Keys = r.tiles.keysOf(i)
		}
		if r.tiles != nil && !late {
			r.tiles.attach(i, &t.judge.observation)
		}
		t.judge.compute(row.entry)
		if r.observed != nil {
			r.observed(tx, row.entry.account, &t.judge.observation)
		}
		if r.scored {
			t.judge.score()
			t.decide(row, r.since)
		}
		copy(row.Vector, t.judge.vector)
		t.judge.fold(row.entry, tx)
		row.Marks = t.judge.observation.Marks()
		if r.tiles != nil {
			r.tiles.add(thread, i, row, &t.judge.observation, late)
		}
	}
}

// decide decides the observed row, and explains it while the account is still as it was decided by.
func (t *replayThread) decide(row *Replayed, since payment.Time) {
	d := t.judge.decide(row.Transaction)
	start := len(t.decisions)
	t.decisions = d.AppendJSON(t.decisions)
	row.Decision = t.decisions[start:len(t.decisions):len(t.decisions)]
	row.Score, row.Action = d.Score, d.Action
	row.Shadow.fill(&t.judge.shadow)
	v := &t.judge.verdict
	row.Adjusted, row.Segment, row.ByBands = v.Score, v.Segment, v.ByBands
	if d.Action == scoring.Approve || row.Transaction.Time < since || !t.highest.admit(row.entry, d.Score) {
		return
	}
	tx := row.Transaction.Clone()
	a := t.judge.alert(row.entry, &tx, row.Keys)
	a.Vector = slices.Clone(a.Vector)
	row.Explained = a
}

// highest keeps the accounts with the highest scores.
type highest struct {
	limit int
	list  []accountScore // ascending
}

type accountScore struct {
	account *entry
	score   float64
}

// admit reports whether the score is its account's highest and among the highest of all accounts so far, and keeps it.
// Of equal scores the first one is higher.
func (h *highest) admit(account *entry, score float64) bool {
	if h.limit == 0 || len(h.list) == h.limit && score <= h.list[0].score {
		return false
	}
	switch have := slices.IndexFunc(h.list, func(s accountScore) bool { return s.account == account }); {
	case have >= 0 && score <= h.list[have].score:
		return false
	case have >= 0:
		h.list = slices.Delete(h.list, have, have+1)
	case len(h.list) == h.limit:
		h.list = slices.Delete(h.list, 0, 1)
	}
	at, _ := slices.BinarySearchFunc(h.list, score, func(s accountScore, score float64) int { return cmp.Compare(s.score, score) })
	h.list = slices.Insert(h.list, at, accountScore{account, score})
	return true
}

// States calls yield with every account that is not forgotten, by partition and account id.
func (r *Replay) States(yield func(partition int32, id string, a *features.Account) error) error {
	for p, s := range r.shards {
		for _, id := range slices.Sorted(maps.Keys(s.accounts)) {
			a := s.current(s.accounts[id])
			if a.Len() == 0 {
				continue
			}
			if err := yield(int32(p), id, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// Watermarks returns each partition's watermark.
func (r *Replay) Watermarks() []payment.Time {
	w := make([]payment.Time, len(r.shards))
	for i, s := range r.shards {
		w[i] = s.watermark
	}
	return w
}

// Disordered returns how many rows had an event time before tiles that earlier rows had read already. Live, those would
// have waited for them, so entity features of earlier rows may differ from what they are live.
func (r *Replay) Disordered() int64 {
	if r.tiles == nil {
		return 0
	}
	return r.tiles.disordered.Load()
}

// Accounts returns how many accounts there are.
func (r *Replay) Accounts() int { return int(r.accounts) }
