package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// GroupConfig says how a worker takes part in a consumer group.
type GroupConfig struct {
	Group          string
	Instance       string        // static membership: a restart under the same name keeps its partitions; empty for none
	SessionTimeout time.Duration // how long a silent worker keeps its partitions
	Topic          string
}

// Rebalancer is told which partitions a consumer gains and loses. Its methods run inside Poll.
type Rebalancer interface {
	// Assigned returns the offset to start from for each of the partitions, in their order. Joining the group and being
	// given none is told too.
	Assigned(ctx context.Context, partitions []int32) ([]int64, error)
	// Revoked is the last chance to finish what is in hand for the partitions. lost means that it is too late for
	// that: another worker may have them already.
	Revoked(ctx context.Context, partitions []int32, lost bool)
}

// Consumer is one member of a consumer group on one topic, or reads partitions of its own choice outside of any. It commits
// nothing by itself. It is used by one goroutine, beside which a Producer may commit on its behalf.
type Consumer struct {
	config Config
	client *kafka.Consumer
	poller poller
	topic  string
	rebal  Rebalancer
	leaves bool // Close is under way

	// Of the Poll under way.
	ctx   context.Context
	batch []Record
	err   error
	ends  []End
}

// End tells that a partition has been read up to an offset at which there was nothing more.
type End struct {
	Partition int32
	Offset    int64
}

// NewConsumer joins the group. Nothing is read before Poll.
func NewConsumer(config Config, group GroupConfig, r Rebalancer) (*Consumer, error) {
	own := reading(group.Group)
	own["session.timeout.ms"] = int(group.SessionTimeout.Milliseconds())
	own["heartbeat.interval.ms"] = heartbeat(group.SessionTimeout)
	own["partition.assignment.strategy"] = "cooperative-sticky"
	if group.Instance != "" {
		own["group.instance.id"] = group.Instance
	}
	c, err := newConsumer(config, own, group.Topic)
	if err != nil {
		return nil, err
	}
	c.rebal = r
	if err := c.client.Subscribe(group.Topic, c.rebalance); err != nil {
		_ = c.client.Close()
		return nil, fmt.Errorf("subscribe to %s: %w", group.Topic, err)
	}
	return c, nil
}

// NewFollower returns a consumer that is no member of the group, which it names to the brokers all the same: who may read as
// the group may read beside it. It reads what Assign says.
func NewFollower(config Config, group, topic string) (*Consumer, error) {
	return newConsumer(config, reading(group), topic)
}

// Assign makes a follower read partitions, each from an offset.
func (c *Consumer) Assign(from map[int32]int64) error {
	partitions := make([]kafka.TopicPartition, 0, len(from))
	for p, at := range from {
		partitions = append(partitions, kafka.TopicPartition{Topic: &c.topic, Partition: p, Offset: kafka.Offset(at)})
	}
	return classify("read "+c.topic, c.client.Assign(partitions))
}

// reading returns the properties of every consumer.
func reading(group string) kafka.ConfigMap {
	return kafka.ConfigMap{
		"group.id":                   group,
		"isolation.level":            "read_committed",
		"enable.auto.commit":         false,
		"enable.auto.offset.store":   false,
		"auto.offset.reset":          "error", // offsets are always given; a wrong one must not be moved silently
		"enable.partition.eof":       true,
		"fetch.queue.backoff.ms":     5, // the default of 1 s stalls a fast reader
		"fetch.wait.max.ms":          100,
		"queued.min.messages":        20_000, // of a partition; what is fetched is thrown away when it is paused
		"queued.max.messages.kbytes": 131_072,
	}
}

func newConsumer(config Config, own kafka.ConfigMap, topic string) (*Consumer, error) {
	m, err := config.client(own)
	if err != nil {
		return nil, err
	}
	client, err := kafka.NewConsumer(m)
	if err != nil {
		return nil, fmt.Errorf("create a Kafka consumer: %w", err)
	}
	return &Consumer{config: config, client: client, poller: poller{client: client}, topic: topic}, nil
}

