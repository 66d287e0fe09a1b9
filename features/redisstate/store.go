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
	key := s.generation(0, math.MaxUint64) + "a:" + account
	if err := s.client.Set(ctx, key, value, time.Minute).Err(); err != nil {
		return 0, fmt.Errorf("store an account: %w", err)
	}
	n, err := s.client.MemoryUsage(ctx, key).Result()
	if err = errors.Join(err, s.client.Del(ctx, key).Err()); err != nil {
		return 0, fmt.Errorf("measure an account: %w", err)
	}
	return n, nil
}

// keysPerRead bounds one MGET, so that no other client of the server waits long behind it.
const keysPerRead = 512

// Load fills in the values and heads of the reads in one pipeline. Each head is read after its values: if it is the
// one the caller knows, so were the values.
func (s *Store) Load(ctx context.Context, reads []features.Read) error {
	values := make([][]*redis.SliceCmd, len(reads))
	heads := make([]*redis.StringCmd, len(reads))
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range reads {
			prefix := s.generation(reads[i].Partition, reads[i].Generation) + "a:"
			keys := make([]string, len(reads[i].Accounts))
			for j, id := range reads[i].Accounts {
				keys[j] = prefix + id
			}
			for len(keys) > 0 {
				n := min(len(keys), keysPerRead)
				values[i] = append(values[i], p.MGet(ctx, keys[:n]...))
				keys = keys[n:]
			}
			heads[i] = p.Get(ctx, s.key(reads[i].Partition, "head"))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("read account states from Redis: %w", err)
	}
	for i := range reads {
		r := &reads[i]
		r.Values = r.Values[:0]
		for _, reply := range values[i] {
			// The pipeline's own error is its first one, which may be no more than a missing head.
			if err := reply.Err(); err != nil {
				return fmt.Errorf("read account states from Redis: %w", err)
			}
			for _, v := range reply.Val() {
				text, ok := v.(string)
				if !ok {
					r.Values = append(r.Values, nil)
					continue
				}
				r.Values = append(r.Values, []byte(text))
			}
		}
		if r.Head, err = headOf(heads[i]); err != nil {
			return err
		}
	}
	return nil
}

// apply compares the head and then writes everything. A head that is already the new one is this very write, sent
// twice: whoever takes a partition from one offset to another leaves the same state.
//
// KEYS: head, buckets, then an account each; ARGV: expected head, new head, number of accounts, generation prefix,
// the accounts' values, then for each account that moves: old bucket, new bucket, account.
var apply = redis.NewScript(`
local head = redis.call('GET', KEYS[1]) or ''
if head == ARGV[2] then return 1 end
if head ~= ARGV[1] then return 0 end
local n = tonumber(ARGV[3])
for i = 1, n do redis.call('SET', KEYS[2 + i], ARGV[4 + i]) end
local bucket = ARGV[4] .. 'b:'
for i = 5 + n, #ARGV, 3 do
  if ARGV[i] ~= '0' then redis.call('SREM', bucket .. ARGV[i], ARGV[i + 2]) end
  if redis.call('SADD', bucket .. ARGV[i + 1], ARGV[i + 2]) == 1 then redis.call('SADD', KEYS[2], ARGV[i + 1]) end
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
`)

// Apply makes the writes, one script call each, all in one pipeline. The outcome of each is in its Err. An error of
// Apply itself means that nothing is known of any of them; the same writes may be tried again.
func (s *Store) Apply(ctx context.Context, writes []features.Write) error {
	return s.run(ctx, apply, len(writes), func(i int) (keys []string, args []any) {
		w := &writes[i]
		prefix := s.generation(w.Partition, w.To.Generation)
		keys = make([]string, 0, 2+len(w.Changes))
		args = make([]any, 0, 4+len(w.Changes))
		keys = append(keys, s.key(w.Partition, "head"), prefix+"buckets")
		args = append(args, formatHead(w.From), formatHead(w.To), len(w.Changes), prefix)
		for j := range w.Changes {
			keys = append(keys, prefix+"a:"+w.Changes[j].Account)
			args = append(args, w.Changes[j].Value)
		}
		for j := range w.Changes {
			if c := &w.Changes[j]; c.Filed != c.Bucket {
				args = append(args, c.Filed, c.Bucket, c.Account)
			}
		}
		return keys, args
	}, func(i int, done bool, err error) {
		switch {
		case err != nil:
			writes[i].Err = fmt.Errorf("write account states to Redis: %w", err)
		case !done:
			writes[i].Err = features.ErrMismatch
		default:
			writes[i].Err = nil
		}
	})
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
