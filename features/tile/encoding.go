package tile

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/weir-fraud/weir/features/exact"
	"github.com/weir-fraud/weir/wire"
)

// The canonical encoding of a chunk. All integers are variable-length (encoding/binary, for sums the same with more
// bytes), signed ones in zigzag form, but for the checksum, which is little-endian.
//
//	version   1 byte
//	shape     number of counters, number of sums
//	chunk     its number, signed
//	rows      count, then for each that is not zero, by ascending tile:
//	  place     in the chunk from 0 for the first row, for the others the number of tiles skipped since the one before
//	  counters  signed
//	  sums      signed
//	checksum  4 bytes, CRC-32C of all before
//
// A chunk without rows has no encoding.
const encodingVersion = 1

// ErrDamaged is matched by the errors of DecodeChunk: the value is not one that AppendChunk wrote for this chunk and
// this shape. The remedy is to rebuild the partition from the log; nothing is ever guessed.
var ErrDamaged = errors.New("damaged tiles")

// maxChunk bounds the chunks that there can be on either side of zero, so that tile numbers do not overflow.
const maxChunk = 1 << 58

// chunk returns the range of the rows of a chunk.
func (r *Rows) chunk(chunk int64) (i, j int) {
	if chunk < -maxChunk || chunk > maxChunk {
		return 0, 0
	}
	first := chunk * ChunkTiles
	return r.from(first), r.from(first + ChunkTiles)
}

// AppendChunk appends the canonical encoding of a chunk to dst, or nothing where the chunk has no rows. Chunks with
// equal rows have equal encodings.
func (c *Cell) AppendChunk(dst []byte, chunk int64) []byte {
	start := len(dst)
	i, j := c.rows.chunk(chunk)
	rows := c.rows.slice(i, j)
	n := 0
	for range rows.All() {
		n++
	}
	if n == 0 {
		return dst
	}
	dst = append(dst, encodingVersion)
	dst = binary.AppendUvarint(dst, uint64(rows.shape.Counts))
	dst = binary.AppendUvarint(dst, uint64(rows.shape.Sums))
	dst = binary.AppendVarint(dst, chunk)
	dst = binary.AppendUvarint(dst, uint64(n))
	next := chunk * ChunkTiles
	for row := range rows.All() {
		dst = binary.AppendUvarint(dst, uint64(row.Tile-next))
		for _, count := range row.Counts {
			dst = binary.AppendVarint(dst, count)
		}
		for _, sum := range row.Sums {
			dst = appendSum(dst, sum)
		}
		next = row.Tile + 1
	}
	return wire.Seal(dst, start)
}

// appendSum appends v in zigzag form, seven bits to the byte, the lowest first.
func appendSum(dst []byte, v exact.Int128) []byte {
	signed, lo := v.Bits()
	sign := uint64(signed >> 63)
	hi := (uint64(signed)<<1 | lo>>63) ^ sign
	lo = lo<<1 ^ sign
	for hi != 0 || lo >= 0x80 {
		dst = append(dst, byte(lo)|0x80)
		lo, hi = lo>>7|hi<<57, hi>>7
	}
	return append(dst, byte(lo))
}

// DecodeChunk puts the rows that AppendChunk encoded in the place of those that the cell has of the chunk, which is then
// as it is stored: not dirty. Errors match ErrDamaged, and leave the cell as it was. The cell keeps nothing of value.
// Every chunk has one encoding: what AppendChunk would write in other bytes is refused.
func (c *Cell) DecodeChunk(chunk int64, value []byte) error {
	r := reader{wire.Open(value, encodingVersion, ErrDamaged)}
	if err := r.Err(); err != nil {
		return err
	}
	n := r.header(c.rows.shape, chunk)
	i, j := c.rows.chunk(chunk)
	at := len(c.rows.tiles)
	inPlace := i == at
	read := Rows{shape: c.rows.shape}
	if inPlace {
		read = c.rows
	} else {
		at = 0
	}
	read.insert(at, n)
	next := chunk * ChunkTiles
	for k := range n {
		next += int64(r.place(next - chunk*ChunkTiles))
		read.tiles[at+k] = next
		r.row(read.row(at + k))
		next++
	}
	if err := r.Close(); err != nil {
		return err
	}
	if inPlace {
		c.rows = read
	} else {
		c.rows.remove(i, j)
		c.rows.insert(i, n)
		copy(c.rows.tiles[i:], read.tiles)
		copy(c.rows.counts[i*read.shape.Counts:], read.counts)
		copy(c.rows.sums[i*read.shape.Sums:], read.sums)
	}
	c.clean(chunk)
	return nil
}

// reader takes an encoding apart.
type reader struct{ wire.Reader }

// header reads up to the rows and returns their number, of which the bytes that are left bound the memory.
func (r *reader) header(want Shape, chunk int64) int {
	counts, sums := r.Uvarint(), r.Uvarint()
	if r.Err() == nil && (counts != uint64(want.Counts) || sums != uint64(want.Sums)) {
		r.Fail("rows of %d counters and %d sums, want %d and %d", counts, sums, want.Counts, want.Sums)
	}
	if got := r.Varint(); r.Err() == nil && (got != chunk || chunk < -maxChunk || chunk > maxChunk) {
		r.Fail("chunk %d, want %d", got, chunk)
	}
	n := r.Uvarint()
	if r.Err() == nil && (n == 0 || n > ChunkTiles || n > uint64(r.Left()/(1+want.Counts+want.Sums))) {
		r.Fail("it announces %d rows in %d bytes", n, r.Left())
	}
	if r.Err() != nil {
		return 0
	}
	return int(n)
}

// place reads the number of tiles skipped before a row, where the row may take the given place in the chunk or a later
// one.
func (r *reader) place(from int64) uint64 {
	v := r.Uvarint()
	if v >= ChunkTiles || int64(v)+from >= ChunkTiles {
		r.Fail("a row outside the chunk")
		return 0
	}
	return v
}

// row reads the counters and sums of a row.
func (r *reader) row(into Row) {
	for i := range into.Counts {
		into.Counts[i] = r.Varint()
	}
	for i := range into.Sums {
		into.Sums[i] = r.sum()
	}
	if into.zero() {
		r.Fail("a row without anything in it")
	}
}

// sum reads what appendSum wrote.
func (r *reader) sum() exact.Int128 {
	var hi, lo uint64
	for shift := 0; ; shift += 7 {
		if r.Left() == 0 {
			r.Fail("a sum is cut off")
			return exact.Int128{}
		}
		b := r.Byte()
		part := uint64(b & 0x7f)
		switch {
		case shift < 64:
			lo |= part << shift
			hi |= part >> (64 - shift)
		case shift+bits.Len64(part) > 128:
			r.Fail("a sum is too large")
			return exact.Int128{}
		default:
			hi |= part << (shift - 64)
		}
		if b&0x80 == 0 {
			if part == 0 && shift > 0 {
				r.Fail("a sum is longer than it need be")
				return exact.Int128{}
			}
			break
		}
	}
	sign := -(lo & 1)
	return exact.FromBits(int64(hi>>1^sign), (lo>>1|hi<<63)^sign)
}
