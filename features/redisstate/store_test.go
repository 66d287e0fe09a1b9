package redisstate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/redisstate"
	"github.com/weir-fraud/weir/payment"
)

// TestMiniredis runs the conformance suite on the Redis that `weir demo` embeds.
func TestMiniredis(t *testing.T) {
	conform(t, redisstate.Config{Addresses: []string{miniredis.RunT(t).Addr()}})
}

// TestRedis runs it on a real server, or on a cluster where WEIR_TEST_REDIS names several of its nodes.
func TestRedis(t *testing.T) {
	addresses := os.Getenv("WEIR_TEST_REDIS")
	if addresses == "" {
		t.Fatal("WEIR_TEST_REDIS is not set: run `make services` and set it to what that prints, or to the host:port of a Redis of your own")
	}
	conform(t, redisstate.Config{Addresses: strings.Split(addresses, ",")})
}

func conform(t *testing.T, config redisstate.Config) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *fixture)
	}{
		{"Heads", testHeads},
		{"Load", testLoad},
		{"LoadManyAccounts", testLoadManyAccounts},
		{"LoadDuringApply", testLoadDuringApply},
		{"Apply", testApply},
		{"ApplyMismatch", testApplyMismatch},
		{"ApplyTwice", testApplyTwice},
		{"ApplyPartitions", testApplyPartitions},
		{"ApplyAfterScriptFlush", testApplyAfterScriptFlush},
		{"ApplyLargeBatch", testApplyLargeBatch},
		{"ApplyRivals", testApplyRivals},
		{"Buckets", testBuckets},
		{"Forget", testForget},
		{"ForgetMany", testForgetMany},
		{"Scan", testScan},
		{"Tiles", testTiles},
		{"TilesMany", testTilesMany},
		{"Indexes", testIndexes},
		{"Peers", testPeers},
		{"Discard", testDiscard},
		{"DeleteDiscarded", testDeleteDiscarded},
		{"Drop", testDrop},
		{"Ping", testPing},
		{"Inspect", testInspect},
		{"Canceled", testCanceled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, newFixture(t, config)) })
	}
}

// fixture is a store with a namespace of its own.
type fixture struct {
	store         *redisstate.Store
	config        redisstate.Config
	layout, topic string
	raw           redis.UniversalClient // looks behind the store's back
}

