package redisstate

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// Peers returns how far partitions 0 to n−1 are, whoever owns them.
func (s *Store) Peers(ctx context.Context, n int32) ([]features.Peer, error) {
	heads, hints := make([]*redis.StringCmd, n), make([]*redis.StringCmd, n)
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range n {
			heads[i] = p.Get(ctx, s.key(i, "head"))
			hints[i] = p.Get(ctx, s.key(i, "hint"))
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
		var generation uint64
		var applied, reached, ahead int64
		// What was said of another head says nothing about this one.
		k, _ := fmt.Sscanf(hints[i].Val(), "%d %d %d %d", &generation, &applied, &reached, &ahead)
		if k == 4 && generation == p.Head.Generation && applied == p.Head.Applied {
			p.Reached, p.Ahead = reached, payment.Time(ahead)
		}
	}
	return peers, nil
}

// Hint stores what the owner of a partition has to add to its head.
func (s *Store) Hint(ctx context.Context, partition int32, head features.Head, h features.Hint) error {
	value := fmt.Sprintf("%d %d %d %d", head.Generation, head.Applied, h.Reached, h.Ahead)
	if err := s.client.Set(ctx, s.key(partition, "hint"), value, 0).Err(); err != nil {
		return fmt.Errorf("note the end of partition %d in Redis: %w", partition, err)
	}
	return nil
}
