package history_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/history"
)

// BenchmarkReader reads files of 100,000 made-up rows, packing apart: CSV of nine columns as handbook.yaml maps it, CSV
// of ten as sparkov.yaml maps it, JSONL in Weir's own form, and the same JSONL through a mapping.
func BenchmarkReader(b *testing.B) {
	native := func(i int) string {
		return fmt.Sprintf(`{"transaction_id":"t%d","timestamp":"2018-04-%02dT%02d:%02d:%02dZ","account_id":"%d",`+
			`"transaction_type":"purchase","amount":%d.%02d,"currency":"USD","merchant":{"name":"m%d","category":"grocery",`+
			`"location":{"latitude":40.730610,"longitude":-73.935242}},"attributes":{"device_id":"d-%d","channel":"online"}}`,
			i, 1+i%30, i%24, i%60, i*7%60, i%4990, i%300, i%100, i%10000, i%99)
	}
	for _, c := range []struct {
		name    string
		mapping *history.Mapping
		file    string
		header  string
		row     func(i int) string
	}{
		{"CSV/handbook", mapping(b, "handbook.yaml"), "h.csv", handbookHeader, handbookRow},
		{"CSV/sparkov", mapping(b, "sparkov.yaml"), "s.csv", sparkovHeader, sparkovRow},
		{"JSONL/native", history.Native(), "n.jsonl", "", native},
		{"JSONL/mapped", jsonlMapping(b), "m.jsonl", "", native},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkRead(b, c.mapping, c.file, c.header, c.row) })
	}
}

func benchmarkRead(b *testing.B, m *history.Mapping, name, header string, row func(i int) string) {
	const rows = 100_000
	var text strings.Builder
	text.WriteString(header)
	for i := range rows {
		text.WriteString(row(i) + "\n")
	}
	path := filepath.Join(b.TempDir(), name)
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		r, err := history.Open(context.Background(), []string{path}, m, history.Options{})
		if err != nil {
			b.Fatal(err)
		}
		var rec history.Record
		for err = r.Next(&rec); err == nil; err = r.Next(&rec) {
		}
		if !errors.Is(err, io.EOF) {
			b.Fatal(err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
}

const (
	handbookHeader = "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_TIME_SECONDS,TX_TIME_DAYS,TX_FRAUD,TX_FRAUD_SCENARIO\n"
	sparkovHeader  = "unix_time,cc_num,merchant,category,amt,lat,long,merch_lat,merch_long,is_fraud\n"
)

func handbookRow(i int) string {
	return fmt.Sprintf("%d,2018-%02d-%02d %02d:%02d:%02d,%d,%d,%d.%02d,%d,%d,0,0",
		i, 4+i%5, 1+i%30, i%24, i%60, i*7%60, i%4990, i%10000, i%300, i%100, i, i/9600)
}

func sparkovRow(i int) string {
	return fmt.Sprintf("%d,%d,fraud_Shop %d,grocery_pos,%d.%02d,%d.%04d,-%d.%04d,%d.%06d,-%d.%06d,0",
		1325376000+i*37, 3531129874770000+i%999, i%693, i%300, i%100, 30+i%15, i%9999, 70+i%40, i%9999, 30+i%15, i%999999, 70+i%40, i%999999)
}

// jsonlMapping maps Weir's own form, as if it were foreign.
func jsonlMapping(tb testing.TB) *history.Mapping {
	return parse(tb, `
format: jsonl
transaction_id: transaction_id
timestamp: timestamp
account_id: account_id
transaction_type: transaction_type
amount: amount
currency: currency
merchant:
  name: merchant.name
  category: merchant.category
  location: {latitude: merchant.location.latitude, longitude: merchant.location.longitude}
attributes:
  device_id: attributes.device_id
  channel: attributes.channel
`)
}

func mapping(tb testing.TB, name string) *history.Mapping {
	tb.Helper()
	m, err := history.LoadMapping(filepath.Join("..", "testdata", "mappings", name))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func parse(tb testing.TB, text string) *history.Mapping {
	tb.Helper()
	m, err := history.ParseMapping("mapping.yaml", []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}
