package history_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
)

// FuzzMapping reads any rows through any mapping: nothing panics, and what is accepted is a legal transaction.
func FuzzMapping(f *testing.F) {
	for _, name := range []string{"handbook.yaml", "sparkov.yaml"} {
		text, err := os.ReadFile(filepath.Join("..", "testdata", "mappings", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), handbookHeader+handbookRow(1)+"\n"+handbookRow(2))
		f.Add(string(text), sparkovHeader+sparkovRow(1)+"\n"+sparkovRow(2))
	}
	f.Add(base(), header+"a"+rest+"\"b"+rest)
	f.Add(base("missing: [NA]", "trim: false", `delimiter: ";"`, "columns: [id, time, account, amount]"), "a;2023-10-18T14:10:00Z;NA;5")
	f.Add(base(`timestamp: {column: time, format: "%d %b %y %I:%M:%S.%f %p", zone: Europe/Berlin}`), header+"a,1 Mar 23 02:30:01.5 pm,A,5")
	f.Add(base(`amount: {column: amount, decimal: ",", thousands: " ", divisor: 10, round: true}`), header+`a,2023-10-18T14:10:00Z,A,"1 234,5"`)
	f.Add(base(`amount: {column: amount, symbols: ["$"], accounting: true}`, "transaction_type: {negative: purchase, positive: deposit}", "skip_lines: 1", "encoding: windows-1252"),
		"sep=,\n"+header+"a,2023-10-18T14:10:00Z,\xc4,($5-)")
	f.Add(base(`timestamp: {columns: [time, clock], format: "%a %d %B %Y %H"}`), "id,time,account,amount,clock\na,Mo 1 may 2023,A,5,7")
	f.Add(base("format: jsonl", "account_id: account.no", "label: l", "pattern: p"), `{"id":1,"time":"2023-10-18T14:10:00Z","account":{"no":"\u0041"},"amount":5,"l":true,"p":"x"}`)
	f.Fuzz(func(t *testing.T, yaml, text string) {
		m, err := history.ParseMapping("m.yaml", []byte(yaml))
		if err != nil {
			return
		}
		drain(t, m, text)
	})
}

// FuzzNative reads any lines in Weir's own form.
func FuzzNative(f *testing.F) {
	f.Add(`{"transaction_id":"t1","timestamp":"2023-10-18T14:10:00Z","account_id":"A1","transaction_type":"purchase","amount":5.00,"currency":"USD","label":"fraud","pattern":"\n"}`)
	f.Fuzz(func(t *testing.T, text string) { drain(t, history.Native(), text) })
}

// FuzzParquet reads damaged Parquet files: nothing panics, and what is accepted is a legal transaction.
func FuzzParquet(f *testing.F) {
	for _, options := range [][]parquet.WriterOption{nil, {parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(1)}} {
		seed, err := os.ReadFile(parquetFile(f, options, usualCells(
			cells{"time", parquet.Timestamp(parquet.Millisecond), []any{int64(1697638200000), nil}},
			cells{"account", parquet.Encoded(parquet.String(), &parquet.RLEDictionary), []any{"A1", "A2"}},
			cells{"amount", parquet.Decimal(2, 9, parquet.FixedLenByteArrayType(4)), []any{bigBytes("500", 4), bigBytes("-1", 4)}})...))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	m := parse(f, base("attributes: {x: amount}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.parquet")
		write(t, path, string(data))
		drainFrom(t, m, path, nil)
	})
}

// drain reads all of text and checks every record.
func drain(t *testing.T, m *history.Mapping, text string) {
	drainFrom(t, m, "-", strings.NewReader(text))
}

func drainFrom(t *testing.T, m *history.Mapping, path string, stdin io.Reader) {
	r, err := history.Open(context.Background(), []string{path}, m, history.Options{Stdin: stdin})
	if err != nil {
		return
	}
	defer r.Close()
	row := int64(0)
	for {
		var rec history.Record
		err := r.Next(&rec)
		switch bad, rejected := errors.AsType[*history.RowError](err); {
		case rejected:
			lineless := strings.HasSuffix(path, ".parquet")
			if bad.Row != row+1 || bad.Line < bad.Row && !lineless || bad.Reason == "" || bad.Kind.String() == "unknown" {
				t.Fatalf("after row %d: %+v", row, bad)
			}
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			return
		case rec.Row != row+1:
			t.Fatalf("row %d after row %d", rec.Row, row)
		default:
			if err := rec.Transaction.Validate(); err != nil {
				t.Fatalf("row %d: accepted, but not legal: %v", rec.Row, err)
			}
		}
		row++
	}
}

// FuzzCoordinate holds coordinates in a column against what payment.Decoder makes of the same text.
func FuzzCoordinate(f *testing.F) {
	for _, seed := range []string{"0", "-89.9999999", "90", "90.00000001", "0.00000005", "0.00000015", "1e1", "-1.5E-3", "12.34567895", "900e-1"} {
		f.Add(seed)
	}
	m := parse(f, base("format: jsonl", "merchant: {location: {latitude: x, longitude: y}}"))
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\"\\\n{}[],ntf \t\r") || len(text) > 40 {
			t.Skip("not a number, or not one value")
		}
		want, _ := read(t, history.Native(), `{"transaction_id":"t","timestamp":"2023-10-18T14:10:00Z","account_id":"A","transaction_type":"purchase",`+
			`"amount":5,"currency":"USD","merchant":{"location":{"latitude":`+text+`,"longitude":1}}}`)
		got, _ := read(t, m, `{"id":"t","time":"2023-10-18T14:10:00Z","account":"A","amount":5,"x":`+text+`,"y":1}`)
		if place := func(records []history.Record) payment.Location {
			if len(records) == 0 {
				return payment.Location{}
			}
			return records[0].Transaction.Merchant.Location
		}; place(got) != place(want) {
			t.Fatalf("%q: %+v, payment has %+v", text, place(got), place(want))
		}
	})
}
