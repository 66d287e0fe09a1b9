package stream

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Reader reads all partitions of a topic outside of any group: committed records only, in order within a partition.
// It is used by one goroutine.
type Reader struct {
	config Config
	client *kafka.Consumer
	poller poller
	topic  string
	end    []int64 // behind the last record that was there when the reader was made
	at     []int64
}

// From says where a Reader begins.
type From bool

// The places to begin.
const (
	FromStart From = false // the first retained record
	FromEnd   From = true  // what comes after now
)

// NewReader returns a reader of all partitions of the topic.
func NewReader(ctx context.Context, config Config, topic Topic, from From) (*Reader, error) {
	return newReader(ctx, config, topic, func(r *Reader, partition int32, first int64) (int64, error) {
		if from == FromEnd {
			return r.end[partition], nil
		}
		return first, nil
	})
}

// NewReaderAt returns a reader of all partitions of the topic, of each from the given offset on, or from the first that is
// retained where that is later.
func NewReaderAt(ctx context.Context, config Config, topic Topic, next []int64) (*Reader, error) {
	return newReader(ctx, config, topic, func(r *Reader, partition int32, first int64) (int64, error) {
		if next[partition] > r.end[partition] {
			return 0, fmt.Errorf("topic %s ends at offset %d of partition %d, and was read up to %d before: it was made anew", topic.Name, r.end[partition], partition, next[partition])
		}
		return max(first, next[partition]), nil
	})
}

// NewReaderSince returns a reader of all partitions of the topic, of each from its first record that is as new as since.
func NewReaderSince(ctx context.Context, config Config, topic Topic, since time.Time) (*Reader, error) {
	return newReader(ctx, config, topic, func(r *Reader, partition int32, first int64) (int64, error) {
		ask := []kafka.TopicPartition{{Topic: &r.topic, Partition: partition, Offset: kafka.Offset(since.UnixMilli())}}
		found, err := r.client.OffsetsForTimes(ask, timeoutOf(ctx))
		if err == nil {
			err = found[0].Error
		}
		if err != nil {
			return 0, classify("find a time in "+topic.Name, config.describe(err))
		}
		if found[0].Offset < 0 { // there is none
			return r.end[partition], nil
		}
		return max(first, int64(found[0].Offset)), nil
	})
}

// newReader returns a reader that begins where start says, which is told a partition and its first offset.
func newReader(ctx context.Context, config Config, topic Topic, start func(r *Reader, partition int32, first int64) (int64, error)) (*Reader, error) {
	m, err := config.client(kafka.ConfigMap{
		"group.id":                 "weir-reader", // the client insists on one; nothing is committed
		"isolation.level":          "read_committed",
		"enable.auto.commit":       false,
		"enable.auto.offset.store": false,
		"auto.offset.reset":        "error",
		"enable.partition.eof":     true,
		"fetch.queue.backoff.ms":   5,
		"fetch.wait.max.ms":        50,
	})
	if err != nil {
		return nil, err
	}
	client, err := kafka.NewConsumer(m)
	if err != nil {
		return nil, fmt.Errorf("create a Kafka consumer: %w", err)
	}
	r := &Reader{config: config, client: client, poller: poller{client: client}, topic: topic.Name, end: make([]int64, topic.Partitions), at: make([]int64, topic.Partitions)}
	assignment := make([]kafka.TopicPartition, topic.Partitions)
	for p := range assignment {
		first, end, err := client.QueryWatermarkOffsets(topic.Name, int32(p), timeoutOf(ctx))
		if err != nil {
			_ = client.Close()
			return nil, classify("read the bounds of "+topic.Name, config.describe(err))
		}
		r.end[p] = end
		if r.at[p], err = start(r, int32(p), first); err != nil {
			_ = client.Close()
			return nil, err
		}
		assignment[p] = kafka.TopicPartition{Topic: &r.topic, Partition: int32(p), Offset: kafka.Offset(r.at[p])}
	}
	if err := client.Assign(assignment); err != nil {
		_ = client.Close()
		return nil, fmt.Errorf("read %s: %w", topic.Name, err)
	}
	return r, nil
}

// Poll waits up to wait for records and appends those that are there to batch, at most limit in all.
func (r *Reader) Poll(batch []Record, limit int, wait time.Duration) ([]Record, error) {
	for len(batch) < limit {
		ev := r.poller.next(wait)
		if ev == nil {
			break
		}
		wait = 0
		switch e := ev.(type) {
		case *kafka.Message:
			if e.TopicPartition.Error != nil {
				return batch, classify("read "+r.topic, e.TopicPartition.Error)
			}
			batch = append(batch, Record{
				Partition: e.TopicPartition.Partition, Offset: int64(e.TopicPartition.Offset),
				Time: e.Timestamp.UnixMilli(), Key: e.Key, Value: e.Value, Headers: headers(e),
			})
			r.at[e.TopicPartition.Partition] = int64(e.TopicPartition.Offset) + 1
		case kafka.PartitionEOF:
			r.at[e.Partition] = max(r.at[e.Partition], int64(e.Offset))
		case kafka.Error:
			if e.IsFatal() || !passing(e.Code()) && !e.IsRetriable() {
				return batch, classify("read "+r.topic, r.config.describe(e))
			}
		}
	}
	return batch, nil
}

func headers(m *kafka.Message) []Header {
	if len(m.Headers) == 0 {
		return nil
	}
	all := make([]Header, len(m.Headers))
	for i, h := range m.Headers {
		all[i] = Header{Key: h.Key, Value: h.Value}
	}
	return all
}

// Ends returns, for each partition, the offset behind the last record that was there when the reader was made.
func (r *Reader) Ends() []int64 { return slices.Clone(r.end) }

// Left returns how many offsets are left of what was there when the reader was made.
func (r *Reader) Left() int64 {
	var n int64
	for p := range r.end {
		n += max(0, r.end[p]-r.at[p])
	}
	return n
}

// Done reports whether everything of a partition that was there when the reader was made has been read.
func (r *Reader) Done(partition int32) bool { return r.at[partition] >= r.end[partition] }

// Pause stops the reading of a partition until Resume.
func (r *Reader) Pause(partition int32) error {
	return classify("pause "+r.topic, r.client.Pause([]kafka.TopicPartition{{Topic: &r.topic, Partition: partition}}))
}

// Resume goes on reading a paused partition.
func (r *Reader) Resume(partition int32) error {
	return classify("resume "+r.topic, r.client.Resume([]kafka.TopicPartition{{Topic: &r.topic, Partition: partition}}))
}

// Close closes the connections.
func (r *Reader) Close() error { return r.client.Close() }
