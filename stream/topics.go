package stream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Admin creates and inspects topics.
type Admin struct {
	config Config
	client *kafka.AdminClient
}

// NewAdmin returns an Admin.
func NewAdmin(config Config) (*Admin, error) {
	m, err := config.client(kafka.ConfigMap{})
	if err != nil {
		return nil, err
	}
	client, err := kafka.NewAdminClient(m)
	if err != nil {
		return nil, fmt.Errorf("create a Kafka admin client: %w", err)
	}
	return &Admin{config, client}, nil
}

// Close closes the connections.
func (a *Admin) Close() { a.client.Close() }

// Topic is a topic as the cluster has it.
type Topic struct {
	Name       string
	ID         string // given at creation, so that a topic deleted and made again is told apart
	Partitions int32
	Replicas   int
	Compacted  bool
	Retention  time.Duration // 0 for unlimited

	RetentionBytes int64 // of a partition, 0 for unlimited; as found, Create leaves it alone
	MinInSync      int   // replicas that must have a record before it counts as written; as found too
}

// ErrNoTopic is matched by the error for a topic that does not exist.
var ErrNoTopic = errors.New("topic does not exist")

// Describe returns the named topic.
func (a *Admin) Describe(ctx context.Context, name string) (Topic, error) {
	answered := a.config.asked()
	defer answered()
	r, err := a.client.DescribeTopics(ctx, kafka.NewTopicCollectionOfTopicNames([]string{name}), kafka.SetAdminRequestTimeout(10*time.Second))
	if err != nil {
		return Topic{}, classify("describe topic "+name, a.config.describe(err))
	}
	d := r.TopicDescriptions[0]
	switch d.Error.Code() {
	case kafka.ErrNoError:
	case kafka.ErrUnknownTopicOrPart:
		return Topic{}, fmt.Errorf("%s: %w; `weir topics create` makes it", name, ErrNoTopic)
	default:
		return Topic{}, classify("describe topic "+name, d.Error)
	}
	t := Topic{Name: name, ID: d.TopicID.String(), Partitions: int32(len(d.Partitions))}
	if len(d.Partitions) > 0 {
		t.Replicas = len(d.Partitions[0].Replicas)
	}
	return t, nil
}

// Settings fills in what Describe leaves out.
func (a *Admin) Settings(ctx context.Context, t *Topic) error {
	r, err := a.client.DescribeConfigs(ctx, []kafka.ConfigResource{{Type: kafka.ResourceTopic, Name: t.Name}}, kafka.SetAdminRequestTimeout(10*time.Second))
	if err != nil {
		return classify("read the settings of topic "+t.Name, a.config.describe(err))
	}
	if r[0].Error.Code() != kafka.ErrNoError {
		return classify("read the settings of topic "+t.Name, r[0].Error)
	}
	t.Compacted = r[0].Config["cleanup.policy"].Value != "delete"
	number := func(name string) int64 {
		n, wrong := strconv.ParseInt(r[0].Config[name].Value, 10, 64)
		if wrong != nil && err == nil {
			err = fmt.Errorf("read the settings of topic %s: %s is %q", t.Name, name, r[0].Config[name].Value)
		}
		return n
	}
	if ms := number("retention.ms"); ms < math.MaxInt64/int64(time.Millisecond) {
		t.Retention = max(0, time.Duration(ms)*time.Millisecond)
	}
	t.RetentionBytes = max(0, number("retention.bytes"))
	t.MinInSync = int(number("min.insync.replicas"))
	return err
}

// Create makes the topic if it does not exist, and tells whether it did. Retention 0 keeps the broker's default, a
// negative one keeps everything; Replicas 0 leaves the number to the broker.
func (a *Admin) Create(ctx context.Context, t Topic) (created bool, err error) {
	settings := map[string]string{"cleanup.policy": "delete"}
	if t.Compacted {
		settings["cleanup.policy"] = "compact"
	}
	switch {
	case t.Retention > 0:
		settings["retention.ms"] = strconv.FormatInt(t.Retention.Milliseconds(), 10)
	case t.Retention < 0:
		settings["retention.ms"] = "-1"
	}
	answered := a.config.asked()
	defer answered()
	replicas := t.Replicas
	if replicas == 0 {
		replicas = -1
	}
	r, err := a.client.CreateTopics(ctx, []kafka.TopicSpecification{{
		Topic: t.Name, NumPartitions: int(t.Partitions), ReplicationFactor: replicas, Config: settings,
	}}, kafka.SetAdminOperationTimeout(20*time.Second), kafka.SetAdminRequestTimeout(30*time.Second))
	if err != nil {
		return false, classify("create topic "+t.Name, a.config.describe(err))
	}
	switch r[0].Error.Code() {
	case kafka.ErrNoError:
		return true, a.await(ctx, t.Name)
	case kafka.ErrTopicAlreadyExists:
		return false, nil
	}
	return false, classify("create topic "+t.Name, r[0].Error)
}

// await waits until a topic just created is known to the broker that answers.
func (a *Admin) await(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := a.Describe(ctx, name)
		if err == nil || !errors.Is(err, ErrNoTopic) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// Delete removes a topic and all its records. A topic that does not exist is no error.
func (a *Admin) Delete(ctx context.Context, name string) error {
	r, err := a.client.DeleteTopics(ctx, []string{name}, kafka.SetAdminOperationTimeout(20*time.Second))
	if err != nil {
		return classify("delete topic "+name, a.config.describe(err))
	}
	if code := r[0].Error.Code(); code != kafka.ErrNoError && code != kafka.ErrUnknownTopicOrPart {
		return classify("delete topic "+name, r[0].Error)
	}
	return nil
}
