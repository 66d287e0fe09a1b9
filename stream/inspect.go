package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Cluster is what the brokers say of themselves.
type Cluster struct {
	ID       string
	Brokers  []string          // host:port
	Settings map[string]string // of one of them; nil if this user may not read them
}

// Cluster returns what the brokers say of themselves.
func (a *Admin) Cluster(ctx context.Context) (Cluster, error) {
	d, err := a.client.DescribeCluster(ctx)
	if err != nil {
		return Cluster{}, classify("describe the cluster", a.config.describe(err))
	}
	var c Cluster
	if d.ClusterID != nil {
		c.ID = *d.ClusterID
	}
	for _, n := range d.Nodes {
		c.Brokers = append(c.Brokers, fmt.Sprintf("%s:%d", n.Host, n.Port))
	}
	if len(d.Nodes) == 0 {
		return c, nil
	}
	r, err := a.client.DescribeConfigs(ctx, []kafka.ConfigResource{{Type: kafka.ResourceBroker, Name: strconv.Itoa(d.Nodes[0].ID)}})
	if err != nil || r[0].Error.Code() != kafka.ErrNoError {
		return c, nil //nolint:nilerr // not being allowed to read the settings is an answer
	}
	c.Settings = make(map[string]string)
	for name, entry := range r[0].Config {
		c.Settings[name] = entry.Value
	}
	return c, nil
}

// Group is a consumer group as the cluster has it.
type Group struct {
	State     string // Kafka's word for it: Stable, Empty, Dead, …
	Members   int
	Committed []int64 // by partition of the topic, NoOffset where there is none
}

// Group returns a consumer group with its offsets on a topic. A group that never was is one without members.
func (a *Admin) Group(ctx context.Context, name string, topic Topic) (Group, error) {
	d, err := a.client.DescribeConsumerGroups(ctx, []string{name})
	if err != nil {
		return Group{}, classify("describe group "+name, a.config.describe(err))
	}
	if e := d.ConsumerGroupDescriptions[0].Error; e.Code() != kafka.ErrNoError && e.Code() != kafka.ErrGroupIDNotFound {
		return Group{}, classify("describe group "+name, e)
	}
	g := Group{State: d.ConsumerGroupDescriptions[0].State.String(), Members: len(d.ConsumerGroupDescriptions[0].Members)}
	g.Committed, err = a.Committed(ctx, name, topic)
	return g, err
}

// Committed returns the offsets that a group has committed on a topic, NoOffset where there is none. What is part of a
// transaction that is still open is not committed.
func (a *Admin) Committed(ctx context.Context, group string, topic Topic) ([]int64, error) {
	r, err := a.client.ListConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{Group: group, Partitions: topic.partitions()}})
	committed := make([]int64, topic.Partitions)
	for i := range committed {
		committed[i] = NoOffset
	}
	var refused kafka.Error
	if errors.As(err, &refused) && refused.Code() == kafka.ErrGroupIDNotFound {
		return committed, nil // it never was
	}
	if err != nil {
		return nil, classify("read the offsets of group "+group, a.config.describe(err))
	}
	for _, p := range r.ConsumerGroupsTopicPartitions[0].Partitions {
		if p.Error != nil {
			return nil, classify("read the offsets of group "+group, p.Error)
		}
		if p.Offset >= 0 {
			committed[p.Partition] = int64(p.Offset)
		}
	}
	return committed, nil
}

// Bounds returns, for each partition of a topic, the offset of the first retained record and the one behind the last.
func (a *Admin) Bounds(ctx context.Context, topic Topic) (first, end []int64, err error) {
	if first, err = a.offsets(ctx, topic, kafka.EarliestOffsetSpec); err != nil {
		return nil, nil, err
	}
	end, err = a.Ends(ctx, topic.Name, topic.Partitions)
	return first, end, err
}

// Ends returns, for each partition of a topic, the offset behind the last stable record. A consumer would do the same, but
// the broker answers one question of a connection after the other, and one that waits for records to come is the rule there.
func (a *Admin) Ends(ctx context.Context, topic string, partitions int32) ([]int64, error) {
	return a.offsets(ctx, Topic{Name: topic, Partitions: partitions}, kafka.LatestOffsetSpec)
}

func (a *Admin) offsets(ctx context.Context, topic Topic, which kafka.OffsetSpec) ([]int64, error) {
	ask := make(map[kafka.TopicPartition]kafka.OffsetSpec)
	for _, p := range topic.partitions() {
		ask[p] = which
	}
	r, err := a.client.ListOffsets(ctx, ask, kafka.SetAdminIsolationLevel(kafka.IsolationLevelReadCommitted))
	if err != nil {
		return nil, classify("read the bounds of "+topic.Name, a.config.describe(err))
	}
	at := make([]int64, topic.Partitions)
	for p, found := range r.ResultInfos {
		if found.Error.Code() != kafka.ErrNoError {
			return nil, classify(fmt.Sprintf("read the bounds of %s/%d", topic.Name, p.Partition), found.Error)
		}
		at[p.Partition] = int64(found.Offset)
	}
	return at, nil
}

// partitions returns the topic's partitions as the client wants them.
func (t *Topic) partitions() []kafka.TopicPartition {
	all := make([]kafka.TopicPartition, t.Partitions)
	for i := range all {
		all[i] = kafka.TopicPartition{Topic: &t.Name, Partition: int32(i)}
	}
	return all
}
