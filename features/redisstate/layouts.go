package redisstate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Stored is what is kept of one topic under one state layout.
type Stored struct {
	Layout, Topic string
	Keys          int64
}

// Layouts counts the keys of every layout and topic, in the order of their names. It looks at every key of the server
// without holding up others, and tells now and then how many of how many it has seen.
func Layouts(ctx context.Context, config Config, tell func(seen, all int64)) ([]Stored, error) {
	s := Open(config, "", "")
	defer func() { _ = s.Close() }()
	counts := make(map[Stored]int64)
	var seen, all int64
	err := s.eachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		n, err := node.DBSize(ctx).Result()
		if err != nil {
			return err
		}
		all += n
		for cursor := uint64(0); ; {
			var keys []string
			if keys, cursor, err = node.Scan(ctx, cursor, "", accountsPerDelete).Result(); err != nil {
				return err
			}
			for _, key := range keys {
				if layout, topic, ours := ownerOf(key); ours {
					counts[Stored{Layout: layout, Topic: topic}]++
				}
			}
			seen += int64(len(keys))
			tell(seen, all)
			if cursor == 0 {
				return nil
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("count the keys of each layout: %w", err)
	}
	list := make([]Stored, 0, len(counts))
	for of, n := range counts {
		list = append(list, Stored{of.Layout, of.Topic, n})
	}
	slices.SortFunc(list, func(a, b Stored) int {
		return strings.Compare(a.Layout+"\x00"+a.Topic, b.Layout+"\x00"+b.Topic)
	})
	return list, nil
}

// ownerOf takes a key such as weir:<layout>:{<topic>:<partition>}:head apart.
func ownerOf(key string) (layout, topic string, ours bool) {
	rest, ours := strings.CutPrefix(key, "weir:")
	layout, rest, ok := strings.Cut(rest, ":{")
	if !ours || !ok {
		return "", "", false
	}
	place, _, ok := strings.Cut(rest, "}")
	if !ok {
		return "", "", false
	}
	topic, _, ok = strings.Cut(place, ":") // a topic's name has no colon
	return layout, topic, ok
}
