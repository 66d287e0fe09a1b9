package decide

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/stream"
)

// Rules are how requests are answered.
type Rules struct {
	Tokens       [][sha256.Size]byte // hashes of the tokens, one of which a request must bear; empty for none
	TimeLimit    time.Duration       // how long a request waits for decisions
	InFlight     int                 // most transactions waiting at once
	Behind       time.Duration       // how long a transaction may be undecided before no more are taken
	Batch        int                 // most transactions in one request
	RequestBytes int64               // most bytes of a batch
	Remember     time.Duration       // how long decisions are remembered, and
	RememberMost int                 // how many
	// Fallback returns what is answered when a decision does not come in time. It is asked for each answer.
	Fallback func() scoring.Action
	// CheckTime refuses an event time that is too far ahead of its record's own, as the pipeline would.
	CheckTime func(event, recorded payment.Time) error
}

// Producer puts transactions into the stream.
type Producer interface {
	Send(key, value []byte, delivered stream.Delivered) error
}

// Desk is where requests hand in transactions and wait for decisions. It is safe for concurrent use.
type Desk struct {
	rules    Rules
	producer Producer
	memory   *memory
	backlog  *backlog
	stats    *Stats
	log      *slog.Logger
	now      func() time.Time
}

// NewDesk returns a Desk that takes nothing until it is told of the stream: CaughtUp.
func NewDesk(rules Rules, producer Producer, stats *Stats, log *slog.Logger, now func() time.Time) *Desk {
	return &Desk{
		rules: rules, producer: producer, memory: newMemory(rules.Remember, rules.RememberMost), backlog: newBacklog(),
		stats: stats, log: log, now: now,
	}
}

// Decided takes in a record of the decisions topic. Its bytes are kept.
func (d *Desk) Decided(r *stream.Record) {
	if k, content, ok := identify(r.Value); ok {
		d.memory.settle(k, outcome{r.Value, content}, payment.Time(r.Time), payment.TimeOf(d.now()))
	}
}

// CaughtUp tells whether the decisions are read, and have been up to where the topic ended when the reading began.
func (d *Desk) CaughtUp(yes bool) { d.stats.following.Store(yes) }

// Committed tells how far the pipeline has come in each partition, or that the brokers do not say.
func (d *Desk) Committed(offsets []int64, err error) {
	d.stats.unreachable.Store(err != nil)
	d.stats.behind.Store(d.backlog.prune(offsets, d.now().Add(-d.rules.Behind)))
	d.stats.Remembered.Store(int64(d.memory.size()))
}

// refusal returns why nothing more is taken, nil where it is.
func (d *Desk) refusal() *problem {
	p := d.stats.trouble()
	if p != nil && d.stats.behind.Load() && !d.backlog.prune(nil, d.now().Add(-d.rules.Behind)) {
		d.stats.behind.Store(false) // what was waited for has come since
		return d.stats.trouble()
	}
	return p
}

// enter takes a number of transactions in, if there is room for them.
func (d *Desk) enter(n int) bool {
	if d.stats.InFlight.Add(int64(n)) <= int64(d.rules.InFlight) {
		return true
	}
	d.leave(n)
	return false
}

func (d *Desk) leave(n int) { d.stats.InFlight.Add(-int64(n)) }

func (d *Desk) full() *problem { return tooMany(strconv.Itoa(d.rules.InFlight)) }

// question is a transaction for which a request waits.
type question struct {
	tx      payment.Transaction
	content uint32
	entry   *entry
	repeat  bool     // the decision was there already
	problem *problem // why there is nothing to wait for
}

// ask reads a transaction and sees to it that it is in the stream, unless it is there already.
func (d *Desk) ask(text []byte) (q question) {
	var decoder payment.Decoder
	if err := decoder.Decode(text, &q.tx); err != nil {
		q.problem = illegal(err)
		return q
	}
	now := payment.TimeOf(d.now())
	if err := d.rules.CheckTime(q.tx.Time, now); err != nil {
		q.problem = illegal(&payment.FieldError{Field: "timestamp", Kind: payment.KindRange, Reason: err.Error()})
		return q
	}
	_, q.content = q.tx.Fingerprint()
	k := key{q.tx.AccountID, q.tx.ID}
	if q.entry = d.memory.find(k); q.entry == nil {
		if q.problem = d.refusal(); q.problem != nil {
			return q
		}
		var made bool
		k = key{strings.Clone(k.account), strings.Clone(k.id)} // the text goes with the request
		if q.entry, made = d.memory.open(k, q.content, now); made {
			d.send(q.entry, text)
			return q
		}
	}
	q.repeat = q.entry.settled()
	if !q.repeat && q.entry.content != q.content {
		q.problem = conflict()
	}
	return q
}

// send puts a transaction into the stream, as it came.
func (d *Desk) send(e *entry, text []byte) {
	err := d.producer.Send([]byte(e.key.account), text, func(partition int32, offset int64, err error) {
		if err != nil {
			d.memory.lose(e, err)
			return
		}
		e.delivered.Store(true)
		d.backlog.add(partition, delivered{offset, d.now(), e})
	})
	if err != nil {
		d.memory.lose(e, err)
	}
}

// answer is what a request is told about one transaction: a decision, or a problem.
type answer struct {
	decision []byte
	problem  *problem
}

func (a *answer) status() int {
	if a.problem != nil {
		return a.problem.Status
	}
	return http.StatusOK
}

// wait waits for the decision until limit is closed, or until ctx ends.
func (d *Desk) wait(ctx context.Context, q *question, limit <-chan struct{}) answer {
	if q.problem != nil {
		return answer{problem: q.problem}
	}
	e := q.entry
	if !e.settled() {
		select {
		case <-e.done:
		case <-limit:
		case <-ctx.Done():
			return answer{problem: newProblem(gone, "gone", "The client did not wait", "the connection is closed")}
		}
	}
	switch {
	case !e.settled() && e.delivered.Load():
		d.stats.Transactions.Add(1)
		d.stats.Fallbacks.Add(1)
		return answer{decision: d.fallback(&q.tx)}
	case !e.settled(), e.lost != nil:
		return answer{problem: undelivered()}
	case e.differs(q.content):
		return answer{problem: conflict()}
	}
	d.stats.Transactions.Add(1)
	if q.repeat {
		d.stats.Repeats.Add(1)
	}
	return answer{decision: e.outcome.event}
}

// fallback returns what is answered when a decision does not come in time. The transaction stays in the stream.
func (d *Desk) fallback(tx *payment.Transaction) []byte {
	text := payment.AppendString([]byte(`{"transaction_id":`), tx.ID)
	text = payment.AppendString(append(text, `,"account_id":`...), tx.AccountID)
	text = tx.Time.Append(append(text, `,"timestamp":"`...))
	text = append(append(text, `","action":"`...), d.rules.Fallback().String()...)
	return append(text, `","fallback":true,"reason":"no decision in time"}`...)
}
