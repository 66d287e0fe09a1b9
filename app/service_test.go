package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/simulate"
	"github.com/weir-fraud/weir/stream"
)

// service is Weir against the real Kafka, with topics and a Redis of the test's own.
type service struct {
	t      *testing.T
	config app.Config
	redis  *redisServer
	log    *lockedBuffer // of the last start
}

const servicePartitions = 4

func newService(t *testing.T, change func(c *app.Config)) *service {
	brokers := os.Getenv("WEIR_TEST_KAFKA")
	if brokers == "" {
		t.Fatal("WEIR_TEST_KAFKA is not set: run `make test`, which starts a Kafka broker, or name one")
	}
	c := app.DefaultConfig()
	prefix := fmt.Sprintf("service-%d-%d-", os.Getpid(), time.Now().UnixNano())
	c.Kafka.Brokers = []string{brokers}
	c.Kafka.Group = prefix + "group"
	c.Kafka.Topics = app.TopicsConfig{
		Transactions: prefix + "transactions", Decisions: prefix + "decisions", Alerts: prefix + "alerts",
		DeadLetters: prefix + "dead-letters", Feedback: prefix + "feedback", Control: prefix + "control",
	}
	redis := startRedis(t)
	c.Redis.Addresses = []string{redis.address}
	c.HTTP.Address = "localhost:0"
	c.Pipeline.Workers = 2
	c.Pipeline.EntityWait = 0 // the tests send the past, in which partitions are days apart
	c.Pipeline.ApplyInterval = app.Duration(20 * time.Millisecond)
	c.Pipeline.Start = pipeline.StartEarliest
	if change != nil {
		change(&c)
	}
	s := &service{t: t, config: c, redis: redis}
	s.createTopics(servicePartitions)
	return s
}

func (s *service) createTopics(partitions int32) {
	s.t.Helper()
	if err := app.CreateTopics(s.t.Context(), s.config, partitions, 1, io.Discard); err != nil {
		s.t.Fatal(err)
	}
	topics := s.config.Kafka.Topics
	s.t.Cleanup(func() {
		admin := s.admin()
		defer admin.Close()
		for _, name := range []string{topics.Transactions, topics.Decisions, topics.Alerts, topics.DeadLetters, topics.Feedback, topics.Control} {
			if err := admin.Delete(context.Background(), name); err != nil {
				s.t.Error(err)
			}
		}
	})
}

func (s *service) kafka() stream.Config { return stream.Config{Brokers: s.config.Kafka.Brokers} }

func (s *service) admin() *stream.Admin {
	admin, err := stream.NewAdmin(s.kafka())
	if err != nil {
		s.t.Fatal(err)
	}
	return admin
}

// start starts the service; the returned function stops it, and gives its log.
func (s *service) start() (stop func() string) {
	ctx, cancel := context.WithCancel(s.t.Context())
	log := new(lockedBuffer)
	s.log = log
	done := make(chan error, 1)
	go func() {
		done <- app.Run(ctx, s.config, "test", slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	}()
	return func() string {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("weir run: %v\n%s", err, log.String())
		}
		return log.String()
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// send produces records as they are given.
func (s *service) send(messages ...stream.Message) {
	s.t.Helper()
	p, err := stream.NewProducer(s.kafka())
	if err != nil {
		s.t.Fatal(err)
	}
	defer p.Close()
	for i := range messages {
		messages[i].Topic = s.config.Kafka.Topics.Transactions
		if err := p.Produce(&messages[i]); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := p.Flush(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// read reads a topic until it has at least n records, and then whatever else is there.
func (s *service) read(topic string, n int) []stream.Record {
	s.t.Helper()
	return s.readWithin(topic, n, 60*time.Second)
}

// readWithin reads a topic until it has at least n records, which may take as long as the limit.
func (s *service) readWithin(topic string, n int, limit time.Duration) []stream.Record {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	admin := s.admin()
	defer admin.Close()
	found, err := admin.Describe(ctx, topic)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := stream.NewReader(ctx, s.kafka(), found, stream.FromStart)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var records []stream.Record
	for len(records) < n && ctx.Err() == nil {
		if records, err = r.Poll(records, n+1000, 50*time.Millisecond); err != nil {
			s.t.Fatal(err)
		}
	}
	if len(records) < n {
		s.t.Fatalf("%s has %d records, want %d\n%s", topic, len(records), n, s.log)
	}
	return records
}

// simulated writes simulated transactions to a file, without their labels: a replay would take them into features, and
// nobody sends them to the service.
func (s *service) simulated(count int) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "transactions.jsonl")
	c := simulate.DefaultConfig()
	c.Accounts, c.Seed = 1500, 5 // some days, since each hour of event time is a step that partitions take together
	if err := app.Simulate(s.t.Context(), s.config, app.SimulateOptions{World: c, Count: int64(count), Out: path}, io.Discard); err != nil {
		s.t.Fatal(err)
	}
	lines := readLines(s.t, path)
	for i, line := range lines {
		at := strings.LastIndex(line, `,"label":`)
		lines[i] = line[:at] + "}"
	}
	writeLines(s.t, path, lines)
	return path
}

// produce sends a file's transactions.
func (s *service) produce(path string) {
	s.t.Helper()
	if err := app.Produce(s.t.Context(), s.config, app.ProduceOptions{Input: app.Input{Paths: []string{path}}}, io.Discard, io.Discard); err != nil {
		s.t.Fatal(err)
	}
}

// label sends the labels of a file's transactions, which a replay knows of too.
func (s *service) label(path string) {
	s.t.Helper()
	o := app.ReplayOptions{Input: app.Input{Paths: []string{path}}, Partitions: servicePartitions, Feedback: filepath.Join(s.t.TempDir(), "feedback.jsonl")}
	if err := app.Replay(s.t.Context(), s.config, o, io.Discard, io.Discard); err != nil {
		s.t.Fatal(err)
	}
	if err := app.ProduceFeedback(s.t.Context(), s.config, app.ProduceOptions{Input: app.Input{Paths: []string{o.Feedback}}}, io.Discard); err != nil {
		s.t.Fatal(err)
	}
}

// replayed returns the decisions that a replay of the file makes, sorted, and the final state.
func (s *service) replayed(path string, partitions int32) (decisions []string, state string) {
	s.t.Helper()
	dir := s.t.TempDir()
	o := app.ReplayOptions{
		Input: app.Input{Paths: []string{path}}, Partitions: partitions,
		Decisions: filepath.Join(dir, "decisions.jsonl"), State: filepath.Join(dir, "state.jsonl"),
	}
	if err := app.Replay(s.t.Context(), s.config, o, io.Discard, io.Discard); err != nil {
		s.t.Fatal(err)
	}
	decisions = readLines(s.t, o.Decisions)
	slices.Sort(decisions)
	return decisions, o.State
}

// state returns the state that is in Redis, as weir state dump writes it.
func (s *service) state() string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "state.jsonl")
	if err := app.DumpState(s.t.Context(), s.config, path, io.Discard); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func values(records []stream.Record) []string {
	all := make([]string, len(records))
	for i := range records {
		all[i] = string(records[i].Value)
	}
	slices.Sort(all)
	return all
}

func sameLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d lines, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: line %d\n got %s\nwant %s", what, i, got[i], want[i])
			return
		}
	}
}