func newFixture(t *testing.T, config redisstate.Config) *fixture {
	t.Helper()
	name := strings.NewReplacer("/", ".", "Test", "test").Replace(t.Name())
	f := &fixture{
		config: config, layout: fmt.Sprintf("%s-%d", name, os.Getpid()), topic: fmt.Sprintf("%s.%d", name, time.Now().UnixNano()),
		raw: redis.NewUniversalClient(&redis.UniversalOptions{Addrs: config.Addresses}),
	}
	f.store = redisstate.Open(config, f.layout, f.topic)
	t.Cleanup(func() {
		for _, key := range f.keys(t) {
			if err := f.raw.Del(context.Background(), key).Err(); err != nil {
				t.Errorf("clean up: %v", err)
			}
		}
		_ = f.raw.Close()
		if err := f.store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return f
}

// keys returns every key of the fixture's layout.
func (f *fixture) keys(t *testing.T) []string {
	t.Helper()
	var mu sync.Mutex
	var keys []string
	collect := func(ctx context.Context, node redis.Cmdable) error {
		it := node.Scan(ctx, 0, "weir:"+f.layout+":*", 1000).Iterator()
		for it.Next(ctx) {
			mu.Lock()
			keys = append(keys, it.Val())
			mu.Unlock()
		}
		return it.Err()
	}
	var err error
	if cluster, ok := f.raw.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(context.Background(), func(ctx context.Context, c *redis.Client) error { return collect(ctx, c) })
	} else {
		err = collect(context.Background(), f.raw)
	}
	if err != nil {
		t.Errorf("list the keys: %v", err)
	}
	return keys
}

// headAt returns a head of generation 1 at an applied offset.
func headAt(applied int64) features.Head {
	return features.Head{Applied: applied, TopicID: "Uo2-x_9fQkGVxB1vN3oM5A", Partitions: 12, Watermark: payment.Time(1000 * applied), Generation: 1}
}

// apply makes one write, which must succeed, and returns the new head.
func (f *fixture) apply(t *testing.T, partition int32, from, to features.Head, changes ...features.Change) features.Head {
	t.Helper()
	if err := f.tryApply(t, partition, from, to, changes...); err != nil {
		t.Fatal(err)
	}
	return to
}

func (f *fixture) tryApply(t *testing.T, partition int32, from, to features.Head, changes ...features.Change) error {
	t.Helper()
	writes := []features.Write{{Partition: partition, From: from, To: to, Changes: changes}}
	if err := f.store.Apply(t.Context(), writes); err != nil {
		t.Fatal(err)
	}
	return writes[0].Err
}

// load returns the values of accounts, "-" for none, and the head.
func (f *fixture) load(t *testing.T, partition int32, generation uint64, accounts ...string) ([]string, features.Head) {
	t.Helper()
	reads := []features.Read{{Partition: partition, Generation: generation, Accounts: accounts}}
	if err := f.store.Load(t.Context(), reads); err != nil {
		t.Fatal(err)
	}
	return texts(reads[0].Values), reads[0].Head
}

func texts(values [][]byte) []string {
	var out []string
	for _, v := range values {
		if v == nil {
			out = append(out, "-")
			continue
		}
		out = append(out, string(v))
	}
	return out
}

// expect fails the test unless the accounts a, b and so on have the values, one word each, and the head is as given.
func (f *fixture) expect(t *testing.T, partition int32, values string, head features.Head) {
	t.Helper()
	accounts := []string{"a", "b", "c", "d", "e"}[:len(strings.Fields(values))]
	got, gotHead := f.load(t, partition, head.Generation, accounts...)
	if strings.Join(got, " ") != values || gotHead != head {
		t.Errorf("partition %d holds %v at %+v, want %s at %+v", partition, got, gotHead, values, head)
	}
}

func change(account, value string, filed, bucket int64) features.Change {
	return features.Change{Account: account, Value: []byte(value), Filing: features.Filing{Filed: filed, Bucket: bucket}}
}

func testHeads(t *testing.T, f *fixture) {
	ctx := t.Context()
	heads, err := f.store.Heads(ctx, 3)
	if err != nil || len(heads) != 3 {
		t.Fatalf("%v, %v", heads, err)
	}
	want := make([]features.Head, 3)
	for i, head := range []features.Head{
		{}, // partition 0 stays empty
		{Applied: 0, TopicID: "t", Partitions: 3, Watermark: 0, Generation: 1},
		{Applied: 1 << 62, TopicID: "Uo2-x_9fQkGVxB1vN3oM5A", Partitions: 1<<31 - 1, Watermark: payment.MaxTime - 1, Generation: 1<<64 - 1},
	} {
		if heads[i] != (features.Head{}) {
			t.Errorf("partition %d has the head %+v before there is any", i, heads[i])
		}
		if head.Known() {
			want[i] = f.apply(t, int32(i), features.Head{}, head)
		}
		got, err := f.store.Head(ctx, int32(i))
		if err != nil || got != want[i] {
			t.Errorf("the head of partition %d is %+v, %v; want %+v", i, got, err, want[i])
		}
	}
	if heads, err = f.store.Heads(ctx, 3); err != nil || fmt.Sprint(heads) != fmt.Sprint(want) {
		t.Errorf("the heads are %v, %v; want %v", heads, err, want)
	}
	other := redisstate.Open(f.config, f.layout, f.topic+"0")
	defer func() { _ = other.Close() }()
	if head, err := other.Head(ctx, 1); err != nil || head.Known() {
		t.Errorf("another topic has the head %+v, %v", head, err)
	}
}

func testLoad(t *testing.T, f *fixture) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	odd := []string{"a b", "a:b", "{x}", "}{", "*", "Ünïcødé", strings.Repeat("9", 128), "\u202e"}
	var changes []features.Change
	for i, id := range odd {
		changes = append(changes, change(id, strings.Repeat(string(every), i), 0, 1))
	}
	one := f.apply(t, 1, features.Head{}, headAt(1), changes...)
	seven := f.apply(t, 7, features.Head{}, headAt(70), change("a", "seven", 0, 1))
	reads := []features.Read{
		{Partition: 7, Generation: 1, Accounts: []string{"missing", "a", "a"}, Values: [][]byte{[]byte("left over")}},
		{Partition: 3, Generation: 1, Accounts: []string{"a"}},
		{Partition: 1, Generation: 1, Accounts: odd},
		{Partition: 1, Generation: 2, Accounts: odd[:1]},
		{Partition: 7, Generation: 1},
	}
	if err := f.store.Load(t.Context(), reads); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		values []string
		head   features.Head
	}{{[]string{"-", "seven", "seven"}, seven}, {[]string{"-"}, features.Head{}}, {nil, one}, {[]string{"-"}, one}, {nil, seven}} {
		if got := texts(reads[i].Values); i != 2 && fmt.Sprint(got) != fmt.Sprint(want.values) || reads[i].Head != want.head {
			t.Errorf("read %d gives %v at %+v, want %v at %+v", i, got, reads[i].Head, want.values, want.head)
		}
	}
	for i, v := range reads[2].Values {
		if v == nil || !bytes.Equal(v, changes[i].Value) {
			t.Errorf("account %q has the value %q, want %q", odd[i], v, changes[i].Value)
		}
	}
}

