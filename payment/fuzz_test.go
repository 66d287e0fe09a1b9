package payment_test

import (
	"math/rand/v2"
	"testing"

	"github.com/weir-fraud/weir/payment"
)

func FuzzDecode(f *testing.F) {
	f.Add([]byte(typical))
	f.Add([]byte(minimal))
	w := &writer{rng: rand.New(rand.NewPCG(3, 4))}
	for range 50 {
		f.Add(append([]byte(nil), w.document()...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d payment.Decoder
		var tx payment.Transaction
		_ = checkAgainstOracle(t, &d, &tx, data)
	})
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2023-10-18T14:10:00Z", "2024-02-29t23:59:59.999999999+23:59", "1970-01-01T00:00:00-00:00",
		"2199-12-31T23:59:59.9z", "2016-12-31T23:59:60Z", "2023-10-18T14:10:00", "2100-02-29T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := payment.ParseTime(s)
		want, wantErr := refused(func() payment.Time { return slowTime(s) })
		if (err == nil) != (wantErr == nil) || got != want {
			t.Fatalf("ParseTime(%q) = %d, %v; want %d, %v", s, got, err, want, wantErr)
		}
		if err != nil {
			return
		}
		if again, err := payment.ParseTime(got.Append(nil)); err != nil || again != got {
			t.Fatalf("ParseTime(%q) = %d, %v; want %d", got, again, err, got)
		}
	})
}

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"500.00", "-12.5", "5e2", "1e999999999", "0.00000000000000000001e22", "10000000000000.01",
		"123456789012345678901234567890e-28", "-0", "1e-4"} {
		f.Add(s, uint16(0))
		f.Add(s, uint16(9))
	}
	currencies := []payment.Currency{}
	for _, code := range []string{"USD", "JPY", "KWD", "CLF"} {
		c, _ := payment.ParseCurrency(code)
		currencies = append(currencies, c)
	}
	f.Fuzz(func(t *testing.T, s string, pick uint16) {
		c := currencies[int(pick)%len(currencies)]
		got, err := payment.ParseAmount(s, c)
		want, wantErr := refused(func() int64 { return slowAmount(s, c) })
		if (err == nil) != (wantErr == nil) || got != want {
			t.Fatalf("ParseAmount(%q, %s) = %d, %v; want %d, %v", s, c.Code(), got, err, want, wantErr)
		}
		if err != nil {
			return
		}
		text := payment.FormatAmount(got, c)
		if again, err := payment.ParseAmount(text, c); err != nil || again != got {
			t.Fatalf("ParseAmount(%q, %s) = %d, %v; want %d", text, c.Code(), again, err, got)
		}
	})
}

// refused runs one of the slow decoder's parts and returns what it refuses as an error.
func refused[T any](f func() T) (v T, err error) {
	defer func() {
		if r := recover(); r != nil {
			refused, ok := r.(refusal)
			if !ok {
				panic(r)
			}
			err = refused.error
		}
	}()
	return f(), nil
}
