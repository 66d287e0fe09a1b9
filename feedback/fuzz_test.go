package feedback_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/weir-fraud/weir/feedback"
)

func FuzzDecode(f *testing.F) {
	f.Add([]byte(typical))
	f.Add([]byte(with()))
	w := &writer{rng: rand.New(rand.NewPCG(3, 4))}
	for range 50 {
		f.Add(w.document())
	}
	f.Fuzz(func(t *testing.T, data []byte) { _ = checkAgainstOracle(t, data) })
}

// FuzzDecodeAccount tries the input as it is and with a right checksum. What is accepted must be what Append writes, and
// be of use; what is refused must say so without a panic and without much memory.
func FuzzDecodeAccount(f *testing.F) {
	f.Add([]byte{})
	f.Add(sample())
	f.Add(body(2, entry("t", 1), entry("u", 4)))
	for _, d := range damages {
		f.Add(d.body)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, value := range [][]byte{input, seal(input)} {
			a, err := decodeFrugally(t, value)
			if err != nil {
				if a != nil || !errors.Is(err, feedback.ErrDamaged) {
					t.Fatalf("%v with the error %v, want nil with ErrDamaged", a, err)
				}
				continue
			}
			if again := a.Append(nil); !bytes.Equal(again, value) {
				t.Fatalf("%x is accepted and encodes as %x", value, again)
			}
			l := decoded(t, with())
			a.Add(&l)
			recoded(t, a)
			a.Drop(l.TransactionTime)
			recoded(t, a)
		}
	})
}

// decodeFrugally fails the test where DecodeAccount takes memory out of proportion to the value.
func decodeFrugally(t *testing.T, value []byte) (*feedback.Account, error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a, err := feedback.DecodeAccount(value)
	runtime.ReadMemStats(&after)
	if took, most := after.TotalAlloc-before.TotalAlloc, uint64(1<<16+100*len(value)); took > most {
		t.Fatalf("%d bytes took %d bytes of memory, want at most %d", len(value), took, most)
	}
	return a, err
}
