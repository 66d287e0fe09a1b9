package redisstate_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/features"
)

// tiles returns a change of an entity's key: chunks as number and value, "-" for one that goes.
func tiles(entity, key string, filed, bucket int64, chunks ...any) features.TileChange {
	c := features.TileChange{Cell: features.CellName{Entity: entity, Key: key}, Filing: features.Filing{Filed: filed, Bucket: bucket}}
	for i := 0; i < len(chunks); i += 2 {
		chunk := features.Chunk{Number: int64(chunks[i].(int))}
		if v := chunks[i+1].(string); v != "-" {
			chunk.Value = []byte(v)
		}
		c.Chunks = append(c.Chunks, chunk)
	}
	return c
}

// applyTiles makes one write, which must succeed, and returns the new head.
func (f *fixture) applyTiles(t *testing.T, from, to features.Head, changes []features.Change, all ...features.TileChange) features.Head {
	t.Helper()
	writes := []features.Write{{From: from, To: to, Changes: changes, Tiles: all}}
	if err := errors.Join(f.store.Apply(t.Context(), writes), writes[0].Err); err != nil {
		t.Fatal(err)
	}
	return to
}

// chunks returns the chunks of an entity's key, all or those from one number to another, each as NUMBER:VALUE.
func (f *fixture) chunks(t *testing.T, generation uint64, read features.TileRead) string {
	t.Helper()
	read.Chunks = []features.Chunk{{Number: 99, Value: []byte("left over")}}
	reads := []features.Read{{Generation: generation, Accounts: []string{"a"}, Tiles: []features.TileRead{read}}}
	if err := f.store.Load(t.Context(), reads); err != nil {
		t.Fatal(err)
	}
	chunks := reads[0].Tiles[0].Chunks
	slices.SortFunc(chunks, func(a, b features.Chunk) int { return int(a.Number - b.Number) })
	var all []string
	for _, c := range chunks {
		all = append(all, fmt.Sprintf("%d:%s", c.Number, c.Value))
	}
	return strings.Join(all, " ")
}

func everyChunk(entity, key string) features.TileRead {
	return features.TileRead{Cell: features.CellName{Entity: entity, Key: key}, All: true}
}

