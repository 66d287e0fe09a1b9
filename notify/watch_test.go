package notify_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/notify"
	"github.com/weir-fraud/weir/stream"
)

// bodies returns what is to be told, the oldest first.
func (p *place) bodies() (list []string) {
	p.t.Helper()
	all, err := p.db.Deliveries(p.t.Context(), database.DeliveryFilter{}, nil, 100)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := range all {
		list = append(list, string(all[len(all)-1-i].Body))
	}
	return list
}

func (p *place) close(n int) {
	p.t.Helper()
	list, err := p.db.Page(p.t.Context(), database.Filter{Now: p.time()}, nil, n)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := range list {
		_, err := p.db.Do(p.t.Context(), database.Step{CaseID: list[i].ID, Actor: "ann", At: p.time(), Action: "dispose", Apply: func(c *cases.Case, _ []database.AlertRow) ([]feedback.Label, error) {
			return nil, c.Dispose("ann", p.time(), feedback.Fraud)
		}})
		if err != nil {
			p.t.Fatal(err)
		}
	}
}

// A queue is told of when it passes its limit, and again only after it was well below.
func TestAQueueOverItsLimit(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		r := p.routes("routes:\n  - {name: full, on: queue, over: {cases: 10}, webhook: 'https://bank.example', secret: 'env:SECRET'}\n" +
			"  - {name: old, on: queue, over: {waiting: 2h}, where: {severity: high}, webhook: 'https://bank.example', secret: 'env:SECRET'}\n")
		w := notify.NewWatcher(r, p.db, nil, "weir", p.logger(), p.now)
		n := 0
		open := func(more int) {
			t.Helper()
			for range more {
				n++
				a := alert(t, fmt.Sprint("A", n), p.time())
				p.take(r, a)
			}
		}
		look := func(want int) {
			t.Helper()
			p.pass(time.Second)
			if err := w.Look(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := p.bodies(); len(got) != want {
				t.Fatalf("told are %d and not %d: %v", len(got), want, got)
			}
		}
		look(0)
		open(10)
		look(0)
		open(1)
		look(1)
		look(1)
		p.close(1)
		look(1)
		open(1)
		look(1)                                                        // it hovers
		w = notify.NewWatcher(r, p.db, nil, "weir", p.logger(), p.now) // after a restart
		look(1)
		p.close(3)
		look(1)
		open(4)
		look(2)
		if got := p.bodies(); !strings.Contains(got[1], `"queue":{"cases":12,"limit_cases":10,`) || !strings.Contains(got[0], `"cases":11,`) {
			t.Errorf("%v", got)
		}
		p.pass(2 * time.Hour)
		look(3)
		if got := p.bodies(); !strings.Contains(got[2], `"route":"old"`) || !strings.Contains(got[2], `"limit_waiting_seconds":7200`) {
			t.Errorf("%v", got)
		}
		p.close(12)
		look(3)
	})
}

// pipe is a pipeline that says of itself how far behind it is.
type pipe struct {
	lag   notify.Lag
	there bool
	err   error
}

func (k *pipe) Lag(context.Context, time.Time) (notify.Lag, error) { return k.lag, k.err }

func (k *pipe) Confirm(context.Context) (bool, error) { return k.there, nil }

