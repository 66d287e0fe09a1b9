package redisstate

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/weir-fraud/weir/features"
)

// Peers returns how far partitions 0 to n−1 are, whoever owns them.
func (s *Store) Peers(ctx context.Context, n int32) ([]features.Peer, error) {
	heads, reached := make([]*redis.StringCmd, n), make([]*redis.StringCmd, n)
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range n {
			heads[i] = p.Get(ctx, s.key(i, "head"))
			reached[i] = p.Get(ctx, s.key(i, "reached"))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("read heads from Redis: %w", err)
	}
	peers := make([]features.Peer, n)
	for i := range peers {
		p := &peers[i]
		if p.Head, err = headOf(heads[i]); err != nil {
			return nil, err
		}
		p.Reached = p.Head.Applied
		var applied, end int64
		// What was noted for another head says nothing about this one.
		if k, _ := fmt.Sscanf(reached[i].Val(), "%d %d", &applied, &end); k == 2 && applied == p.Head.Applied {
			p.Reached = end
		}
	}
	return peers, nil
}

// Reach notes that behind the applied offset of a partition there is nothing up to another one: markers of
// transactions, and records that are gone.
func (s *Store) Reach(ctx context.Context, partition int32, applied, reached int64) error {
	if err := s.client.Set(ctx, s.key(partition, "reached"), fmt.Sprintf("%d %d", applied, reached), 0).Err(); err != nil {
		return fmt.Errorf("note the end of partition %d in Redis: %w", partition, err)
	}
	return nil
}