// heartbeat returns the milliseconds between heartbeats. A member learns with the next one that the group rebalances,
// and until then nobody gets a partition: that wait is what short intervals save.
func heartbeat(session time.Duration) int {
	return int(min(session/4, 500*time.Millisecond).Milliseconds())
}

// Poll waits up to wait for records and appends those that are there to batch, at most limit in all. Records of
// partitions that are revoked meanwhile are not among them. ends is good until the next call.
func (c *Consumer) Poll(ctx context.Context, batch []Record, limit int, wait time.Duration) (all []Record, ends []End, err error) {
	c.ctx, c.batch, c.err, c.ends = ctx, batch, nil, c.ends[:0]
	defer func() { c.ctx, c.batch = nil, nil }()
	for len(c.batch) < limit && c.err == nil {
		ev := c.poller.next(wait)
		if ev == nil {
			break
		}
		wait = 0
		switch e := ev.(type) {
		case *kafka.Message:
			if e.TopicPartition.Error != nil {
				c.err = classify("consume "+c.topic, e.TopicPartition.Error)
				break
			}
			c.batch = append(c.batch, Record{
				Partition: e.TopicPartition.Partition, Offset: int64(e.TopicPartition.Offset),
				Time: e.Timestamp.UnixMilli(), Key: e.Key, Value: e.Value,
			})
		case kafka.PartitionEOF:
			c.ends = append(c.ends, End{e.Partition, int64(e.Offset)})
		case kafka.Error:
			if e.IsFatal() || !passing(e.Code()) && !e.IsRetriable() {
				c.err = classify("consume "+c.topic, c.config.describe(e))
			}
		}
	}
	return c.batch, c.ends, c.err
}

// rebalance runs inside Poll and inside Close.
func (c *Consumer) rebalance(_ *kafka.Consumer, ev kafka.Event) error {
	ctx := c.ctx
	if ctx == nil {
		ctx = context.Background()
	}
	switch e := ev.(type) {
	case kafka.AssignedPartitions:
		at, err := c.assigned(ctx, numbers(e.Partitions))
		if err != nil {
			c.err = err
			// The group must hear an answer; nothing of it is processed, since the error ends the worker's run.
			at = make([]int64, len(e.Partitions))
			for i := range at {
				at[i] = int64(kafka.OffsetEnd)
			}
		}
		for i := range e.Partitions {
			e.Partitions[i].Offset = kafka.Offset(at[i])
		}
		return c.client.IncrementalAssign(e.Partitions)
	case kafka.RevokedPartitions:
		gone := numbers(e.Partitions)
		c.batch = slices.DeleteFunc(c.batch, func(r Record) bool { return slices.Contains(gone, r.Partition) })
		c.rebal.Revoked(ctx, gone, c.client.AssignmentLost())
		return c.client.IncrementalUnassign(e.Partitions)
	}
	return nil
}

// errLeaves is the answer to an assignment that comes while the consumer leaves the group.
var errLeaves = errors.New("the consumer leaves its group")

// assigned asks where to start, unless that is of no use any more: what is assigned now is given up with the next breath,
// and to find out where it stands could take for ever if the servers are leaving as well.
func (c *Consumer) assigned(ctx context.Context, partitions []int32) ([]int64, error) {
	if c.leaves {
		return nil, errLeaves
	}
	return c.rebal.Assigned(ctx, partitions)
}

func numbers(partitions []kafka.TopicPartition) []int32 {
	n := make([]int32, len(partitions))
	for i := range partitions {
		n[i] = partitions[i].Partition
	}
	return n
}

// Seek makes the next record of an assigned partition the first one at or after offset.
func (c *Consumer) Seek(partition int32, offset int64) error {
	done, err := c.client.SeekPartitions([]kafka.TopicPartition{{Topic: &c.topic, Partition: partition, Offset: kafka.Offset(offset)}})
	if err == nil && len(done) == 1 {
		err = done[0].Error
	}
	return classify(fmt.Sprintf("seek %s/%d", c.topic, partition), err)
}

