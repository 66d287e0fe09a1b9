package redisstate

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/weir-fraud/weir/features"
)

// replaceHead sets a new head if the old one is as expected, and notes the old generation for deletion.
//
// KEYS: head, old; ARGV: expected head, new head, old generation or nothing.
var replaceHead = redis.NewScript(`
local head = redis.call('GET', KEYS[1]) or ''
if head ~= ARGV[1] then return 0 end
if ARGV[3] ~= '' then redis.call('SADD', KEYS[2], ARGV[3]) end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2]) end
return 1
`)

// Discard replaces the state of a partition, whose head is was, by an empty one with the head fresh, of another
// generation, or by no state at all where fresh is zero. If the head is not was any more, nothing happens and the error is
// ErrMismatch. From then on nobody sees the old accounts; DeleteDiscarded frees their memory.
func (s *Store) Discard(ctx context.Context, partition int32, was, fresh features.Head) error {
	old := ""
	if was.Known() {
		old = strconv.FormatUint(was.Generation, 36)
	}
	var failed error
	err := s.run(ctx, replaceHead, 1, func(int) ([]string, []any) {
		return []string{s.key(partition, "head"), s.key(partition, "old")}, []any{formatHead(was), formatHead(fresh), old}
	}, func(_ int, done bool, err error) {
		switch {
		case err != nil:
			failed = err
		case !done:
			failed = features.ErrMismatch
		}
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("discard the state of partition %d: %w", partition, err)
	}
	return nil
}

// DeleteDiscarded deletes the accounts of discarded generations.
func (s *Store) DeleteDiscarded(ctx context.Context, partition int32) error {
	old, err := s.client.SMembers(ctx, s.key(partition, "old")).Result()
	if err != nil {
		return fmt.Errorf("read discarded generations: %w", err)
	}
	for _, g := range old {
		if err := s.deleteGeneration(ctx, partition, s.key(partition, g+":")); err != nil {
			return fmt.Errorf("delete discarded generation %s of partition %d: %w", g, partition, err)
		}
		if err := s.client.SRem(ctx, s.key(partition, "old"), g).Err(); err != nil {
			return fmt.Errorf("delete discarded generation %s of partition %d: %w", g, partition, err)
		}
	}
	return nil
}

// Delete deletes everything of a partition whose head is as given. If it is not, nothing happens and the error is
// ErrMismatch. Nobody may be working on the partition.
func (s *Store) Delete(ctx context.Context, partition int32, head features.Head) error {
	if err := s.Discard(ctx, partition, head, features.Head{}); err != nil {
		return err
	}
	if err := s.DeleteDiscarded(ctx, partition); err != nil {
		return err
	}
	if err := s.client.Del(ctx, s.key(partition, "head"), s.key(partition, "hint")).Err(); err != nil {
		return fmt.Errorf("delete the head of partition %d: %w", partition, err)
	}
	return nil
}

// accountsPerDelete bounds one deletion, so that no other client of the server waits long behind it.
const accountsPerDelete = 1000

func (s *Store) deleteGeneration(ctx context.Context, partition int32, prefix string) error {
	buckets, err := s.client.SMembers(ctx, prefix+"buckets").Result()
	if err != nil {
		return err
	}
	for _, b := range buckets {
		for {
			ids, err := s.client.SRandMemberN(ctx, prefix+"b:"+b, accountsPerDelete).Result()
			if err != nil {
				return err
			}
			if len(ids) == 0 {
				break
			}
			_, err = s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
				members := make([]any, len(ids))
				keys := make([]string, len(ids))
				for i, id := range ids {
					members[i], keys[i] = id, prefix+id
				}
				p.Unlink(ctx, keys...)
				p.SRem(ctx, prefix+"b:"+b, members...)
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return s.client.Del(ctx, prefix+"buckets").Err()
}

// forget deletes what is in one bucket if the head is as expected, and the bucket's entry once it is empty.
//
// KEYS: head, buckets, the bucket; ARGV: expected head, number of the bucket, most to delete, prefix of the names.
// It returns how many are left, or -1 on another head.
var forget = redis.NewScript(`
local head = redis.call('GET', KEYS[1]) or ''
if head ~= ARGV[1] then return -1 end
for _, id in ipairs(redis.call('SPOP', KEYS[3], ARGV[3])) do redis.call('UNLINK', ARGV[4] .. id) end
local left = redis.call('SCARD', KEYS[3])
if left == 0 then redis.call('SREM', KEYS[2], ARGV[2]) end
return left
`)

// Forget deletes accounts that are filed under buckets before the given one, some at a time, and reports whether
// there are more. It does nothing unless the partition's head is as given.
func (s *Store) Forget(ctx context.Context, partition int32, head features.Head, before int64) (more bool, err error) {
	prefix := s.generation(partition, head.Generation)
	buckets, err := s.client.SMembers(ctx, prefix+"buckets").Result()
	if err != nil {
		return false, fmt.Errorf("forget idle accounts: %w", err)
	}
	for _, text := range buckets {
		b, err := strconv.ParseInt(text, 10, 64)
		if err != nil || b >= before {
			continue
		}
		left, err := forget.Run(ctx, s.client, []string{s.key(partition, "head"), prefix + "buckets", prefix + "b:" + text},
			formatHead(head), text, accountsPerDelete, prefix).Int()
		if err != nil {
			return false, fmt.Errorf("forget idle accounts: %w", err)
		}
		if left < 0 {
			return false, nil
		}
		return true, nil
	}
	return false, nil
}

// Scan calls yield with every account's encoded state of a partition, in no order. Changes made meanwhile may or may
// not be seen.
func (s *Store) Scan(ctx context.Context, partition int32, head features.Head, yield func(account string, value []byte) error) error {
	prefix := s.generation(partition, head.Generation)
	buckets, err := s.client.SMembers(ctx, prefix+"buckets").Result()
	if err != nil {
		return fmt.Errorf("scan partition %d: %w", partition, err)
	}
	for _, b := range buckets {
		names, err := s.client.SMembers(ctx, prefix+"b:"+b).Result()
		if err != nil {
			return fmt.Errorf("scan partition %d: %w", partition, err)
		}
		var ids []string
		for _, name := range names {
			if id, ok := strings.CutPrefix(name, accountName); ok {
				ids = append(ids, id)
			}
		}
		for batch := range slices.Chunk(ids, keysPerRead) {
			reads := []features.Read{{Partition: partition, Generation: head.Generation, Accounts: batch}}
			if err := s.Load(ctx, reads); err != nil {
				return err
			}
			for i, v := range reads[0].Values {
				if v == nil {
					continue
				}
				if err := yield(batch[i], v); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Drop deletes everything under the given layout's prefix, whatever the topic, and returns how many keys went. It
// looks at every key of the server.
func Drop(ctx context.Context, config Config, layout string) (int, error) {
	s := Open(config, layout, "")
	defer func() { _ = s.Close() }()
	n := 0
	err := s.eachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		it := node.Scan(ctx, 0, "weir:"+layout+":*", accountsPerDelete).Iterator()
		for it.Next(ctx) {
			if err := node.Unlink(ctx, it.Val()).Err(); err != nil {
				return err
			}
			n++
		}
		return it.Err()
	})
	if err != nil {
		return n, fmt.Errorf("drop layout %s: %w", layout, err)
	}
	return n, nil
}
