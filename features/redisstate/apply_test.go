package redisstate_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weir-fraud/weir/features"
)

func testApply(t *testing.T, f *fixture) {
	head := f.apply(t, 4, features.Head{}, headAt(10), change("a", "a10", 0, 1), change("b", "b10", 0, 1))
	f.expect(t, 4, "a10 b10 -", head)
	head = f.apply(t, 4, head, headAt(25), change("b", "b25", 1, 1), change("c", "c25", 0, 2))
	f.expect(t, 4, "a10 b25 c25", head)
	head = f.apply(t, 4, head, headAt(26)) // nothing but the head
	f.expect(t, 4, "a10 b25 c25", head)
	if err := f.store.Apply(t.Context(), nil); err != nil {
		t.Errorf("no writes: %v", err)
	}
}

// Whatever in the head differs, nothing may be written.
func testApplyMismatch(t *testing.T, f *fixture) {
	head := f.apply(t, 0, features.Head{}, headAt(10), change("a", "a10", 0, 3))
	before := f.keys(t)
	for name, from := range map[string]features.Head{
		"no state":        {},
		"behind":          headAt(9),
		"ahead":           headAt(11),
		"another topic":   {Applied: 10, TopicID: "other", Partitions: 12, Watermark: 10000, Generation: 1},
		"partitions":      {Applied: 10, TopicID: head.TopicID, Partitions: 13, Watermark: 10000, Generation: 1},
		"watermark":       {Applied: 10, TopicID: head.TopicID, Partitions: 12, Watermark: 10001, Generation: 1},
		"new generation":  {Applied: 10, TopicID: head.TopicID, Partitions: 12, Watermark: 10000, Generation: 2},
		"long generation": {Applied: 10, TopicID: head.TopicID, Partitions: 12, Watermark: 10000, Generation: 11},
	} {
		err := f.tryApply(t, 0, from, headAt(20), change("a", "wrong", 3, 4), change("b", "wrong", 0, 4))
		if !errors.Is(err, features.ErrMismatch) {
			t.Errorf("%s: the error is %v, want ErrMismatch", name, err)
		}
	}
	if err := f.tryApply(t, 1, headAt(10), headAt(20), change("a", "wrong", 0, 1)); !errors.Is(err, features.ErrMismatch) {
		t.Errorf("without a stored head the error is %v, want ErrMismatch", err)
	}
	f.expect(t, 0, "a10 -", head)
	if after := f.keys(t); !sameSet(before, after) {
		t.Errorf("the keys were %v and are %v", before, after)
	}
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// A write that was made and whose answer got lost is sent again.
func testApplyTwice(t *testing.T, f *fixture) {
	ten := f.apply(t, 0, features.Head{}, headAt(10), change("a", "a10", 0, 3))
	for range 3 {
		f.apply(t, 0, ten, headAt(20), change("a", "a20", 3, 4), change("b", "b20", 0, 3))
	}
	f.expect(t, 0, "a20 b20", headAt(20))
	f.apply(t, 0, headAt(20), headAt(30), change("a", "a30", 4, 4))
	if err := f.tryApply(t, 0, ten, headAt(20), change("a", "a20", 3, 4)); !errors.Is(err, features.ErrMismatch) {
		t.Errorf("once others have gone on the error is %v, want ErrMismatch", err)
	}
	f.expect(t, 0, "a30 b20", headAt(30))
}

// A partition that somebody else has taken must not keep the others from being written.
func testApplyPartitions(t *testing.T, f *fixture) {
	const n = 6
	for p := range int32(n) {
		f.apply(t, p, features.Head{}, headAt(int64(p)), change("a", "old", 0, 1))
	}
	for _, lost := range [][]int32{{0}, {n - 1}, {2, 3}, {}} {
		var writes []features.Write
		for p := range int32(n) {
			head, err := f.store.Head(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			w := features.Write{Partition: p, From: head, To: headAt(head.Applied + 100), Changes: []features.Change{change("a", "new", 1, 1)}}
			if slices.Contains(lost, p) {
				w.From.Applied += 7
			}
			w.Err = errors.New("left over")
			writes = append(writes, w)
		}
		if err := f.store.Apply(t.Context(), writes); err != nil {
			t.Fatal(err)
		}
		for i, w := range writes {
			want := error(nil)
			if slices.Contains(lost, w.Partition) {
				want = features.ErrMismatch
				w.To = headAt(w.From.Applied - 7)
			}
			if !errors.Is(w.Err, want) {
				t.Errorf("lost %v: the outcome of partition %d is %v, want %v", lost, i, w.Err, want)
			}
			if head, _ := f.store.Head(t.Context(), w.Partition); head != w.To {
				t.Errorf("lost %v: partition %d is at %+v, want %+v", lost, i, head, w.To)
			}
		}
	}
}

func testApplyAfterScriptFlush(t *testing.T, f *fixture) {
	head := f.apply(t, 0, features.Head{}, headAt(1), change("a", "one", 0, 1))
	if err := f.raw.ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	writes := []features.Write{
		{Partition: 0, From: headAt(9), To: headAt(10)},
		{Partition: 0, From: head, To: headAt(2), Changes: []features.Change{change("a", "two", 1, 1)}},
		{Partition: 1, From: features.Head{}, To: headAt(3), Changes: []features.Change{change("a", "three", 0, 1)}},
	}
	if err := f.store.Apply(t.Context(), writes); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(writes[0].Err, features.ErrMismatch) || writes[1].Err != nil || writes[2].Err != nil {
		t.Errorf("the outcomes are %v, %v, %v", writes[0].Err, writes[1].Err, writes[2].Err)
	}
	f.expect(t, 0, "two", headAt(2))
	f.expect(t, 1, "three", headAt(3))
	for name, call := range map[string]func() error{
		"Discard": func() error {
			return f.store.Discard(t.Context(), 1, headAt(3), features.Head{TopicID: "t", Generation: 5})
		},
		"Forget": func() error {
			_, err := f.store.Forget(t.Context(), 0, headAt(2), 100)
			return err
		},
	} {
		if err := f.raw.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		if err := call(); err != nil {
			t.Errorf("%s after a flush: %v", name, err)
		}
	}
}

func testApplyLargeBatch(t *testing.T, f *fixture) {
	const n = 5000
	head := features.Head{}
	for round := range 2 {
		changes := make([]features.Change, n)
		for i := range changes {
			changes[i] = change(fmt.Sprint("account ", i), fmt.Sprint(round, " ", i, strings.Repeat(".", 800)), int64(round*(1+i%5)), int64(1+round+i%5))
		}
		head = f.apply(t, 0, head, headAt(int64(n*(round+1))), changes...)
	}
	seen := make(map[string]bool)
	err := f.store.Scan(t.Context(), 0, head, func(account string, value []byte) error {
		want := "1 " + strings.TrimPrefix(account, "account ") + "."
		if !strings.HasPrefix(string(value), want) || seen[account] {
			return fmt.Errorf("%s has %.20q, seen before: %v", account, value, seen[account])
		}
		seen[account] = true
		return nil
	})
	if err != nil || len(seen) != n {
		t.Errorf("%d accounts, %v; want %d", len(seen), err, n)
	}
}

// Of workers that start from the same head, one at a time gets through.
func testApplyRivals(t *testing.T, f *fixture) {
	const workers, rounds = 4, 25
	head := f.apply(t, 0, features.Head{}, headAt(1))
	for range rounds {
		var wg sync.WaitGroup
		errs := make([]error, workers)
		next := make([]features.Head, workers)
		for i := range workers {
			next[i] = headAt(head.Applied + 1 + int64(i))
			wg.Go(func() {
				writes := []features.Write{{From: head, To: next[i], Changes: []features.Change{change("a", fmt.Sprint(i), 0, 1)}}}
				errs[i] = errors.Join(f.store.Apply(t.Context(), writes), writes[0].Err)
			})
		}
		wg.Wait()
		winner := slices.Index(errs, nil)
		for i, err := range errs {
			if i != winner && !errors.Is(err, features.ErrMismatch) {
				t.Fatalf("the outcomes are %v", errs)
			}
		}
		if winner < 0 {
			t.Fatalf("nobody got through: %v", errs)
		}
		head = next[winner]
		f.expect(t, 0, fmt.Sprint(winner), head)
	}
}
