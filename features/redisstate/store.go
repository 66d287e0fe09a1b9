package redisstate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// Config says how to reach Redis.
type Config struct {
	Addresses []string // host:port; more than one means a cluster, or with Master set, its sentinels
	Master    string   // the master's name, with Sentinel
	Username  string
	Password  string
	Database  int
	TLS       bool
}

// Store is the state of one topic's partitions under one state layout. It is safe for concurrent use.
type Store struct {
	client redis.UniversalClient
	prefix string // weir:<layout>:{<topic>:
	config Config
}

// Open returns a Store. It does not connect; see Ping.
func Open(config Config, layout, topic string) *Store {
	// Errors come back from the calls; the client's own lines would go to standard error unasked.
	logging.Disable()
	options := &redis.UniversalOptions{
		Addrs: config.Addresses, MasterName: config.Master, Username: config.Username, Password: config.Password, DB: config.Database,
		// Every write is compared against the head and every read is repeatable, so a whole pipeline may be sent again.
		MaxRetries:   3,
		DialTimeout:  3 * time.Second,
		ReadTimeout:  20 * time.Second, // a script that writes a large batch
		WriteTimeout: 20 * time.Second,
		// Pipelines of hundreds of kilobytes are the rule.
		ReadBufferSize: 256 << 10, WriteBufferSize: 256 << 10,
		ContextTimeoutEnabled: true,
	}
	if config.TLS {
		options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &Store{client: redis.NewUniversalClient(options), prefix: "weir:" + layout + ":{" + topic + ":", config: config}
}

// Close closes the connections.
func (s *Store) Close() error { return s.client.Close() }

// Ping checks that Redis answers, and that it does not evict: a key that vanishes is a wrong feature.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("no answer from Redis at %s (is it running, is redis.addresses right?): %w", strings.Join(s.config.Addresses, ","), err)
	}
	policy, err := s.client.ConfigGet(ctx, "maxmemory-policy").Result()
	if err == nil && policy["maxmemory-policy"] != "" && policy["maxmemory-policy"] != "noeviction" {
		return fmt.Errorf("redis has maxmemory-policy %s: evicted keys would be silently wrong features; set it to noeviction", policy["maxmemory-policy"])
	}
	return nil
}

func (s *Store) key(partition int32, rest string) string {
	return s.prefix + strconv.Itoa(int(partition)) + "}:" + rest
}

func (s *Store) generation(partition int32, generation uint64) string {
	return s.key(partition, strconv.FormatUint(generation, 36)+":")
}

// Heads returns the heads of partitions 0 to n−1.
func (s *Store) Heads(ctx context.Context, n int32) ([]features.Head, error) {
	replies := make([]*redis.StringCmd, n)
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range replies {
			replies[i] = p.Get(ctx, s.key(int32(i), "head"))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("read heads from Redis: %w", err)
	}
	heads := make([]features.Head, n)
	for i, r := range replies {
		if heads[i], err = headOf(r); err != nil {
			return nil, err
		}
	}
	return heads, nil
}

// Head returns the head of a partition, the zero Head where there is none.
func (s *Store) Head(ctx context.Context, partition int32) (features.Head, error) {
	return headOf(s.client.Get(ctx, s.key(partition, "head")))
}

func headOf(reply *redis.StringCmd) (features.Head, error) {
	text, err := reply.Result()
	switch {
	case errors.Is(err, redis.Nil):
		return features.Head{}, nil
	case err != nil:
		return features.Head{}, fmt.Errorf("read a head from Redis: %w", err)
	}
	return parseHead(text)
}

// formatHead returns the stored form of a head: version, applied offset, topic id, partition count, watermark,
// generation. The zero Head is the empty text, which is what a missing key reads as in the scripts.
func formatHead(h features.Head) string {
	if !h.Known() {
		return ""
	}
	return fmt.Sprintf("1 %d %s %d %d %d", h.Applied, h.TopicID, h.Partitions, h.Watermark, h.Generation)
}

func parseHead(text string) (features.Head, error) {
	var h features.Head
	var version int
	var watermark int64
	n, err := fmt.Sscanf(text, "%d %d %s %d %d %d", &version, &h.Applied, &h.TopicID, &h.Partitions, &watermark, &h.Generation)
	if err != nil || n != 6 || version != 1 || !h.Known() {
		return features.Head{}, fmt.Errorf("head %q in Redis: %w", text, features.ErrDamaged)
	}
	h.Watermark = payment.Time(watermark)
	return h, nil
}

// Measure returns how many bytes an account of the given encoding takes in Redis, its key included: it stores it for a
// moment under a name of its own and asks.
func (s *Store) Measure(ctx context.Context, account string, value []byte) (int64, error) {
	return s.measure(ctx, accountName+account, func(ctx context.Context, p redis.Pipeliner, key string) { p.Set(ctx, key, value, time.Minute) })
}

// MeasureTiles returns how many bytes an entity's key with the given chunks takes in Redis, likewise.
func (s *Store) MeasureTiles(ctx context.Context, cell features.CellName, chunks []features.Chunk) (int64, error) {
	return s.measure(ctx, nameOf(cell), func(ctx context.Context, p redis.Pipeliner, key string) {
		for i := range chunks {
			p.HSet(ctx, key, chunks[i].Number, chunks[i].Value)
		}
		p.Expire(ctx, key, time.Minute)
	})
}

func (s *Store) measure(ctx context.Context, name string, store func(context.Context, redis.Pipeliner, string)) (int64, error) {
	key := s.generation(0, math.MaxUint64) + name
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		store(ctx, p, key)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("store what is to be measured: %w", err)
	}
	n, err := s.client.MemoryUsage(ctx, key).Result()
	if err = errors.Join(err, s.client.Del(ctx, key).Err()); err != nil {
		return 0, fmt.Errorf("measure %s: %w", name, err)
	}
	return n, nil
}

// run calls the script n times in one pipeline, loading it where the server does not know it.
func (s *Store) run(ctx context.Context, script *redis.Script, n int, call func(i int) ([]string, []any), outcome func(i int, done bool, err error)) error {
	for attempt := 0; ; attempt++ {
		replies := make([]*redis.Cmd, n)
		_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := range replies {
				keys, args := call(i)
				if attempt == 0 {
					replies[i] = script.EvalSha(ctx, p, keys, args...)
				} else {
					replies[i] = script.Eval(ctx, p, keys, args...)
				}
			}
			return nil
		})
		if err != nil && redis.HasErrorPrefix(err, "NOSCRIPT") && attempt == 0 {
			continue
		}
		var reply redis.Error
		if err != nil && !errors.As(err, &reply) {
			return fmt.Errorf("write to Redis: %w", err)
		}
		for i, r := range replies {
			v, err := r.Int()
			outcome(i, v == 1, err)
		}
		return nil
	}
}
