package redisstate_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/redisstate"
)

// scripted is a store on a server whose commands are shown to hook first: where it answers, the server does not.
func scripted(t *testing.T, hook server.Hook) *fixture {
	m := miniredis.RunT(t)
	f := newFixture(t, redisstate.Config{Addresses: []string{m.Addr()}})
	m.Server().SetPreHook(hook)
	t.Cleanup(func() { m.Server().SetPreHook(nil) })
	return f
}

// The head is read last: then a head that is known vouches for the values before it.
func TestLoadReadsTheHeadLast(t *testing.T) {
	var commands []string
	f := scripted(t, func(_ *server.Peer, command string, args ...string) bool {
		if command == "MGET" || command == "GET" {
			commands = append(commands, command)
		}
		return false
	})
	reads := []features.Read{{Partition: 0, Generation: 1, Accounts: make([]string, 1000)}, {Partition: 1, Generation: 1, Accounts: []string{"a"}}}
	if err := f.store.Load(t.Context(), reads); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(commands, " "), "MGET MGET GET MGET GET"; got != want {
		t.Errorf("the commands are %s, want %s", got, want)
	}
}

// A read that fails must fail Load, even where another one before it has found nothing: an account whose state was not
// read would be taken for a new one.
func TestLoadNoticesEveryFailure(t *testing.T) {
	f := scripted(t, func(c *server.Peer, command string, _ ...string) bool {
		if command == "MGET" {
			c.WriteError("TRYAGAIN Multiple keys request during rehashing of slot")
			return true
		}
		return false
	})
	reads := []features.Read{{Partition: 0, Generation: 1}, {Partition: 1, Generation: 1, Accounts: []string{"a"}}}
	if err := f.store.Load(t.Context(), reads); err == nil || !strings.Contains(err.Error(), "TRYAGAIN") {
		t.Errorf("the error is %v, and the values are %v", err, reads[1].Values)
	}
}

func TestPingChecksEviction(t *testing.T) {
	for policy, want := range map[string]string{
		"noeviction":   "",
		"allkeys-lru":  "redis has maxmemory-policy allkeys-lru: evicted keys would be silently wrong features; set it to noeviction",
		"volatile-ttl": "redis has maxmemory-policy volatile-ttl",
		"":             "", // a provider that hides its configuration
	} {
		f := scripted(t, func(c *server.Peer, command string, _ ...string) bool {
			if command != "CONFIG" {
				return false
			}
			if policy == "" {
				c.WriteError("NOPERM this user has no permissions to run the 'config|get' command")
				return true
			}
			c.WriteStrings([]string{"maxmemory-policy", policy})
			return true
		})
		if err := f.store.Ping(t.Context()); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want one with %q", policy, err, want)
		}
	}
}

// Where nobody listens, every call says so.
func TestConnectionRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	config := redisstate.Config{Addresses: []string{address}}
	s := redisstate.Open(config, "layout", "topic")
	t.Cleanup(func() { _ = s.Close() })
	ctx := context.Background()
	for _, c := range []struct {
		call string
		err  func() error
		want string
	}{
		{"Ping", func() error { return s.Ping(ctx) }, "no answer from Redis at " + address + " (is it running, is redis.addresses right?): "},
		{"Head", func() error { return second(s.Head(ctx, 0)) }, "read a head from Redis: "},
		{"Heads", func() error { return second(s.Heads(ctx, 2)) }, "read heads from Redis: "},
		{"Load", func() error { return s.Load(ctx, []features.Read{{Accounts: []string{"a"}}}) }, "read states from Redis: "},
		{"Apply", func() error { return s.Apply(ctx, []features.Write{{To: headAt(1)}}) }, "write to Redis: "},
		{"Forget", func() error { return second(s.Forget(ctx, 0, headAt(1), 5)) }, "forget idle accounts: "},
		{"Scan", func() error { return s.Scan(ctx, 4, headAt(1), nil) }, "scan partition 4: "},
		{"Discard", func() error { return s.Discard(ctx, 4, headAt(1), headAt(2)) }, "discard the state of partition 4: "},
		{"DeleteDiscarded", func() error { return s.DeleteDiscarded(ctx, 4) }, "read discarded generations: "},
		{"Drop", func() error { return second(redisstate.Drop(ctx, config, "layout")) }, "drop layout layout: "},
	} {
		t.Run(c.call, func(t *testing.T) {
			t.Parallel() // the client tries several times, with pauses
			err := c.err()
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || !strings.Contains(err.Error(), "refused") {
				t.Errorf("the error is %v, want one that begins with %q", err, c.want)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }
