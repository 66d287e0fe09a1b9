package decide

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-fraud/weir/stream"
	"github.com/weir-fraud/weir/web"
)

// Config is what a service is made of.
type Config struct {
	Rules
	Address      string // host:port to listen at; port 0 is any free one
	Kafka        stream.Config
	Group        string       // of the pipeline
	Transactions stream.Topic // where transactions are handed in
	Decisions    stream.Topic // where decisions appear
}

const (
	patience  = 5 * time.Second // that a record has to get to the brokers
	lookEvery = 500 * time.Millisecond
	lookTime  = 2 * time.Second // that the brokers have to answer
	drain     = 5 * time.Second // that what was sent has to get there when the service stops
	again     = time.Second     // until the decisions are tried again
)

// Serve answers requests until ctx ends, and then finishes those under way. listening is told the address.
func Serve(ctx context.Context, c Config, stats *Stats, log *slog.Logger, now func() time.Time, listening func(net.Addr)) error {
	if err := c.guarded(); err != nil {
		return err
	}
	listener, err := web.Listen("decide.address", "WEIR_DECIDE_ADDRESS", c.Address)
	if err != nil {
		return err
	}
	sender, err := stream.NewSender(c.Kafka, c.Transactions.Name, patience)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		sender.Close(ctx)
	}()
	desk := NewDesk(c.Rules, sender, stats, log, now)
	// Reading goes on until the last request has its answer.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	g, work := errgroup.WithContext(work)
	g.Go(func() error { follow(work, &c, desk, log, now); return nil })
	g.Go(func() error { return watch(work, &c, desk) })
	g.Go(func() error {
		defer stop()
		log.Info("answering requests for decisions", "address", listener.Addr().String())
		listening(listener.Addr())
		server := web.Server{
			Handler: desk.Handler(), Write: c.TimeLimit + 20*time.Second, Finish: c.TimeLimit + 10*time.Second,
			Stopping: func() { desk.stats.stopping.Store(true) },
		}
		return server.Serve(ctx, work, listener)
	})
	return g.Wait()
}

// guarded refuses to let everybody in who can reach the machine.
func (c *Config) guarded() error {
	if len(c.Tokens) > 0 || web.Loopback(c.Address) {
		return nil
	}
	return fmt.Errorf("decide.address %q is open to other machines and decide.tokens is empty: give the SHA-256 of a token (decide.tokens or WEIR_DECIDE_TOKENS), or listen at localhost", c.Address)
}

// follow reads the decisions, from some minutes ago on, until ctx ends.
func follow(ctx context.Context, c *Config, desk *Desk, log *slog.Logger, now func() time.Time) {
	for ctx.Err() == nil {
		err := followOnce(ctx, c, desk, now().Add(-c.Remember))
		desk.CaughtUp(false)
		if ctx.Err() != nil {
			return
		}
		log.Warn("decisions are not read, trying again", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

func followOnce(ctx context.Context, c *Config, desk *Desk, since time.Time) error {
	const most, wait = 1024, 20 * time.Millisecond
	opening, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	reader, err := stream.NewReaderSince(opening, c.Kafka, c.Decisions, since)
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }()
	var batch []stream.Record
	for behind := true; ctx.Err() == nil; {
		if batch, err = reader.Poll(batch[:0], most, wait); err != nil {
			return err
		}
		for i := range batch {
			desk.Decided(&batch[i])
		}
		clear(batch)
		if behind && reader.Left() == 0 {
			behind = false
			desk.CaughtUp(true)
		}
	}
	return nil
}

// watch asks again and again how far the pipeline has come, until ctx ends.
func watch(ctx context.Context, c *Config, desk *Desk) error {
	own := c.Kafka
	own.Slow = nil // what is not there shows in the answers
	admin, err := stream.NewAdmin(own)
	if err != nil {
		return err
	}
	defer admin.Close()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		look, cancel := context.WithTimeout(ctx, lookTime)
		offsets, err := admin.Committed(look, c.Group, c.Transactions)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		desk.Committed(offsets, err)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
