package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"

	"github.com/weir-fraud/weir/stream"
)

// committer makes batches visible, one at a time, beside the worker that fills the next one.
type committer struct {
	config *WorkerConfig
	stats  *Stats
	log    *slog.Logger

	// Transactions take turns between two producers, since a producer's next one cannot begin before the broker has
	// written the markers of its last one. Without transactions there is only the first.
	producers [2]*stream.Producer
	turn      int
}

func (c *committer) transactional() bool {
	return c.config.Delivery == ExactlyOnce && !c.config.Sabotage.NoTransaction
}

// ready reports whether every producer is fit for use.
func (c *committer) ready() bool {
	return c.producers[0] != nil && (c.producers[1] != nil || !c.transactional())
}

// open makes the producers that there are not. In transactions, that ends whatever the ones before left open.
func (c *committer) open(ctx context.Context) error {
	for i := range c.producers {
		if c.producers[i] != nil || i > 0 && !c.transactional() {
			continue
		}
		var pause backoff
		for c.producers[i] == nil {
			p, err := c.newProducer(ctx, i)
			switch {
			case err == nil:
				c.producers[i] = p
			case ctx.Err() != nil || !passing(err):
				return err
			default:
				c.log.Warn("trying again", "error", err, "in", pause.next())
				pause.wait(ctx)
			}
		}
	}
	return nil
}

func (c *committer) newProducer(ctx context.Context, i int) (*stream.Producer, error) {
	if !c.transactional() {
		return stream.NewProducer(c.config.Kafka)
	}
	id := fmt.Sprintf("%s-%c", c.config.TransactionalID, 'a'+i)
	return stream.NewTransactionalProducer(ctx, c.config.Kafka, id, c.config.TransactionTimeout)
}

func (c *committer) close() {
	for i, p := range c.producers {
		if p != nil {
			p.Close()
			c.producers[i] = nil
		}
	}
}

// launch begins to make the batch visible; the batch's done is closed when it has landed.
func (c *committer) launch(ctx context.Context, consumer *stream.Consumer, b *batch) {
	b.done = make(chan struct{})
	go func() {
		defer close(b.done)
		if c.config.PinThreads {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.config.TransactionTimeout)
		defer cancel()
		b.err = c.commit(ctx, consumer, b)
	}()
}

// commit makes the batch's messages visible, in a transaction together with its offsets. Without transactions the
// offsets follow once the state is saved.
func (c *committer) commit(ctx context.Context, consumer *stream.Consumer, b *batch) error {
	p := c.producers[c.turn]
	l := lap{c.config.Clock, c.config.Clock()}
	err := c.produce(ctx, p, b)
	c.stats.Stages.add(Produce, l.to())
	switch {
	case err != nil:
	case c.transactional():
		err = p.Commit(ctx, consumer, b.offsets)
	default:
		err = p.Flush(ctx)
	}
	c.stats.Stages.add(Commit, l.to())
	if errors.Is(err, stream.ErrIndefinite) {
		p.Close()
		c.producers[c.turn] = nil
	}
	if c.transactional() {
		c.turn = (c.turn + 1) % len(c.producers)
	}
	return err
}

func (c *committer) produce(ctx context.Context, p *stream.Producer, b *batch) error {
	if c.transactional() {
		if err := p.Begin(); err != nil {
			return fmt.Errorf("%w: %w", stream.ErrIndefinite, err)
		}
	}
	for i := range b.out {
		err := p.Produce(&b.out[i])
		if err == nil {
			continue
		}
		if !passing(err) {
			err = fmt.Errorf("%w: %w", errProduce, err)
		}
		if c.transactional() {
			err = errors.Join(err, p.Abort(ctx))
		}
		return err
	}
	return nil
}
