package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/stream"
)

// accountsOf returns n accounts of a partition.
func accountsOf(partition int32, n int) []string {
	var all []string
	for i := 0; len(all) < n; i++ {
		if a := fmt.Sprint("account-", i); stream.PartitionFor([]byte(a), servicePartitions) == partition {
			all = append(all, a)
		}
	}
	return all
}

// began is when the tests' transactions begin.
var began = time.Date(2024, 3, 1, 0, 30, 0, 0, time.UTC)

// at is a transaction at the shop, some time after the beginning.
func at(account, id string, after time.Duration) stream.Message {
	return stream.Message{
		Partition: stream.PartitionFor([]byte(account), servicePartitions), Key: []byte(account), Value: fmt.Appendf(nil,
			`{"transaction_id":%q,"timestamp":%q,"account_id":%q,"transaction_type":"purchase","amount":20,"currency":"USD","merchant":{"name":"shop"}}`,
			id, began.Add(after).Format(time.RFC3339), account)}
}

// label is a label event about one, given some time after the beginning.
func label(account, id, verdict string, transaction, after time.Duration) stream.Message {
	return stream.Message{
		Partition: stream.PartitionFor([]byte(account), servicePartitions), Key: []byte(account), Value: fmt.Appendf(nil,
			`{"feedback_id":%q,"timestamp":%q,"transaction_id":%q,"account_id":%q,"transaction_timestamp":%q,"amount":20,"currency":"USD",`+
				`"entities":{"merchant":"shop"},"label":%q,"source":"analyst"}`,
			fmt.Sprint(id, "-", after), began.Add(after).Format(time.RFC3339), id, account, began.Add(transaction).Format(time.RFC3339), verdict)}
}

// decided are the decisions of a service by transaction id.
type decided struct {
	schema    *features.Schema
	decisions map[string]featuresOf
}

// featuresOf is what the tests read of one.
type featuresOf struct {
	ID     string   `json:"transaction_id"`
	Flags  []string `json:"flags"`
	Vector string   `json:"vector"`
}

// features compiles the features of the service.
func (s *service) features() *features.Set {
	s.t.Helper()
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		s.t.Fatal(err)
	}
	return set
}

// decided reads n decisions.
func (s *service) decided(n int) decided {
	s.t.Helper()
	d := decided{s.features().Schema(), make(map[string]featuresOf)}
	for _, r := range s.read(s.config.Kafka.Topics.Decisions, n) {
		var one featuresOf
		if err := json.Unmarshal(r.Value, &one); err != nil {
			s.t.Fatal(err)
		}
		d.decisions[one.ID] = one
	}
	return d
}

// expect fails the test unless a transaction's feature has the value, NaN included, and the flags are as given.
func (d *decided) expect(t *testing.T, id, feature string, want float64, flags ...string) {
	t.Helper()
	one, ok := d.decisions[id]
	if !ok {
		t.Errorf("%s is not decided", id)
		return
	}
	v, err := scoring.ParseVector(one.Vector)
	if err != nil {
		t.Fatal(err)
	}
	got := v[d.schema.Index(feature)]
	if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || !slices.Equal(one.Flags, flags) && len(one.Flags)+len(flags) > 0 {
		t.Errorf("%s: %s is %v with flags %v, want %v with flags %v", id, feature, got, one.Flags, want, flags)
	}
}

// incomplete reports whether any of the transactions sent everywhere was decided without all tiles of its merchant.
func (d *decided) incomplete(id string) bool {
	for n := range servicePartitions {
		if slices.Contains(d.decisions[fmt.Sprint(id, n)].Flags, "incomplete:merchant") {
			return true
		}
	}
	return false
}

