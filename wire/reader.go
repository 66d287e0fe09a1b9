package wire

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Seal appends the checksum of dst from start on: 4 bytes, CRC-32C, little-endian.
func Seal(dst []byte, start int) []byte {
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// Reader takes an encoding apart. After an error every read returns zero.
type Reader struct {
	data    []byte
	at      int
	err     error
	damaged error
}

// Open returns a reader of a value behind its version, which must be the given one, after checking what Seal appended. Its
// errors match damaged.
func Open(value []byte, version byte, damaged error) Reader {
	r := Reader{damaged: damaged}
	n := len(value) - 4
	switch {
	case n < 1:
		r.Fail("%d bytes is too short", len(value))
	case crc32.Checksum(value[:n], castagnoli) != binary.LittleEndian.Uint32(value[n:]):
		r.Fail("the checksum differs")
	case value[0] != version:
		r.Fail("encoding version %d, want %d", value[0], version)
	default:
		r.data, r.at = value[:n], 1
	}
	return r
}

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// Fail notes an error, unless there is one, and ends the reading.
func (r *Reader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", r.damaged, fmt.Sprintf(format, args...))
	}
	r.at = len(r.data)
}

// Left returns the number of bytes that are still to be read.
func (r *Reader) Left() int { return len(r.data) - r.at }

// Close returns the first error; bytes that are left are one.
func (r *Reader) Close() error {
	if r.Left() > 0 {
		r.Fail("%d bytes too many", r.Left())
	}
	return r.err
}

// Uvarint reads an integer.
func (r *Reader) Uvarint() uint64 {
	if r.at < len(r.data) && r.data[r.at] < 0x80 {
		r.at++
		return uint64(r.data[r.at-1])
	}
	v, n := binary.Uvarint(r.data[r.at:])
	switch {
	case n <= 0:
		r.Fail("an integer is cut off or too large")
		return 0
	case r.data[r.at+n-1] == 0:
		r.Fail("an integer is longer than it need be")
		return 0
	}
	r.at += n
	return v
}

// Varint reads an integer in zigzag form.
func (r *Reader) Varint() int64 {
	v := r.Uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// Bytes reads n bytes, valid as long as the value; nil after an error.
func (r *Reader) Bytes(n uint64) []byte {
	if n > uint64(r.Left()) {
		r.Fail("it ends early")
		return nil
	}
	r.at += int(n)
	return r.data[r.at-int(n) : r.at]
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if b := r.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// Count reads a number of items of at least size bytes each, so that what a damaged value can make anybody allocate is
// bounded.
func (r *Reader) Count(size int) int {
	n := r.Uvarint()
	if n > uint64(r.Left()/size) {
		r.Fail("it announces %d items in %d bytes", n, r.Left())
		return 0
	}
	return int(n)
}

// Rest returns all that is still to be read, valid as long as the value.
func (r *Reader) Rest() []byte { return r.data[r.at:] }
