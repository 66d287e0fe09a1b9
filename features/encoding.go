package features

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"unicode/utf8"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/wire"
)

// The canonical encoding of an account. All integers are variable-length (encoding/binary) but for the places, the
// fingerprints and the checksum, which are little-endian.
//
//	version   1 byte
//	names     count, then length and bytes of each, in order of first use by the events below
//	events    count, then for each, in the account's order:
//	  head      1 byte: transaction type (2 bits), has a place, has the previous event's currency, is still in the dedupe span,
//	            has marks, is a bundle of events
//	  time      milliseconds since the previous event, for the first since 1970
//	  amount    zigzag, in minor units of
//	  currency  where it is not the previous event's
//	  merchant  number in names from 1, 0 for none
//	  category  likewise
//	  place     2 × 4 bytes, where there is one
//	  marks     a bit each, where it has any
//	  retained  each attribute: a text as its number in names, a number as 0 for none or else 1 + zigzag of its fixed-point form
//	  dedupe    7 + 2 bytes, where still needed
//	  bundle    where it is one: how many events it stands for and, if more than one, how long before the newest of them the
//	            oldest was, how many have no amount and, if not all, the least, how much more the largest is, how much more
//	            they come to than so often the least, and the sum of squares
//	heard     where there are bundles: for each text, how many are remembered, then for each its number in names and when it
//	          was used last
//	checksum  4 bytes, CRC-32C of all before
//
// Equal states have equal encodings: events outside the horizon are gone, and so are fingerprints outside the dedupe
// span and names without an event.
const encodingVersion = 2

const (
	headType     = 3
	headLocated  = 1 << 2
	headCurrency = 1 << 3
	headDedupe   = 1 << 4
	headMarked   = 1 << 5
	headBundle   = 1 << 6
)

// ErrDamaged is matched by the errors of Decode: the value is not one that Append wrote. The remedy is to rebuild the
// partition from the log; nothing is ever guessed.
var ErrDamaged = errors.New("damaged account state")

// Append appends the canonical encoding of the account to dst.
func (a *Account) Append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, encodingVersion)
	const few = 128 // so many names are no allocation
	order, number := a.usedNames(make([]uint32, 0, few), make([]uint32, 0, few))
	dst = binary.AppendUvarint(dst, uint64(len(order)))
	for _, n := range order {
		s := a.names.name(n)
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	dst = binary.AppendUvarint(dst, uint64(len(a.events)))
	var previous event
	newest, _ := a.Newest()
	for i := range a.events {
		e, b := &a.events[i], a.bundle(i)
		dst = a.appendEvent(dst, e, a.row(i), &previous, b, b == nil && e.time > newest-a.set.dedupe, number)
		previous = *e
	}
	dst = a.appendHeard(dst, number)
	return wire.Seal(dst, start)
}

func (a *Account) appendEvent(dst []byte, e *event, row []int64, previous *event, b *bundle, dedupe bool, number []uint32) []byte {
	head := byte(e.kind) & headType
	if e.flags&located != 0 {
		head |= headLocated
	}
	if e.currency == previous.currency {
		head |= headCurrency
	}
	if dedupe {
		head |= headDedupe
	}
	if e.marks != 0 {
		head |= headMarked
	}
	if b != nil {
		head |= headBundle
	}
	dst = append(dst, head)
	dst = binary.AppendUvarint(dst, uint64(e.time-previous.time))
	dst = binary.AppendVarint(dst, e.original)
	if head&headCurrency == 0 {
		dst = binary.AppendUvarint(dst, uint64(e.currency))
	}
	dst = binary.AppendUvarint(dst, uint64(number[e.merchant]))
	dst = binary.AppendUvarint(dst, uint64(number[e.category]))
	if head&headLocated != 0 {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(e.latE7))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(e.lonE7))
	}
	if e.marks != 0 {
		dst = binary.AppendUvarint(dst, uint64(e.marks))
	}
	for i := range a.set.attributes {
		switch {
		case a.set.attributes[i].kind == expression.Text:
			dst = binary.AppendUvarint(dst, uint64(number[row[i]]))
		case row[i] == missing:
			dst = append(dst, 0)
		default:
			dst = binary.AppendUvarint(dst, 1+(uint64(row[i])<<1^uint64(row[i]>>63)))
		}
	}
	if dedupe {
		dst = append(binary.LittleEndian.AppendUint32(dst, uint32(e.id)), byte(e.id>>32), byte(e.id>>40), byte(e.id>>48))
		dst = binary.LittleEndian.AppendUint16(dst, e.body)
	}
	if b != nil {
		dst = appendBundle(dst, e, b)
	}
	return dst
}

