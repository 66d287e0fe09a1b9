package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Sender produces single records as soon as they come, without transactions, and tells what became of each. It is safe
// for concurrent use.
type Sender struct {
	config   Config
	topic    string
	patience time.Duration
	reports  sync.WaitGroup

	mu     sync.RWMutex
	client *kafka.Producer
}

// Delivered is told where a record is, or why it is not known to be there. It must not block.
type Delivered func(partition int32, offset int64, err error)

// NewSender returns a Sender to a topic. A record that the brokers have not acknowledged within patience is given up:
// most likely it is not in the topic, but it may be.
func NewSender(config Config, topic string, patience time.Duration) (*Sender, error) {
	s := &Sender{config: config, topic: topic, patience: patience}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Sender) open() error {
	p, err := newProducer(s.config, kafka.ConfigMap{
		"go.delivery.report.fields": "none",
		"go.events.channel.size":    10_000,
		"linger.ms":                 0, // somebody waits for each record
		"message.timeout.ms":        int(s.patience.Milliseconds()),
		"reconnect.backoff.max.ms":  1000,
	})
	if err != nil {
		return err
	}
	s.client = p.client
	s.reports.Go(func() { s.report(p.client.Events()) })
	return nil
}

// Send hands a record over; its bytes are copied. Its key decides the partition. Unless Send fails, delivered is called
// once.
func (s *Sender) Send(key, value []byte, delivered Delivered) error {
	s.mu.RLock()
	client := s.client
	err := client.Produce(&kafka.Message{
		TopicPartition: kafka.TopicPartition{Topic: &s.topic, Partition: kafka.PartitionAny},
		Key:            key, Value: value, Opaque: delivered,
	}, nil)
	s.mu.RUnlock()
	var ke kafka.Error
	if errors.As(err, &ke) && (ke.IsFatal() || ke.Code() == kafka.ErrFatal) {
		return fmt.Errorf("produce to %s: %w", s.topic, errors.Join(err, s.replace(client)))
	}
	return classify("produce to "+s.topic, err)
}

// replace puts a new client in the place of one that is past use.
func (s *Sender) replace(broken *kafka.Producer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != broken {
		return nil
	}
	err := s.open()
	if err == nil {
		s.reports.Go(func() { retire(broken) })
	}
	return err
}

// retire closes a client, which tells of everything that it gives up.
func retire(client *kafka.Producer) {
	_ = client.Purge(kafka.PurgeQueue | kafka.PurgeInFlight)
	client.Flush(1000)
	client.Close()
}

// report passes on what a client tells, until it is closed.
func (s *Sender) report(events <-chan kafka.Event) {
	for ev := range events {
		m, ok := ev.(*kafka.Message)
		if !ok {
			continue
		}
		delivered, ok := m.Opaque.(Delivered)
		if !ok {
			continue
		}
		at := m.TopicPartition
		delivered(at.Partition, int64(at.Offset), classify("produce to "+s.topic, s.describe(at.Error)))
	}
}

func (s *Sender) describe(err error) error {
	if err == nil {
		return nil
	}
	return s.config.describe(err)
}

// Close waits until ctx ends for what was sent to be acknowledged, and gives up what is not. Nothing is sent any more.
func (s *Sender) Close(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.client.Flush(50) > 0 && ctx.Err() == nil {
	}
	retire(s.client)
	s.reports.Wait()
}
