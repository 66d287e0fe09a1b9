package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/stream"
)

// labels is a LabelWorker that folds one partition without Kafka, and a worker that reads what it stores.
type labels struct {
	*LabelWorker
	*reader
	next int64 // offset
	said int   // labels
}

const day = 24 * hour

// remembered is how long the tests' labels can be corrected.
const remembered = 60 * day

func newLabels(t *testing.T, limit int) *labels {
	l := &labels{reader: newReader(t, 1)}
	l.entities.labels.peers.kept = time.Duration(remembered) * time.Millisecond
	set := l.judge.set
	l.LabelWorker = NewLabelWorker(LabelWorkerConfig{Partitions: 1, CacheAccounts: limit, Remember: time.Duration(remembered) * time.Millisecond},
		set, l.reader.store, NewStats(), silent(), time.Now, func() uint64 { return 1 })
	l.restart()
	return l
}

// restart begins with what is stored.
func (l *labels) restart() {
	head, err := l.LabelWorker.store.Head(l.t.Context(), 0)
	if err != nil {
		l.t.Fatal(err)
	}
	l.LabelWorker.partitions[0] = &labelPartition{head: head, next: head.Applied, labels: newLabelShard(l.set, head.Watermark)}
	l.next = head.Applied
}

// label is what a label event says of the transaction "t" of account "a", at a time of its own.
type label struct {
	verdict          string
	at, at2          payment.Time // of the label and the transaction
	account, tx, key string
	source           string
}

func (l *labels) record(e label) stream.Record {
	l.said++
	stamp := func(t payment.Time) string { return t.String() }
	value := fmt.Sprintf(`{"feedback_id":"f%06d","timestamp":%q,"transaction_id":%q,"account_id":%q,"transaction_timestamp":%q,`+
		`"amount":5,"currency":"USD","entities":{"shop":%q},"label":%q,"source":%q}`,
		l.said, stamp(e.at), or(e.tx, "t"), or(e.account, "a"), stamp(e.at2), or(e.key, "A"), e.verdict, or(e.source, "analyst"))
	r := stream.Record{Offset: l.next, Time: int64(e.at), Key: []byte(or(e.account, "a")), Value: []byte(value)}
	l.next++
	return r
}

func or(text, standard string) string {
	if text == "" {
		return standard
	}
	return text
}