// usedNames returns the names that events use, in order of first use, and for each name its new number, in the given
// empty slices if they are large enough.
func (a *Account) usedNames(order, number []uint32) ([]uint32, []uint32) {
	number = slices.Grow(number, a.names.len()+1)[:a.names.len()+1]
	use := func(n uint32) {
		if n != 0 && number[n] == 0 {
			order = append(order, n)
			number[n] = uint32(len(order))
		}
	}
	for i := range a.events {
		use(a.events[i].merchant)
		use(a.events[i].category)
		for k := range a.set.attributes {
			if a.set.attributes[k].kind == expression.Text {
				use(uint32(a.row(i)[k]))
			}
		}
	}
	for _, list := range a.heard {
		for i := range list {
			use(list[i].name)
		}
	}
	return order, number
}

// Decode returns the account that Append encoded. Errors match ErrDamaged. The account keeps nothing of value. Every
// state has one encoding: what Append would write in other bytes is refused, so that equal bytes and equal states are
// the same thing whoever wrote them.
func (s *Set) Decode(value []byte) (*Account, error) {
	r := reader{Reader: wire.Open(value, encodingVersion, ErrDamaged), set: s}
	if err := r.Err(); err != nil {
		return nil, err
	}
	a := s.NewAccount()
	r.names(&a.names)
	n := r.Count(minEventBytes + len(s.attributes))
	a.events = make([]event, n, n+n/8+1)
	a.rows = make([]int64, n*s.stride, (n+n/8+1)*s.stride)
	previous := &event{}
	for i := range n {
		r.event(&a.events[i], a.row(i), previous, i, uint64(a.names.len()))
		previous = &a.events[i]
	}
	if r.Err() == nil && len(r.bundles) > 0 {
		r.placeBundles(a)
		r.heard(a)
	}
	if r.Err() == nil {
		a.derive()
	}
	switch {
	case r.Close() != nil:
		return nil, r.Err()
	case len(a.events) > 0 && a.events[0].time <= previous.time-s.horizon:
		return nil, fmt.Errorf("%w: it holds events outside the horizon", ErrDamaged)
	case s.layout.EventBudget != 0 && n > s.layout.EventBudget, s.layout.EventBudget == 0 && len(a.bundles) > 0:
		return nil, fmt.Errorf("%w: it holds %d events and bundles for another event budget", ErrDamaged, n)
	case r.forgotten != max(len(a.bundles), sort.Search(n, func(i int) bool { return a.events[i].time > previous.time-s.dedupe })):
		return nil, fmt.Errorf("%w: it remembers ids for another dedupe span", ErrDamaged)
	case r.used != uint64(a.names.len()):
		return nil, fmt.Errorf("%w: it holds %d names, %d of them used", ErrDamaged, a.names.len(), r.used)
	}
	return a, nil
}

// derive fills in what the events imply under the account's set.
func (a *Account) derive() {
	env := a.set.newEnv()
	for i := range a.events {
		a.set.report(&a.events[i])
		a.deriveAt(i, &env)
	}
}

func (a *Account) deriveAt(i int, env *expression.Env) {
	e, row := &a.events[i], a.row(i)
	a.set.recall(env, &a.names, e, row)
	a.set.derive(env, e, row)
}

// minEventBytes is the least an event takes beside a byte for each attribute: it bounds what a damaged count can make us allocate.
const minEventBytes = 5

// reader takes an encoding apart.
type reader struct {
	wire.Reader
	set *Set

	used      uint64 // names that events have used so far
	forgotten int    // events whose ids are forgotten, the first ones
	bundles   []bundle
}

