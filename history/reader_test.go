package history_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/weir-fraud/weir/history"
)

func gz(t testing.TB, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zst(t testing.TB, text string) string {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// utf16Text is how spreadsheets save Unicode text.
func utf16Text(text string) string {
	b := []byte("\xff\xfe")
	for _, c := range utf16.Encode([]rune(text)) {
		b = append(b, byte(c), byte(c>>8))
	}
	return string(b)
}

// readRecords returns all records of some files, and the errors on the way, of which the last may be final.
func readRecords(t *testing.T, m *history.Mapping, paths ...string) (records []history.Record, mistakes []string) {
	t.Helper()
	r, err := history.Open(context.Background(), paths, m, history.Options{})
	if err != nil {
		return nil, []string{err.Error()}
	}
	defer r.Close()
	for {
		var rec history.Record
		err := r.Next(&rec)
		if errors.Is(err, io.EOF) {
			return records, mistakes
		}
		if err == nil {
			records = append(records, rec)
			continue
		}
		mistakes = append(mistakes, err.Error())
		if _, ok := errors.AsType[*history.RowError](err); !ok {
			return records, mistakes
		}
	}
}

// readFiles is readRecords for the ids of the records.
func readFiles(t *testing.T, m *history.Mapping, paths ...string) (ids []string, mistakes []string) {
	t.Helper()
	records, mistakes := readRecords(t, m, paths...)
	for i := range records {
		ids = append(ids, records[i].Transaction.ID)
	}
	return ids, mistakes
}

const (
	header = "id,time,account,amount\n"
	rest   = ",2023-10-18T14:10:00Z,A1,5\n"
)

func TestFormats(t *testing.T) {
	m := parse(t, base())
	two := header + "a" + rest + "b" + rest
	for _, c := range []struct {
		name, text string
		mapping    *history.Mapping
	}{
		{"x.csv", two, m},
		{"x.csv.gz", gz(t, two), m},
		{"x.csv.zst", zst(t, two), m},
		{"packed", gz(t, two), m},
		{"packed2", zst(t, two), m},
		{"x.csv.gz", gz(t, header+"a"+rest) + gz(t, "b"+rest), m}, // as cat makes it
		{"x.csv.zst", zst(t, header+"a"+rest) + zst(t, "b"+rest), m},
		{"mark.csv", "\ufeff" + two, m},
		{"crlf.csv", strings.ReplaceAll(two, "\n", "\r\n"), m},
		{"open.csv", strings.TrimSuffix(two, "\n"), m},
		{"blank.csv", "\n\r\n" + strings.ReplaceAll(two, "\n", "\n\n"), m},
		{"quoted.csv", `"id","time","account" ,amount` + "\n" + `a,2023-10-18T14:10:00Z,"A` + "\n" + `1","5"` + "\n" + "b" + rest, m},
		{"semicolon.csv", strings.ReplaceAll(two, ",", ";"), parse(t, base(`delimiter: ";"`))},
		{"tab.tsv", strings.ReplaceAll(two, ",", "\t"), parse(t, base("delimiter: tab"))},
		{"utf16.csv", utf16Text(two), m},
		{"latin.csv", strings.ReplaceAll(two, "account", "h\xe4ndler"), parse(t, base("encoding: windows-1252", "account_id: händler"))},
		{"report.csv", "sep=,\nAll payments, \"2023\n\n" + two, parse(t, base("skip_lines: 3"))},
		{"headless.csv", strings.TrimPrefix(two, header), parse(t, base("columns: [id, time, account, amount]"))},
		{"x.jsonl", `{"id":"a","time":"2023-10-18T14:10:00Z","account":{"no":1},"amount":5}` + "\r\n\n \n" +
			`{"id":"b","time":"2023-10-18T14:10:00Z","account.no":"1","amount":"5"}`,
			parse(t, base("format: jsonl", "account_id: account.no"))},
		{"y.jsonl", `{"id":"a","time":"2023-10-18T14:10:00Z","account":1,"amount":5}` + "\n" +
			`{"id":"b","time":"2023-10-18T14:10:00Z","account":"1","amount":"5"}`, m}, // the name says the format
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "quoted.csv" {
				c.text = strings.Replace(c.text, `"account" `, `"account"`, 1)
				c.mapping = parse(t, base("account_id: {value: A1}", "attributes: {x: account}"))
			}
			path := filepath.Join(t.TempDir(), c.name)
			write(t, path, c.text)
			ids, mistakes := readFiles(t, c.mapping, path)
			if !slices.Equal(ids, []string{"a", "b"}) || mistakes != nil {
				t.Errorf("got %q, %q", ids, mistakes)
			}
		})
	}
}

func TestRefusedFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	m := parse(t, base())
	jsonl := parse(t, base("format: jsonl"))
	packed := gz(t, header+strings.Repeat("a"+rest, 100_000))
	long := zst(t, header+strings.Repeat("a"+rest, 100_000))
	if err := os.Mkdir("folder", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, text string
		mapping    *history.Mapping
		want       string
	}{
		{"absent.csv", "", m, "reading history: stat absent.csv: no such file or directory"},
		{"folder", "", m, "reading history: folder is a directory: name the files in it"},
		{"x.jsonl", "{}", parse(t, base("delimiter: tab")), "m.yaml:7: only CSV can have this, and x.jsonl is jsonl by its name\n" +
			"    5 | amount: amount\n    6 | currency: {value: USD}\n>   7 | delimiter: tab\n      |            ^"},
		{"x.csv.gz", "", jsonl, "m.yaml:7: format: jsonl does not fit x.csv.gz: leave it out, and the file's name decides\n" +
			"    5 | amount: amount\n    6 | currency: {value: USD}\n>   7 | format: jsonl\n      |         ^"},
		{"y.csv", "", history.Native(), "y.csv: needs a mapping that says which column is which field: only JSONL can do without"},
		{"y.parquet", "", history.Native(), "y.parquet: needs a mapping that says which column is which field: only JSONL can do without"},
		{"array.jsonl", "[{\n", jsonl, "array.jsonl: this is one JSON array: write one object per line, for example with jq -c '.[]'"},
		{"table", "PAR1xxxx", m, "table: this is a Parquet file: rename it to end with .parquet, or add format: parquet to the mapping"},
		{"excel.csv", "PK\x03\x04xx", m, "excel.csv: this is a zip or Excel file: save its table as CSV"},
		{"plain.csv.gz", header, m, "plain.csv.gz: unpacking gzip: gzip: invalid header"},
		{"plain.csv.zst", header, m, "plain.csv.zst: invalid input: magic number mismatch"},
		{"cut.csv.gz", packed[:len(packed)/2], m, "cut.csv.gz: the file is cut off: unexpected EOF"},
		{"cut.csv.zst", long[:len(long)/2], m, "cut.csv.zst: the file is cut off: unexpected EOF"},
	} {
		if c.text != "" {
			write(t, c.path, c.text)
		} else if c.want[0] == 'y' || c.path == "x.csv.gz" {
			write(t, c.path, "x")
		}
		_, mistakes := readFiles(t, c.mapping, c.path)
		if len(mistakes) == 0 {
			t.Errorf("%s: no error", c.path)
			continue
		}
		got := strings.Replace(mistakes[len(mistakes)-1], "mapping.yaml", "m.yaml", 1)
		if got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	if _, err := history.Open(context.Background(), nil, m, history.Options{}); err == nil {
		t.Error("no files: no error")
	}
	if _, err := history.Open(context.Background(), []string{"-"}, m, history.Options{}); err == nil {
		t.Error("no standard input: no error")
	}
}

