package pipeline

import (
	"context"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

const hour = payment.Time(3_600_000)

// shops is a set with an entity whose tiles of 1 h are read 2 h late, and labels that are used after a day.
func shops(t testing.TB) *features.Set {
	t.Helper()
	d, err := features.ParseDeclarations("features.yaml", []byte(`
format: 1
entities: {shop: {key: merchant, tile: 1h, delay: 2h}}
labels: {delay: 1d}
features:
  - {name: amount, value: amount}
  - {name: shop_7d, entity: shop, aggregate: count, windows: [7d]}
  - {name: shop_frauds_7d, entity: shop, labels: fraud, aggregate: count, windows: [7d]}
`))
	if err != nil {
		t.Fatal(err)
	}
	set, err := features.Compile(d, features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// told is a PeerStore that tells what it is told to.
type told struct {
	PeerStore
	peers []features.Peer
}

func (s *told) Peers(context.Context, int32) ([]features.Peer, error) {
	return append([]features.Peer(nil), s.peers...), nil
}

// watched is a log of two partitions: partition 1 is seen from partition 0 at moments of the test's choice.
type watched struct {
	t     *testing.T
	e     *features.Entity
	store told
	peers *peers
	end   int64 // of partition 1
	asked int
	now   time.Time
}

func newWatched(t *testing.T) *watched {
	set := shops(t)
	w := &watched{t: t, e: &set.Entities()[0], now: time.Unix(1000, 0)}
	w.store.peers = []features.Peer{w.at(0, 0), w.at(0, 0)}
	w.peers = newPeers(&w.store, set, 2, func(context.Context) ([]int64, error) {
		w.asked++
		return []int64{0, w.end}, nil
	})
	return w
}

func (w *watched) at(applied int64, watermark payment.Time) features.Peer {
	return features.Peer{
		Head: features.Head{Applied: applied, TopicID: "T", Partitions: 2, Watermark: watermark, Generation: 1},
		Hint: features.Hint{Reached: applied},
	}
}

// closed polls, and returns whether partition 1 is past a tile for a transaction that came at since.
func (w *watched) closed(since time.Time, through int64) bool {
	w.t.Helper()
	if err := w.peers.refresh(w.t.Context(), w.now); err != nil {
		w.t.Fatal(err)
	}
	if w.peers.allClosed(w.e, 0, since) >= through {
		return true
	}
	if err := w.peers.ends(w.t.Context(), w.now, since, w.e, through, 0); err != nil {
		w.t.Fatal(err)
	}
	return w.peers.allClosed(w.e, 0, since) >= through
}

func (w *watched) expect(what string, since time.Time, through int64, want bool) {
	w.t.Helper()
	if got := w.closed(since, through); got != want {
		w.t.Errorf("%s: closed is %v, want %v", what, got, want)
	}
}

// A partition with nothing to fold holds nobody up, and one that has something does: also where it had nothing before.
func TestIdleIsNotForGood(t *testing.T) {
	w := newWatched(t)
	w.expect("nothing in the log", w.now, 100, true)
	w.end = 5
	w.now = w.now.Add(time.Millisecond)
	w.expect("five records", w.now, 100, false)
	w.store.peers[1] = w.at(5, 50*hour)
	w.expect("five records folded", w.now, 100, true)
	w.end = 6
	w.now = w.now.Add(time.Millisecond)
	w.expect("one more", w.now, 100, false)
	w.expect("one more, an old tile", w.now, 47, true)
	w.store.peers[1] = w.at(6, 103*hour)
	w.end = 7
	w.now = w.now.Add(time.Millisecond)
	asked := w.asked
	w.expect("past the tile, with more to come", w.now, 100, true)
	if w.asked != asked {
		t.Error("the broker is asked about a partition that is past the tile anyway")
	}
}

// Where records come all the time, the log always has more than was folded: a transaction waits for those that were there
// before it.
func TestWaitIsForWhatWasThere(t *testing.T) {
	w := newWatched(t)
	w.end = 10
	since := w.now
	w.expect("nothing folded", since, 100, false)
	for applied := int64(2); applied < 10; applied += 2 {
		w.end += 5
		w.now = w.now.Add(50 * time.Millisecond)
		w.store.peers[1] = w.at(applied, hour)
		w.expect("some of it folded", since, 100, false)
	}
	w.end += 5
	w.store.peers[1] = w.at(10, hour)
	w.expect("what was there is folded", since, 100, true)
	w.now = w.now.Add(time.Millisecond)
	w.expect("for the same transaction, in the next poll", since, 100, true)
	w.now = w.now.Add(time.Millisecond)
	if w.peers.allClosed(w.e, 0, w.now) >= 100 {
		t.Error("what was found out for one transaction serves another one that came later")
	}
	w.expect("for one that came later", w.now, 100, false)
	if w.asked != 2 {
		t.Errorf("the broker was asked %d times, want once for each transaction", w.asked)
	}
}

// Labels are made by hand, so an answer of the broker serves for a while, and no longer.
func TestRecentAnswersServe(t *testing.T) {
	w := newWatched(t)
	w.peers.recent = time.Second
	w.expect("idle", w.now, 100, true)
	w.end = 3
	w.now = w.now.Add(900 * time.Millisecond)
	w.expect("within a second", w.now, 100, true)
	w.now = w.now.Add(200 * time.Millisecond)
	w.expect("after a second", w.now, 100, false)
}

// What Redis has lost is not there any more, whatever was known of it: a partition that goes back, and one that is built
// again, have everything to fold.
func TestIdleEndsWithItsState(t *testing.T) {
	for name, lose := range map[string]func(w *watched){
		"an older copy": func(w *watched) { w.store.peers[1] = w.at(3, 40*hour) },
		"another state": func(w *watched) {
			w.store.peers[1] = w.at(5, 50*hour)
			w.store.peers[1].Head.Generation = 2
			w.end = 6
		},
		"no state": func(w *watched) { w.store.peers[1] = features.Peer{} },
	} {
		w := newWatched(t)
		w.peers.recent = time.Minute
		w.end, w.store.peers[1] = 5, w.at(5, 50*hour)
		w.expect("idle", w.now, 100, true)
		lose(w)
		w.now = w.now.Add(time.Millisecond)
		w.expect(name, w.now, 100, false)
	}
}

// The record that a waiting partition folds next tells how far it will be, which keeps two from waiting for each other.
func TestAheadClosesTiles(t *testing.T) {
	w := newWatched(t)
	w.end, w.store.peers[1] = 9, w.at(5, 50*hour)
	w.expect("behind", w.now, 100, false)
	w.store.peers[1].Ahead = 102 * hour
	w.expect("about to be as far", w.now, 100, true)
	w.expect("and no further", w.now, 101, false)
}
