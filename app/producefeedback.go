package app

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/stream"
)

// ProduceFeedback is `weir produce --feedback`: label events from files into Kafka. What is no label event ends it, with
// the line: nothing of a file is sent before all of it has been read once.
func ProduceFeedback(ctx context.Context, c Config, o ProduceOptions, stdout io.Writer) error {
	if o.FromTopic != "" {
		return errors.New("--feedback reads files: leave out --from-topic")
	}
	if len(o.Input.Paths) == 0 {
		return errors.New("no input: name a file of label events, a JSON line each (weir replay --feedback-out writes them)")
	}
	if o.Topic == "" {
		o.Topic = c.Kafka.Topics.Feedback
	}
	for _, path := range o.Input.Paths {
		if err := eachLabel(ctx, path, func(*feedback.Label, []byte) error { return nil }); err != nil {
			return err
		}
	}
	producer, err := stream.NewProducer(c.kafka())
	if err != nil {
		return err
	}
	defer producer.Close()
	admin, err := stream.NewAdmin(c.kafka())
	if err != nil {
		return err
	}
	defer admin.Close()
	if _, err := admin.Describe(ctx, o.Topic); err != nil {
		return err
	}
	var n int64
	began := time.Now()
	for _, path := range o.Input.Paths {
		err = errors.Join(err, eachLabel(ctx, path, func(l *feedback.Label, value []byte) error {
			n++
			return producer.Produce(&stream.Message{Topic: o.Topic, Partition: stream.AnyPartition, Key: []byte(l.AccountID), Value: value})
		}))
	}
	if flush := producer.Flush(context.WithoutCancel(ctx)); flush != nil {
		return errors.Join(err, flush)
	}
	took := time.Since(began)
	_, _ = fmt.Fprintf(stdout, "%d labels to %s in %v, %.0f/s\n", n, o.Topic, took.Round(time.Millisecond), float64(n)/max(took.Seconds(), 1e-3))
	return err
}

// eachLabel calls f for each label event of a file, unpacked as its name says.
func eachLabel(ctx context.Context, path string, f func(l *feedback.Label, value []byte) error) error {
	return eachLine(ctx, path, func(line []byte) error {
		l, err := feedback.Decode(line)
		if err != nil {
			return fmt.Errorf("%w (docs/events.md describes label events)", err)
		}
		return f(&l, line)
	})
}

// eachLine calls f for each line of a file that is not empty, unpacked as its name says. An error has the line's place.
func eachLine(ctx context.Context, path string, f func(line []byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	defer func() { _ = file.Close() }()
	var r io.Reader = file
	switch {
	case strings.HasSuffix(path, ".gz"):
		if r, err = gzip.NewReader(file); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	case strings.HasSuffix(path, ".zst"):
		z, err := zstd.NewReader(file)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		defer z.Close()
		r = z
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		if err := f(lines.Bytes()); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
