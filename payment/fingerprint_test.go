package payment_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/payment"
)

// The hashes are kept in stored state: these values may never change.
func TestFingerprintIsFixed(t *testing.T) {
	tests := []struct {
		doc  string
		id   uint64
		body uint32
	}{
		{typical, 0x934cc60ca632ac4d, 0xec2a8617},
		{minimal, 0x938d507d8517a864, 0x39383617},
	}
	for _, test := range tests {
		tx := decoded(t, test.doc)
		if id, body := tx.Fingerprint(); id != test.id || body != test.body {
			t.Errorf("got %#x, %#x; want %#x, %#x for %s", id, body, test.id, test.body, test.doc)
		}
	}
}

func TestFingerprintIgnoresSpelling(t *testing.T) {
	a := decoded(t, typical)
	b := decoded(t, strings.NewReplacer("500.00", "5e2", "40.730610", "4073061e-5", "14:10:00Z", "15:10:00+01:00").Replace(typical))
	slices.Reverse(b.Attributes)
	aID, aBody := a.Fingerprint()
	bID, bBody := b.Fingerprint()
	if aID != bID || aBody != bBody {
		t.Errorf("%x %x and %x %x differ", aID, aBody, bID, bBody)
	}
}

func TestFingerprintSeesEveryField(t *testing.T) {
	tx := decoded(t, typical)
	id, body := tx.Fingerprint()
	changes := map[string]func(*payment.Transaction){
		"type":       func(tx *payment.Transaction) { tx.Type = payment.Deposit },
		"time":       func(tx *payment.Transaction) { tx.Time++ },
		"amount":     func(tx *payment.Transaction) { tx.Amount++ },
		"sign":       func(tx *payment.Transaction) { tx.Amount = -tx.Amount },
		"currency":   func(tx *payment.Transaction) { tx.Currency++ },
		"name":       func(tx *payment.Transaction) { tx.Merchant.Name += "x" },
		"category":   func(tx *payment.Transaction) { tx.Merchant.Category = "" },
		"swap":       func(tx *payment.Transaction) { m := &tx.Merchant; m.Name, m.Category = m.Category, m.Name },
		"latitude":   func(tx *payment.Transaction) { tx.Merchant.Location.LatitudeE7++ },
		"longitude":  func(tx *payment.Transaction) { tx.Merchant.Location.LongitudeE7++ },
		"no place":   func(tx *payment.Transaction) { tx.Merchant.Location = payment.Location{} },
		"zero place": func(tx *payment.Transaction) { tx.Merchant.Location = payment.Location{Known: true} },
		"key":        func(tx *payment.Transaction) { tx.Attributes[0].Key += "x" },
		"value":      func(tx *payment.Transaction) { tx.Attributes[1].Value += "x" },
		"one less":   func(tx *payment.Transaction) { tx.Attributes = tx.Attributes[:1] },
		"one more": func(tx *payment.Transaction) {
			tx.Attributes = append(tx.Attributes, payment.Attribute{Key: "a", Value: "b"})
		},
		"values swapped": func(tx *payment.Transaction) {
			tx.Attributes[0].Value, tx.Attributes[1].Value = tx.Attributes[1].Value, tx.Attributes[0].Value
		},
		"key and value swapped": func(tx *payment.Transaction) {
			tx.Attributes[0].Key, tx.Attributes[0].Value = tx.Attributes[0].Value, tx.Attributes[0].Key
		},
	}
	seen := map[uint32]string{body: "unchanged"}
	for what, change := range changes {
		changed := tx.Clone()
		change(&changed)
		gotID, gotBody := changed.Fingerprint()
		if gotID != id {
			t.Errorf("%s changes the id's hash", what)
		}
		if other, ok := seen[gotBody]; ok {
			t.Errorf("%s and %s have the same body", what, other)
		}
		seen[gotBody] = what
	}
	tx.ID += "x"
	if gotID, gotBody := tx.Fingerprint(); gotID == id || gotBody != body {
		t.Error("the id must change its own hash alone")
	}
}

func TestFingerprintAllocatesNothing(t *testing.T) {
	tx := decoded(t, typical)
	if n := testing.AllocsPerRun(100, func() { tx.Fingerprint() }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
