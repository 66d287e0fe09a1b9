package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/redisstate"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/stream"
)

// DumpState is `weir state dump`: the canonical state of what is in Redis, comparable with `weir replay --state-out`.
func DumpState(ctx context.Context, c Config, path string, stderr io.Writer) error {
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	admin, err := stream.NewAdmin(c.kafka())
	if err != nil {
		return err
	}
	defer admin.Close()
	topic, err := admin.Describe(ctx, c.Kafka.Topics.Transactions)
	if err != nil {
		return err
	}
	store := c.store()
	defer func() { _ = store.Close() }()
	heads, err := store.Heads(ctx, topic.Partitions)
	if err != nil {
		return err
	}
	o, err := createOutput(path)
	if err != nil {
		return err
	}
	var line []byte
	for p, h := range heads {
		line = pipeline.AppendWatermark(line[:0], int32(p), h.Watermark)
		_, _ = o.Write(line)
	}
	n := 0
	_, err = pipeline.DumpStore(ctx, store, set, topic.Partitions, func(p int32, id string, a *features.Account) error {
		n++
		line = pipeline.AppendState(line[:0], p, id, a)
		_, err := o.Write(line)
		return err
	})
	if err = errors.Join(err, o.Close()); err != nil {
		return err
	}
	for p, h := range heads {
		_, _ = fmt.Fprintf(stderr, "partition %d: applied offset %d, watermark %s\n", p, h.Applied, h.Watermark)
	}
	_, err = fmt.Fprintf(stderr, "%d accounts\n", n)
	return err
}

func (c *Config) pingRedis(ctx context.Context) error {
	store := c.store()
	return errors.Join(store.Ping(ctx), store.Close())
}

// DropState is `weir state drop`: it deletes everything stored under a layout, whatever the topic.
func DropState(ctx context.Context, c Config, layout string, stdout io.Writer) error {
	if err := c.pingRedis(ctx); err != nil {
		return err
	}
	n, err := redisstate.Drop(ctx, c.redis(), layout)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%d keys of layout %s deleted\n", n, layout)
	return err
}

// ListState is `weir state list`: which layouts there is state of in Redis, and which of them is the configured one.
func ListState(ctx context.Context, c Config, stdout, stderr io.Writer) error {
	if err := c.pingRedis(ctx); err != nil {
		return err
	}
	const tellEvery = 1_000_000
	next := int64(tellEvery)
	stored, err := redisstate.Layouts(ctx, c.redis(), func(seen, all int64) {
		if seen >= next {
			next += tellEvery
			_, _ = fmt.Fprintf(stderr, "%d of %d keys looked at\n", seen, all)
		}
	})
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(stdout, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "LAYOUT\tTOPIC\tKEYS\t")
	configured, there := c.Layout(), false
	for _, s := range stored {
		note := "drop it once no process uses it: weir state drop --layout " + s.Layout
		if s.Layout == configured {
			there, note = true, "configured"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", s.Layout, s.Topic, s.Keys, note)
	}
	if !there {
		_, _ = fmt.Fprintf(table, "%s\t\t0\tconfigured; weir run builds it from the log\n", configured)
	}
	return table.Flush()
}

// Layout returns the name of the state layout that the configuration and its features file make.
func (c *Config) Layout() string {
	set, err := c.featureSet()
	if err != nil {
		return "unknown" // a configuration that was loaded compiles
	}
	return set.State()
}
