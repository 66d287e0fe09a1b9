package tile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"math/big"
	"runtime"
	"slices"
	"testing"

	"github.com/weir-fraud/weir/features/exact"
	"github.com/weir-fraud/weir/features/tile"
)

// small is the shape of the hand-written encodings.
var small = tile.Shape{Counts: 1, Sums: 1}

// seal returns body with the checksum that makes it a value.
func seal(body []byte) []byte {
	return binary.LittleEndian.AppendUint32(slices.Clone(body), crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

// Chunk 2 with one row: tile 50 has the count 1 and the sum -1. This is what is stored, byte for byte.
var sound = []byte{1, 1, 1, 4, 1, 2, 2, 1}

func TestEncodingIsStable(t *testing.T) {
	c := tile.NewCell(small)
	counts, sums := c.At(50)
	counts[0]++
	sums[0].Add(-1)
	if got := c.AppendChunk(nil, 2); !bytes.Equal(got, seal(sound)) {
		t.Errorf("%x, want %x", got, seal(sound))
	}
	for _, chunk := range []int64{1, 3, -2, math.MaxInt64, math.MinInt64} {
		if got := c.AppendChunk(nil, chunk); len(got) != 0 {
			t.Errorf("chunk %d, which has no rows, is %x", chunk, got)
		}
	}
}

// ones is a sum of n bytes: too long, or not.
func ones(n int, last byte) []byte { return append(bytes.Repeat([]byte{0xff}, n-1), last) }

// damages are encodings of chunk 2 under a right checksum that AppendChunk never writes.
var damages = map[string][]byte{
	"nothing":                     {},
	"only a version":              {1},
	"another version":             {2, 1, 1, 4, 1, 2, 2, 1},
	"more counters":               {1, 2, 1, 4, 1, 2, 2, 2, 1},
	"fewer sums":                  {1, 1, 0, 4, 1, 2, 2},
	"another chunk":               {1, 1, 1, 6, 1, 2, 2, 1},
	"a chunk of many bytes":       {1, 1, 1, 0x84, 0, 1, 2, 2, 1},
	"no rows":                     {1, 1, 1, 4, 0},
	"more rows than there are":    {1, 1, 1, 4, 2, 2, 2, 1},
	"more rows than tiles":        append([]byte{1, 1, 1, 4, 25}, bytes.Repeat([]byte{0, 2, 1}, 25)...),
	"a great many rows":           {1, 1, 1, 4, 0xff, 0xff, 0xff, 0xff, 0x7f, 2, 2, 1},
	"bytes left over":             {1, 1, 1, 4, 1, 2, 2, 1, 0},
	"a row after the chunk":       {1, 1, 1, 4, 1, 24, 2, 1},
	"a second row after it":       {1, 1, 1, 4, 2, 23, 2, 1, 0, 2, 1},
	"a place that overflows":      {1, 1, 1, 4, 2, 3, 2, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 1},
	"a row of zeros":              {1, 1, 1, 4, 1, 2, 0, 0},
	"a count longer than need be": {1, 1, 1, 4, 1, 2, 0x82, 0, 1},
	"a sum longer than need be":   {1, 1, 1, 4, 1, 2, 2, 0x81, 0},
	"a count cut off":             {1, 1, 1, 4, 1, 2, 0x82, 0x82},
	"a sum cut off":               {1, 1, 1, 4, 1, 2, 2, 0x81},
	"a count above 64 bits":       append([]byte{1, 1, 1, 4, 1, 2}, append(ones(10, 2), 1)...),
	"a sum above 128 bits":        append([]byte{1, 1, 1, 4, 1, 2, 2}, ones(19, 4)...),
	"a sum of 20 bytes":           append([]byte{1, 1, 1, 4, 1, 2, 2}, ones(20, 1)...),
}

func TestDamageIsNoticed(t *testing.T) {
	refused := func(t *testing.T, value []byte, chunk int64) {
		t.Helper()
		for name, rows := range map[string][]int64{"empty": nil, "before": {40}, "around": {40, 49, 60, 90}} {
			c := tile.NewCell(small)
			for _, n := range rows {
				counts, _ := c.At(n)
				counts[0] = n
			}
			before := rowsOf(c)
			if err := c.DecodeChunk(chunk, value); !errors.Is(err, tile.ErrDamaged) {
				t.Errorf("%x is read with the error %v", value, err)
			}
			if after := rowsOf(c); !equalRows(before, after) {
				t.Errorf("%s: %x has made %v of %v", name, value, after, before)
			}
		}
	}
	if err := tile.NewCell(small).DecodeChunk(2, seal(sound)); err != nil {
		t.Fatal(err)
	}
	for name, body := range damages {
		t.Run(name, func(t *testing.T) { refused(t, seal(body), 2) })
	}
	for i := range seal(sound) {
		value := seal(sound)
		refused(t, value[:i], 2)
		value[i] ^= 0x10
		refused(t, value, 2)
	}
	refused(t, append(seal(sound), 0), 2)
	refused(t, seal(sound), 3)
	refused(t, seal(binary.AppendVarint([]byte{1, 1, 1}, math.MaxInt64)), math.MaxInt64)
	far := binary.AppendVarint([]byte{1, 1, 1}, math.MaxInt64/2)
	refused(t, seal(append(far, 1, 2, 2, 1)), math.MaxInt64/2)
}

// A value takes no memory for rows that it announces and has no bytes for.
func TestDamageTakesNoMemory(t *testing.T) {
	c := tile.NewCell(tile.Shape{Counts: 1e6})
	value := seal(append(binary.AppendUvarint([]byte{1}, 1e6), 0, 4, 24, 0, 1, 1, 1))
	var start, end runtime.MemStats
	runtime.ReadMemStats(&start)
	err := c.DecodeChunk(2, value)
	runtime.ReadMemStats(&end)
	if took := end.TotalAlloc - start.TotalAlloc; !errors.Is(err, tile.ErrDamaged) || took > 1<<16 {
		t.Errorf("%d bytes took %d bytes of memory and gave the error %v", len(value), took, err)
	}
}

// rowsOf returns a copy of all rows.
func rowsOf(c *tile.Cell) []tile.Row {
	var rows []tile.Row
	for r := range c.Rows(math.MinInt64, math.MaxInt64).All() {
		rows = append(rows, tile.Row{Tile: r.Tile, Counts: slices.Clone(r.Counts), Sums: slices.Clone(r.Sums)})
	}
	return rows
}

// The largest numbers of either sign come back as they were.
func TestExtremesRoundTrip(t *testing.T) {
	edges := []exact.Int128{
		exact.FromBits(math.MaxInt64, math.MaxUint64), exact.FromBits(math.MinInt64, 0), exact.FromBits(0, math.MaxUint64),
		exact.FromBits(-1, 0), exact.FromBits(0, 1<<63), exact.FromBits(-1, 1<<63), exact.FromBits(0, 1), exact.FromBits(-1, math.MaxUint64),
	}
	for bit := range 127 {
		edges = append(edges, exact.FromBits(int64(uint64(1)<<bit>>1), 0), exact.FromBits(0, 1<<bit))
		if bit < 63 {
			edges = append(edges, exact.FromBits(-1<<bit, 0), exact.FromBits(1<<bit, 0))
		}
	}
	for i, sum := range edges {
		for _, count := range []int64{math.MaxInt64, math.MinInt64, -1, 0} {
			c, again := tile.NewCell(small), tile.NewCell(small)
			counts, sums := c.At(-7)
			counts[0], sums[0] = count, sum
			value := c.AppendChunk(nil, -1)
			if count == 0 && sum.Sign() == 0 {
				continue
			}
			if err := again.DecodeChunk(-1, value); err != nil {
				t.Fatalf("edge %d: %v", i, err)
			}
			counts, sums = again.At(-7)
			if counts[0] != count || sums[0] != sum {
				t.Errorf("%d and %v come back as %d and %v", count, sum.Big(), counts[0], sums[0].Big())
			}
			if size := 5 + 1 + varintLen(big.NewInt(count)) + varintLen(sum.Big()) + 4; len(value) != size {
				t.Errorf("%d and %v take %d bytes, want %d", count, sum.Big(), len(value), size)
			}
		}
	}
}

// varintLen returns the number of bytes of a signed integer: as many as hold its bits and a sign, seven to the byte.
func varintLen(v *big.Int) int {
	magnitude := new(big.Int).Set(v)
	if v.Sign() < 0 {
		magnitude.Not(magnitude)
	}
	return magnitude.BitLen()/7 + 1
}

// FuzzDecodeChunk tries the input as it is and with a right checksum, on cells with and without rows. What is accepted
// must be what AppendChunk writes; what is refused must say so without a panic and without a trace.
func FuzzDecodeChunk(f *testing.F) {
	for _, body := range damages {
		f.Add(uint8(1), uint8(1), int64(2), body)
	}
	f.Add(uint8(1), uint8(1), int64(2), sound)
	f.Add(uint8(1), uint8(1), int64(2), seal(sound))
	f.Add(uint8(2), uint8(0), int64(-1), []byte{1, 2, 0, 1, 2, 0, 2, 0, 5, 0, 9})
	f.Add(uint8(0), uint8(1), int64(0), append([]byte{1, 0, 1, 0, 1, 0}, ones(19, 3)...))
	f.Fuzz(func(t *testing.T, counts, sums uint8, chunk int64, input []byte) {
		shape := tile.Shape{Counts: int(counts % 4), Sums: int(sums % 4)}
		for _, value := range [][]byte{input, seal(input)} {
			for _, rows := range [][]int64{nil, {-1}, {-1, 5, tile.ChunkTiles}} {
				decodeInto(t, shape, chunk, value, rows)
			}
		}
	})
}

// decodeInto decodes a value into a cell with rows at the given places, counted from the chunk's first tile.
func decodeInto(t *testing.T, shape tile.Shape, chunk int64, value []byte, rows []int64) {
	t.Helper()
	c := tile.NewCell(shape)
	for _, n := range rows {
		if counts, _ := c.At(chunk*tile.ChunkTiles + n); len(counts) > 0 {
			counts[0] = n
		}
	}
	c.ClearDirty()
	before := rowsOf(c)
	if err := c.DecodeChunk(chunk, value); err != nil {
		if !errors.Is(err, tile.ErrDamaged) || !equalRows(before, rowsOf(c)) {
			t.Fatalf("%x: %v, want ErrDamaged and %v left as %v", value, err, rowsOf(c), before)
		}
		return
	}
	if again := c.AppendChunk(nil, chunk); !bytes.Equal(again, value) {
		t.Fatalf("%x is accepted and encodes as %x", value, again)
	}
	outside := slices.DeleteFunc(before, func(r tile.Row) bool { return tile.Chunk(r.Tile) == chunk })
	left := slices.DeleteFunc(rowsOf(c), func(r tile.Row) bool { return tile.Chunk(r.Tile) == chunk })
	if !equalRows(outside, left) {
		t.Fatalf("%x has made %v of %v", value, left, outside)
	}
}
