package history_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"

	"github.com/weir-fraud/weir/history"
)

// cells is one column of a Parquet file to be written: of a type, with a value per row, nil for a null.
type cells struct {
	name   string
	node   parquet.Node
	values []any
}

// parquetFile writes columns that have no other columns in them.
func parquetFile(t testing.TB, options []parquet.WriterOption, columns ...cells) string {
	t.Helper()
	group := parquet.Group{}
	for _, c := range columns {
		group[c.name] = parquet.Optional(c.node)
	}
	var b bytes.Buffer
	schema := parquet.NewSchema("table", group)
	w := parquet.NewWriter(&b, append([]parquet.WriterOption{schema}, options...)...)
	for i := range columns[0].values {
		row := make(parquet.Row, len(columns))
		for _, c := range columns {
			leaf, _ := schema.Lookup(c.name)
			row[leaf.ColumnIndex] = parquet.NullValue().Level(0, 0, leaf.ColumnIndex)
			if v := c.values[i]; v != nil {
				row[leaf.ColumnIndex] = parquet.ValueOf(v).Level(0, 1, leaf.ColumnIndex)
			}
		}
		if _, err := w.WriteRows([]parquet.Row{row}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.parquet")
	write(t, path, b.String())
	return path
}

// usualCells are columns as base wants them, for as many rows as there are values of the column that is added.
func usualCells(more ...cells) []cells {
	usual := []cells{
		{name: "id", node: parquet.String()},
		{name: "time", node: parquet.String()},
		{name: "account", node: parquet.String()},
		{name: "amount", node: parquet.String()},
	}
	for i := range more[0].values {
		for j, v := range []any{fmt.Sprintf("t%d", i+1), "2023-10-18T14:10:00Z", "A1", "5"} {
			usual[j].values = append(usual[j].values, v)
		}
	}
	for _, m := range more {
		replaced := false
		for i := range usual {
			if usual[i].name == m.name {
				usual[i], replaced = m, true
			}
		}
		if !replaced {
			usual = append(usual, m)
		}
	}
	return usual
}

// TestParquetTypes reads a value of each type, as an attribute and so as its text.
func TestParquetTypes(t *testing.T) {
	for _, c := range []struct {
		name  string
		node  parquet.Node
		value any
		want  string
	}{
		{"text", parquet.String(), "a\tb", "a\tb"},
		{"bytes", parquet.Leaf(parquet.ByteArrayType), []byte("é"), "é"},
		{"enum", parquet.Enum(), "RED", "RED"},
		{"JSON", parquet.JSON(), []byte(`{"a":1}`), `{"a":1}`},
		{"empty text", parquet.String(), "", ""},
		{"null", parquet.String(), nil, ""},
		{"boolean", parquet.Leaf(parquet.BooleanType), true, "true"},
		{"int32", parquet.Int(32), int32(-5), "-5"},
		{"int64", parquet.Int(64), int64(math.MinInt64), "-9223372036854775808"},
		{"uint8", parquet.Uint(8), int32(200), "200"},
		{"uint32", parquet.Uint(32), int32(-1), "4294967295"},
		{"uint64", parquet.Uint(64), int64(-1), "18446744073709551615"},
		{"float", parquet.Leaf(parquet.FloatType), float32(0.1), "0.1"},
		{"double", parquet.Leaf(parquet.DoubleType), 57.160000000000004, "57.160000000000004"},
		{"whole double", parquet.Leaf(parquet.DoubleType), 4961.0, "4961"},
		{"large double", parquet.Leaf(parquet.DoubleType), 30590346145596.0, "30590346145596"},
		{"huge double", parquet.Leaf(parquet.DoubleType), 1e300, "1e+300"},
		{"tiny double", parquet.Leaf(parquet.DoubleType), -1e-10, "-1e-10"},
		{"not a number", parquet.Leaf(parquet.DoubleType), math.NaN(), ""},
		{"decimal of int32", parquet.Decimal(2, 9, parquet.Int32Type), int32(-5), "-0.05"},
		{"decimal of int64", parquet.Decimal(4, 18, parquet.Int64Type), int64(12345), "1.2345"},
		{"decimal of no scale", parquet.Decimal(0, 18, parquet.Int64Type), int64(12345), "12345"},
		{"decimal of bytes", parquet.Decimal(2, 38, parquet.FixedLenByteArrayType(16)), bigBytes("-12345678901234567890123456", 16), "-123456789012345678901234.56"},
		{"decimal of few bytes", parquet.Decimal(2, 4, parquet.FixedLenByteArrayType(2)), bigBytes("-1234", 2), "-12.34"},
		{"decimal of any bytes", parquet.Decimal(3, 9, parquet.ByteArrayType), bigBytes("1", 1), "0.001"},
		{"date", parquet.Date(), int32(19784), "2024-03-02"},
		{"time of day", parquet.Time(parquet.Microsecond), int64(33300_000_500), "09:15:00.0005"},
		{"instant", parquet.Timestamp(parquet.Millisecond), int64(1697638200007), "2023-10-18T14:10:00.007Z"},
		{"instant in microseconds", parquet.Timestamp(parquet.Microsecond), int64(1697638200007999), "2023-10-18T14:10:00.007Z"},
		{"instant in nanoseconds", parquet.Timestamp(parquet.Nanosecond), int64(1697638200000000001), "2023-10-18T14:10:00Z"},
		{"instant before its epoch", parquet.Timestamp(parquet.Microsecond), int64(-1), "1969-12-31T23:59:59.999Z"},
		{"local time", parquet.TimestampAdjusted(parquet.Millisecond, false), int64(1697638200007), "2023-10-18T14:10:00.007"},
		{"96 bits", parquet.Leaf(parquet.Int96Type), deprecated.Int96{500_000_000, 0, 2440588 + 19648}, "2023-10-18T00:00:00.5Z"},
		{"UUID", parquet.UUID(), []byte("\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef"), "01234567-89ab-cdef-0123-456789abcdef"},
	} {
		path := parquetFile(t, nil, usualCells(cells{"x", c.node, []any{c.value}})...)
		records, mistakes := readRecords(t, parse(t, base("attributes: {x: x}", "trim: false")), path)
		if len(records) != 1 {
			t.Errorf("%s: %q", c.name, mistakes)
			continue
		}
		if got, _ := records[0].Transaction.Attribute("x"); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// bigBytes is the two's complement of a number.
func bigBytes(text string, size int) []byte {
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		panic(text)
	}
	if n.Sign() < 0 {
		n.Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	return n.FillBytes(make([]byte, size))
}

// TestParquetDecimals holds random amounts in all the forms of a DECIMAL against the same amounts as text.
func TestParquetDecimals(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var unscaled, texts []any
	for range 2000 {
		n := random.Int64N(int64(1)<<random.IntN(50) + 1)
		if random.IntN(4) == 0 {
			n = -n
		}
		unscaled = append(unscaled, n)
		whole, sign := n, ""
		if n < 0 {
			whole, sign = -n, "-"
		}
		texts = append(texts, fmt.Sprintf("%s%d.%04d", sign, whole/10000, whole%10000))
	}
	m := parse(t, base("amount: {column: amount, round: true}", "attributes: {text: amount}"))
	want, _ := readRecords(t, m, parquetFile(t, nil, usualCells(cells{"amount", parquet.String(), texts})...))
	for name, form := range map[string]struct {
		typ   parquet.Type
		value func(n int64) any
	}{
		"INT64":                {parquet.Int64Type, func(n int64) any { return n }},
		"FIXED_LEN_BYTE_ARRAY": {parquet.FixedLenByteArrayType(9), func(n int64) any { return bigBytes(fmt.Sprint(n), 9) }},
		"BYTE_ARRAY":           {parquet.ByteArrayType, func(n int64) any { return bigBytes(fmt.Sprint(n), 8) }},
	} {
		var values []any
		for _, n := range unscaled {
			values = append(values, form.value(n.(int64)))
		}
		got, mistakes := readRecords(t, m, parquetFile(t, nil, usualCells(cells{"amount", parquet.Decimal(4, 18, form.typ), values})...))
		if len(mistakes) > 0 || len(got) != len(want) {
			t.Fatalf("%s: %d records, %q", name, len(got), mistakes)
		}
		for i := range got {
			if g, w := describe(&got[i]), describe(&want[i]); g != w {
				t.Fatalf("%s: got %s, want %s", name, g, w)
			}
		}
	}
}

// TestParquetTimes reads typed times as the event time: a format would be for texts.
func TestParquetTimes(t *testing.T) {
	const local = int64(1697638200007)
	for _, c := range []struct {
		name, yaml string
		node       parquet.Node
		value      any
		want       string
	}{
		{"instant", "timestamp: time", parquet.Timestamp(parquet.Microsecond), local * 1000, "2023-10-18T14:10:00.007Z"},
		{"instant, and a format for texts", `timestamp: {column: time, format: "%d.%m.%Y", zone: Europe/Berlin}`, parquet.Timestamp(parquet.Millisecond), local, "2023-10-18T14:10:00.007Z"},
		{"local time", "timestamp: time", parquet.TimestampAdjusted(parquet.Millisecond, false), local, "2023-10-18T14:10:00.007Z"},
		{"local time of a zone", "timestamp: {column: time, zone: Europe/Berlin}", parquet.TimestampAdjusted(parquet.Nanosecond, false), local * 1e6, "2023-10-18T12:10:00.007Z"},
		{"date", "timestamp: {column: time, zone: Europe/Berlin}", parquet.Date(), int32(19648), "2023-10-17T22:00:00Z"},
		{"text", `timestamp: {column: time, format: "%d.%m.%Y", zone: Europe/Berlin}`, parquet.String(), "18.10.2023", "2023-10-17T22:00:00Z"},
		{"seconds", "timestamp: {column: time, format: unix}", parquet.Int(64), local / 1000, "2023-10-18T14:10:00Z"},
		{"digits", `timestamp: {column: time, format: "%Y%m%d"}`, parquet.Int(32), int32(20231018), "2023-10-18T00:00:00Z"},
		{"too early", "timestamp: time", parquet.Timestamp(parquet.Millisecond), int64(-1), "x.parquet: row 1: timestamp, from column time: 1969-12-31T23:59:59.999Z is outside 1970-01-01T00:00:00Z … 2200-01-01T00:00:00Z (exclusive)"},
	} {
		path := parquetFile(t, nil, usualCells(cells{"time", c.node, []any{c.value}})...)
		records, mistakes := readRecords(t, parse(t, base("format: parquet", c.yaml)), path)
		got := ""
		if len(records) == 1 {
			got = records[0].Transaction.Time.String()
		} else {
			got = filepath.Base(mistakes[0])
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestParquetLayouts reads the same 3,000 rows from files of all layouts, and as CSV.
func TestParquetLayouts(t *testing.T) {
	const rows = 3000
	var shops, amounts, labels []any
	csv := header[:len(header)-1] + ",shop,fraud\n"
	for i := range rows {
		var shop any = fmt.Sprintf("Shop %d", i%7)
		text := shop
		if i%5 == 0 {
			shop, text = nil, ""
		}
		shops, amounts, labels = append(shops, shop), append(amounts, int64(i*37)), append(labels, i%100 == 0)
		csv += fmt.Sprintf("t%d,2023-10-18T14:10:00Z,A1,%d.%02d,%s,%t\n", i+1, i*37/100, i*37%100, text, i%100 == 0)
	}
	path := filepath.Join(t.TempDir(), "x.csv")
	write(t, path, csv)
	m := parse(t, base("merchant: {name: shop}", "label: fraud", `amount: {column: amount, decimal: "."}`))
	want := descriptions(t, m, path)
	dictionary := func(n parquet.Node) parquet.Node { return parquet.Encoded(n, &parquet.RLEDictionary) }
	delta := func(n parquet.Node) parquet.Node { return parquet.Encoded(n, &parquet.DeltaLengthByteArray) }
	same := func(n parquet.Node) parquet.Node { return n }
	for _, c := range []struct {
		name     string
		encoding func(parquet.Node) parquet.Node
		options  []parquet.WriterOption
	}{
		{"one group", same, nil},
		{"many groups", same, []parquet.WriterOption{parquet.MaxRowsPerRowGroup(700)}},
		{"small pages", same, []parquet.WriterOption{parquet.PageBufferSize(600)}},
		{"pages of version 1", same, []parquet.WriterOption{parquet.DataPageVersion(1), parquet.PageBufferSize(600)}},
		{"dictionaries", dictionary, []parquet.WriterOption{parquet.PageBufferSize(600)}},
		{"dictionaries of version 1", dictionary, []parquet.WriterOption{parquet.DataPageVersion(1), parquet.MaxRowsPerRowGroup(1024)}},
		{"deltas", delta, nil},
		{"snappy", dictionary, []parquet.WriterOption{parquet.Compression(&parquet.Snappy)}},
		{"zstd", same, []parquet.WriterOption{parquet.Compression(&parquet.Zstd), parquet.PageBufferSize(600)}},
		{"gzip", same, []parquet.WriterOption{parquet.Compression(&parquet.Gzip)}},
		{"brotli", same, []parquet.WriterOption{parquet.Compression(&parquet.Brotli)}},
	} {
		path := parquetFile(t, c.options, usualCells(
			cells{"shop", c.encoding(parquet.String()), shops},
			cells{"amount", parquet.Decimal(2, 18, parquet.Int64Type), amounts},
			cells{"fraud", parquet.Leaf(parquet.BooleanType), labels})...)
		if got := descriptions(t, m, path); got != want {
			t.Errorf("%s: the records differ from the CSV's", c.name)
		}
	}
}

// TestParquetByDots reads columns within columns, and refuses lists.
func TestParquetByDots(t *testing.T) {
	type place struct {
		Lat float64 `parquet:"lat"`
		Lon float64 `parquet:"lon"`
	}
	type row struct {
		ID      int64  `parquet:"id"`
		Time    int64  `parquet:"time,timestamp"`
		Account string `parquet:"account"`
		Amount  int64  `parquet:"amount,decimal(2:18)"`
		Shop    *struct {
			Name  string `parquet:"name"`
			Place *place `parquet:"place"`
		} `parquet:"shop"`
		Tags []string `parquet:"tags,list"`
	}
	var b bytes.Buffer
	rows := []row{{ID: 1, Time: 1697638200000, Account: "A1", Amount: 500}, {ID: 2, Time: 1697638200000, Account: "A1", Amount: 500, Tags: []string{"a", "b"}}}
	rows[1].Shop = new(struct {
		Name  string `parquet:"name"`
		Place *place `parquet:"place"`
	})
	rows[1].Shop.Name, rows[1].Shop.Place = "Radio", &place{48.1, 11.5}
	if err := parquet.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.parquet")
	write(t, path, b.String())
	got := descriptions(t, parse(t, base("merchant: {name: shop.name, location: {latitude: shop.place.lat, longitude: shop.place.lon}}")), path)
	const start = `","timestamp":"2023-10-18T14:10:00Z","account_id":"A1","transaction_type":"purchase","amount":5.00,"currency":"USD"`
	if want := `{"transaction_id":"1` + start + "}\n" + `{"transaction_id":"2` + start +
		`,"merchant":{"name":"Radio","location":{"latitude":48.1,"longitude":11.5}}}`; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	_, mistakes := readRecords(t, parse(t, base("attributes: {tag: tags.list.element}")), path)
	if len(mistakes) != 1 || !strings.Contains(mistakes[0], `column "tags.list.element" of `+path+` is a list: only single values can be read`) {
		t.Errorf("a list: %q", mistakes)
	}
}

// TestParquetRejects looks at a row that is no transaction, and at files that no row can be read from.
func TestParquetRejects(t *testing.T) {
	path := parquetFile(t, nil, usualCells(cells{"amount", parquet.Leaf(parquet.DoubleType), []any{5.0, 5.125, nil, 6.0}})...)
	r, err := history.Open(context.Background(), []string{path, path}, parse(t, base(`transaction_id: {template: "{row}"}`)), history.Options{})
	if err == nil {
		r.Close()
		t.Error("the same file twice: no error")
	}
	if r, err = history.Open(context.Background(), []string{path}, parse(t, base()), history.Options{}); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []string
	for {
		var rec history.Record
		err := r.Next(&rec)
		if errors.Is(err, io.EOF) {
			break
		}
		bad, ok := errors.AsType[*history.RowError](err)
		switch {
		case ok:
			got = append(got, fmt.Sprintf("row %d, %s of %s, %s", bad.Row, bad.Kind, bad.Column, bad.Raw))
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, fmt.Sprintf("row %d", rec.Row))
		}
	}
	const raw = `,"time":"2023-10-18T14:10:00Z","account":"A1","amount":`
	if want := "row 1\nrow 2, precision of amount, {\"id\":\"t2\"" + raw + "\"5.125\"}\nrow 3, missing of amount, {\"id\":\"t3\"" + raw + "null}\nrow 4"; strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	if p := r.Progress(); p.Rows != 4 || p.Rejected != 2 || p.Bytes != p.TotalBytes {
		t.Errorf("%+v", p)
	}
}

func TestRefusedParquet(t *testing.T) {
	whole := parquetFile(t, nil, usualCells(cells{"n", parquet.Int(64), []any{int64(1), int64(2)}})...)
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	packed, err := os.ReadFile(parquetFile(t, []parquet.WriterOption{parquet.Compression(&parquet.Lz4Raw)}, usualCells(cells{"n", parquet.Int(64), []any{int64(1)}})...))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, c := range []struct{ path, text, yaml, want string }{
		{"x.parquet", "", base(), "x.parquet: this is no Parquet file, or it is cut off"},
		{"x.parquet", text[:len(text)-1], base(), "x.parquet: this is no Parquet file, or it is cut off or encrypted: it does not end with PAR1"},
		{"x.parquet", text[:len(text)-8] + "\xff\xff\xff\x7fPAR1", base(), "x.parquet: the file is damaged: its footer has 2147483647 bytes, more than the file"},
		{"x.parquet", "ROT13" + text[5:], base(), `x.parquet: invalid magic header of parquet file: "ROT1"`},
		{"x.parquet", text, base("account_id: Account"), `m.yaml:3: the header of x.parquet has no column "Account" (account_id): is "account" meant?`},
		{"x.parquet", text, base("format: jsonl"), "m.yaml:7: format: jsonl does not fit x.parquet: leave it out, and the file's name decides"},
		{"x.parquet", text, base("timestamp: n", "attributes: {t: time}"), `m.yaml:2: timestamp: column "n" of x.parquet has numbers: add the format, such as unix or unix_ms`},
		{"x.parquet", string(packed), base(), "x.parquet: its columns are packed with LZ4_RAW, which cannot be read: write the file again with zstd, snappy or gzip"},
		{"x.parquet.gz", text, base(), "x.parquet.gz: Parquet is read from its end: unpack the file first (its columns are packed within it)"},
		{"-", text, base("format: parquet"), "standard input cannot be Parquet, which is read from its end: name a file"},
		{os.DevNull, text, base("format: parquet"), "/dev/null: Parquet is read from its end, so it must be a file"},
	} {
		if c.path[0] == 'x' {
			write(t, c.path, c.text)
		}
		_, mistakes := readFiles(t, parse(t, c.yaml), c.path)
		got := "no error"
		if len(mistakes) > 0 {
			got, _, _ = strings.Cut(strings.Replace(mistakes[0], "mapping.yaml", "m.yaml", 1), "\n")
		}
		if got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// TestParquetClose ends a Reader in the middle of a file.
func TestParquetClose(t *testing.T) {
	path := parquetFile(t, []parquet.WriterOption{parquet.MaxRowsPerRowGroup(600)}, usualCells(cells{"n", parquet.Int(64), make([]any, 2000)})...)
	r, err := history.Open(context.Background(), []string{path}, parse(t, base()), history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var rec history.Record
	for range 10 {
		if err := r.Next(&rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		err = r.Next(&rec)
	}
	if !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

// TestDataframe reads a file that pandas and pyarrow wrote: testdata/dataframe.py makes it.
func TestDataframe(t *testing.T) {
	path := filepath.Join("testdata", "dataframe.parquet")
	m := parse(t, `
transaction_id: id
timestamp: {column: local, zone: Europe/Berlin, format: "%d.%m.%Y"}
account_id: {value: A1}
transaction_type: {value: purchase}
amount: {column: amount, decimal: ",", thousands: "."}
currency: currency
merchant: {name: shop.name, location: {latitude: shop.at.lat, longitude: shop.at.lon}}
attributes: {card: card, instant: instant, day: day, wide: wide, float: float}
label: fraud
`)
	got := descriptions(t, m, path)
	const want = `{"transaction_id":"t1","timestamp":"2024-03-03T08:15:00Z","account_id":"A1","transaction_type":"purchase","amount":1249.90,"currency":"EUR",` +
		`"merchant":{"name":"Radio Ort","location":{"latitude":48.137154,"longitude":11.576124}},` +
		`"attributes":{"card":"596","instant":"2024-03-03T08:15:00Z","day":"2024-03-03","wide":"12345678901234567890.12","float":"57.160000000000004"}} fraud
{"transaction_id":"t2","timestamp":"2024-03-03T08:20:00.250Z","account_id":"A1","transaction_type":"purchase","amount":0.07,"currency":"USD",` +
		`"attributes":{"card":"4961","instant":"2024-03-03T08:15:00Z","day":"2024-03-03","wide":"12.00","float":"12"}} legitimate
{"transaction_id":"t3","timestamp":"2024-07-01T19:02:00Z","account_id":"A1","transaction_type":"purchase","amount":-200.00,"currency":"EUR",` +
		`"merchant":{"name":"ATM 7"},"attributes":{"instant":"2024-03-03T08:15:00Z","day":"2024-07-01","float":"0.5"}}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