func TestRejectedRows(t *testing.T) {
	m := parse(t, base())
	for _, c := range []struct{ name, text, ids, want string }{
		{"too few fields", "a,b\nc" + rest, "c", "-: row 1 (line 2): has 2 fields, the header has 4"},
		{"too many fields", "a,b,c,d,e\nc" + rest, "c", "-: row 1 (line 2): has 5 fields, the header has 4"},
		{"a quote within", "a\"b" + rest + "c" + rest, "c",
			"-: row 1 (line 2): field 1: a quote inside a field that is not quoted: put the field in quotes and double the quote"},
		{"text after a quote", "\n\"a\"b" + rest + "c" + rest, "c",
			"-: row 1 (line 3): field 1: text after the closing quote: double the quotes inside a quoted field"},
		{"an open quote", "\"a" + rest + "b" + rest + "\"c" + rest, "b", "-: row 1 (line 2): field 1: text after the closing quote: double the quotes inside a quoted field\n" +
			"-: row 3 (line 4): field 1: a quoted field is not closed before the end of the file"},
		{"lines are counted", "\"a\n\n\",x,y\nb,\"2023-10-18T14:10:00Z\",A1,x\nc" + rest, "c",
			"-: row 1 (line 2): has 3 fields, the header has 4\n-: row 2 (line 5): amount, from column amount: \"x\" is not a number (if it stands for no value, list it under missing in the mapping)"},
		{"an endless quote", "\"a" + rest + strings.Repeat("b"+rest, 60_000) + "c" + rest, "b", "-: row 1 (line 2): is longer than 1048576 bytes: is a quote left open?"},
		{"an endless line", strings.Repeat("b", 3<<20) + "\nc" + rest, "c", "-: row 1 (line 2): is longer than 1048576 bytes: is a quote left open?"},
		{"a long row", "a,2023-10-18T14:10:00Z,A1,\"" + strings.Repeat(" ", 700_000) + "5\"\nc" + rest, "a", ""},
	} {
		records, mistakes := read(t, m, header+c.text)
		if got := strings.Join(mistakes, "\n"); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if len(records) == 0 || records[0].Transaction.ID != c.ids {
			t.Errorf("%s: got %d records", c.name, len(records))
		}
	}
	jsonl := parse(t, base("format: jsonl"))
	good := `{"id":"c","time":"2023-10-18T14:10:00Z","account":"A1","amount":5}`
	for _, c := range []struct{ text, want string }{
		{`{"id":"c"`, "-: row 1 (line 1): not valid JSON: the line ends too early"},
		{`"c"`, "-: row 1 (line 1): not a JSON object"},
		{`{"id":{"x":1}}`, `-: row 1 (line 1): column "id" is an object: name the member with a dot and its name`},
		{`{"id":[1]}`, `-: row 1 (line 1): column "id" is an array: only single values can be read`},
		{`{"id":1,"id":1}`, `-: row 1 (line 1): column "id" is given twice`},
		{`{"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}", "-: row 1 (line 1): nested deeper than 64"},
		{strings.Repeat("x", 2<<20), "-: row 1 (line 1): is longer than 1048576 bytes"},
		{`{"id":"c","time":1,"account":"A1","amount":5}`, `-: row 1 (line 1): timestamp, from column time: "1" is not RFC 3339, such as 2023-10-18T14:10:00Z`},
	} {
		records, mistakes := read(t, jsonl, c.text+"\n"+good)
		if got := strings.Join(mistakes, "\n"); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
		if len(records) != 1 || records[0].Row != 2 {
			t.Errorf("%.50s: got %d records", c.text, len(records))
		}
	}
}

func TestNative(t *testing.T) {
	line := func(more string) string {
		return `{"transaction_id":"t1","timestamp":"2023-10-18T14:10:00Z","account_id":"A1","transaction_type":"purchase",` +
			`"amount":5.00,"currency":"USD","attributes":{"a":"1","b":"2"}` + more + "}"
	}
	plain := line("")
	for _, c := range []struct{ more, want string }{
		{"", plain},
		{`,"label":"fraud","pattern":"card testing"`, plain + " fraud pattern card testing"},
		{`,"label" : "legitimate"`, plain + " legitimate"},
		{`,"label":null,"pattern":null`, plain},
		{`,"l\u0061bel":"fr\u0061ud","pattern":"a\tb"`, plain + " fraud pattern a\tb"},
		{`,"merchantlabel":"x","nested":{"label":"fraud"}`, plain},
		{`,"label":"yes"`, `label: "yes" is neither fraud nor legitimate`},
		{`,"label":1`, `label: "1" is neither fraud nor legitimate`},
		{`,"label":"fraud","label":"fraud"`, `column "label" is given twice`},
		{`,"currency":"EUR"`, "currency: is given twice"},
	} {
		records, mistakes := read(t, history.Native(), line(c.more)+"\n"+plain)
		got := strings.TrimPrefix(strings.Join(mistakes, "\n"), "-: row 1 (line 1): ")
		if len(records) == 2 {
			got = describe(&records[0])
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.more, got, c.want)
		}
		if last := describe(&records[len(records)-1]); last != plain {
			t.Errorf("after %s: got %s", c.more, last)
		}
	}
}

// TestManyRows reads rows of all lengths, over many blocks, and holds what came out against encoding/csv only when all
// is read: no record may have changed in between.
func TestManyRows(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	w := csv.NewWriter(&text)
	put := func(row ...string) {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	put("id", "time", "account", "amount", "name", "note")
	var want []string
	const rows = 30_000
	for i := range rows {
		name := strings.Repeat(`x"y,`+"\n", random.IntN(12))
		note := ""
		if i%100 == 0 {
			note = strings.Repeat("long", random.IntN(5000))
		}
		put(fmt.Sprint("id-", i), "2023-10-18T14:10:00Z", fmt.Sprint(i%7), fmt.Sprint(i), name, note)
		want = append(want, fmt.Sprint("id-", i, "|", i%7, "|", name, "|", fmt.Sprint("id-", i)))
	}
	w.Flush()
	m := parse(t, base("merchant: {name: name}", "attributes: {copy: id}", "trim: false"))
	path := filepath.Join(t.TempDir(), "many.csv.zst")
	write(t, path, zst(t, text.String()))
	r, err := history.Open(context.Background(), []string{path}, m, history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	records := make([]history.Record, rows)
	for i := range records {
		if err := r.Next(&records[i]); err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 {
			records[i].Detach()
		}
	}
	var rec history.Record
	if err := r.Next(&rec); !errors.Is(err, io.EOF) {
		t.Fatalf("after the last row: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := (history.Progress{Bytes: info.Size(), TotalBytes: info.Size(), Rows: rows}); r.Progress() != got {
		t.Errorf("progress is %+v, want %+v", r.Progress(), got)
	}
	for i := range records {
		tx := &records[i].Transaction
		copied, _ := tx.Attribute("copy")
		got := fmt.Sprint(tx.ID, "|", tx.AccountID, "|", tx.Merchant.Name, "|", copied)
		if got != want[i] || records[i].Row != int64(i+1) {
			t.Fatalf("row %d: got %q, want %q", records[i].Row, got, want[i])
		}
	}
}

// TestManyLines reads lines of all lengths over many blocks.
func TestManyLines(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var text strings.Builder
	var want []string
	for i := range 8_000 {
		line := fmt.Sprintf(`{"transaction_id":"t%d","timestamp":"2023-10-18T14:10:00Z","account_id":"A%d","transaction_type":"purchase",`+
			`"amount":%d.00,"currency":"USD","attributes":{"note":"%s"}}`, i, i%7, i, strings.Repeat("x", 1+random.IntN(500)))
		want = append(want, line)
		text.WriteString(line + "\n")
		if i%50 == 0 {
			text.WriteString(strings.Repeat(" ", random.IntN(20_000)) + "no\n")
		}
	}
	path := filepath.Join(t.TempDir(), "many.jsonl")
	write(t, path, text.String())
	records, mistakes := readRecords(t, history.Native(), path)
	if len(records) != len(want) || len(mistakes) != len(want)/50 {
		t.Fatalf("got %d records and %d mistakes", len(records), len(mistakes))
	}
	for i := range records {
		if got := describe(&records[i]); got != want[i] {
			t.Fatalf("got %s, want %s", got, want[i])
		}
	}
}

func TestProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	text := header + "a" + rest + "bad\n" + "b" + rest
	write(t, path, text)
	r, err := history.Open(t.Context(), []string{path, path}, parse(t, base()), history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	size := int64(len(text))
	var rec history.Record
	for i, want := range []history.Progress{
		{Bytes: size, TotalBytes: 2 * size, Rows: 1},
		{Bytes: size, TotalBytes: 2 * size, Rows: 2, Rejected: 1},
		{Bytes: size, TotalBytes: 2 * size, Rows: 3, Rejected: 1},
		{Bytes: 2 * size, TotalBytes: 2 * size, Rows: 4, Rejected: 1},
		{Bytes: 2 * size, TotalBytes: 2 * size, Rows: 5, Rejected: 2},
	} {
		_ = r.Next(&rec)
		if got := r.Progress(); got != want {
			t.Errorf("after %d rows: got %+v, want %+v", i+1, got, want)
		}
	}
}

func TestSeveralFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "a.csv", header+"1"+rest+"bad\n")
	write(t, "b.csv.gz", gz(t, "amount,account,time,id\n5,A1,2023-10-18T14:10:00Z,2\n"))
	write(t, "c.csv", header)
	ids, mistakes := readFiles(t, parse(t, base()), "a.csv", "b.csv.gz", "c.csv", "a.csv")
	if !slices.Equal(ids, []string{"1", "2", "1"}) {
		t.Errorf("got %q", ids)
	}
	if want := "a.csv: row 2 (line 3): has 1 fields, the header has 4"; len(mistakes) != 2 || mistakes[0] != want || mistakes[1] != want {
		t.Errorf("got %q", mistakes)
	}
	ids, mistakes = readFiles(t, parse(t, base(`transaction_id: {template: "{file}:{row}"}`)), "a.csv", "b.csv.gz", "c.csv")
	if !slices.Equal(ids, []string{"a:1", "b:1"}) || len(mistakes) != 1 {
		t.Errorf("got %q, %q", ids, mistakes)
	}
	// A header that does not fit is found before anything is read.
	write(t, "d.csv", "id,time\n")
	if ids, mistakes := readFiles(t, parse(t, base()), "a.csv", "d.csv"); ids != nil || !strings.Contains(mistakes[0], `the header of d.csv has no column "account"`) {
		t.Errorf("got %q, %q", ids, mistakes)
	}
	// Ids that would repeat.
	_, mistakes = readFiles(t, parse(t, base(`transaction_id: {template: "{row}"}`)), "a.csv", "b.csv.gz")
	if !strings.Contains(mistakes[0], "2 files would have the same ids: add {file}") {
		t.Errorf("got %q", mistakes)
	}
	write(t, "b.csv", header)
	_, mistakes = readFiles(t, parse(t, base(`transaction_id: {template: "{file}{row}"}`)), "b.csv", "b.csv.gz")
	if !strings.Contains(mistakes[0], `b.csv and b.csv.gz would have the same ids, as {file} is "b" for both`) {
		t.Errorf("got %q", mistakes)
	}
}

// TestClose ends readers whose input does not come.
func TestClose(t *testing.T) {
	m := parse(t, base())
	for _, c := range []struct {
		name string
		end  func(r *history.Reader, cancel context.CancelFunc) error
		want error
	}{
		{"Close", func(r *history.Reader, _ context.CancelFunc) error { return r.Close() }, os.ErrClosed},
		{"context", func(_ *history.Reader, cancel context.CancelFunc) error { cancel(); return nil }, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdin, keyboard := io.Pipe()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go func() { _, _ = io.WriteString(keyboard, header+"a"+rest) }()
			r, err := history.Open(ctx, []string{"-"}, m, history.Options{Stdin: stdin})
			if err != nil {
				t.Fatal(err)
			}
			var rec history.Record
			if err := r.Next(&rec); err != nil || rec.Transaction.ID != "a" {
				t.Fatalf("got %v, %v", rec, err)
			}
			if p := r.Progress(); p.TotalBytes != -1 || p.Rows != 1 {
				t.Errorf("progress is %+v", p)
			}
			failed := make(chan error)
			go func() { failed <- r.Next(&rec) }()
			if err := c.end(r, cancel); err != nil {
				t.Fatal(err)
			}
			if err := <-failed; !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err := r.Next(&rec); !errors.Is(err, c.want) {
				t.Errorf("again: got %v, want %v", err, c.want)
			}
			_ = keyboard.Close()
			_ = r.Close()
		})
	}
}

// TestShipped reads made-up rows through the mappings that come with Weir.
func TestShipped(t *testing.T) {
	records, mistakes := read(t, mapping(t, "handbook.yaml"), handbookHeader+
		"0,2018-04-01 00:00:31,596,3156,57.16,31,0,0,0\n7,2018-09-30 23:59:59,12,99,346.50000000000006,15811199,182,1,2\n")
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	for i, want := range []string{
		`{"transaction_id":"0","timestamp":"2018-04-01T00:00:31Z","account_id":"596","transaction_type":"purchase","amount":57.16,"currency":"USD","merchant":{"name":"3156"}} legitimate`,
		`{"transaction_id":"7","timestamp":"2018-09-30T23:59:59Z","account_id":"12","transaction_type":"purchase","amount":346.50,"currency":"USD","merchant":{"name":"99"}} fraud pattern 2`,
	} {
		if got := describe(&records[i]); got != want {
			t.Errorf("handbook:\n got %s\nwant %s", got, want)
		}
	}
	records, mistakes = read(t, mapping(t, "sparkov.yaml"), sparkovHeader+
		"1325376239,30590346145596,fraud_Shop and Sons,shopping_pos,6.36,40.3011,-89.6872,40.026556,-90.357586,0\n")
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	want := `{"transaction_id":"stdin-1","timestamp":"2012-01-01T00:03:59Z","account_id":"30590346145596","transaction_type":"purchase","amount":6.36,"currency":"USD",` +
		`"merchant":{"name":"Shop and Sons","category":"shopping_pos","location":{"latitude":40.026556,"longitude":-90.357586}},` +
		`"attributes":{"home_latitude":"40.3011","home_longitude":"-89.6872"}} legitimate`
	if got := describe(&records[0]); got != want {
		t.Errorf("sparkov:\n got %s\nwant %s", got, want)
	}
}