// A partition that is ahead waits for the others: it counts what these fold only afterwards. And what is younger than the
// delay it does not count, not even its own.
func TestWaitForOtherPartitions(t *testing.T) {
	s := newService(t, nil)
	ahead, behind := accountsOf(0, 2), accountsOf(1, 3)
	var all []stream.Message
	all = append(all, at(ahead[0], "early", 0))
	all = append(all, at(ahead[0], "late", 12*time.Hour)) // before those behind, in the topic
	for i := range 20 {
		all = append(all, at(behind[i%3], fmt.Sprint("t", i), time.Duration(i)*20*time.Minute))
	}
	// Tiles are of an hour, and 2 h must lie between: of what comes at half past, the hour before the last two.
	all = append(all, at(behind[0], "close", 7*time.Hour), at(behind[0], "end", 13*time.Hour))
	s.send(all...)
	stop := s.start()
	d := s.decided(len(all))
	stop()
	d.expect(t, "early", "merchant_count_7d", 0)
	d.expect(t, "late", "merchant_count_7d", 1+20+1)
	// At 7:30 tiles up to the one from 4:00 are read: "early", and t0 to t13 of 0:30 to 4:50.
	d.expect(t, "close", "merchant_count_7d", 1+14)
	d.expect(t, "t3", "merchant_count_7d", 0)   // 1:30
	d.expect(t, "t9", "merchant_count_7d", 1+2) // 3:30: what was before 1:00 is read
}

// An event later than the lateness, against its partition's newest, is in no tile, and reads none.
func TestTooLateForTiles(t *testing.T) {
	s := newService(t, nil)
	here, there := accountsOf(0, 3), accountsOf(1, 1)
	all := []stream.Message{
		at(here[0], "first", 0), at(here[0], "newest", 10*time.Hour),
		at(here[1], "too late", 8*time.Hour), at(here[2], "late", 9*time.Hour+time.Minute),
		at(here[0], "end", 15*time.Hour), at(there[0], "elsewhere", 15*time.Hour),
	}
	s.send(all...)
	stop := s.start()
	d := s.decided(len(all))
	s.counted(map[string]float64{"weir_tile_late_total": 1, "weir_incomplete_total": 0})
	log := stop()
	d.expect(t, "too late", "merchant_count_7d", math.NaN())
	d.expect(t, "late", "merchant_count_7d", 1)
	d.expect(t, "end", "merchant_count_7d", 3)
	d.expect(t, "elsewhere", "merchant_count_7d", 3)
	if t.Failed() {
		t.Log(log)
	}
}

// Frauds count from when they are known on, and not any more from when they are taken back on, whatever was said by the
// time that they are read.
func TestLabelsCountAsOfTheTransaction(t *testing.T) {
	s := newService(t, nil)
	const day = 24 * time.Hour
	accounts := accountsOf(0, 1)
	other := accountsOf(2, 1)
	s.sendTo(s.config.Kafka.Topics.Feedback,
		label(other[0], "x", "fraud", 0, time.Hour), label(other[0], "x", "withdrawn", 0, 10*day),
		label(other[0], "y", "fraud", 0, 20*day))
	all := []stream.Message{
		at(accounts[0], "young", 6*day), at(accounts[0], "young too", 7*day), at(accounts[0], "known", 7*day+time.Hour),
		at(other[0], "last known", 10*day), at(accounts[0], "taken back", 10*day+time.Hour),
		at(accounts[0], "y unknown", 20*day), at(accounts[0], "y known", 20*day+time.Hour),
	}
	s.send(all...)
	stop := s.start()
	d := s.decided(len(all))
	stop()
	for id, want := range map[string]float64{
		"young": 0, "young too": 0, "known": 1, "last known": 1, "taken back": 0, "y unknown": 0, "y known": 1,
	} {
		d.expect(t, id, "merchant_frauds_30d", want)
	}
}

// sendTo produces records to a topic.
func (s *service) sendTo(topic string, messages ...stream.Message) {
	s.t.Helper()
	own := *s
	own.config.Kafka.Topics.Transactions = topic
	own.send(messages...)
}

// Damaged tiles are found by whoever reads them: their partition is built again, and nobody decides by them.
func TestDamagedTilesAreBuiltAgain(t *testing.T) {
	s := newService(t, func(c *app.Config) { c.Pipeline.Workers = 1 })
	reader, owner := accountsOf(0, 1), accountsOf(1, 1)
	s.send(at(owner[0], "a", 0), at(owner[0], "b", time.Hour), at(owner[0], "c", 9*time.Hour), at(reader[0], "d", 9*time.Hour))
	stop := s.start()
	s.read(s.config.Kafka.Topics.Decisions, 4)
	stop()
	key := s.redis.find(fmt.Sprintf("*%s:1}:*:e:merchant:shop", s.config.Kafka.Topics.Transactions))
	fields := strings.Fields(s.redis.command("HKEYS", key))
	s.redis.command("HSET", key, fields[0], "damaged")
	stop = s.start()
	s.send(at(reader[0], "e", 10*time.Hour), at(owner[0], "f", 20*time.Hour))
	d := s.decided(6)
	log := stop()
	d.expect(t, "e", "merchant_count_7d", 2)
	d.expect(t, "f", "merchant_count_7d", 5)
	if !strings.Contains(log, "damaged") {
		t.Errorf("the log does not tell of the damage:\n%s", log)
	}
}

