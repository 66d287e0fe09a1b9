package redisstate_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/redisstate"
)

// forgetAll calls Forget until there is no more, and returns how often.
func (f *fixture) forgetAll(t *testing.T, partition int32, head features.Head, before int64) int {
	t.Helper()
	for calls := 1; ; calls++ {
		more, err := f.store.Forget(t.Context(), partition, head, before)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return calls
		}
		if calls > 100 {
			t.Fatal("there is no end of it")
		}
	}
}

// An account is in one bucket at a time, wherever it moves.
func testBuckets(t *testing.T, f *fixture) {
	head := f.apply(t, 0, features.Head{}, headAt(1), change("a", "a1", 0, 3), change("b", "b1", 0, 3), change("c", "c1", 0, 5))
	head = f.apply(t, 0, head, headAt(2), change("a", "a2", 3, 5), change("c", "c2", 5, 5))
	f.forgetAll(t, 0, head, 5)
	f.expect(t, 0, "a2 - c2", head)
	// b comes back under the number it had, a and c move on, c by two at once.
	head = f.apply(t, 0, head, headAt(3), change("a", "a3", 5, 6), change("b", "b3", 0, 3), change("c", "c3", 5, 7))
	f.forgetAll(t, 0, head, 6)
	f.expect(t, 0, "a3 - c3", head)
	// What is filed under a bucket that has been forgotten meanwhile moves all the same.
	head = f.apply(t, 0, head, headAt(4), change("b", "b4", 3, 7))
	f.forgetAll(t, 0, head, 7)
	f.expect(t, 0, "- b4 c3", head)
	f.forgetAll(t, 0, head, 8)
	f.expect(t, 0, "- - -", head)
	if keys := f.keys(t); len(keys) != 1 || !strings.HasSuffix(keys[0], "}:head") {
		t.Errorf("of a state without accounts %v is left, want only the head", keys)
	}
}

func testForget(t *testing.T, f *fixture) {
	// Numbers, not texts: 9 is before 10, and 100 is not.
	head := f.apply(t, 0, features.Head{}, headAt(1), change("a", "a", 0, 9), change("b", "b", 0, 10), change("c", "c", 0, 100))
	other := f.apply(t, 1, features.Head{}, headAt(1), change("a", "other", 0, 9))
	for name, wrong := range map[string]features.Head{"behind": headAt(0), "no state": {}, "ahead": headAt(2)} {
		wrong.Generation = 1
		if more, err := f.store.Forget(t.Context(), 0, wrong, 1000); more || err != nil {
			t.Errorf("%s: %v, %v", name, more, err)
		}
	}
	f.expect(t, 0, "a b c", head)
	f.forgetAll(t, 0, head, 9)
	f.expect(t, 0, "a b c", head)
	f.forgetAll(t, 0, head, 10)
	f.expect(t, 0, "- b c", head)
	f.expect(t, 1, "other", other)
	if calls := f.forgetAll(t, 0, head, 10); calls != 1 {
		t.Errorf("where there is nothing to forget it takes %d calls", calls)
	}
}

// What takes long is done some at a time.
func testForgetMany(t *testing.T, f *fixture) {
	const n = 2500
	var changes []features.Change
	for i := range n {
		changes = append(changes, change(fmt.Sprint("account ", i), "x", 0, int64(1+i%2)))
	}
	head := f.apply(t, 0, features.Head{}, headAt(1), append(changes, change("a", "stays", 0, 3))...)
	if calls := f.forgetAll(t, 0, head, 3); calls < 4 {
		t.Errorf("%d accounts are forgotten in %d calls", n, calls)
	}
	f.expect(t, 0, "stays", head)
	if keys := f.keys(t); len(keys) != 4 {
		t.Errorf("%d keys are left, want head, buckets, bucket and account: %v", len(keys), keys[:min(len(keys), 9)])
	}
}

func testScan(t *testing.T, f *fixture) {
	const n = 1500
	want := make(map[string]string)
	var changes []features.Change
	for i := range n {
		c := change(fmt.Sprint("account ", i), fmt.Sprint("value ", i), 0, int64(1+i%7))
		want[c.Account] = string(c.Value)
		changes = append(changes, c)
	}
	head := f.apply(t, 0, features.Head{}, headAt(1), changes...)
	f.apply(t, 1, features.Head{}, headAt(1), change("other", "other", 0, 1))
	err := f.store.Scan(t.Context(), 0, head, func(account string, value []byte) error {
		if v, ok := want[account]; !ok || v != string(value) {
			return fmt.Errorf("%q has %q, want %q, or it comes twice", account, value, v)
		}
		delete(want, account)
		return nil
	})
	if err != nil || len(want) > 0 {
		t.Errorf("%v; %d accounts are missing", err, len(want))
	}
	stop, seen := errors.New("stop"), 0
	err = f.store.Scan(t.Context(), 0, head, func(string, []byte) error {
		seen++
		return stop
	})
	if !errors.Is(err, stop) || seen != 1 {
		t.Errorf("after an error %d accounts are shown, and the error is %v", seen, err)
	}
	nothing := func(account string, _ []byte) error { return fmt.Errorf("%s is shown", account) }
	if err := f.store.Scan(t.Context(), 2, features.Head{}, nothing); err != nil {
		t.Errorf("a partition without state: %v", err)
	}
}

