package redisstate

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/weir-fraud/weir/features"
)

// apply compares the head and then writes everything. A head that is already the new one is this very write, sent
// twice: whoever takes a partition from one offset to another leaves the same state.
//
// KEYS: head, buckets, then a key for each account, for each entity's key and for each index; ARGV: expected head, new
// head, number of accounts, number of entities' keys, number of indexes, generation prefix, the accounts' values, then for
// each entity's key the number of chunks that it gets, these as number and value, the number of chunks that it loses, and
// these; for each index what it gets, its bucket, its name; then for each of all that moves: old bucket, new bucket, name.
var apply = redis.NewScript(`
local head = redis.call('GET', KEYS[1]) or ''
if head == ARGV[2] then return 1 end
if head ~= ARGV[1] then return 0 end
local accounts, cells, indexes = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
for i = 1, accounts do redis.call('SET', KEYS[2 + i], ARGV[6 + i]) end
local at = 7 + accounts
for i = 1, cells do
  local key = KEYS[2 + accounts + i]
  local n = tonumber(ARGV[at])
  for j = 1, n do redis.call('HSET', key, ARGV[at + 2 * j - 1], ARGV[at + 2 * j]) end
  at = at + 2 * n + 1
  n = tonumber(ARGV[at])
  for j = 1, n do redis.call('HDEL', key, ARGV[at + j]) end
  at = at + n + 1
end
local bucket = ARGV[6] .. 'b:'
for i = 1, indexes do
  if redis.call('APPEND', KEYS[2 + accounts + cells + i], ARGV[at]) == #ARGV[at] then
    if redis.call('SADD', bucket .. ARGV[at + 1], ARGV[at + 2]) == 1 then redis.call('SADD', KEYS[2], ARGV[at + 1]) end
  end
  at = at + 3
end
for i = at, #ARGV, 3 do
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
		return s.arguments(&writes[i])
	}, func(i int, done bool, err error) {
		switch {
		case err != nil:
			writes[i].Err = fmt.Errorf("write states to Redis: %w", err)
		case !done:
			writes[i].Err = features.ErrMismatch
		default:
			writes[i].Err = nil
		}
	})
}

func (s *Store) arguments(w *features.Write) (keys []string, args []any) {
	prefix := s.generation(w.Partition, w.To.Generation)
	keys = make([]string, 0, 2+len(w.Changes)+len(w.Tiles)+len(w.Indexes))
	args = make([]any, 0, 6+len(w.Changes)+5*len(w.Tiles)+3*len(w.Indexes))
	keys = append(keys, s.key(w.Partition, "head"), prefix+"buckets")
	args = append(args, formatHead(w.From), formatHead(w.To), len(w.Changes), len(w.Tiles), len(w.Indexes), prefix)
	var moves []any
	for i := range w.Changes {
		c := &w.Changes[i]
		keys = append(keys, prefix+accountName+c.Account)
		args = append(args, c.Value)
		if c.Filed != c.Bucket {
			moves = append(moves, c.Filed, c.Bucket, accountName+c.Account)
		}
	}
	for i := range w.Tiles {
		t := &w.Tiles[i]
		name := nameOf(t.Cell)
		keys = append(keys, prefix+name)
		args = appendChunks(args, t.Chunks)
		if t.Filed != t.Bucket {
			moves = append(moves, t.Filed, t.Bucket, name)
		}
	}
	for i := range w.Indexes {
		x := &w.Indexes[i]
		name := nameOfIndex(x.Entity, x.Chunk)
		keys = append(keys, prefix+name)
		args = append(args, x.Keys, x.Bucket, name)
	}
	return keys, append(args, moves...)
}

// appendChunks appends the chunks that are kept and those that go, each after their number.
func appendChunks(args []any, chunks []features.Chunk) []any {
	kept := 0
	for i := range chunks {
		if chunks[i].Value != nil {
			kept++
		}
	}
	args = append(args, kept)
	for i := range chunks {
		if chunks[i].Value != nil {
			args = append(args, chunks[i].Number, chunks[i].Value)
		}
	}
	args = append(args, len(chunks)-kept)
	for i := range chunks {
		if chunks[i].Value == nil {
			args = append(args, chunks[i].Number)
		}
	}
	return args
}
