package payment_test

import (
	"encoding/json"
	"testing"

	"github.com/weir-fraud/weir/payment"
)

// typical is a transaction as a payment system sends it: 323 bytes, no escapes.
const typical = `{"transaction_id":"abcd1234","timestamp":"2023-10-18T14:10:00Z","account_id":"A78901",` +
	`"transaction_type":"purchase","amount":500.00,"currency":"USD",` +
	`"merchant":{"name":"ElectronicsStore","category":"Electronics",` +
	`"location":{"latitude":40.730610,"longitude":-73.935242}},` +
	`"attributes":{"device_id":"d-17","channel":"online"}}`

func BenchmarkDecode(b *testing.B) {
	data := []byte(typical)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	var d payment.Decoder
	var tx payment.Transaction
	for b.Loop() {
		if err := d.Decode(data, &tx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeStandard is encoding/json on the same bytes, without any of the checks.
func BenchmarkDecodeStandard(b *testing.B) {
	data := []byte(typical)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var tx struct {
			TransactionID string `json:"transaction_id"`
			Timestamp     string `json:"timestamp"`
			AccountID     string `json:"account_id"`
			Type          string `json:"transaction_type"`
			Amount        json.Number
			Currency      string
			Merchant      struct {
				Name     string
				Category string
				Location struct{ Latitude, Longitude float64 }
			}
			Attributes map[string]string
		}
		if err := json.Unmarshal(data, &tx); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	tx := decoded(b, typical)
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		buf = payment.AppendJSON(buf[:0], &tx)
	}
}

func BenchmarkFingerprint(b *testing.B) {
	tx := decoded(b, typical)
	b.ReportAllocs()
	for b.Loop() {
		tx.Fingerprint()
	}
}

func BenchmarkParseTime(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := payment.ParseTime("2023-10-18T14:10:00Z"); err != nil {
			b.Fatal(err)
		}
	}
}

func decoded(tb testing.TB, doc string) payment.Transaction {
	tb.Helper()
	var d payment.Decoder
	var tx payment.Transaction
	if err := d.Decode([]byte(doc), &tx); err != nil {
		tb.Fatal(err)
	}
	return tx
}

// minimal has the required fields only.
const minimal = `{"transaction_id":"t","timestamp":"2023-10-18T14:10:00Z","account_id":"a","transaction_type":"deposit","amount":1,"currency":"USD"}`