func (r *reader) uint32() uint32 {
	if b := r.Bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.Bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint56() uint64 {
	if b := r.Bytes(7); b != nil {
		return uint64(binary.LittleEndian.Uint32(b)) | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48
	}
	return 0
}

// names reads the dictionary.
func (r *reader) names(into *names) {
	n := r.Count(2)
	if n == 0 {
		return
	}
	ahead, size := r.Reader, 0
	for range n {
		size += len(ahead.Bytes(ahead.Uvarint()))
	}
	into.text, into.ends = make([]byte, 0, size+size/n), make([]uint32, 0, n+2)
	for range n {
		name := r.Bytes(r.Uvarint())
		if r.Err() != nil {
			return
		}
		if len(name) == 0 || !utf8.Valid(name) {
			r.Fail("a name is empty or not UTF-8")
			return
		}
		into.text = append(into.text, name...)
		into.ends = append(into.ends, uint32(len(into.text)))
	}
	into.reindex()
	if !into.unique() {
		r.Fail("a name is there twice")
	}
}

// event reads the event at index i into e. names is the length of the dictionary.
func (r *reader) event(e *event, row []int64, previous *event, i int, names uint64) {
	head := r.Byte()
	e.kind, e.currency = payment.Type(head&headType), previous.currency
	elapsed := r.Uvarint()
	e.original = r.Varint()
	if head&headCurrency == 0 {
		c := r.Uvarint()
		if c > math.MaxUint16 || payment.Currency(c) == previous.currency {
			r.Fail("currency %d after %d", c, previous.currency)
		}
		e.currency = payment.Currency(c)
	}
	merchant, category := r.Uvarint(), r.Uvarint()
	if head&headLocated != 0 {
		e.flags |= located
		e.latE7, e.lonE7 = int32(r.uint32()), int32(r.uint32())
	}
	r.use(merchant)
	r.use(category)
	if head&headMarked != 0 {
		r.marks(e)
	}
	r.retained(row)
	if head&headDedupe != 0 {
		e.id, e.body = r.uint56(), r.uint16()
	} else if r.forgotten++; r.forgotten <= i {
		r.Fail("an id is forgotten before an older one")
	}
	if head&headBundle != 0 {
		if len(r.bundles) != i || head&headDedupe != 0 {
			r.Fail("a bundle after a single event, or with an id")
		}
		r.bundle()
	}
	switch {
	case r.Err() != nil:
		return
	case elapsed >= uint64(payment.MaxTime-previous.time):
		r.Fail("event time out of range")
	case e.original > payment.MaxAmount || e.original < -payment.MaxAmount:
		r.Fail("amount out of range")
	case r.used > names:
		r.Fail("name %d of %d", r.used, names)
	case e.currency == 0:
		r.Fail("an event without a currency")
	case e.kind == 0 || head>>7 != 0:
		r.Fail("event head %#x", head)
	}
	e.time = previous.time + payment.Time(elapsed)
	e.merchant, e.category = uint32(merchant), uint32(category)
}

func (r *reader) marks(e *event) {
	marks := r.Uvarint()
	if marks == 0 || marks>>len(r.set.marks) != 0 {
		r.Fail("marks %#x of %d", marks, len(r.set.marks))
	}
	e.marks = uint16(marks)
}

// retained reads the attributes into the row.
func (r *reader) retained(row []int64) {
	for i := range r.set.attributes {
		v := r.Uvarint()
		switch {
		case r.set.attributes[i].kind == expression.Text:
			r.use(v)
			row[i] = int64(v)
		case v == 0:
			row[i] = missing
		default:
			v--
			row[i] = int64(v>>1) ^ -int64(v&1)
			if row[i] > maxFixed || row[i] < -maxFixed {
				r.Fail("a number out of range")
			}
		}
	}
}

// use notes that an event uses the name with the given number. Names are numbered in the order of their first use.
func (r *reader) use(name uint64) {
	switch {
	case name == r.used+1:
		r.used++
	case name > r.used:
		r.Fail("name %d after %d", name, r.used)
	}
}
