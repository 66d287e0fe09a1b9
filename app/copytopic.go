package app

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/stream"
)

// copyTopic copies a topic's records up to where it ends now, in order within each partition and, between them, by event
// time: where accounts of several partitions come together in one, they must come about as they did, or those that are far
// behind the others are too late for the tiles of their entities.
func copyTopic(ctx context.Context, c Config, o ProduceOptions, admin *stream.Admin, producer *stream.Producer, stderr io.Writer) (int64, error) {
	if o.FromTopic == o.Topic {
		return 0, fmt.Errorf("--from-topic and --topic are both %s", o.Topic)
	}
	from, err := admin.Describe(ctx, o.FromTopic)
	if err != nil {
		return 0, err
	}
	r, err := stream.NewReader(ctx, c.kafka(), from, stream.FromStart)
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Close() }()
	total := r.Left()
	show := newProgress(stderr, "copy", total)
	defer show.finish()
	m := merger{reader: r, queues: make([]mergeQueue, from.Partitions)}
	var n int64
	for ctx.Err() == nil {
		record, more, err := m.next(ctx)
		if err != nil || !more {
			return n, err
		}
		out := stream.Message{Topic: o.Topic, Partition: stream.AnyPartition, Key: record.Key, Value: record.Value, Headers: record.Headers}
		if err := producer.Produce(&out); err != nil {
			return n, err
		}
		if n++; n%1024 == 0 {
			show.set(total-r.Left(), n)
		}
	}
	return n, ctx.Err()
}

// merger reads the records of a topic's partitions as one stream: the next one is the one with the earliest event time of
// those that come first in their partitions.
type merger struct {
	reader  *stream.Reader
	queues  []mergeQueue
	decoder payment.Decoder
	tx      payment.Transaction
	batch   []stream.Record
}

// mergeQueue is what is read of a partition and not yet handed on.
type mergeQueue struct {
	records []stream.Record
	times   []payment.Time // event times; what is no transaction has that of the one before it
	paused  bool
}

// Between these bounds a partition's queue is kept: what comes after waits at the broker.
const (
	queueHigh = 1 << 14
	queueLow  = 1 << 11
)

// next returns the next record, false where all partitions are at their ends.
func (m *merger) next(ctx context.Context) (*stream.Record, bool, error) {
	for ctx.Err() == nil {
		first, waiting := -1, false
		for p := range m.queues {
			q := &m.queues[p]
			switch {
			case len(q.records) == 0:
				waiting = waiting || !m.reader.Done(int32(p))
			case first < 0 || q.times[0] < m.queues[first].times[0]:
				first = p
			}
		}
		if !waiting {
			if first < 0 {
				return nil, false, nil
			}
			q := &m.queues[first]
			r := &q.records[0]
			q.records, q.times = q.records[1:], q.times[1:]
			return r, true, m.pace(int32(first))
		}
		if err := m.fill(); err != nil {
			return nil, false, err
		}
	}
	return nil, false, ctx.Err()
}

// fill takes in what one poll brings.
func (m *merger) fill() (err error) {
	if m.batch, err = m.reader.Poll(m.batch[:0], 4096, 100*time.Millisecond); err != nil {
		return err
	}
	for _, r := range m.batch {
		q := &m.queues[r.Partition]
		var t payment.Time
		if err := m.decoder.Decode(r.Value, &m.tx); err == nil {
			t = m.tx.Time
		} else if n := len(q.times); n > 0 {
			t = q.times[n-1]
		}
		q.records, q.times = append(q.records, r), append(q.times, t)
	}
	for p := range m.queues {
		if err := m.pace(int32(p)); err != nil {
			return err
		}
	}
	return nil
}

// pace stops and resumes the reading of a partition.
func (m *merger) pace(p int32) error {
	q := &m.queues[p]
	switch {
	case !q.paused && len(q.records) > queueHigh:
		q.paused = true
		return m.reader.Pause(p)
	case q.paused && len(q.records) < queueLow:
		q.paused = false
		return m.reader.Resume(p)
	}
	return nil
}
