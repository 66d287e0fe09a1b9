package feedback

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/weir-fraud/weir/payment"
)

// The canonical encoding of an account. All integers are variable-length (encoding/binary) but for the checksum, which
// is little-endian. A text is its length and its bytes.
//
//	version   1 byte
//	entries   count, then for each, in ascending order of transaction ids:
//	  id        text
//	  time      milliseconds since 1970
//	  ledger    for each source, import first:
//	    verdict   1 byte, 0 if the source has said nothing; else also
//	    time      milliseconds since 1970
//	    id        text
//	  payload   text
//	checksum  4 bytes, CRC-32C of all before
//
// Equal states have equal encodings, and what Append would write in other bytes is refused.
const encodingVersion = 1

// minEntryBytes is the least an entry takes, with one source that has said something: it bounds what a damaged count
// can make us allocate.
const minEntryBytes = 2 + 1 + numSources + 3 + 1

// ErrDamaged is matched by the errors of [DecodeAccount]: the value is not one that Append wrote. The remedy is to fold
// the labels again from the log; nothing is ever guessed.
var ErrDamaged = errors.New("damaged label state")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Append appends the canonical encoding of the account to dst.
func (a *Account) Append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, encodingVersion)
	dst = binary.AppendUvarint(dst, uint64(len(a.entries)))
	for _, e := range a.entries {
		dst = appendText(dst, e.id)
		dst = binary.AppendUvarint(dst, uint64(e.time))
		for _, s := range e.ledger.last {
			if dst = append(dst, byte(s.verdict)); s.verdict != 0 {
				dst = binary.AppendUvarint(dst, uint64(s.time))
				dst = appendText(dst, s.id)
			}
		}
		dst = appendText(dst, e.Payload)
	}
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

func appendText[T string | []byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// DecodeAccount returns the account that Append encoded. Errors match [ErrDamaged]. The account keeps nothing of value.
func DecodeAccount(value []byte) (*Account, error) {
	r := reader{}
	if r.open(value); r.err != nil {
		return nil, r.err
	}
	n := r.uvarint()
	if n > uint64(len(r.data)/minEntryBytes) {
		r.fail("it announces %d transactions in %d bytes", n, len(r.data))
		return nil, r.err
	}
	a, entries := &Account{entries: make([]*Entry, n)}, make([]Entry, n)
	previous := ""
	for i := range entries {
		r.entry(&entries[i], previous)
		a.entries[i], previous = &entries[i], entries[i].id
	}
	if len(r.data) > 0 {
		r.fail("%d bytes too many", len(r.data))
	}
	if r.err != nil {
		return nil, r.err
	}
	return a, nil
}

// reader takes an encoding apart. After an error every read returns zero.
type reader struct {
	data []byte // what is still to be read
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
	}
	r.data = nil
}

// open checks and removes version and checksum.
func (r *reader) open(value []byte) {
	n := len(value) - 4
	switch {
	case n < 1:
		r.fail("%d bytes is too short", len(value))
	case crc32.Checksum(value[:n], castagnoli) != binary.LittleEndian.Uint32(value[n:]):
		r.fail("the checksum differs")
	case value[0] != encodingVersion:
		r.fail("encoding version %d, want %d", value[0], encodingVersion)
	default:
		r.data = value[1:n]
	}
}

// entry reads the entry of the transaction after the one with the id previous, "" for the first.
func (r *reader) entry(e *Entry, previous string) {
	e.id, e.time = r.id(), r.time()
	said := false
	for i := range e.ledger.last {
		s := &e.ledger.last[i]
		if b := r.bytes(1); b == nil || b[0] == 0 {
			continue
		} else if s.verdict = Verdict(b[0]); s.verdict > Withdrawn {
			r.fail("verdict %d", s.verdict)
		}
		s.time, s.id = r.time(), r.id()
		said = true
	}
	if payload := r.bytes(r.uvarint()); len(payload) > 0 {
		e.Payload = slices.Clone(payload)
	}
	switch {
	case r.err != nil:
	case e.id <= previous:
		r.fail("transaction %q after %q", e.id, previous)
	case !said:
		r.fail("transaction %q has no label", e.id)
	}
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	switch {
	case n <= 0:
		r.fail("an integer is cut off")
		return 0
	case n > 1 && r.data[n-1] == 0:
		r.fail("an integer is longer than it need be")
		return 0
	}
	r.data = r.data[n:]
	return v
}

// bytes returns the next n bytes, or nil after an error.
func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.data)) {
		r.fail("it ends early")
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *reader) time() payment.Time {
	t := r.uvarint()
	if t >= uint64(payment.MaxTime) {
		r.fail("time %d is out of range", t)
		return 0
	}
	return payment.Time(t)
}

func (r *reader) id() string {
	id := string(r.bytes(r.uvarint()))
	if ferr := checkName("", id, MaxIDBytes); ferr != nil {
		r.fail("an id %s", ferr.Reason)
		return ""
	}
	return id
}
