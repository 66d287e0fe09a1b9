package pipeline

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/tile"
)

// keyIndex tells which partitions of a log have tiles of a key of one entity. Most keys are of one or two partitions: a
// device is used by few accounts. The others need not be asked, which is what makes reading over many partitions cheap.
//
// It holds hashes, and keeps them for good. Both can only mean that a partition is asked in vain.
type keyIndex struct {
	entity *features.Entity
	parts  []indexPart
	masks  map[uint32]uint64 // bit n%64 for partition n
}

// indexPart is what is known of one partition.
type indexPart struct {
	generation uint64
	applied    int64           // offset up to which it was folded when the index was read
	through    int64           // tile up to which the index is complete
	read       map[int64]int64 // bytes that were read of each chunk's index
}

func newKeyIndex(e *features.Entity, partitions int32) *keyIndex {
	return &keyIndex{entity: e, parts: make([]indexPart, partitions), masks: make(map[uint32]uint64)}
}

func hashOfKey(key string) uint32 { return uint32(xxhash.Sum64String(key)) }

// may reports whether partition n may have tiles of a key.
func (x *keyIndex) may(mask uint64, n int32) bool { return mask>>(n%64)&1 != 0 }

// mask returns the partitions that may have tiles of a key.
func (x *keyIndex) mask(key string) uint64 { return x.masks[hashOfKey(key)] }

// knows reports whether the index of partition n is complete up to a tile, for transactions that were there at since.
func (x *keyIndex) knows(p *peers, n int32, through int64, since time.Time) bool {
	part, head := &x.parts[n], &p.list[n].Head
	return part.generation == head.Generation && (part.through >= through || p.idle(n, since) && part.applied == head.Applied)
}

// ask adds to a read of partition n what is new in its index, if the partition has closed tiles since it was last read.
func (x *keyIndex) ask(p *peers, n int32, delay int64, r *features.Read) {
	part, peer := &x.parts[n], &p.list[n]
	unchanged, calm := part.applied == peer.Head.Applied, p.ask[n].calm
	known := part.generation == peer.Head.Generation && (calm && unchanged || !calm && part.through >= x.entity.Closed(peer.Watermark()))
	if !peer.Head.Known() || known {
		return
	}
	if part.generation != peer.Head.Generation || peer.Head.Applied < part.applied {
		*part = indexPart{generation: peer.Head.Generation, through: x.entity.Kept(peer.Head.Watermark.Add(-p.kept)) - 1, read: make(map[int64]int64)}
	}
	last := tile.Chunk(x.entity.Tile(peer.Head.Watermark) + delay + 1)
	for chunk := tile.Chunk(part.through + 1); chunk <= last; chunk++ {
		r.Indexes = append(r.Indexes, features.IndexRead{Entity: x.entity.Name, Chunk: chunk, From: part.read[chunk]})
	}
}

// take takes in what was read of partition n.
func (x *keyIndex) take(p *peers, n int32, reads []features.IndexRead) {
	part, peer := &x.parts[n], &p.list[n]
	for i := range reads {
		keys := reads[i].Keys
		for ; len(keys) >= 4; keys = keys[4:] {
			x.masks[binary.LittleEndian.Uint32(keys)] |= 1 << (n % 64)
		}
		part.read[reads[i].Chunk] += int64(len(reads[i].Keys) - len(keys))
	}
	part.applied, part.through = peer.Head.Applied, max(part.through, x.entity.Closed(peer.Watermark()))
	for chunk := range part.read {
		if chunk < tile.Chunk(part.through+1) {
			delete(part.read, chunk)
		}
	}
}

// freshKeys are the keys that have got their first tile of a chunk and are not in the stored index yet.
type freshKeys map[freshAt][]byte

type freshAt struct {
	entity int
	chunk  int64
}

func (f freshKeys) add(entity int, chunk int64, key string) {
	at := freshAt{entity, chunk}
	f[at] = binary.LittleEndian.AppendUint32(f[at], hashOfKey(key))
}

// write moves the keys into a write.
func (f freshKeys) write(set *features.Set, w *features.Write) {
	for at, keys := range f {
		e := &set.Entities()[at.entity]
		w.Indexes = append(w.Indexes, features.IndexAppend{
			Entity: e.Name, Chunk: at.chunk, Keys: keys, Bucket: set.Bucket(e.End((at.chunk+1)*tile.ChunkTiles - 1)),
		})
		delete(f, at)
	}
}

// unwrite takes back what could not be written.
func (f freshKeys) unwrite(set *features.Set, w *features.Write) {
	for _, x := range w.Indexes {
		for k := range set.Entities() {
			if set.Entities()[k].Name == x.Entity {
				at := freshAt{k, x.Chunk}
				f[at] = append(slices.Clip(x.Keys), f[at]...) // in the log's order: readers know how much of it they have
			}
		}
	}
}
