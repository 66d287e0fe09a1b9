package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Producer produces records, in transactions or without. It is used by one goroutine at a time.
type Producer struct {
	config    Config
	client    *kafka.Producer
	topics    map[string]*string
	message   kafka.Message
	failed    error // first delivery that failed for good
	undrained int   // records produced since the client's reports were taken in
}

// NewProducer returns a producer that delivers each record exactly once into its partition as long as it lives.
func NewProducer(config Config) (*Producer, error) {
	return newProducer(config, kafka.ConfigMap{
		"go.delivery.report.fields": "none",
		"linger.ms":                 5, // as Kafka's own clients do since version 4
	})
}

// NewTransactionalProducer returns a producer whose records become visible with the transactions they are part of.
// The id names this producer across restarts: a new one with the same id ends what the old one left open.
func NewTransactionalProducer(ctx context.Context, config Config, id string, timeout time.Duration) (*Producer, error) {
	p, err := newProducer(config, kafka.ConfigMap{
		"transactional.id":       id,
		"transaction.timeout.ms": int(timeout.Milliseconds()),
		"go.delivery.reports":    false, // a failed delivery fails the commit
		"go.events.channel.size": 1000,  // for errors alone; the collector would look through room for a million
		// A commit sends at once what is there. Before that, many small requests gain nothing: beyond five that a busy broker
		// has not answered, the client asks it in a loop without a pause whether it may send on.
		"linger.ms": 100,
	})
	if err != nil {
		return nil, err
	}
	if err := p.client.InitTransactions(ctx); err != nil {
		p.Close()
		return nil, classify("begin to produce in transactions", config.describe(err))
	}
	return p, nil
}

func newProducer(config Config, own kafka.ConfigMap) (*Producer, error) {
	own["enable.idempotence"] = true
	own["go.produce.channel.size"] = 1 // it is not used, and has room for a million otherwise
	own["partitioner"] = "murmur2_random"
	own["compression.type"] = "lz4"
	own["queue.buffering.max.messages"] = 1_000_000
	// Each transaction would otherwise wait 100 ms for the markers of the last one.
	own["retry.backoff.ms"] = 2
	own["retry.backoff.max.ms"] = 4 // the client doubles its wait each time, and markers take longer when the broker is busy
	m, err := config.client(own)
	if err != nil {
		return nil, err
	}
	client, err := kafka.NewProducer(m)
	if err != nil {
		return nil, fmt.Errorf("create a Kafka producer: %w", err)
	}
	return &Producer{config: config, client: client, topics: make(map[string]*string)}, nil
}

// Produce hands one record over; its bytes are copied. It blocks while the client's queue is full.
func (p *Producer) Produce(m *Message) error {
	topic := p.topics[m.Topic]
	if topic == nil {
		name := m.Topic
		topic = &name
		p.topics[m.Topic] = topic
	}
	partition := m.Partition
	if partition == AnyPartition {
		partition = kafka.PartitionAny
	}
	p.message = kafka.Message{TopicPartition: kafka.TopicPartition{Topic: topic, Partition: partition}, Key: m.Key, Value: m.Value}
	for _, h := range m.Headers {
		p.message.Headers = append(p.message.Headers, kafka.Header{Key: h.Key, Value: h.Value})
	}
	for {
		err := p.client.Produce(&p.message, nil)
		var ke kafka.Error
		if errors.As(err, &ke) && ke.Code() == kafka.ErrQueueFull {
			p.client.Flush(10)
			p.drain()
			continue
		}
		if p.undrained++; p.undrained >= drainEvery {
			p.drain()
		}
		return classify("produce to "+m.Topic, err)
	}
}

// drainEvery is after how many records the client's reports are taken in, so that they do not pile up.
const drainEvery = 10_000

// Begin starts a transaction.
func (p *Producer) Begin() error {
	return classify("begin a transaction", p.client.BeginTransaction())
}

// Commit adds the offsets to the transaction, on behalf of the consumer's group membership, and commits it. On an
// error the transaction is aborted where that is possible: the error then matches ErrAborted, otherwise
// ErrIndefinite or ErrFenced.
func (p *Producer) Commit(ctx context.Context, c *Consumer, next map[int32]int64) error {
	offsets := make([]kafka.TopicPartition, 0, len(next))
	for partition, offset := range next {
		offsets = append(offsets, kafka.TopicPartition{Topic: &c.topic, Partition: partition, Offset: kafka.Offset(offset)})
	}
	member, err := c.client.GetConsumerGroupMetadata()
	if err != nil {
		return p.abort(ctx, classify("read the group membership", err))
	}
	err = again(ctx, func() error { return p.client.SendOffsetsToTransaction(ctx, offsets, member) })
	if err != nil {
		return p.abort(ctx, classify("send offsets", err))
	}
	if err := again(ctx, func() error { return p.client.CommitTransaction(ctx) }); err != nil {
		return p.abort(ctx, classify("commit", err))
	}
	return nil
}

// again calls f until it ends otherwise than with a retriable error: the client then resumes the same operation.
func again(ctx context.Context, f func() error) error {
	for {
		err := f()
		var ke kafka.Error
		if !errors.As(err, &ke) || !ke.IsRetriable() || ke.TxnRequiresAbort() || ctx.Err() != nil {
			return err
		}
	}
}

// Abort ends the transaction without effect.
func (p *Producer) Abort(ctx context.Context) error {
	return p.abort(ctx, ErrAborted)
}

// abort aborts the transaction after cause, and says what that makes of it.
func (p *Producer) abort(ctx context.Context, cause error) error {
	if errors.Is(cause, ErrFenced) || errors.Is(cause, ErrIndefinite) {
		return cause
	}
	if err := again(ctx, func() error { return p.client.AbortTransaction(ctx) }); err != nil {
		return fmt.Errorf("%w: %w: then abort: %w", ErrIndefinite, cause, err)
	}
	if errors.Is(cause, ErrAborted) {
		return cause
	}
	return fmt.Errorf("%w: %w", ErrAborted, cause)
}

// Flush waits until everything produced without a transaction is acknowledged. An error means that a record was not.
func (p *Producer) Flush(ctx context.Context) error {
	for p.client.Flush(100) > 0 {
		p.drain()
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("flush: %w: %w", ErrRetry, err)
		}
	}
	p.drain()
	return p.failed
}

// drain takes in what the client has to tell, without waiting.
func (p *Producer) drain() {
	p.undrained = 0
	for {
		select {
		case ev := <-p.client.Events():
			switch e := ev.(type) {
			case *kafka.Message:
				if e.TopicPartition.Error != nil && p.failed == nil {
					p.failed = fmt.Errorf("produce to %s: %w: %w", *e.TopicPartition.Topic, ErrIndefinite, e.TopicPartition.Error)
				}
			case kafka.Error:
				if e.IsFatal() && p.failed == nil {
					p.failed = fmt.Errorf("producer: %w: %w", ErrIndefinite, e)
				}
			}
		default:
			return
		}
	}
}

// Pending returns how many records are not yet acknowledged.
func (p *Producer) Pending() int { return p.client.Len() }

// Close gives up what has not been acknowledged. Call Flush first where that matters.
func (p *Producer) Close() {
	// Close waits for queued records; after an abort or in a fenced producer they will never leave.
	_ = p.client.Purge(kafka.PurgeQueue | kafka.PurgeInFlight)
	p.client.Close()
}