func testDiscard(t *testing.T, f *fixture) {
	ctx := t.Context()
	head := f.apply(t, 0, features.Head{}, headAt(10), change("a", "old", 0, 1))
	fresh := headAt(0)
	fresh.Generation = 2
	for name, wrong := range map[string]features.Head{"no state": {}, "behind": headAt(9)} {
		if err := f.store.Discard(ctx, 0, wrong, fresh); !errors.Is(err, features.ErrMismatch) {
			t.Errorf("%s: the error is %v, want ErrMismatch", name, err)
		}
	}
	f.expect(t, 0, "old", head)
	if err := f.store.Discard(ctx, 0, head, fresh); err != nil {
		t.Fatal(err)
	}
	f.expect(t, 0, "-", fresh)
	if err := f.tryApply(t, 0, head, headAt(11), change("a", "late", 1, 1)); !errors.Is(err, features.ErrMismatch) {
		t.Errorf("who had the old head writes with the error %v, want ErrMismatch", err)
	}
	next := fresh
	next.Applied = 5
	f.apply(t, 0, fresh, next, change("a", "new", 0, 1))
	f.expect(t, 0, "new", next)
	if err := f.store.Discard(ctx, 0, head, fresh); !errors.Is(err, features.ErrMismatch) {
		t.Errorf("once others have gone on the error is %v, want ErrMismatch", err)
	}
	if err := f.store.Discard(ctx, 1, features.Head{}, fresh); err != nil {
		t.Errorf("where there was nothing: %v", err)
	}
	f.expect(t, 1, "-", fresh)
}

func testDeleteDiscarded(t *testing.T, f *fixture) {
	ctx := t.Context()
	if err := f.store.DeleteDiscarded(ctx, 0); err != nil {
		t.Errorf("nothing to delete: %v", err)
	}
	const n = 2300
	var changes []features.Change
	for i := range n {
		changes = append(changes, change(fmt.Sprint("account ", i), "x", 0, int64(1+i%3)))
	}
	head := features.Head{}
	for generation := uint64(1); generation <= 3; generation++ {
		fresh := features.Head{TopicID: "t", Partitions: 1, Generation: generation * 40}
		if err := f.store.Discard(ctx, 0, head, fresh); err != nil {
			t.Fatal(err)
		}
		head = fresh
		head.Applied = n
		f.apply(t, 0, fresh, head, changes...)
	}
	for range 2 {
		if err := f.store.DeleteDiscarded(ctx, 0); err != nil {
			t.Fatal(err)
		}
		// head, buckets, 3 buckets and the accounts of the last generation
		if keys := f.keys(t); len(keys) != 1+1+3+n {
			t.Errorf("%d keys are left, want %d", len(keys), 1+1+3+n)
		}
	}
	seen := 0
	err := f.store.Scan(ctx, 0, head, func(string, []byte) error {
		seen++
		return nil
	})
	if err != nil || seen != n {
		t.Errorf("%d accounts are left, %v; want %d", seen, err, n)
	}
}

func testDrop(t *testing.T, f *fixture) {
	const accounts, partitions = 700, 5
	var changes []features.Change
	for i := range accounts {
		changes = append(changes, change(fmt.Sprint(i), "x", 0, 1))
	}
	for p := range int32(partitions) {
		f.apply(t, p, features.Head{}, headAt(1), changes...)
	}
	longer := f.layout + "0"
	other := redisstate.Open(f.config, longer, f.topic)
	defer func() { _ = other.Close() }()
	writes := []features.Write{{To: headAt(1), Changes: changes[:1]}}
	if err := errors.Join(other.Apply(t.Context(), writes), writes[0].Err); err != nil {
		t.Fatal(err)
	}
	keys := f.keys(t)
	n, err := redisstate.Drop(t.Context(), f.config, f.layout)
	if err != nil || n != len(keys) || n != partitions*(accounts+3) {
		t.Errorf("%d keys dropped, %v; want %d", n, err, len(keys))
	}
	if left := f.keys(t); len(left) != 0 {
		t.Errorf("left over: %v", left[:min(len(left), 9)])
	}
	if head, err := other.Head(t.Context(), 0); err != nil || head != headAt(1) {
		t.Errorf("the layout with the longer name has the head %+v, %v", head, err)
	}
	if n, err := redisstate.Drop(t.Context(), f.config, longer); err != nil || n != 4 {
		t.Errorf("%d keys of the other layout dropped, %v", n, err)
	}
	if n, err := redisstate.Drop(t.Context(), f.config, longer); err != nil || n != 0 {
		t.Errorf("%d keys dropped once more, %v", n, err)
	}
	if keys := f.keys(t); slices.ContainsFunc(keys, func(k string) bool { return strings.Contains(k, longer) }) {
		t.Errorf("left over: %v", keys)
	}
}

// A state that is given up without another in its place leaves its owner no head, and its keys to be deleted.
func testDiscardForNothing(t *testing.T, f *fixture) {
	head := f.apply(t, 0, features.Head{}, headAt(5), change("a", "a5", 0, 1))
	if err := f.store.Discard(t.Context(), 0, headAt(4), features.Head{}); !errors.Is(err, features.ErrMismatch) {
		t.Errorf("of another head: %v", err)
	}
	f.expect(t, 0, "a5", head)
	if err := f.store.Discard(t.Context(), 0, head, features.Head{}); err != nil {
		t.Fatal(err)
	}
	if got, err := f.store.Head(t.Context(), 0); err != nil || got.Known() {
		t.Errorf("the head is %+v, %v", got, err)
	}
	if err := f.store.DeleteDiscarded(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if keys := f.keys(t); len(keys) != 0 {
		t.Errorf("left over: %v", keys)
	}
}
