package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/stream"
)

// controlLog reads the control topic, and knows what it says.
type controlLog struct {
	topic   stream.Topic
	reader  *stream.Reader
	state   control.State
	applied int64 // offset below which everything is taken in
	bad     func(offset int64, err error)
	batch   []stream.Record
}

// openControl begins to read the control topic from its start. Bad is told of records that are no events, which change
// nothing.
func openControl(ctx context.Context, c *Config, bad func(offset int64, err error)) (*controlLog, error) {
	admin, err := stream.NewAdmin(c.kafka())
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	topic, err := admin.Describe(ctx, c.Kafka.Topics.Control)
	if err != nil {
		return nil, err
	}
	if topic.Partitions != 1 {
		return nil, fmt.Errorf("topic %s has %d partitions and must have one, so that changes have an order: name another in kafka.topics.control; `weir topics create` makes it",
			topic.Name, topic.Partitions)
	}
	if err := admin.Settings(ctx, &topic); err != nil {
		return nil, err
	}
	reader, err := stream.NewReader(ctx, c.kafka(), topic, stream.FromStart)
	if err != nil {
		return nil, err
	}
	return &controlLog{topic: topic, reader: reader, bad: bad}, nil
}

// poll takes in what is there, waiting up to wait for it, and reports whether there may be something to act upon. The
// records are good until the next call.
func (l *controlLog) poll(wait time.Duration) (changed bool, records []stream.Record, err error) {
	l.batch, err = l.reader.Poll(l.batch[:0], 10_000, wait)
	for i := range l.batch {
		r := &l.batch[i]
		acts, wrong := l.state.Apply(r.Key, r.Value)
		if wrong != nil {
			l.bad(r.Offset, wrong)
		}
		changed = changed || acts
		l.applied = r.Offset + 1
	}
	return changed, l.batch, err
}

// gather takes in what comes within the wait, and for half a second what comes close behind: whoever acts upon thousands of
// list entries should do so once rather than for every few. It returns how many records that were.
func (l *controlLog) gather(wait time.Duration) (changed bool, records int, err error) {
	for end := time.Now().Add(500 * time.Millisecond); ; wait = time.Millisecond {
		acts, batch, err := l.poll(wait)
		if err != nil {
			return changed, records, err
		}
		changed, records = changed || acts, records+len(batch)
		if len(batch) == 0 || time.Now().After(end) {
			return changed, records, nil
		}
	}
}

// current reports whether everything is taken in that was there at the beginning: before that, the state is of the past.
func (l *controlLog) current() bool { return l.reader.Left() == 0 }

// catchUp takes in everything that was there at the beginning.
func (l *controlLog) catchUp(ctx context.Context) error {
	for !l.current() {
		if _, _, err := l.poll(50 * time.Millisecond); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read %s: %w", l.topic.Name, err)
		}
	}
	return nil
}

func (l *controlLog) close() { _ = l.reader.Close() }

// writeControl writes events and waits until they are safe.
func writeControl(ctx context.Context, c *Config, p *stream.Producer, events ...control.Event) error {
	for i := range events {
		e := &events[i]
		if err := p.Produce(&stream.Message{Topic: c.Kafka.Topics.Control, Key: []byte(e.Key()), Value: e.AppendJSON(nil)}); err != nil {
			return err
		}
	}
	return flushControl(ctx, c, p)
}

// endControl writes the end of what has the key.
func endControl(ctx context.Context, c *Config, p *stream.Producer, key string) error {
	if err := p.Produce(&stream.Message{Topic: c.Kafka.Topics.Control, Key: []byte(key)}); err != nil {
		return err
	}
	return flushControl(ctx, c, p)
}

func flushControl(ctx context.Context, c *Config, p *stream.Producer) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err := p.Flush(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("write to %s: no answer in time from Kafka at %s", c.Kafka.Topics.Control, strings.Join(c.Kafka.Brokers, ","))
	}
	return err
}
