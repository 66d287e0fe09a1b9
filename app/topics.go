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
		{Name: c.Kafka.Topics.Feedback, Partitions: partitions, Replicas: replicas, Retention: -1},
		{Name: c.Kafka.Topics.Control, Partitions: 1, Replicas: replicas, Retention: -1, Compacted: true},
	}
}

// neededTopics are all topics with what they must be like at least.
func (c *Config) neededTopics(partitions int32) []stream.Topic {
	all := c.wantedTopics(partitions, 0, 0)
	all[0].Retention = c.leastRetention()
	return all
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
	for _, want := range c.neededTopics(in.Partitions) {
		have, err := admin.Describe(ctx, want.Name)
		if err == nil {
			err = admin.Settings(ctx, &have)
		}
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		if faults := compareTopic(have, want); len(faults) > 0 {
			for _, f := range faults {
				wrong = append(wrong, fmt.Errorf("%s: %v", have.Name, f))
			}
			continue
		}
		if _, err := fmt.Fprintf(w, "%-28s fine: %d partitions, %d replicas\n", have.Name, have.Partitions, have.Replicas); err != nil {
			return err
		}
	}
	return errors.Join(wrong...)
}

// topicFault is what is not right about a topic.
type topicFault struct {
	text  string
	set   string // the setting that mends it, "" where none does
	grave bool   // decisions would be lost, or wrong
}

// String returns the fault with what mends it.
func (f topicFault) String() string {
	if f.set == "" {
		return f.text
	}
	return f.text + "; set " + f.set
}

// compareTopic returns the faults of a topic.
func compareTopic(have, want stream.Topic) []topicFault {
	var all []topicFault
	switch {
	case want.Compacted && !have.Compacted:
		all = append(all, topicFault{"must be compacted", "cleanup.policy=compact", false})
	case have.Compacted && !want.Compacted:
		all = append(all, topicFault{"must not be compacted, since every record of an account counts", "cleanup.policy=delete", true})
	}
	if have.Partitions != want.Partitions && want.Partitions > 1 {
		all = append(all, topicFault{fmt.Sprintf("has %d partitions and must have %d, as many as the transactions topic", have.Partitions, want.Partitions), "", true})
	}
	if want.Retention > 0 && have.Retention > 0 && have.Retention < want.Retention {
		all = append(all, topicFault{
			fmt.Sprintf("keeps records for %s, and the features look back %s", daysText(have.Retention), daysText(want.Retention)),
			fmt.Sprintf("retention.ms=%d", want.Retention.Milliseconds()), true,
		})
	}
	return all
}
