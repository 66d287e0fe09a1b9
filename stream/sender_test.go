package stream

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// A Sender tells where each record is, and goes on after an error that no client gets over.
func TestSender(t *testing.T) {
	brokers := os.Getenv("WEIR_TEST_KAFKA")
	if brokers == "" {
		t.Fatal("WEIR_TEST_KAFKA is not set: run `make test`, which starts a Kafka broker, or name one")
	}
	config := Config{Brokers: []string{brokers}}
	admin, err := NewAdmin(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	topic := Topic{Name: fmt.Sprintf("sender-%d-%d", os.Getpid(), time.Now().UnixNano()), Partitions: 3, Replicas: 1}
	if _, err := admin.Create(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin.Delete(context.Background(), topic.Name); err != nil {
			t.Error(err)
		}
	})
	s, err := NewSender(config, topic.Name, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	place := make(chan string, 1)
	send := func(value, want string) {
		t.Helper()
		err := s.Send([]byte("A"), []byte(value), func(partition int32, offset int64, err error) { place <- fmt.Sprint(partition, offset, err) })
		if err != nil {
			t.Fatal(err)
		}
		if got := <-place; got != want {
			t.Errorf("%s is at %s, want %s", value, got, want)
		}
	}
	home := PartitionFor([]byte("A"), topic.Partitions)
	send("first", fmt.Sprint(home, int64(0), nil))
	s.client.TestFatalError(kafka.ErrOutOfOrderSequenceNumber, "for the test")
	if err := s.Send([]byte("A"), []byte("refused"), nil); err == nil {
		t.Error("a client past use has taken a record")
	}
	send("second", fmt.Sprint(home, int64(1), nil))
	s.Close(t.Context())

	r, err := NewReaderSince(t.Context(), config, topic, begun.Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Left(); n != 2 {
		t.Errorf("%d records since the test has begun", n)
	}
	_ = r.Close()
	if r, err = NewReaderSince(t.Context(), config, topic, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n := r.Left(); n != 0 {
		t.Errorf("%d records of the future", n)
	}
	_ = r.Close()
}
