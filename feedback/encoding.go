package feedback

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/wire"
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
	return wire.Seal(dst, start)
}

func appendText[T string | []byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// DecodeAccount returns the account that Append encoded. Errors match [ErrDamaged]. The account keeps nothing of value.
func DecodeAccount(value []byte) (*Account, error) {
	r := reader{wire.Open(value, encodingVersion, ErrDamaged)}
	n := r.Count(minEntryBytes)
	a, entries := &Account{entries: make([]*Entry, n)}, make([]Entry, n)
	previous := ""
	for i := range entries {
		r.entry(&entries[i], previous)
		a.entries[i], previous = &entries[i], entries[i].id
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return a, nil
}

// reader takes an encoding apart.
type reader struct{ wire.Reader }

// entry reads the entry of the transaction after the one with the id previous, "" for the first.
func (r *reader) entry(e *Entry, previous string) {
	e.id, e.time = r.id(), r.time()
	said := false
	for i := range e.ledger.last {
		s := &e.ledger.last[i]
		if s.verdict = Verdict(r.Byte()); s.verdict == 0 {
			continue
		} else if s.verdict > Withdrawn {
			r.Fail("verdict %d", s.verdict)
		}
		s.time, s.id = r.time(), r.id()
		said = true
	}
	if payload := r.Bytes(r.Uvarint()); len(payload) > 0 {
		e.Payload = slices.Clone(payload)
	}
	switch {
	case r.Err() != nil:
	case e.id <= previous:
		r.Fail("transaction %q after %q", e.id, previous)
	case !said:
		r.Fail("transaction %q has no label", e.id)
	}
}

func (r *reader) time() payment.Time {
	t := r.Uvarint()
	if t >= uint64(payment.MaxTime) {
		r.Fail("time %d is out of range", t)
		return 0
	}
	return payment.Time(t)
}

func (r *reader) id() string {
	id := string(r.Bytes(r.Uvarint()))
	if ferr := checkName("", id, MaxIDBytes); ferr != nil {
		r.Fail("an id %s", ferr.Reason)
		return ""
	}
	return id
}
