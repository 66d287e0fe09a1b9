package notify

import (
	"context"
	"time"

	"github.com/weir-fraud/weir/stream"
)

// Lag is how far behind a pipeline is.
type Lag struct {
	Records int64         // that have no decision, over all partitions
	Time    time.Duration // that what was in the log has gone, or goes, without decisions, in the worst partition
	AtLeast bool          // it may be more time: it has not been measured for long enough
}

// meter measures lag by marks: where a partition's log ended at a moment. How long it takes until offsets are committed up to
// the mark is the lag, whatever the records' own times say. Then the next mark is set.
type meter struct{ marks []mark }

type mark struct {
	set   bool
	end   int64
	at    time.Time
	taken time.Duration // by the mark before
}

// lag takes in where the logs end, and up to where there are decisions.
func (m *meter) lag(ends, committed []int64, now time.Time) (l Lag) {
	if len(m.marks) != len(ends) {
		m.marks = make([]mark, len(ends))
	}
	for p := range ends {
		k := &m.marks[p]
		left := max(0, ends[p]-committed[p])
		l.Records += left
		switch {
		case left == 0:
			*k = mark{}
			continue
		case !k.set:
			*k = mark{set: true, end: ends[p], at: now}
		case committed[p] >= k.end:
			*k = mark{set: true, end: ends[p], at: now, taken: now.Sub(k.at)}
		}
		l.Time = max(l.Time, now.Sub(k.at), k.taken)
		l.AtLeast = l.AtLeast || k.taken == 0
	}
	return l
}

// Group is the pipeline as its consumer group shows it.
type Group struct {
	kafka     stream.Config
	admin     *stream.Admin
	name      string
	topic     stream.Topic
	meter     meter
	committed []int64
}

// NewGroup returns the pipeline of a group on a topic.
func NewGroup(kafka stream.Config, admin *stream.Admin, name string, topic stream.Topic) *Group {
	return &Group{kafka: kafka, admin: admin, name: name, topic: topic}
}

// Lag implements Pipeline.
func (g *Group) Lag(ctx context.Context, now time.Time) (Lag, error) {
	ctx, cancel := context.WithTimeout(ctx, kafkaLimit)
	defer cancel()
	committed, err := g.admin.Committed(ctx, g.name, g.topic)
	if err != nil {
		return Lag{}, err
	}
	first, ends, err := g.admin.Bounds(ctx, g.topic)
	if err != nil {
		return Lag{}, err
	}
	for p := range committed {
		committed[p] = max(committed[p], first[p]) // nothing committed, or nothing left of it
	}
	g.committed = committed
	return g.meter.lag(ends, committed, now), nil
}

const (
	kafkaLimit  = 10 * time.Second
	recordsWait = 100 * time.Millisecond
)

// Confirm implements Pipeline: it reads the first record that has no decision.
func (g *Group) Confirm(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, kafkaLimit)
	defer cancel()
	reader, err := stream.NewReaderAt(ctx, g.kafka, g.topic, g.committed)
	if err != nil {
		return false, err
	}
	defer func() { _ = reader.Close() }()
	for reader.Left() > 0 {
		batch, err := reader.Poll(nil, 1, recordsWait)
		if err != nil || len(batch) > 0 {
			return err == nil, err
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
	}
	return false, nil
}