// Pause stops the reading of an assigned partition until Resume.
func (c *Consumer) Pause(partition int32) error {
	err := c.client.Pause([]kafka.TopicPartition{{Topic: &c.topic, Partition: partition}})
	return classify(fmt.Sprintf("pause %s/%d", c.topic, partition), err)
}

// Resume goes on reading a paused partition.
func (c *Consumer) Resume(partition int32) error {
	err := c.client.Resume([]kafka.TopicPartition{{Topic: &c.topic, Partition: partition}})
	return classify(fmt.Sprintf("resume %s/%d", c.topic, partition), err)
}

// NoOffset stands for a committed offset that does not exist.
const NoOffset int64 = -1

// Committed returns the group's committed offset of each partition, NoOffset where there is none. It waits for
// transactions that are still open to end.
func (c *Consumer) Committed(ctx context.Context, partitions []int32) ([]int64, error) {
	ask := make([]kafka.TopicPartition, len(partitions))
	for i, p := range partitions {
		ask[i] = kafka.TopicPartition{Topic: &c.topic, Partition: p}
	}
	got, err := c.client.Committed(ask, timeoutOf(ctx))
	var ke kafka.Error
	if errors.As(err, &ke) && ke.Code() == kafka.ErrGroupIDNotFound { // some brokers say so where there is no offset yet
		got, err = nil, nil
	}
	if err != nil {
		return nil, classify("read committed offsets", c.config.describe(err))
	}
	at := make([]int64, len(partitions))
	for i, p := range partitions {
		at[i] = NoOffset
		for _, g := range got {
			if g.Error != nil {
				return nil, classify("read committed offsets", g.Error)
			}
			if g.Partition == p && g.Offset >= 0 {
				at[i] = int64(g.Offset)
			}
		}
	}
	return at, nil
}

// CommitOffsets commits offsets outside of any transaction.
func (c *Consumer) CommitOffsets(next map[int32]int64) error {
	offsets := make([]kafka.TopicPartition, 0, len(next))
	for p, at := range next {
		offsets = append(offsets, kafka.TopicPartition{Topic: &c.topic, Partition: p, Offset: kafka.Offset(at)})
	}
	done, err := c.client.CommitOffsets(offsets)
	for _, d := range done {
		err = errors.Join(err, d.Error)
	}
	return classify("commit offsets", err)
}

// Bounds returns the offset of the first retained record of a partition and the one behind its last stable record.
func (c *Consumer) Bounds(ctx context.Context, partition int32) (first, end int64, err error) {
	first, end, err = c.client.QueryWatermarkOffsets(c.topic, partition, timeoutOf(ctx))
	if err != nil {
		return 0, 0, classify(fmt.Sprintf("read the bounds of %s/%d", c.topic, partition), c.config.describe(err))
	}
	return first, end, nil
}

// End returns the offset behind the last record of an assigned partition as the client last heard of it, and 0 before
// it has.
func (c *Consumer) End(partition int32) int64 {
	_, end, err := c.client.GetWatermarkOffsets(c.topic, partition)
	if err != nil {
		return 0
	}
	return max(0, end)
}

// Close leaves the group, after a last Revoked for what is still assigned.
func (c *Consumer) Close() error {
	c.leaves = true
	if err := c.client.Close(); err != nil {
		return fmt.Errorf("close the Kafka consumer: %w", err)
	}
	return nil
}

// timeoutOf returns the milliseconds that ctx leaves, at most 10 s.
func timeoutOf(ctx context.Context) int {
	left := 10 * time.Second
	if deadline, ok := ctx.Deadline(); ok {
		left = min(left, max(time.Until(deadline), time.Millisecond))
	}
	return int(left.Milliseconds())
}
