package monitor_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/redisstate"
	"github.com/weir-fraud/weir/monitor"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/stream"
)

// hanging is a store that never answers the first question for a head, whatever the caller's patience: what a worker
// must not do is wait for ever.
type hanging struct {
	pipeline.Store
	asked, answer chan struct{}
}

func (s *hanging) Head(ctx context.Context, partition int32) (features.Head, error) {
	close(s.asked)
	<-s.answer
	return s.Store.Head(ctx, partition)
}

// A worker of a real consumer group that hangs is noticed, and also that it goes on.
func TestHangingWorker(t *testing.T) {
	brokers := os.Getenv("WEIR_TEST_KAFKA")
	if brokers == "" {
		t.Fatal("WEIR_TEST_KAFKA is not set: run `make test`, which starts a Kafka broker, or name one")
	}
	kafka := stream.Config{Brokers: []string{brokers}}
	topic := makeTopic(t, kafka)
	redis := redisstate.Open(redisstate.Config{Addresses: []string{miniredis.RunT(t).Addr()}}, "layout", topic.Name)
	t.Cleanup(func() { _ = redis.Close() })
	store := &hanging{Store: redis, asked: make(chan struct{}), answer: make(chan struct{})}

	stats := pipeline.NewStats()
	began := time.Now()
	w := pipeline.NewWorker(pipeline.WorkerConfig{
		Kafka: kafka, Group: stream.GroupConfig{Group: topic.Name, SessionTimeout: 10 * time.Second, Topic: topic.Name},
		Topics: pipeline.Topics{Transactions: topic.Name}, TopicID: topic.ID, Partitions: topic.Partitions,
		Start: pipeline.StartEarliest, Delivery: pipeline.ExactlyOnce, TransactionalID: topic.Name, TransactionTimeout: 10 * time.Second,
		BatchSize: 100, Clock: func() time.Duration { return time.Since(began) },
	}, pipeline.NewSwitch(engine(t)), store, stats, quiet(), time.Now, rand.Uint64)
	m := monitor.New(monitor.Config{Stats: stats, Silence: 500 * time.Millisecond, Now: time.Now})
	m.Working()

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	<-store.asked
	await(t, "it hangs", func() bool { code, _ := get(m.Handler(), "/healthz"); return code == http.StatusServiceUnavailable })
	close(store.answer)
	await(t, "it goes on", func() bool { code, _ := get(m.Handler(), "/readyz"); return code == http.StatusOK })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if code, body := get(m.Handler(), "/readyz"); code == http.StatusOK {
		t.Errorf("after the worker has left the group it is ready: %s", body)
	}
}

func makeTopic(t *testing.T, kafka stream.Config) stream.Topic {
	admin, err := stream.NewAdmin(kafka)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	name := fmt.Sprintf("monitor-%d-%d", os.Getpid(), time.Now().UnixNano())
	if _, err := admin.Create(t.Context(), stream.Topic{Name: name, Partitions: 1, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin.Delete(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	topic, err := admin.Describe(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return topic
}
