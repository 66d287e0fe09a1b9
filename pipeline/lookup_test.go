package pipeline

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/redisstate"
	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/payment"
)

func silent() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// reader is a worker that reads tiles of shops which other partitions have, without Kafka: all that it reads is closed.
type reader struct {
	*Worker
	t      *testing.T
	redis  *miniredis.Miniredis
	owners []*owner
}

// owner is who folds a partition, as far as its tiles of shops go.
type owner struct {
	t      *testing.T
	store  *redisstate.Store
	set    *features.Set
	number int32
	head   features.Head
	cells  map[string]*tile.Cell
	fresh  freshKeys
}

func newReader(t *testing.T, partitions int32) *reader {
	set := shops(t)
	engine, err := NewEngine(EngineConfig{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{t: t, redis: miniredis.RunT(t)}
	store := redisstate.Open(redisstate.Config{Addresses: []string{r.redis.Addr()}}, "layout", "topic")
	t.Cleanup(func() { _ = store.Close() })
	labels := LabelSource{Store: store, Partitions: partitions} // nothing is read of them here
	r.Worker = NewWorker(WorkerConfig{Partitions: partitions, Labels: labels}, NewSwitch(engine), store, NewStats(), silent(), time.Now, func() uint64 { return 1 })
	for n := range partitions {
		o := &owner{t: t, store: store, set: set, number: n, head: features.Head{TopicID: "T", Partitions: partitions, Generation: 7}}
		o.forget()
		r.owners = append(r.owners, o)
		o.write(features.Head{})
	}
	return r
}

// forget begins the partition's tiles anew.
func (o *owner) forget() { o.cells, o.fresh = make(map[string]*tile.Cell), make(freshKeys) }

// add counts events of a shop in a tile.
func (o *owner) add(key string, n, events int64) {
	c := o.cells[key]
	if c == nil {
		c = tile.NewCell(o.set.Entities()[0].Shape())
		o.cells[key] = c
	}
	first := tile.Chunk(n) * tile.ChunkTiles
	if c.Rows(first-1, first+tile.ChunkTiles-1).Len() == 0 {
		o.fresh.add(0, tile.Chunk(n), key)
	}
	counts, _ := c.At(n)
	counts[0] += events
}

// save stores what was added, at a watermark.
func (o *owner) save(watermark payment.Time) {
	o.t.Helper()
	was := o.head
	o.head.Applied++
	o.head.Watermark = watermark
	o.write(was)
}

func (o *owner) write(was features.Head) {
	o.t.Helper()
	w := features.Write{Partition: o.number, From: was, To: o.head}
	for key, c := range o.cells {
		change := features.TileChange{Cell: features.CellName{Entity: "shop", Key: key}, Filing: features.Filing{Bucket: 99}}
		for _, n := range c.DirtyChunks() {
			change.Chunks = append(change.Chunks, features.Chunk{Number: n, Value: c.AppendChunk(nil, n)})
		}
		c.ClearDirty()
		w.Tiles = append(w.Tiles, change)
	}
	o.fresh.write(o.set, &w)
	writes := []features.Write{w}
	if err := errors.Join(o.store.Apply(o.t.Context(), writes), writes[0].Err); err != nil {
		o.t.Fatal(err)
	}
}

// reading is a transaction of partition 0 at a shop.
type reading struct {
	key string
	at  payment.Time
}

// poll looks at the partitions and loads what the transactions read, in one go as the worker does. It returns what each
// finds in 7 days, -1 where that is not known yet, and -2 where some of it may be gone.
func (r *reader) poll(all ...reading) []int64 {
	r.t.Helper()
	l := r.entities.transactions
	l.peers.read = time.Time{}
	if err := l.current(r.t.Context(), time.Now(), peersKnown); err != nil {
		r.t.Fatal(err)
	}
	l.begin()
	series := make([]*series, len(all))
	for i, a := range all {
		series[i] = l.want(0, a.key, a.at, r.through(l, 0, a.at), 0, time.Time{})
	}
	if err := l.load(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	var counts []int64
	for i, a := range all {
		through := r.through(l, 0, a.at)
		s := r.read(l, 0, a.key, series[i], a.at, 0, nil)
		if s.Through() < through {
			counts = append(counts, -1)
			continue
		}
		if l.partial(0, series[i], a.at) {
			counts = append(counts, -2)
			continue
		}
		counts = append(counts, s.Count(0, through-7*24, through))
	}
	return counts
}

func (r *reader) expect(what string, want []int64, all ...reading) {
	r.t.Helper()
	if got := r.poll(all...); fmt.Sprint(got) != fmt.Sprint(want) {
		r.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// A series that is begun anew further back, after more of it was asked for, is asked for as a whole. What was asked for
// before comes with the next poll.
func TestSeriesBegunAnewWhileAsked(t *testing.T) {
	r := newReader(t, 2)
	o := r.owners[1]
	o.add("A", 801, 3)
	o.add("A", 995, 4)
	o.save(1010 * hour)
	r.expect("first", []int64{4}, reading{"A", 1000 * hour})
	r.expect("newer, then older than all before", []int64{-1, 3}, reading{"A", 1003 * hour}, reading{"A", 970 * hour})
	r.expect("both again", []int64{4, 3}, reading{"A", 1003 * hour}, reading{"A", 970 * hour})
}

// Only partitions that have a key are asked for it, and one that gets it is asked from then on.
func TestIndexTellsWhomToAsk(t *testing.T) {
	r := newReader(t, 4)
	for i, o := range r.owners[1:] {
		o.add(fmt.Sprint("of ", i+1), 900, int64(i+1))
		o.save(950 * hour)
	}
	r.expect("all", []int64{1, 2, 3, 0}, reading{"of 1", 940 * hour}, reading{"of 2", 940 * hour}, reading{"of 3", 940 * hour}, reading{"of 4", 940 * hour})
	if n := r.stats.TileReads.Load(); n != 3 {
		t.Errorf("%d keys were read, want 3: each of the partition that has it", n)
	}
	r.owners[2].add("of 1", 945, 5)
	r.owners[2].save(960 * hour)
	r.owners[1].save(960 * hour)
	r.owners[3].save(960 * hour)
	r.expect("of two partitions", []int64{6}, reading{"of 1", 955 * hour})
}

// With no memory for series at all, and with too little, everything is as with plenty.
func TestSeriesCacheOfAnySize(t *testing.T) {
	for _, limit := range []int{0, 1, 1000} {
		r := newReader(t, 3)
		total := make(map[string]int64)
		for at := int64(500); at < 560; at++ {
			for _, o := range r.owners[1:] {
				for i := range 3 {
					key := fmt.Sprint("shop ", i)
					if (at+int64(i)+int64(o.number))%4 == 0 {
						o.add(key, at, at+int64(o.number))
						total[key] += at + int64(o.number)
					}
				}
				o.save(payment.Time(at+2) * hour)
			}
			if at%7 != 0 {
				continue
			}
			for _, o := range r.owners[1:] {
				o.save(payment.Time(at+3) * hour)
			}
			// At this time tiles up to at are read.
			now := payment.Time(at+3) * hour
			want := []int64{total["shop 0"], total["shop 1"], total["shop 2"], total["shop 0"]}
			r.expect(fmt.Sprintf("limit %d, tile %d", limit, at), want, reading{"shop 0", now}, reading{"shop 1", now}, reading{"shop 2", now}, reading{"shop 0", now})
			r.entities.transactions.trim(limit)
		}
	}
}

// Partitions drop what nobody reads but transactions far behind: these get to know that something may be missing.
func TestPartitionFarAhead(t *testing.T) {
	r := newReader(t, 2)
	o := r.owners[1]
	o.add("A", 900, 3)
	o.save(950 * hour)
	with, without := reading{"A", 940 * hour}, reading{"B", 940 * hour}
	r.expect("near", []int64{3, 0}, with, without)
	o.save(940*hour + 6*day)
	r.expect("six days ahead", []int64{3, 0}, with, without)
	o.save(940*hour + 10*day)
	r.expect("ten days ahead, one in memory", []int64{3, -2}, with, without)
	r.entities.transactions.trim(0)
	r.expect("ten days ahead", []int64{-2, -2}, with, without)
	r.expect("not as far behind", []int64{3, 0}, reading{"A", 940*hour + 5*day}, reading{"B", 940*hour + 5*day})
}

// A partition whose tiles are damaged is made to build its state again by whoever finds out, and is waited for meanwhile.
func TestDamagedTilesOfAnotherPartition(t *testing.T) {
	for name, damage := range map[string]func(r *reader, key string){
		"a byte": func(r *reader, key string) { r.redis.HSet(key, "37", r.redis.HGet(key, "37")+"x") },
		"a name": func(r *reader, key string) { r.redis.HSet(key, "no number", "value") },
	} {
		t.Run(name, func(t *testing.T) {
			r := newReader(t, 2)
			o := r.owners[1]
			o.add("A", 900, 3)
			o.save(950 * hour)
			damage(r, "weir:layout:{topic:1}:7:e:shop:A")
			r.expect("damaged", []int64{-1}, reading{"A", 940 * hour})
			if head, err := o.store.Head(t.Context(), 1); err != nil || head.Known() {
				t.Fatalf("the head is %+v, %v: its owner does not get to know of the damage", head, err)
			}
			r.expect("not built yet", []int64{-1}, reading{"A", 940 * hour})
			o.head = features.Head{TopicID: "T", Partitions: 2, Generation: 8}
			if err := errors.Join(o.store.Discard(t.Context(), 1, features.Head{}, o.head), o.store.DeleteDiscarded(t.Context(), 1)); err != nil {
				t.Fatal(err)
			}
			o.forget()
			o.add("A", 900, 3)
			o.save(950 * hour)
			r.expect("built again", []int64{3}, reading{"A", 940 * hour})
			for _, key := range r.redis.Keys() {
				if key == "weir:layout:{topic:1}:7:e:shop:A" {
					t.Errorf("%s is left over", key)
				}
			}
		})
	}
}

// What is read while the owner gives its state up, or Redis goes back to an older copy, is not taken for closed.
func TestHalfDeletedTilesAreNotTaken(t *testing.T) {
	for name, change := range map[string]func(r *reader, o *owner) error{
		"given up": func(_ *reader, o *owner) error {
			fresh := features.Head{TopicID: "T", Partitions: 2, Generation: 9}
			return errors.Join(o.store.Discard(t.Context(), 1, o.head, fresh), o.store.DeleteDiscarded(t.Context(), 1))
		},
		"an older copy": func(r *reader, o *owner) error {
			r.redis.FlushAll()
			old := o.head
			old.Applied--
			writes := []features.Write{{Partition: 1, To: old}}
			return errors.Join(o.store.Apply(t.Context(), writes), writes[0].Err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReader(t, 2)
			o := r.owners[1]
			o.add("A", 900, 3)
			o.save(950 * hour)
			l := r.entities.transactions
			if err := l.current(t.Context(), time.Now(), 0); err != nil {
				t.Fatal(err)
			}
			if err := change(r, o); err != nil {
				t.Fatal(err)
			}
			l.begin()
			s := l.want(0, "A", 940*hour, r.through(l, 0, 940*hour), 0, time.Time{})
			if err := l.load(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := r.read(l, 0, "A", s, 940*hour, 0, nil); got.Through() >= r.through(l, 0, 940*hour) {
				t.Errorf("the series is complete, with %d events", got.Count(0, 0, 2000))
			}
			if !l.stale {
				t.Error("nobody notices")
			}
		})
	}
}

// An index that could not be stored is stored later, before what came after: readers know how much of it they have.
func TestIndexKeepsTheLogsOrder(t *testing.T) {
	set := shops(t)
	f := make(freshKeys)
	var first, second, third features.Write
	f.add(0, 5, "a")
	f.add(0, 5, "b")
	f.write(set, &first)
	f.add(0, 5, "c")
	f.unwrite(set, &first)
	f.write(set, &second)
	for _, key := range []string{"a", "b", "c"} {
		f.add(0, 5, key)
	}
	f.write(set, &third)
	if len(first.Indexes[0].Keys) != 8 || string(second.Indexes[0].Keys) != string(third.Indexes[0].Keys) {
		t.Errorf("the order is %x, want %x", second.Indexes[0].Keys, third.Indexes[0].Keys)
	}
}
