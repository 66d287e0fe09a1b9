package review

import (
	"context"
	"log/slog"
	"time"

	"github.com/weir-fraud/weir/database"
)

// lookForLead is how soon a process that stands by takes over, and one that leads sees that it does no more.
const (
	lookForLead = time.Second
	checkLimit  = 5 * time.Second
)

// lead calls work while no other process on the database does the same, until ctx ends. Were two to do it, nothing would be
// lost or there twice, but they would hinder each other.
func lead(ctx context.Context, db *database.DB, log *slog.Logger, work func(ctx context.Context)) {
	for standing := false; ctx.Err() == nil; {
		lock, err := db.TryLock(ctx, "leader")
		switch {
		case lock != nil:
			standing = false
			log.Info("taking in alerts and publishing labels")
			hold(ctx, lock, log, work)
		case ctx.Err() != nil:
		case err != nil:
			log.Warn("it is not known whether another process takes in alerts, asking again", "error", err)
		case !standing:
			standing = true
			log.Info("standing by: another process takes in alerts and publishes labels")
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookForLead):
		}
	}
}

// hold calls work until the lock is lost.
func hold(ctx context.Context, lock *database.Lock, log *slog.Logger, work func(ctx context.Context)) {
	defer lock.Release()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		work(ctx)
	}()
	tick := time.NewTicker(lookForLead)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		checking, cancel := context.WithTimeout(ctx, checkLimit)
		err := lock.Check(checking)
		cancel()
		if err != nil && ctx.Err() == nil {
			log.Warn("the database's lock is lost: another process may take in alerts and publish labels", "error", err)
			stop()
		}
	}
}
