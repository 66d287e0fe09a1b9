package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-fraud/weir/stream"
)

// wantedTopics are all topics with the settings that they should have.
func (c *Config) wantedTopics(partitions int32, replicas int, retention time.Duration) []stream.Topic {
	t := c.topics()
	return []stream.Topic{
		{Name: t.Transactions, Partitions: partitions, Replicas: replicas, Retention: retention},
		{Name: t.Decisions, Partitions: partitions, Replicas: replicas, Retention: retention},
		{Name: t.Alerts, Partitions: partitions, Replicas: replicas, Retention: retention},
		{Name: t.DeadLetters, Partitions: 1, Replicas: replicas, Retention: retention},
		{Name: c.Kafka.Topics.Feedback, Partitions: 1, Replicas: replicas, Retention: -1},
		{Name: c.Kafka.Topics.Control, Partitions: 1, Replicas: replicas, Retention: -1, Compacted: true},
	}
}

// leastRetention is what the log must cover so that the state can be rebuilt from it.
func (c *Config) leastRetention() time.Duration {
	layout := c.layout()
	return layout.Idle()
}

// CreateTopics is `weir topics create`. Topics that exist are left alone, and checked. Replicas 0 leaves the number to
// the brokers.
func CreateTopics(ctx context.Context, c Config, partitions int32, replicas int, w io.Writer) error {
	admin, err := stream.NewAdmin(c.kafka())
	if err != nil {
		return err
	}
	defer admin.Close()
	// Half as much again as the horizon, so that a rebuild still finds it all some days later.
	retention := c.leastRetention() * 3 / 2
	for _, t := range c.wantedTopics(partitions, replicas, retention) {
		created, err := admin.Create(ctx, t)
		if err != nil {
			return err
		}
		what := "exists"
		if created {
			what = "created"
		}
		if _, err := fmt.Fprintf(w, "%-28s %s, %d partitions\n", t.Name, what, t.Partitions); err != nil {
			return err
		}
	}
	return nil
}

// CheckTopics is `weir topics check`: it reports every topic that is missing or not as it should be.
func CheckTopics(ctx context.Context, c Config, w io.Writer) error {
	admin, err := stream.NewAdmin(c.kafka())
	if err != nil {
		return err
	}
	defer admin.Close()
	in, err := admin.Describe(ctx, c.topics().Transactions)
	if err != nil {
		return err
	}
	var wrong []error
	for _, want := range c.wantedTopics(in.Partitions, 0, c.leastRetention()) {
		have, err := admin.Describe(ctx, want.Name)
		if err == nil {
			err = admin.Settings(ctx, &have)
		}
		if err == nil {
			err = compareTopic(have, want)
		}
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		if _, err := fmt.Fprintf(w, "%-28s fine: %d partitions, %d replicas\n", have.Name, have.Partitions, have.Replicas); err != nil {
			return err
		}
	}
	return errors.Join(wrong...)
}

func compareTopic(have, want stream.Topic) error {
	switch {
	case have.Compacted != want.Compacted && want.Compacted:
		return fmt.Errorf("%s: must be compacted; set cleanup.policy=compact", have.Name)
	case have.Compacted != want.Compacted:
		return fmt.Errorf("%s: must not be compacted, since every record of an account counts; set cleanup.policy=delete", have.Name)
	case have.Partitions != want.Partitions && want.Partitions > 1:
		return fmt.Errorf("%s: has %d partitions and must have %d, as many as the transactions topic", have.Name, have.Partitions, want.Partitions)
	case want.Retention > 0 && have.Retention > 0 && have.Retention < want.Retention:
		return fmt.Errorf("%s: keeps records for %v, and the features look back %v; raise retention.ms", have.Name, have.Retention, want.Retention)
	}
	return nil
}
