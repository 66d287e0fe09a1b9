package redisstate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is what a Redis server says of itself.
type Server struct {
	Address    string
	Version    string
	Mode       string // standalone, sentinel or cluster
	Replica    bool   // takes no writes
	Loading    bool   // its data, and answers nothing meanwhile
	Eviction   string // maxmemory-policy
	Used       int64  // bytes
	Limit      int64  // bytes that it may use, 0 for no limit
	Machine    int64  // bytes that its machine has, 0 where it does not tell
	AppendOnly bool
	Snapshots  string        // when it saves itself, as in its configuration; "" for never, or where it does not tell
	SaveFailed bool          // the last snapshot did; it refuses writes until one does not
	Ahead      time.Duration // how far its clock is ahead of now's
	Unsure     time.Duration // how far Ahead may be off
}

// Inspect returns the servers that hold the state: one, or the masters of a cluster.
func (s *Store) Inspect(ctx context.Context) ([]Server, error) {
	var all []Server
	err := s.eachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		server, err := inspect(ctx, c)
		all = append(all, server)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("no answer from Redis at %s: %w", strings.Join(s.config.Addresses, ","), err)
	}
	slices.SortFunc(all, func(a, b Server) int { return strings.Compare(a.Address, b.Address) })
	return all, nil
}

func inspect(ctx context.Context, c *redis.Client) (Server, error) {
	s := Server{Address: c.Options().Addr}
	if _, _, err := net.SplitHostPort(s.Address); err != nil {
		// With Sentinel the client has no address of its own; the server knows where it was reached.
		if me, err := c.ClientInfo(ctx).Result(); err == nil {
			s.Address = me.LAddr
		}
	}
	text, err := c.Info(ctx).Result()
	if err != nil {
		return s, err
	}
	info := make(map[string]string)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(info[name], 10, 64) // what is not told is 0
		return n
	}
	s.Version, s.Mode, s.Eviction = info["redis_version"], info["redis_mode"], info["maxmemory_policy"]
	s.Replica, s.Loading = info["role"] == "slave", info["loading"] == "1"
	s.Used, s.Limit, s.Machine = number("used_memory"), number("maxmemory"), number("total_system_memory")
	s.AppendOnly = info["aof_enabled"] == "1"
	s.SaveFailed = info["rdb_last_bgsave_status"] == "err"
	if config, err := c.ConfigGet(ctx, "save").Result(); err == nil {
		s.Snapshots = config["save"]
	}
	// The last of some tries is likely to find a connection and a server that are awake.
	for range 3 {
		before := time.Now()
		clock, err := c.Time(ctx).Result()
		if err != nil {
			return s, err
		}
		took := time.Since(before)
		s.Ahead, s.Unsure = clock.Sub(before.Add(took/2)), took/2
	}
	return s, nil
}

// Sample is a look at random keys.
type Sample struct {
	Keys    int            // looked at
	Layouts map[string]int // how many of them belong to each layout
}

// Sample looks at up to n random keys of each server, since looking at all may take long. What takes up memory is
// found, a few keys among many need not be.
func (s *Store) Sample(ctx context.Context, n int) (Sample, error) {
	all := Sample{Layouts: make(map[string]int)}
	err := s.eachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		replies := make([]*redis.StringCmd, n)
		_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := range replies {
				replies[i] = p.RandomKey(ctx)
			}
			return nil
		})
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		for _, r := range replies {
			key, err := r.Result()
			if err != nil {
				continue // there is none
			}
			all.Keys++
			if rest, ours := strings.CutPrefix(key, "weir:"); ours {
				layout, _, _ := strings.Cut(rest, ":")
				all.Layouts[layout]++
			}
		}
		return nil
	})
	if err != nil {
		return all, fmt.Errorf("look at random keys in Redis: %w", err)
	}
	return all, nil
}

// eachMaster calls f for every server that holds keys, one at a time.
func (s *Store) eachMaster(ctx context.Context, f func(ctx context.Context, c *redis.Client) error) error {
	switch client := s.client.(type) {
	case *redis.ClusterClient:
		var one sync.Mutex
		return client.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
			one.Lock()
			defer one.Unlock()
			return f(ctx, c)
		})
	case *redis.Client:
		return f(ctx, client)
	}
	return fmt.Errorf("a Redis client of another kind: %T", s.client)
}
