package features

import (
	"encoding/binary"

	"github.com/weir-fraud/weir/features/exact"
	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// appendBundle appends what a bundle holds beyond the fields of its representative.
func appendBundle(dst []byte, e *event, b *bundle) []byte {
	dst = binary.AppendUvarint(dst, uint64(b.events))
	if b.events == 1 {
		return dst // the representative says it all
	}
	dst = binary.AppendUvarint(dst, uint64(e.time-b.first))
	dst = binary.AppendUvarint(dst, uint64(b.events-b.amounts.N))
	if b.amounts.N == 0 {
		return dst
	}
	dst = binary.AppendVarint(dst, b.least)
	dst = binary.AppendUvarint(dst, uint64(b.largest-b.least))
	dst = append128(dst, aboveLeast(b))
	return append128(dst, b.amounts.Squares)
}

// aboveLeast returns how much more the amounts come to than if all were the least of them.
func aboveLeast(b *bundle) exact.Int128 {
	var least exact.Int128
	least.Add(b.least)
	return b.amounts.Total.Sub(least.Times(uint64(b.amounts.N)))
}

// append128 appends the bits of v as a variable-length integer.
func append128(dst []byte, v exact.Int128) []byte {
	signed, lo := v.Bits()
	hi := uint64(signed)
	for hi != 0 || lo >= 0x80 {
		dst = append(dst, byte(lo)|0x80)
		hi, lo = hi>>7, lo>>7|hi<<57
	}
	return append(dst, byte(lo))
}

// read128 reads what append128 wrote.
func (r *reader) read128() exact.Int128 {
	var hi, lo uint64
	for shift := 0; ; shift += 7 {
		b := r.Bytes(1)
		switch {
		case b == nil:
			return exact.Int128{}
		case shift > 0 && b[0] == 0:
			r.Fail("an integer is longer than it need be")
			return exact.Int128{}
		case shift == 126 && b[0] > 3:
			r.Fail("an integer is too large")
			return exact.Int128{}
		}
		part := uint64(b[0] & 0x7f)
		if shift < 64 {
			lo |= part << shift
			hi |= part >> (64 - shift) // nothing but for the part across the middle
		} else {
			hi |= part << (shift - 64)
		}
		if b[0] < 0x80 {
			return exact.FromBits(int64(hi), lo)
		}
	}
}

// bundle reads the bundle of an event, whose fields have been read.
func (r *reader) bundle() {
	n := r.Uvarint()
	if n == 0 || n > maxBundle {
		r.Fail("a bundle of %d events", n)
	}
	b := bundle{events: int64(n)}
	if n > 1 {
		r.bundleOfMany(&b)
	}
	r.bundles = append(r.bundles, b)
}

// maxBundle is more events than there can be in a bundle.
const maxBundle = 1 << 40

// bundleOfMany reads the bundle of more than one event. Its first is read as how far it is behind the newest.
func (r *reader) bundleOfMany(b *bundle) {
	behind, unknown := r.Uvarint(), r.Uvarint()
	if behind > uint64(payment.MaxTime) || unknown > uint64(b.events) {
		r.Fail("a bundle from %d ms ago, %d of %d amounts unknown", behind, unknown, b.events)
		return
	}
	b.first = payment.Time(behind)
	b.amounts.N = b.events - int64(unknown)
	if b.amounts.N == 0 {
		return
	}
	b.least = r.Varint()
	spread := r.Uvarint()
	above := r.read128()
	b.amounts.Squares = r.read128()
	if b.least < -payment.MaxAmount || b.least > payment.MaxAmount || spread > uint64(payment.MaxAmount-b.least) {
		r.Fail("a bundle with amounts out of range")
		return
	}
	b.largest = b.least + int64(spread)
	var most exact.Int128
	most.Add(int64(spread))
	if above.Sign() < 0 || above.Cmp(most.Times(uint64(b.amounts.N))) > 0 {
		r.Fail("a bundle with a sum that is none")
		return
	}
	b.amounts.Total.Add(b.least)
	b.amounts.Total = b.amounts.Total.Times(uint64(b.amounts.N))
	b.amounts.Total.AddInt128(above)
}

// placeBundles fills in what the entries say of their bundles, now that these are known.
func (r *reader) placeBundles(a *Account) {
	a.bundles = r.bundles
	for i := range a.bundles {
		e, b := &a.events[i], &a.bundles[i]
		if b.events == 1 {
			a.set.report(e)
			*b = single(e)
			continue
		}
		if b.first = e.time - b.first; b.first < payment.MinTime {
			r.Fail("a bundle from before the beginning of time")
		}
	}
}

// appendHeard appends the texts that bundled events used: for each field of text how many, then for each its number and
// how much later it was used than the one before, the first one how long before the newest bundle.
func (a *Account) appendHeard(dst []byte, number []uint32) []byte {
	for i, list := range a.heard {
		if !a.set.isText(i) {
			continue
		}
		dst = binary.AppendUvarint(dst, uint64(len(list)))
		for k, h := range list {
			dst = binary.AppendUvarint(dst, uint64(number[h.name]))
			if k == 0 {
				dst = binary.AppendUvarint(dst, uint64(a.bundledThrough()-h.time))
			} else {
				dst = binary.AppendUvarint(dst, uint64(h.time-list[k-1].time))
			}
		}
	}
	return dst
}

// heard reads what appendHeard wrote.
func (r *reader) heard(a *Account) {
	a.heard = make([][]heard, a.set.heardFields())
	newest, through := a.events[len(a.events)-1].time, a.bundledThrough()
	for i := range a.heard {
		if !a.set.isText(i) {
			continue
		}
		n := r.Count(2)
		if n > a.set.layout.keptTexts() {
			r.Fail("it remembers %d texts of one field", n)
			return
		}
		list := make([]heard, n)
		seen := make(map[uint64]bool, n)
		for k := range list {
			name, step := r.Uvarint(), r.Uvarint()
			r.use(name)
			h := &list[k]
			h.name = uint32(name)
			switch {
			case r.Err() != nil:
				return
			case name == 0 || name > uint64(a.names.len()) || seen[name] || step > uint64(payment.MaxTime):
				r.Fail("it remembers text %d, %d ms away", name, step)
				return
			case k == 0:
				h.time = through - payment.Time(step)
			default:
				h.time = list[k-1].time + payment.Time(step)
			}
			seen[name] = true
			if h.time > through || h.time <= newest-a.set.horizon || k > 0 && step == 0 && a.compareNames(list[k-1].name, h.name) > 0 {
				r.Fail("it remembers text %d in the wrong place", name)
				return
			}
		}
		a.heard[i] = list
	}
}

// heardFields returns how many lists of texts an account has, and isText whether there is anything to remember in the
// one at index i.
func (s *Set) heardFields() int { return int(firstAttributeField-merchantField) + len(s.attributes) }

func (s *Set) isText(i int) bool {
	k := i - int(firstAttributeField-merchantField)
	return k < 0 || s.attributes[k].kind == expression.Text
}