func TestAPipelineThatIsBehind(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	r := p.routes("routes:\n  - {name: late, on: behind, over: {records: 1_000, time: 1m}, webhook: 'https://bank.example', secret: 'env:SECRET'}\n")
	k := &pipe{there: true}
	w := notify.NewWatcher(r, p.db, k, "weir", p.logger(), p.now)
	for i, c := range []struct {
		lag   notify.Lag
		there bool
		told  int
	}{
		{notify.Lag{Records: 1000, Time: time.Minute}, true, 0},
		{notify.Lag{Records: 1, Time: 61 * time.Second}, false, 0}, // a log that ends in markers
		{notify.Lag{Records: 1, Time: 61 * time.Second}, true, 1},
		{notify.Lag{Records: 9999, Time: 90 * time.Second}, true, 1},
		{notify.Lag{Records: 5, Time: 0, AtLeast: true}, true, 1}, // of a process that has just begun to look
		{notify.Lag{Records: 9999, Time: 90 * time.Second}, true, 1},
		{notify.Lag{Records: 5, Time: time.Second}, true, 1},
		{notify.Lag{Records: 1001, Time: 0, AtLeast: true}, true, 2},
	} {
		k.lag, k.there = c.lag, c.there
		p.pass(time.Second)
		if err := w.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := p.bodies(); len(got) != c.told {
			t.Fatalf("%d: told are %v", i, got)
		}
	}
	if got := p.bodies(); !strings.Contains(got[1], `"behind":{"group":"weir","records":1001,"limit_records":1000,"seconds":0,"limit_seconds":60}`) {
		t.Errorf("%v", got)
	}
	k.err = errors.New("no answer from Kafka")
	if err := w.Look(t.Context()); !errors.Is(err, k.err) {
		t.Error(err)
	}
}

// What a consumer group on a real broker shows of the pipeline.
func TestLagOfAGroup(t *testing.T) {
	brokers := os.Getenv("WEIR_TEST_KAFKA")
	if brokers == "" {
		t.Fatal("WEIR_TEST_KAFKA is not set: run `make test`, which starts a Kafka broker, or name one")
	}
	kafka := stream.Config{Brokers: []string{brokers}}
	admin, err := stream.NewAdmin(kafka)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := fmt.Sprintf("notify-%d-%d", os.Getpid(), time.Now().UnixNano())
	if _, err := admin.Create(t.Context(), stream.Topic{Name: name, Partitions: 2, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := admin.Delete(context.Background(), name); err != nil {
			t.Error(err)
		}
	}()
	topic, err := admin.Describe(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	producer, err := stream.NewTransactionalProducer(t.Context(), kafka, name, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	follower, err := stream.NewFollower(kafka, name, name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = follower.Close() }()
	send := func() { // two records and a marker
		t.Helper()
		if err := producer.Begin(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := producer.Produce(&stream.Message{Topic: name, Partition: 1, Value: []byte("x")}); err != nil {
				t.Fatal(err)
			}
		}
		if err := producer.Commit(t.Context(), follower, nil); err != nil {
			t.Fatal(err)
		}
	}
	g := notify.NewGroup(kafka, admin, name, topic)
	start, behind := time.Unix(1_700_000_000, 0), time.Duration(0)
	check := func(after time.Duration, want notify.Lag, confirmed bool) {
		t.Helper()
		behind += after
		lag, err := g.Lag(t.Context(), start.Add(behind))
		if err != nil || lag != want {
			t.Fatalf("%+v, %v; not %+v", lag, err, want)
		}
		if there, err := g.Confirm(t.Context()); err != nil || there != confirmed {
			t.Fatalf("confirmed is %v, %v", there, err)
		}
	}
	check(0, notify.Lag{}, false)
	send()
	check(10*time.Second, notify.Lag{Records: 3, AtLeast: true}, true)
	send()
	check(20*time.Second, notify.Lag{Records: 6, Time: 20 * time.Second, AtLeast: true}, true)
	if err := follower.CommitOffsets(map[int32]int64{1: 3}); err != nil { // the first two are decided
		t.Fatal(err)
	}
	check(10*time.Second, notify.Lag{Records: 3, Time: 30 * time.Second}, true)
	check(10*time.Second, notify.Lag{Records: 3, Time: 30 * time.Second}, true)
	check(30*time.Second, notify.Lag{Records: 3, Time: 40 * time.Second}, true)
	if err := follower.CommitOffsets(map[int32]int64{1: 5}); err != nil { // and the others; the marker is nobody's
		t.Fatal(err)
	}
	check(10*time.Second, notify.Lag{Records: 1, Time: 50 * time.Second}, false)
	if err := follower.CommitOffsets(map[int32]int64{1: 6}); err != nil {
		t.Fatal(err)
	}
	check(10*time.Second, notify.Lag{}, false)
}