func transaction(account, id, at, amount string) stream.Message {
	return stream.Message{Partition: stream.AnyPartition, Key: []byte(account), Value: fmt.Appendf(nil,
		`{"transaction_id":%q,"timestamp":%q,"account_id":%q,"transaction_type":"purchase","amount":%s,"currency":"USD"}`, id, at, account, amount)}
}

// A record that is no transaction goes to the dead-letter topic with the reason and its origin, and the stream goes on.
func TestDeadLetters(t *testing.T) {
	s := newService(t, nil)
	stop := s.start()
	broken := stream.Message{Partition: 2, Key: []byte("A"), Value: []byte(`{"transaction_id":`)}
	otherKey := transaction("A", "t2", "2024-01-01T00:00:02Z", "2.00")
	otherKey.Key, otherKey.Partition = []byte("B"), 3
	future := transaction("A", "t3", time.Now().Add(3*time.Hour).Format(time.RFC3339), "3.00")
	messages := []stream.Message{
		transaction("A", "t1", "2024-01-01T00:00:01Z", "1.00"), broken, otherKey, future,
		transaction("A", "t1", "2024-01-01T00:00:01Z", "1.0"),  // the same again, spelt otherwise
		transaction("A", "t1", "2024-01-01T00:00:01Z", "9.00"), // the same id with another body
		transaction("A", "t4", "2024-01-01T00:00:04Z", "1.234"),
		transaction("A", "t5", "2024-01-01T00:00:05Z", "5.00"),
	}
	s.send(messages...)
	decided := s.read(s.config.Kafka.Topics.Decisions, 2)
	letters := s.read(s.config.Kafka.Topics.DeadLetters, 4)
	stop()
	if len(decided) != 2 || len(letters) != 4 {
		t.Fatalf("%d decisions and %d dead letters, want 2 and 4", len(decided), len(letters))
	}
	for i, id := range []string{"t1", "t5"} {
		if !strings.Contains(string(decided[i].Value), fmt.Sprintf(`"transaction_id":%q`, id)) {
			t.Errorf("decision %d is %s, want that of %s", i, decided[i].Value, id)
		}
	}
	home := stream.PartitionFor([]byte("A"), servicePartitions)
	for _, want := range []struct {
		message   stream.Message
		partition int32
		field     string
		reason    string
	}{
		{broken, 2, "", "transaction: not valid JSON"},
		{otherKey, 3, "account_id", "is not the record's key"},
		{future, home, "timestamp", "ahead of the record's own"},
		{messages[6], home, "amount", "3 decimal digits"},
	} {
		i := slices.IndexFunc(letters, func(r stream.Record) bool { return bytes.Equal(r.Value, want.message.Value) })
		if i < 0 {
			t.Errorf("%s is not among the dead letters", want.message.Value)
			continue
		}
		headers := make(map[string]string)
		for _, h := range letters[i].Headers {
			headers[h.Key] = string(h.Value)
		}
		if !bytes.Equal(letters[i].Key, want.message.Key) || !strings.Contains(headers["weir-error"], want.reason) || headers["weir-error-field"] != want.field ||
			headers["weir-source-topic"] != s.config.Kafka.Topics.Transactions || headers["weir-source-partition"] != fmt.Sprint(want.partition) {
			t.Errorf("dead letter of %s: key %s, headers %v, want partition %d, field %q, reason %q",
				want.message.Value, letters[i].Key, headers, want.partition, want.field, want.reason)
		}
		if headers["weir-source-offset"] == "" {
			t.Errorf("dead letter of %s lacks its offset", want.message.Value)
		}
	}
}

