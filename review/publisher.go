package review

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/stream"
)

// Publisher publishes the labels of a database's outbox, each exactly once.
//
// The labels and how far they go are one Kafka transaction: the number of the last is committed as the offset of a group that
// has no members. So Kafka alone says what is published, whenever the process dies. The id of the transactions is fixed, so
// that of two publishers only the later one gets anything through.
type Publisher struct {
	Kafka   stream.Config
	Group   string // has a publisher of its own
	Topic   string // of feedback
	Timeout time.Duration
	DB      *database.DB
	Log     *slog.Logger

	crash func(point string) error // for tests: where a process may die; may be nil
}

// OutboxGroup is the group whose offset says what is published, and the id of the transactions.
func OutboxGroup(group string) string { return group + "-review-outbox" }

const (
	publishAtOnce = 500
	lookAgain     = 500 * time.Millisecond // for labels of another process
	afterRival    = time.Minute            // which publishes meanwhile
)

// Begin lets the numbers of labels begin behind what is published, which a new database does not know. It must have been
// done before labels are given. What goes wrong is tried again, until ctx ends.
func (p *Publisher) Begin(ctx context.Context) error {
	for {
		err := p.begin(ctx)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		p.Log.Warn("it is not known what is published, asking again", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(beforeAgain):
		}
	}
}

func (p *Publisher) begin(ctx context.Context) error {
	consumer, err := stream.NewFollower(p.Kafka, OutboxGroup(p.Group), p.Topic)
	if err != nil {
		return err
	}
	defer func() { _ = consumer.Close() }()
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	_, err = p.published(ctx, consumer)
	return err
}

// Run publishes until ctx ends. What goes wrong is tried again. wake has something when there may be a label.
func (p *Publisher) Run(ctx context.Context, wake <-chan struct{}) {
	for ctx.Err() == nil {
		err := p.Publish(ctx, wake)
		if ctx.Err() != nil {
			return
		}
		p.Log.Warn("labels are not published, trying again", "error", err)
		wait := beforeAgain
		if errors.Is(err, stream.ErrFenced) {
			wait = afterRival
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// Publish publishes until ctx ends or something goes wrong.
func (p *Publisher) Publish(ctx context.Context, wake <-chan struct{}) error {
	if err := p.publish(ctx, wake); ctx.Err() == nil {
		return err
	}
	return nil
}

func (p *Publisher) publish(ctx context.Context, wake <-chan struct{}) error {
	group := OutboxGroup(p.Group)
	// Waits until what an earlier publisher left open is ended.
	producer, err := stream.NewTransactionalProducer(ctx, p.Kafka, group, p.Timeout)
	if err != nil {
		return err
	}
	defer producer.Close()
	consumer, err := stream.NewFollower(p.Kafka, group, p.Topic)
	if err != nil {
		return err
	}
	defer func() { _ = consumer.Close() }()
	seq, err := p.published(ctx, consumer)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		list, err := p.DB.Outgoing(ctx, seq, publishAtOnce)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			select {
			case <-ctx.Done():
			case <-wake:
			case <-time.After(lookAgain):
			}
			continue
		}
		switch err := p.send(context.WithoutCancel(ctx), producer, consumer, list); {
		case errors.Is(err, stream.ErrAborted):
			p.Log.Warn("labels are published again: the transaction was aborted", "error", err)
			continue
		case err != nil:
			return err
		}
		seq = list[len(list)-1].Seq
		if err := p.DB.Published(ctx, seq); err != nil {
			return err
		}
	}
	return nil
}

// published returns up to which number the labels are published, and lets the database catch up with it.
func (p *Publisher) published(ctx context.Context, consumer *stream.Consumer) (int64, error) {
	committed, err := consumer.Committed(ctx, []int32{0})
	if err != nil {
		return 0, err
	}
	seq := max(0, committed[0]) // none is -1
	if err := p.DB.Published(ctx, seq); err != nil {
		return 0, err
	}
	// A new database would use numbers that are published.
	return seq, p.DB.SkipTo(ctx, seq)
}

// send publishes labels in one transaction.
func (p *Publisher) send(ctx context.Context, producer *stream.Producer, consumer *stream.Consumer, list []database.Outgoing) error {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout+openLimit)
	defer cancel()
	if err := producer.Begin(); err != nil {
		return err
	}
	for i := range list {
		err := producer.Produce(&stream.Message{Topic: p.Topic, Partition: stream.AnyPartition, Key: []byte(list[i].AccountID), Value: list[i].Body})
		if err != nil {
			return errors.Join(err, producer.Abort(ctx))
		}
	}
	if err := p.die("before the commit"); err != nil {
		return err
	}
	if err := producer.Commit(ctx, consumer, map[int32]int64{0: list[len(list)-1].Seq}); err != nil {
		return fmt.Errorf("publish labels: %w", err)
	}
	return p.die("behind the commit")
}

func (p *Publisher) die(point string) error {
	if p.crash == nil {
		return nil
	}
	return p.crash(point)
}
