package review

import (
	"context"
	"sync"
	"time"

	"github.com/weir-fraud/weir/database"
)

// sizes remembers for a moment how many cases a long queue has, since counting it takes longer than reading a page of it. A short
// one is counted each time.
type sizes struct {
	mu    sync.Mutex
	known map[database.Filter]size
}

type size struct {
	n     int
	until time.Time
}

const (
	longQueue = 1000 // cases
	sizeHold  = 2 * time.Second
	mostSizes = 1000
)

// of returns the size of a queue, counted up to a limit.
func (s *sizes) of(ctx context.Context, db *database.DB, f database.Filter, limit int, now time.Time) (int, error) {
	key := f
	key.Now = 0
	s.mu.Lock()
	last, ok := s.known[key]
	s.mu.Unlock()
	if ok && now.Before(last.until) {
		return last.n, nil
	}
	n, err := db.Size(ctx, f, limit)
	if err != nil || n < longQueue {
		return n, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= mostSizes || s.known == nil {
		s.known = make(map[database.Filter]size)
	}
	s.known[key] = size{n, now.Add(sizeHold)}
	return n, nil
}
