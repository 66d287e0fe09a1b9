package payment

import (
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

// Fingerprint identifies a transaction within its account. Two transactions with the same id are taken for the same
// one; two with the same id and another body are a conflict. The order of the attributes does not matter, and neither
// does the spelling of the amount, the time or the place.
//
// Both hashes are the same on every machine and in every release, since they are kept in stored state:
//
//   - id is xxHash64 with seed 0 of ID.
//   - body is the upper half of a 64-bit value h, which starts as 0 and takes in, one after the other: Type, Time,
//     Amount, Currency, the xxHash64 of the merchant's Name and of its Category, Known (0 or 1), LatitudeE7 and
//     LongitudeE7 as one word (latitude in the upper half), and the wrapping sum of one value per attribute, which
//     is made like h from the xxHash64 of its Key and of its Value. To take in a word w is
//     h = rotateLeft(h ^ w*P1, 31) * P2, with P1 = 0x9E3779B185EBCA87 and P2 = 0xC2B2AE3D27D4EB4F; each of
//     these values is finished as xxHash64 is.
//
// Neither resists someone who looks for collisions.
func (t *Transaction) Fingerprint() (id uint64, body uint32) {
	var known uint64
	l := t.Merchant.Location
	if l.Known {
		known = 1
	}
	h := stir(0, uint64(t.Type))
	h = stir(h, uint64(t.Time))
	h = stir(h, uint64(t.Amount))
	h = stir(h, uint64(t.Currency))
	h = stir(h, xxhash.Sum64String(t.Merchant.Name))
	h = stir(h, xxhash.Sum64String(t.Merchant.Category))
	h = stir(h, known)
	h = stir(h, uint64(uint32(l.LatitudeE7))<<32|uint64(uint32(l.LongitudeE7)))
	var attributes uint64
	for i := range t.Attributes {
		a := &t.Attributes[i]
		attributes += finish(stir(stir(0, xxhash.Sum64String(a.Key)), xxhash.Sum64String(a.Value)))
	}
	h = finish(stir(h, attributes))
	return xxhash.Sum64String(t.ID), uint32(h >> 32)
}

// Primes of xxHash64.
const (
	prime1 = 0x9E3779B185EBCA87
	prime2 = 0xC2B2AE3D27D4EB4F
	prime3 = 0x165667B19E3779F9
)

// stir takes a word into h, such that h and the word both matter in every bit.
func stir(h, word uint64) uint64 { return bits.RotateLeft64(h^word*prime1, 31) * prime2 }

// finish spreads every bit of h over all bits of the result.
func finish(h uint64) uint64 {
	h = (h ^ h>>33) * prime2
	h = (h ^ h>>29) * prime3
	return h ^ h>>32
}
