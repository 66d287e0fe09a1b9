package review

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/stream"
)

// Intake takes what is in the topics into a database. How far it came is in the database too, so that nothing is missed and
// nothing counts twice, whenever it stops.
type Intake struct {
	Kafka    stream.Config
	Alerts   stream.Topic
	Feedback stream.Topic
	Window   cases.Window
	DB       *database.DB
	Log      *slog.Logger

	changed    func()                                    // told that cases have changed; may be nil
	deliveries func(a *alerts.Alert) []database.Delivery // what is to be told of an alert; may be nil
}

const (
	batchSize   = 500
	openLimit   = 10 * time.Second // for the brokers to say what a topic holds
	batchWait   = 100 * time.Millisecond
	beforeAgain = 2 * time.Second
)

// take takes in records, which are all of a topic and in order within their partitions, and remembers how far they go.
type take func(ctx context.Context, batch []stream.Record, passed map[int32]int64) error

// follow takes in a topic until ctx ends. What goes wrong is tried again.
func (i *Intake) follow(ctx context.Context, topic stream.Topic, f take) {
	for ctx.Err() == nil {
		err := i.read(ctx, topic, f, false)
		if ctx.Err() != nil {
			return
		}
		i.Log.Warn("a topic is not read, trying again", "topic", topic.Name, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(beforeAgain):
		}
	}
}

// run takes in both topics until ctx ends.
func (i *Intake) run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { i.follow(ctx, i.Alerts, i.alert) })
	both.Go(func() { i.follow(ctx, i.Feedback, i.label) })
	both.Wait()
}

// read takes in a topic from where the database has come, until ctx ends or, if asked for, to the end that it has now.
func (i *Intake) read(ctx context.Context, topic stream.Topic, f take, toEnd bool) error {
	next, err := i.DB.Cursors(ctx, topic.Name, topic.Partitions)
	if err != nil {
		return err
	}
	opening, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	reader, err := stream.NewReaderAt(opening, i.Kafka, topic, next)
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }()
	var batch []stream.Record
	for ctx.Err() == nil && (!toEnd || reader.Left() > 0) {
		if batch, err = reader.Poll(batch[:0], batchSize, batchWait); err != nil {
			return err
		}
		if len(batch) == 0 {
			continue
		}
		passed := make(map[int32]int64)
		for k := range batch {
			passed[batch[k].Partition] = batch[k].Offset + 1
		}
		if err := f(ctx, batch, passed); err != nil {
			return err
		}
		clear(batch)
	}
	return ctx.Err()
}

// alert takes in alerts.
func (i *Intake) alert(ctx context.Context, batch []stream.Record, passed map[int32]int64) error {
	list := make([]database.Arrival, 0, len(batch))
	for k := range batch {
		r := &batch[k]
		a := new(alerts.Alert)
		if err := json.Unmarshal(r.Value, a); err != nil {
			i.refused("alert", r)
			continue
		}
		arrival := database.Arrival{Place: database.Place{Partition: r.Partition, Offset: r.Offset}, Alert: a, Body: r.Value}
		if i.deliveries != nil {
			arrival.Deliveries = i.deliveries(a)
		}
		list = append(list, arrival)
	}
	ids, err := i.DB.TakeAlerts(ctx, i.Alerts.Name, i.Window, list, passed)
	if err == nil && len(ids) > 0 && i.changed != nil {
		i.changed()
	}
	return err
}

// label takes in labels, ours too, which are there already.
func (i *Intake) label(ctx context.Context, batch []stream.Record, passed map[int32]int64) error {
	list := make([]feedback.Label, 0, len(batch))
	for k := range batch {
		l, err := feedback.Decode(batch[k].Value)
		if err != nil {
			i.refused("label", &batch[k])
			continue
		}
		list = append(list, l)
	}
	return i.DB.TakeLabels(ctx, i.Feedback.Name, list, passed)
}

// refused tells of a record that is not what it should be: where it is, and nothing of what it holds.
func (i *Intake) refused(what string, r *stream.Record) {
	i.Log.Warn("a record is passed over: it is not legal", "what", what, "partition", r.Partition, "offset", r.Offset)
}

// Rebuild empties the database and takes in all that is in the topics now. Labels come first, so that the cases can be
// closed as they were.
func (i *Intake) Rebuild(ctx context.Context) (closed int, err error) {
	if err := i.DB.Empty(ctx); err != nil {
		return 0, err
	}
	if err := i.read(ctx, i.Feedback, i.label, true); err != nil {
		return 0, err
	}
	if err := i.read(ctx, i.Alerts, i.alert, true); err != nil {
		return 0, err
	}
	if closed, err = i.DB.CloseDecided(ctx); err != nil {
		return closed, err
	}
	return closed, i.DB.Tidy(ctx)
}