// Decisions and state of the running service are those of a replay, whatever the delivery, also across a restart.
func TestServiceEqualsReplay(t *testing.T) {
	for _, delivery := range []pipeline.Delivery{pipeline.ExactlyOnce, pipeline.AtLeastOnce} {
		t.Run(string(delivery), func(t *testing.T) {
			s := newService(t, func(c *app.Config) {
				c.Pipeline.Delivery = delivery
				c.Model.Challengers, c.Policy.Challengers = []string{fixtureModel(t, "platt"), fixtureModel(t, "isotonic")}, []string{ruleFile(t)}
			})
			path := s.simulated(6000)
			s.label(path)
			want, wantState := s.replayed(path, servicePartitions)
			lines := readLines(t, path)
			first, second := filepath.Join(t.TempDir(), "first.jsonl"), filepath.Join(t.TempDir(), "second.jsonl")
			writeLines(t, first, lines[:len(lines)/2])
			writeLines(t, second, lines[len(lines)/2:])
			stop := s.start()
			s.produce(first)
			s.read(s.config.Kafka.Topics.Decisions, len(want)/3)
			stop()
			s.produce(second)
			stop = s.start()
			s.read(s.config.Kafka.Topics.Decisions, len(want))
			stop()
			sameLines(t, "decisions", values(s.read(s.config.Kafka.Topics.Decisions, len(want))), want)
			sameLines(t, "state", readLines(t, s.state()), readLines(t, wantState))
		})
	}
}

// A service that starts at a log's end decides nothing that is in it, and knows it all.
func TestStartLatestFoldsTheLog(t *testing.T) {
	s := newService(t, func(c *app.Config) { c.Pipeline.Start = pipeline.StartLatest })
	path := s.simulated(4000)
	s.label(path)
	lines := readLines(t, path)
	before, after := filepath.Join(t.TempDir(), "before.jsonl"), filepath.Join(t.TempDir(), "after.jsonl")
	const cut = 3000
	writeLines(t, before, lines[:cut])
	writeLines(t, after, lines[cut:])
	s.produce(before)
	stop := s.start()
	waitForState(t, s, before)
	s.produce(after)
	decided := values(s.read(s.config.Kafka.Topics.Decisions, len(lines)-cut))
	log := stop()
	all, wantState := s.replayed(path, servicePartitions)
	live := make(map[string]bool)
	for _, line := range lines[cut:] {
		live[transactionID(t, line)] = true
	}
	want := slices.DeleteFunc(all, func(line string) bool { return !live[transactionID(t, line)] })
	sameLines(t, "decisions", decided, want)
	sameLines(t, "state", readLines(t, s.state()), readLines(t, wantState))
	if !strings.Contains(log, "rebuild finished") {
		t.Errorf("the log does not tell of the rebuild:\n%s", log)
	}
}

// Another number of partitions needs a copy of the log, and gets the decisions that a replay with that number makes.
func TestCopyToAnotherPartitionCount(t *testing.T) {
	s := newService(t, nil)
	path := s.simulated(2000)
	s.label(path)
	s.produce(path)
	from := s.config.Kafka.Topics.Transactions
	const wider = 7
	for _, name := range []*string{&s.config.Kafka.Topics.Transactions, &s.config.Kafka.Topics.Decisions, &s.config.Kafka.Topics.Alerts} {
		*name += "-wider"
	}
	s.createTopics(wider)
	if err := app.Produce(t.Context(), s.config, app.ProduceOptions{FromTopic: from}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	want, wantState := s.replayed(path, wider)
	stop := s.start()
	s.read(s.config.Kafka.Topics.Decisions, len(want))
	stop()
	sameLines(t, "decisions", values(s.read(s.config.Kafka.Topics.Decisions, len(want))), want)
	sameLines(t, "state", readLines(t, s.state()), readLines(t, wantState))
}

func writeLines(t *testing.T, path string, lines []string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// waitForState waits until Redis holds the state after the given transactions.
func waitForState(t *testing.T, s *service, path string) {
	t.Helper()
	_, file := s.replayed(path, servicePartitions)
	want := readLines(t, file)
	for deadline := time.Now().Add(60 * time.Second); ; {
		got := readLines(t, s.state())
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(deadline) {
			sameLines(t, "state", got, want)
			t.FailNow()
		}
	}
}
