package alerts

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// idDomain keeps these hashes apart from any other use of SHA-256 over the same ids.
const idDomain = "weir alert v1"

// ID returns the id of the alert on a transaction: 32 hexadecimal digits, the first 128 bits of the SHA-256 of both
// ids, each behind its length. It depends on nothing else, so a replay repeats it.
func ID(accountID, transactionID string) string {
	b := []byte(idDomain)
	for _, s := range [...]string{accountID, transactionID} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