// fold folds records and stores what comes of them.
func (l *labels) fold(records ...stream.Record) {
	l.t.Helper()
	l.records = records
	if err := l.LabelWorker.fold(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	if err := l.LabelWorker.save(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	if doubt := l.LabelWorker.partitions[0].doubt; doubt != "" {
		l.t.Fatalf("the partition is in doubt: %s", doubt)
	}
}

func (l *labels) say(all ...label) {
	l.t.Helper()
	var records []stream.Record
	for _, e := range all {
		records = append(records, l.record(e))
	}
	l.fold(records...)
}

// frauds returns how many frauds at a shop a transaction at t knows of, with everything that was said folded.
func (l *labels) frauds(key string, t payment.Time) int64 {
	l.t.Helper()
	look := l.entities.labels
	look.peers.read = time.Time{}
	if err := look.current(l.t.Context(), time.Now(), peersKnown); err != nil {
		l.t.Fatal(err)
	}
	look.peers.ask[0].at = time.Now()
	look.begin()
	s := look.want(0, key, t, l.through(look, 0, t), -1, time.Time{})
	if err := look.load(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	through := l.through(look, 0, t)
	series := l.read(look, 0, key, s, t, -1, nil)
	if series.Through() < through {
		l.t.Fatalf("labels at %v are not complete", t)
	}
	return series.Count(0, through-7*24, through)
}

func (l *labels) expect(what string, t payment.Time, want int64) {
	l.t.Helper()
	l.entities.labels.trim(0) // what is cached was read at another time
	if got := l.frauds("A", t); got != want {
		l.t.Errorf("%s: %d frauds, want %d", what, got, want)
	}
}

// A label counts from its transaction's time and the delay on, or from its own where that is later; what is taken back is
// not counted from then on, and was before.
func TestLabelsCountFromWhenTheyAreKnown(t *testing.T) {
	l := newLabels(t, 100)
	const tx = 1000 * hour
	l.say(label{verdict: "fraud", at: tx + hour, at2: tx})
	l.expect("before the delay is over", tx+day, 0)
	l.expect("in the tile in which it is", tx+day+hour-1, 0)
	l.expect("after the delay", tx+day+hour, 1)
	l.say(label{verdict: "withdrawn", at: tx + 5*day, at2: tx})
	l.expect("before it was withdrawn", tx+5*day, 1)
	l.expect("after it was withdrawn", tx+5*day+hour, 0)
	l.expect("still before it was withdrawn", tx+2*day, 1)
	l.expect("and before the delay was over", tx+day, 0)
	l.say(label{verdict: "fraud", at: tx + 6*day, at2: tx})
	l.expect("once more", tx+6*day+hour, 1)
	l.expect("in between", tx+6*day, 0)

	late := newLabels(t, 100)
	late.say(label{verdict: "fraud", at: tx + 3*day, at2: tx})
	late.expect("before it was said", tx+3*day, 0)
	late.expect("after it was said", tx+3*day+hour, 1)
}

// Windows in which a label is taken back that was counted before them are below zero, and never look so.
func TestLabelsTakenBackAreNotBelowZero(t *testing.T) {
	l := newLabels(t, 100)
	const tx = 1000 * hour
	l.say(label{verdict: "fraud", at: tx, at2: tx}, label{verdict: "legitimate", at: tx + 10*day, at2: tx})
	series := func(at payment.Time) int64 { return l.frauds("A", at) }
	if got := series(tx + 10*day + hour); got != -1 {
		t.Fatalf("the window adds up to %d: it does not show what the test is about", got)
	}
	set := l.judge.set
	var o features.Observation
	account := set.NewAccount()
	transaction := payment.Transaction{ID: "x", AccountID: "a", Time: tx + 10*day + hour}
	transaction.Merchant.Name = "A"
	account.Observe(&transaction, &o)
	look := l.entities.labels
	o.Tiles[0].Labels = l.read(look, 0, "A", look.caches[0].keys["A"], transaction.Time, -1, nil)
	vector := make(features.Vector, set.Schema().Len())
	account.Compute(&o, vector)
	if vector[2] != 0 {
		t.Errorf("shop_frauds_7d is %v, want 0", vector[2])
	}
}

// Whatever is in memory, what is stored is a function of the log: with no memory, with a restart after each record, and in
// one go. Repeats, corrections and other sources' words are among the labels.
func TestLabelsAreAFunctionOfTheLog(t *testing.T) {
	const tx = 1000 * hour
	var all []label
	for i := range 120 {
		at := tx + payment.Time(i)*9*hour
		e := label{
			verdict: []string{"fraud", "fraud", "legitimate", "withdrawn", "unsure"}[i%5], source: []string{"analyst", "chargeback", "import"}[i%3],
			at: at, at2: at - payment.Time(i%7)*12*hour, account: fmt.Sprint("a", i%4), tx: fmt.Sprint("t", i%11), key: fmt.Sprint("shop", i%3),
		}
		all = append(all, e)
		if i%10 == 0 {
			all = append(all, e)
		}
	}
	var want string
	for _, how := range []struct {
		name    string
		limit   int
		restart bool
		batch   int
	}{{"in one go", 1000, false, len(all)}, {"one by one", 1000, false, 1}, {"no memory", 0, false, 7}, {"restarts", 3, true, 5}} {
		l := newLabels(t, how.limit)
		for from := 0; from < len(all); from += how.batch {
			l.say(all[from:min(len(all), from+how.batch)]...)
			if how.restart {
				l.restart()
			}
		}
		if got := l.stored(); want == "" {
			want = got
		} else if got != want {
			t.Errorf("%s: the state is\n%s\nwant\n%s", how.name, got, want)
		}
	}
	if !strings.Contains(want, "e:shop:shop1") || !strings.Contains(want, "a:a3") {
		t.Errorf("the state lacks accounts or tiles:\n%s", want)
	}
}

// stored returns what Redis holds of accounts, tiles and indexes.
func (l *labels) stored() string {
	var b strings.Builder
	for _, key := range l.redis.Keys() {
		switch {
		case strings.Contains(key, ":a:"), strings.Contains(key, ":i:"):
			value, _ := l.redis.Get(key)
			fmt.Fprintf(&b, "%s %x\n", key, value)
		case strings.Contains(key, ":e:"):
			fields, _ := l.redis.HKeys(key)
			for _, field := range fields {
				fmt.Fprintf(&b, "%s %s %x\n", key, field, l.redis.HGet(key, field))
			}
		}
	}
	return b.String()
}

// What is no label, or would put others out of sight, is counted and nothing else.
func TestLabelsRefused(t *testing.T) {
	l := newLabels(t, 100)
	const tx = 1000 * hour
	fraud := label{verdict: "fraud", at: tx, at2: tx}
	otherKey, future, before := l.record(fraud), l.record(fraud), l.record(label{verdict: "fraud", at: tx, at2: tx + 2*hour})
	otherKey.Key = []byte("b")
	future.Time -= int64(2 * hour)
	garbage := stream.Record{Offset: l.next, Time: int64(tx), Key: []byte("a"), Value: []byte("{")}
	nothing := stream.Record{Offset: l.next + 1, Time: int64(tx), Key: []byte("a")}
	l.next += 2
	l.fold(otherKey, future, before, garbage, nothing, l.record(fraud))
	if refused, labels := l.LabelWorker.stats.LabelsRefused.Load(), l.LabelWorker.stats.Labels.Load(); refused != 5 || labels != 1 {
		t.Errorf("%d refused and %d folded, want 5 and 1", refused, labels)
	}
	l.expect("the one that is fine", tx+day+hour, 1)
	if head := l.LabelWorker.partitions[0].head; head.Applied != l.next || head.Watermark != tx {
		t.Errorf("the head is %+v, want offset %d and watermark %d", head, l.next, tx)
	}
}

// A key that comes to hold nothing and later something again is not deleted with what is old, and what is old is: accounts
// whose labels nobody can correct any more, and tiles that nobody reads.
func TestLabelsForgetWhatIsOld(t *testing.T) {
	l := newLabels(t, 100)
	const tx = 20_000 * hour
	for i, verdict := range []string{"fraud", "withdrawn", "fraud"} {
		l.say(label{verdict: verdict, at: tx + payment.Time(i)*hour, at2: tx, key: "B"})
	}
	l.say(label{verdict: "fraud", at: tx + 30*day, at2: tx + 30*day, account: "later"})
	if l.frauds("B", tx+2*day) != 1 {
		t.Error("a fraud that was withdrawn and confirmed again is gone")
	}
	keys := func() string { return strings.Join(l.redis.Keys(), "\n") }
	for at := tx + 31*day; at < tx+500*day; at += 20 * day {
		l.say(label{verdict: "fraud", at: at, at2: at, account: "now", key: "now"})
		if at < tx+30*day+remembered && !strings.Contains(keys(), ":a:a") {
			t.Fatalf("the account is gone %v after its label", time.Duration(at-tx)*time.Millisecond)
		}
	}
	for _, gone := range []string{":a:a", ":a:later", ":e:shop:A", ":e:shop:B"} {
		if strings.Contains(keys()+"\n", gone+"\n") {
			t.Errorf("%s is still there:\n%s", gone, keys())
		}
	}
}