// More accounts than one command takes, some of them missing, must not get each other's values.
func testLoadManyAccounts(t *testing.T, f *fixture) {
	const n = 2000
	var changes []features.Change
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprint("account ", i))
		if i%3 > 0 {
			changes = append(changes, change(ids[i], fmt.Sprint("value ", i), 0, 1))
		}
	}
	f.apply(t, 0, features.Head{}, headAt(1), changes...)
	got, _ := f.load(t, 0, 1, ids...)
	if len(got) != n {
		t.Fatalf("%d values, want %d", len(got), n)
	}
	for i, v := range got {
		if want := fmt.Sprint("value ", i); v != want && (i%3 > 0 || v != "-") {
			t.Fatalf("account %d has %q", i, v)
		}
	}
}

// While another worker writes, no value may be newer than the head that comes with it.
func testLoadDuringApply(t *testing.T, f *fixture) {
	const accounts, rounds = 700, 25
	ids := make([]string, accounts)
	for i := range ids {
		ids[i] = fmt.Sprint("account ", i)
	}
	done := make(chan error, 1)
	go func() {
		head := features.Head{}
		for round := range int64(rounds) {
			changes := make([]features.Change, accounts)
			for i := range changes {
				changes[i] = change(ids[i], fmt.Sprint(round+1), 0, 1)
			}
			writes := []features.Write{{From: head, To: headAt(round + 1), Changes: changes}}
			if err := errors.Join(f.store.Apply(context.Background(), writes), writes[0].Err); err != nil {
				done <- err
				return
			}
			head = writes[0].To
		}
		done <- nil
	}()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
		}
		got, head := f.load(t, 0, 1, ids...)
		for i, v := range got {
			var round int64
			if _, err := fmt.Sscan(v, &round); v != "-" && (err != nil || round > head.Applied) {
				t.Fatalf("account %d has the value of offset %s with a head at %d", i, v, head.Applied)
			}
		}
	}
}

func testPing(t *testing.T, f *fixture) {
	if err := f.store.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func testCanceled(t *testing.T, f *fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for call, err := range map[string]error{
		"Ping":  f.store.Ping(ctx),
		"Load":  f.store.Load(ctx, []features.Read{{Accounts: []string{"a"}}}),
		"Apply": f.store.Apply(ctx, []features.Write{{To: headAt(1)}}),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: the error is %v", call, err)
		}
	}
	if head, err := f.store.Head(t.Context(), 0); err != nil || head.Known() {
		t.Errorf("the head is %+v, %v", head, err)
	}
}