// What is remembered of an account's labels and cannot be read is built again from the log, and so nothing counts twice.
func TestDamagedLabelsAreBuiltAgain(t *testing.T) {
	s := newService(t, func(c *app.Config) { c.Pipeline.Workers = 1 })
	const day = 24 * time.Hour
	account, feedback := accountsOf(1, 1)[0], s.config.Kafka.Topics.Feedback
	s.sendTo(feedback, label(account, "x", "fraud", 0, time.Hour), label(account, "y", "fraud", 0, time.Hour))
	s.send(at(account, "a", 0))
	stop := s.start()
	s.read(s.config.Kafka.Topics.Decisions, 1)
	s.eventually("the labels are folded", func() bool { series, _ := s.metrics(); return series["weir_labels_total"] == 2 })
	stop()
	s.redis.command("SET", s.redis.find(fmt.Sprintf("*%s:1}:*:a:%s", feedback, account)), "damaged")
	s.sendTo(feedback, label(account, "x", "withdrawn", 0, 2*day))
	stop = s.start()
	s.eventually("the labels are folded", func() bool { series, _ := s.metrics(); return series["weir_labels_total"] == 3 })
	s.send(at(account, "b", 9*day))
	d := s.decided(2)
	log := stop()
	d.expect(t, "b", "merchant_frauds_30d", 1)
	if !strings.Contains(log, "damaged state of labels") {
		t.Errorf("the log does not tell of the damage:\n%s", log)
	}
}

// counted fails the test unless these counters have come to these values.
func (s *service) counted(want map[string]float64) {
	s.t.Helper()
	series, _ := s.metrics()
	for name, value := range want {
		if got, ok := series[name]; !ok || got != value {
			s.t.Errorf("%s is %v, want %v", name, got, value)
		}
	}
}

// find returns the one key of a pattern.
func (r *redisServer) find(pattern string) string {
	r.t.Helper()
	keys := strings.Fields(r.command("KEYS", pattern))
	if len(keys) != 1 {
		r.t.Fatalf("%s: %v, want one key", pattern, keys)
	}
	return keys[0]
}

// squatter is a member of a group that takes partitions and does nothing with them.
type squatter struct {
	mu    sync.Mutex
	has   map[int32]bool
	given chan struct{} // closed once it has any
	close func()        // lets go of them
}

func (q *squatter) Assigned(_ context.Context, numbers []int32) ([]int64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.has) == 0 && len(numbers) > 0 {
		close(q.given)
	}
	for _, n := range numbers {
		q.has[n] = true
	}
	return make([]int64, len(numbers)), nil
}

func (q *squatter) Revoked(context.Context, []int32, bool) {}

// squat takes some partitions of a topic away from a group's members, until the squatter is closed.
func (s *service) squat(group, topic string) *squatter {
	s.t.Helper()
	q := &squatter{has: make(map[int32]bool), given: make(chan struct{})}
	c, err := stream.NewConsumer(s.kafka(), stream.GroupConfig{Group: group, SessionTimeout: 10 * time.Second, Topic: topic}, q)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error)
	go func() {
		var err error
		for ctx.Err() == nil && err == nil {
			_, _, err = c.Poll(ctx, nil, 1, 20*time.Millisecond)
		}
		done <- errors.Join(err, c.Close())
	}()
	q.close = func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	}
	select {
	case <-q.given:
	case <-time.After(30 * time.Second):
		s.t.Fatal("no partition is given to a new member of the group")
	}
	return q
}

// split returns the partitions that the squatter has, and those that it has not.
func (q *squatter) split() (has, others []int32) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for n := range int32(servicePartitions) {
		if q.has[n] {
			has = append(has, n)
		} else {
			others = append(others, n)
		}
	}
	return has, others
}

// everywhere are transactions of all partitions.
func everywhere(id string, after time.Duration) []stream.Message {
	var all []stream.Message
	for n := range int32(servicePartitions) {
		all = append(all, at(accountsOf(n, 1)[0], fmt.Sprint(id, n), after))
	}
	return all
}

// With a limit, what waits for a partition that is stuck is decided after it and says what it lacks; without one it waits.
// Once the partition has caught up, all is as it should be.
func TestWaitForAStuckPartition(t *testing.T) {
	const limit = time.Second
	for name, wait := range map[string]time.Duration{"limit": limit, "no limit": 0} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, func(c *app.Config) { c.Pipeline.EntityWait, c.Pipeline.Workers = app.Duration(wait), 1 })
			s.send(everywhere("a", 0)...)
			stop := s.start()
			s.read(s.config.Kafka.Topics.Decisions, servicePartitions)
			q := s.squat(s.config.Kafka.Group, s.config.Kafka.Topics.Transactions)
			has, others := q.split()
			stuck, free := accountsOf(has[0], 1)[0], accountsOf(others[0], 1)[0]
			s.send(at(stuck, "b", time.Hour))
			s.send(at(free, "c", 9*time.Hour))
			decisions := servicePartitions + 2
			if wait > 0 {
				d := s.decided(servicePartitions + 1)
				d.expect(t, "c", "merchant_count_7d", 0, "incomplete:merchant")
				began := time.Now()
				s.send(at(free, "d", 10*time.Hour), at(free, "e", 11*time.Hour), at(free, "f", 12*time.Hour))
				d = s.decided(servicePartitions + 4)
				decisions += 3
				d.expect(t, "f", "merchant_count_7d", 0, "incomplete:merchant")
				if took := time.Since(began); took > 3*limit {
					t.Errorf("each waits for itself: they took %v", took)
				}
			}
			q.close()
			d := s.decided(decisions)
			if wait == 0 {
				d.expect(t, "c", "merchant_count_7d", servicePartitions+1)
			}
			log := ""
			for round := 1; log == ""; round++ { // with a limit, it is without what was missing until that is stored as well
				id := fmt.Sprint("g", round)
				s.send(everywhere(id, 20*time.Hour)...)
				d = s.decided(decisions + round*servicePartitions)
				if wait > 0 && round < 100 && d.incomplete(id) {
					continue
				}
				log = stop()
				for n := range servicePartitions {
					d.expect(t, fmt.Sprint(id, n), "merchant_count_7d", float64(decisions))
				}
			}
			if t.Failed() {
				t.Log(log)
			}
		})
	}
}

// A partition that leaves while it waits, and comes back to the same worker, is read on. Here all wait for labels, which
// nobody folds.
func TestPartitionLeavesWhileItWaits(t *testing.T) {
	s := newService(t, func(c *app.Config) { c.Pipeline.Workers = 1 })
	s.send(everywhere("a", 0)...)
	stop := s.start()
	s.read(s.config.Kafka.Topics.Decisions, servicePartitions)
	labels := s.squat(s.config.Kafka.Group+"-labels-"+s.features().State(), s.config.Kafka.Topics.Feedback)
	has, _ := labels.split()
	account := accountsOf(has[0], 1)[0]
	s.sendTo(s.config.Kafka.Topics.Feedback, label(account, "x", "fraud", 0, time.Hour))
	<-time.After(1200 * time.Millisecond) // labels count once they have been there for a second: until then nobody may look
	s.send(everywhere("b", 9*24*time.Hour)...)
	q := s.squat(s.config.Kafka.Group, s.config.Kafka.Topics.Transactions)
	q.close()
	if n := len(s.read(s.config.Kafka.Topics.Decisions, servicePartitions)); n != servicePartitions {
		t.Errorf("%d decisions are there, with labels that nobody has folded: want %d", n, servicePartitions)
	}
	labels.close()
	d := s.decided(2 * servicePartitions)
	log := stop()
	for n := range servicePartitions {
		d.expect(t, fmt.Sprint("b", n), "merchant_frauds_30d", 1)
	}
	if t.Failed() {
		t.Log(log)
	}
}
