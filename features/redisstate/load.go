package redisstate

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/weir-fraud/weir/features"
)

// keysPerRead bounds one MGET, so that no other client of the server waits long behind it.
const keysPerRead = 512

// What is kept of a partition has a name within its generation, which is also what buckets hold: an account's, or that
// of an entity's key.
const (
	accountName = "a:"
	cellName    = "e:"
	indexName   = "i:"
)

// nameOf returns the name of an entity's key. Entities' names have no colon.
func nameOf(c features.CellName) string { return cellName + c.Entity + ":" + c.Key }

// nameOfIndex returns the name of the index of an entity's keys in a chunk.
func nameOfIndex(entity string, chunk int64) string {
	return indexName + entity + ":" + strconv.FormatInt(chunk, 10)
}

// reply is what Redis answers to one Read.
type reply struct {
	head   *redis.StringCmd
	values []*redis.SliceCmd
	tiles  []tileReply
	index  []*redis.StringCmd
}

// tileReply is what it answers to one TileRead: either everything, or the values of the chunks asked for.
type tileReply struct {
	all  *redis.MapStringStringCmd
	some *redis.SliceCmd
}

// Load fills in the reads in one pipeline. Each head is read after its values: if it is the one the caller knows, so
// were the values.
func (s *Store) Load(ctx context.Context, reads []features.Read) error {
	replies := make([]reply, len(reads))
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range reads {
			replies[i] = s.ask(ctx, p, &reads[i])
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("read states from Redis: %w", err)
	}
	for i := range reads {
		if err := replies[i].fill(&reads[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) ask(ctx context.Context, p redis.Pipeliner, r *features.Read) reply {
	var a reply
	head, prefix := s.key(r.Partition, "head"), s.generation(r.Partition, r.Generation)
	keys := make([]string, len(r.Accounts))
	for i, id := range r.Accounts {
		keys[i] = prefix + accountName + id
	}
	for len(keys) > 0 {
		n := min(len(keys), keysPerRead)
		a.values = append(a.values, p.MGet(ctx, keys[:n]...))
		keys = keys[n:]
	}
	for i := range r.Tiles {
		t := &r.Tiles[i]
		key := prefix + nameOf(t.Cell)
		if t.All {
			a.tiles = append(a.tiles, tileReply{all: p.HGetAll(ctx, key)})
			continue
		}
		fields := make([]string, 0, t.To-t.From+1)
		for n := t.From; n <= t.To; n++ {
			fields = append(fields, strconv.FormatInt(n, 10))
		}
		a.tiles = append(a.tiles, tileReply{some: p.HMGet(ctx, key, fields...)})
	}
	for i := range r.Indexes {
		x := &r.Indexes[i]
		a.index = append(a.index, p.GetRange(ctx, prefix+nameOfIndex(x.Entity, x.Chunk), x.From, -1))
	}
	a.head = p.Get(ctx, head)
	return a
}

// fill takes the reply into the read. A pipeline's own error is its first one, which may be no more than a missing head,
// so each command's own is looked at.
func (a *reply) fill(r *features.Read) (err error) {
	r.Values = r.Values[:0]
	for _, reply := range a.values {
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
	for i := range a.tiles {
		if err := a.tiles[i].fill(&r.Tiles[i]); err != nil {
			return fmt.Errorf("read tiles from Redis: %w", err)
		}
	}
	for i, reply := range a.index {
		text, err := reply.Result()
		if err != nil {
			return fmt.Errorf("read an index from Redis: %w", err)
		}
		r.Indexes[i].Keys = []byte(text)
	}
	r.Head, err = headOf(a.head)
	return err
}

func (a *tileReply) fill(t *features.TileRead) error {
	t.Chunks = t.Chunks[:0]
	if a.all != nil {
		for field, value := range a.all.Val() {
			chunk := features.Chunk{Value: []byte(value)}
			var err error
			if chunk.Number, err = strconv.ParseInt(field, 10, 64); err != nil {
				chunk.Value = nil // nothing that can be decoded: who reads it knows what to do about damage
			}
			t.Chunks = append(t.Chunks, chunk)
		}
		return a.all.Err()
	}
	for i, v := range a.some.Val() {
		if text, ok := v.(string); ok {
			t.Chunks = append(t.Chunks, features.Chunk{Number: t.From + int64(i), Value: []byte(text)})
		}
	}
	return a.some.Err()
}