// An entity's key holds chunks that come and go one by one, beside accounts that may be called the same.
func testTiles(t *testing.T, f *fixture) {
	head := f.applyTiles(t, features.Head{}, headAt(1), []features.Change{change("a", "account", 0, 1)},
		tiles("shop", "a", 0, 1, -3, "x", 5, "y"), tiles("shop", "b:c", 0, 1, 5, "z"), tiles("till", "a", 0, 2, 5, "\x00\xff"))
	read := func(from, to int64) features.TileRead {
		return features.TileRead{Cell: features.CellName{Entity: "shop", Key: "a"}, From: from, To: to}
	}
	expect := func(what string, read features.TileRead, want string) {
		t.Helper()
		if got := f.chunks(t, head.Generation, read); got != want {
			t.Errorf("%s: the chunks are %q, want %q", what, got, want)
		}
	}
	expect("all", everyChunk("shop", "a"), "-3:x 5:y")
	expect("some", read(-4, 4), "-3:x")
	expect("one", read(5, 5), "5:y")
	expect("none", read(-2, 4), "")
	expect("another key", everyChunk("shop", "b:c"), "5:z")
	expect("another entity", everyChunk("till", "a"), "5:\x00\xff")
	expect("an unknown key", everyChunk("shop", "c"), "")
	f.expect(t, 0, "account", head)

	head = f.applyTiles(t, head, headAt(2), nil, tiles("shop", "a", 1, 3, -3, "-", 5, "yy", 6, "new"), tiles("till", "a", 2, 2, 5, "-"))
	expect("changed", everyChunk("shop", "a"), "5:yy 6:new")
	expect("emptied", everyChunk("till", "a"), "")
	writes := []features.Write{{From: headAt(1), To: headAt(9), Tiles: []features.TileChange{tiles("shop", "a", 3, 4, 5, "wrong")}}}
	if err := f.store.Apply(t.Context(), writes); err != nil || !errors.Is(writes[0].Err, features.ErrMismatch) {
		t.Errorf("from another head: %v, %v", err, writes[0].Err)
	}
	expect("unchanged", everyChunk("shop", "a"), "5:yy 6:new")

	// What is filed early goes, accounts and keys alike, and a scan shows the accounts alone.
	head = f.applyTiles(t, head, headAt(3), []features.Change{change("d", "later", 0, 3)}, tiles("till", "a", 2, 2, 7, "again"))
	err := f.store.Scan(t.Context(), 0, head, func(account string, value []byte) error {
		if account != "a" && account != "d" {
			return fmt.Errorf("the scan shows %q", account)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	f.forgetAll(t, 0, head, 3)
	expect("filed later", everyChunk("shop", "a"), "5:yy 6:new")
	expect("filed early", everyChunk("shop", "b:c"), "")
	expect("filed early, too", everyChunk("till", "a"), "")
	f.expect(t, 0, "- - - later", head)

	fresh := headAt(0)
	fresh.Generation = 2
	if err := errors.Join(f.store.Discard(t.Context(), 0, head, fresh), f.store.DeleteDiscarded(t.Context(), 0)); err != nil {
		t.Fatal(err)
	}
	expect("of the discarded generation", everyChunk("shop", "a"), "")
	if keys := f.keys(t); len(keys) != 1 {
		t.Errorf("of a discarded generation %v is left, want the new head alone", keys)
	}
}

// Writes with more than one script call takes on its stack, of accounts and of keys with many chunks.
func testTilesMany(t *testing.T, f *fixture) {
	const n, each = 3000, 3
	var changes []features.Change
	var all []features.TileChange
	for i := range n {
		changes = append(changes, change(fmt.Sprint("account ", i), fmt.Sprint("value ", i), 0, 1))
		all = append(all, tiles("shop", fmt.Sprint("key ", i), 0, 1+int64(i%2), i, "a", i+1, fmt.Sprint("b", i), i+2, "c"))
	}
	head := f.applyTiles(t, features.Head{}, headAt(1), changes, all...)
	for _, i := range []int{0, 1, n / 2, n - 1} {
		want := fmt.Sprintf("%d:a %d:b%d %d:c", i, i+1, i, i+2)
		if got := f.chunks(t, 1, everyChunk("shop", fmt.Sprint("key ", i))); got != want {
			t.Errorf("key %d has %q, want %q", i, got, want)
		}
	}
	f.forgetAll(t, 0, head, 3)
	if keys := f.keys(t); len(keys) != 1 {
		t.Errorf("%d keys are left, want the head", len(keys))
	}
}

// An index grows, is read from where the reader was, and goes with its bucket.
func testIndexes(t *testing.T, f *fixture) {
	head := features.Head{}
	grow := func(applied int64, all ...features.IndexAppend) {
		t.Helper()
		writes := []features.Write{{From: head, To: headAt(applied), Indexes: all}}
		for range 2 { // sent again, as after a lost answer, it must not grow twice
			if err := errors.Join(f.store.Apply(t.Context(), writes), writes[0].Err); err != nil {
				t.Fatal(err)
			}
		}
		head = headAt(applied)
	}
	expect := func(entity string, chunk, from int64, want string) {
		t.Helper()
		reads := []features.Read{{Generation: 1, Indexes: []features.IndexRead{{Entity: entity, Chunk: chunk, From: from, Keys: []byte("left over")}}}}
		if err := f.store.Load(t.Context(), reads); err != nil {
			t.Fatal(err)
		}
		if got := string(reads[0].Indexes[0].Keys); got != want {
			t.Errorf("chunk %d of the %s has the keys %q from byte %d, want %q", chunk, entity, got, from, want)
		}
	}
	expect("shop", 7, 0, "")
	grow(1, features.IndexAppend{Entity: "shop", Chunk: 7, Keys: []byte("\x00one"), Bucket: 1}, features.IndexAppend{Entity: "till", Chunk: 7, Keys: []byte("till"), Bucket: 2})
	grow(2, features.IndexAppend{Entity: "shop", Chunk: 7, Keys: []byte("two.three"), Bucket: 1}, features.IndexAppend{Entity: "shop", Chunk: -8, Keys: []byte("four"), Bucket: 2})
	expect("shop", 7, 0, "\x00onetwo.three")
	expect("shop", 7, 8, "three")
	expect("shop", 7, 13, "")
	expect("shop", 7, 99, "")
	expect("shop", -8, 0, "four")
	expect("till", 7, 0, "till")
	f.forgetAll(t, 0, head, 2)
	expect("shop", 7, 0, "")
	expect("till", 7, 0, "till")
	grow(3, features.IndexAppend{Entity: "shop", Chunk: 7, Keys: []byte("anew"), Bucket: 1})
	expect("shop", 7, 0, "anew")
	f.forgetAll(t, 0, head, 3)
	if keys := f.keys(t); len(keys) != 1 {
		t.Errorf("%v is left, want the head alone", keys)
	}
}

// Peers tell how far each partition is, and what its owner adds to that, as long as it is about this head.
func testPeers(t *testing.T, f *fixture) {
	ctx := t.Context()
	head := f.apply(t, 1, features.Head{}, headAt(10))
	expect := func(what string, want ...features.Peer) {
		t.Helper()
		if got, err := f.store.Peers(ctx, int32(len(want))); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: the peers are %+v, %v; want %+v", what, got, err, want)
		}
	}
	nothing := func(h features.Head) features.Peer {
		return features.Peer{Head: h, Hint: features.Hint{Reached: h.Applied}}
	}
	expect("nothing noted", features.Peer{}, nothing(head))
	hint := features.Hint{Reached: 17, Ahead: 1 << 40}
	if err := f.store.Hint(ctx, 1, head, hint); err != nil {
		t.Fatal(err)
	}
	expect("noted", features.Peer{}, features.Peer{Head: head, Hint: hint})
	if p := (features.Peer{Head: head, Hint: hint}); p.Watermark() != hint.Ahead {
		t.Errorf("the watermark ahead is %v, want %v", p.Watermark(), hint.Ahead)
	}
	if p := nothing(head); p.Watermark() != head.Watermark {
		t.Errorf("the watermark is %v, want %v", p.Watermark(), head.Watermark)
	}
	head = f.apply(t, 1, head, headAt(12))
	expect("noted for an older head", features.Peer{}, nothing(head))
	if err := f.store.Hint(ctx, 1, head, hint); err != nil {
		t.Fatal(err)
	}
	fresh := head
	fresh.Generation = 2
	if err := f.store.Discard(ctx, 1, head, fresh); err != nil {
		t.Fatal(err)
	}
	expect("noted for another generation", features.Peer{}, nothing(fresh))
	if err := f.store.Delete(ctx, 1, fresh); err != nil {
		t.Fatal(err)
	}
	expect("deleted", features.Peer{}, features.Peer{})
	if keys := f.keys(t); len(keys) != 0 {
		t.Errorf("left over: %v", keys)
	}
}
