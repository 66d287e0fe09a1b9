package pipeline

import (
	"maps"
	"slices"
	"sync"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/stream"
)

// Replay runs an Engine over past transactions with the state in memory, partitioned as the topic would be. What it
// returns does not depend on the number of threads.
type Replay struct {
	shards []*shard
	judges []*judge // one per thread
	arenas [][]byte
	scored bool
}

// Replayed is one transaction and what came of it.
type Replayed struct {
	Transaction *payment.Transaction

	Outcome  features.Outcome
	Late     bool
	Vector   features.Vector // good until the next Process; nil unless fresh
	Score    float64
	Alert    bool
	Decision []byte // the decision event, good until the next Process; nil unless fresh and there is a model

	partition int32
}

// NewReplay returns a Replay. An engine without a model computes features only.
func NewReplay(engine *Engine, partitions int32, threads int) *Replay {
	r := &Replay{shards: make([]*shard, partitions), arenas: make([][]byte, threads), scored: engine.scorer != nil}
	for i := range r.shards {
		r.shards[i] = newShard(engine.set)
	}
	for range threads {
		r.judges = append(r.judges, newJudge(engine))
	}
	return r
}

// Process takes in a batch: rows hold the transactions in their order, and are filled in.
func (r *Replay) Process(rows []Replayed) {
	width := r.judges[0].set.Schema().Len()
	values := make([]float64, width*len(rows))
	for i := range rows {
		rows[i].Vector = values[i*width : (i+1)*width : (i+1)*width]
		rows[i].partition = stream.PartitionFor([]byte(rows[i].Transaction.AccountID), int32(len(r.shards)))
	}
	var wg sync.WaitGroup
	for thread := range r.judges {
		wg.Go(func() { r.work(thread, rows) })
	}
	wg.Wait()
}

// work takes in the rows of every n-th partition, n being the number of threads.
func (r *Replay) work(thread int, rows []Replayed) {
	j := r.judges[thread]
	bytes := r.arenas[thread][:0]
	for i := range rows {
		row := &rows[i]
		if int(row.partition)%len(r.judges) != thread {
			continue
		}
		s, tx := r.shards[row.partition], row.Transaction
		e := s.accounts[tx.AccountID]
		if e == nil {
			e = s.add(string([]byte(tx.AccountID)), j.set.NewAccount())
		}
		row.Outcome = j.observe(e, tx)
		row.Late = j.observation.Late
		if row.Outcome != features.Fresh {
			row.Vector = nil
			continue
		}
		j.compute(e)
		if r.scored {
			j.score()
			d := j.decide(tx)
			start := len(bytes)
			bytes = d.AppendJSON(bytes)
			row.Decision = bytes[start:len(bytes):len(bytes)]
			row.Score, row.Alert = d.Score, d.AlertID != ""
		}
		copy(row.Vector, j.vector)
		j.fold(e, tx)
	}
	r.arenas[thread] = bytes
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

// Accounts returns how many accounts are held.
func (r *Replay) Accounts() int {
	n := 0
	for _, s := range r.shards {
		n += len(s.accounts)
	}
	return n
}
