package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Sender produces single records as soon as they come, without transactions, and tells what became of each. It is safe
// for concurrent use.
type Sender struct {
	config Config
	client *kafka.Producer
	topic  string
	ended  chan struct{} // closed when no more outcomes come
}

// Delivered is told where a record is, or why it is not known to be there. It must not block.
type Delivered func(partition int32, offset int64, err error)

// NewSender returns a Sender to a topic. A record that the brokers have not acknowledged within patience is given up:
// most likely it is not in the topic, but it may be.
func NewSender(config Config, topic string, patience time.Duration) (*Sender, error) {
	p, err := newProducer(config, kafka.ConfigMap{
		"go.delivery.report.fields": "none",
		"go.events.channel.size":    10_000,
		"linger.ms":                 0, // somebody waits for each record
		"reconnect.backoff.max.ms":  1000,
		"message.timeout.ms":        int(patience.Milliseconds()),
	})
	if err != nil {
		return nil, err
	}
	s := &Sender{config: config, client: p.client, topic: topic, ended: make(chan struct{})}
	go s.report()
	return s, nil
}

// Send hands a record over; its bytes are copied. Its key decides the partition. Unless Send fails, delivered is called
// once.
func (s *Sender) Send(key, value []byte, delivered Delivered) error {
	err := s.client.Produce(&kafka.Message{
		TopicPartition: kafka.TopicPartition{Topic: &s.topic, Partition: kafka.PartitionAny},
		Key:            key, Value: value, Opaque: delivered,
	}, nil)
	var ke kafka.Error
	if errors.As(err, &ke) && ke.Code() == kafka.ErrQueueFull {
		return fmt.Errorf("produce to %s: %w (%w)", s.topic, err, ErrRetry)
	}
	return classify("produce to "+s.topic, err)
}

// report passes on what the client tells, until it is closed.
func (s *Sender) report() {
	defer close(s.ended)
	for ev := range s.client.Events() {
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

// Close waits until ctx ends for what was sent to be acknowledged, and gives up what is not.
func (s *Sender) Close(ctx context.Context) {
	for s.client.Flush(50) > 0 && ctx.Err() == nil {
	}
	_ = s.client.Purge(kafka.PurgeQueue | kafka.PurgeInFlight)
	s.client.Flush(1000) // tells of what is given up
	s.client.Close()
	<-s.ended
}
