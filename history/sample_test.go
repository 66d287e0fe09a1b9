package history_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/history"
)

// describeSample writes a sample in one line.
func describeSample(s *history.Sample) string {
	var columns, rows []string
	for _, c := range s.Columns {
		name := c.Name
		if c.Type != history.Text {
			name += fmt.Sprintf(":%d", c.Type)
		}
		columns = append(columns, name)
	}
	for _, r := range s.Rows {
		rows = append(rows, strings.Join(r, "|"))
	}
	text := fmt.Sprintf("%s %s", s.Format, s.Encoding)
	if s.Delimiter != 0 {
		text += fmt.Sprintf(" %q", s.Delimiter)
	}
	for _, flag := range []struct {
		set  bool
		name string
	}{
		{s.SkipLines > 0, fmt.Sprintf("skip %d", s.SkipLines)}, {s.Headless, "headless"}, {s.Odd > 0, fmt.Sprintf("odd %d", s.Odd)}, {!s.Whole, "more"},
	} {
		if flag.set {
			text += " " + flag.name
		}
	}
	return text + " [" + strings.Join(columns, "|") + "] " + strings.Join(rows, " / ")
}

func TestReadSample(t *testing.T) {
	for _, c := range []struct{ name, file, text, want string }{
		{"plain", "x.csv", "a,b\n1,2\n3,4\n", `csv utf-8 ',' [a|b] 1|2 / 3|4`},
		{"mark and line ends", "x.csv", "\ufeffa,b\r\n1,2\r\n", `csv utf-8 ',' [a|b] 1|2`},
		{"semicolon and decimal commas", "x.csv", "a;b;c\n1,5;2,5;x\n3,5;4,5;y\n", `csv utf-8 ';' [a|b|c] 1,5|2,5|x / 3,5|4,5|y`},
		{"tabs", "x.txt", "a\tb\n1\tx, y\n", `csv utf-8 '\t' [a|b] 1|x, y`},
		{"pipes", "x", "a|b|c\n1|2|3\n", `csv utf-8 '|' [a|b|c] 1|2|3`},
		{"a delimiter within quotes", "x.csv", "a,b\n\"1;2;3;4\",5\n\"6;7;8;9\",0\n", `csv utf-8 ',' [a|b] 1;2;3;4|5 / 6;7;8;9|0`},
		{"quotes and line ends within", "x.csv", "a,b\n\"x \"\"y\"\"\n z\",2\n", "csv utf-8 ',' [a|b] x \"y\"\n z|2"},
		{"one column", "x.csv", "a\n1\n", `csv utf-8 ',' [a] 1`},
		{"lines before the header", "x.csv", "A report\nof 2024, or so\n\na;b;c\n1;2;3\n4;5;6\n7;8;9\n", `csv utf-8 ';' skip 2 [a|b|c] 1|2|3 / 4|5|6 / 7|8|9`},
		{"the line that Excel wants", "x.csv", "sep=;\na;b;c\n1;2;3\n4;5;6\n", `csv utf-8 ';' skip 1 [a|b|c] 1|2|3 / 4|5|6`},
		{"no header", "x.csv", "t1,2024-01-01,5.00\nt2,2024-01-02,6.00\n", `csv utf-8 ',' headless [column1|column2|column3] t1|2024-01-01|5.00 / t2|2024-01-02|6.00`},
		{"a number in the header", "x.csv", "id,2023\na,x\nb,y\nc,z\n", `csv utf-8 ',' [id|2023] a|x / b|y / c|z`},
		{"names of rows, as R writes them", "x.csv", "a,b\n\"1\",x,2\n\"2\",y,3\n\"3\",z,4\n", `csv utf-8 ',' skip 1 headless [row_name|a|b] 1|x|2 / 2|y|3 / 3|z|4`},
		{"odd rows", "x.csv", "a,b\n1,2\n3\n4,5,6\n\"7\"x,8\n9,0\n", `csv utf-8 ',' odd 3 [a|b] 1|2 / 9|0`},
		{"more rows", "x.csv", "a,b\n1,2\n3,4\n5,6\n7,8\n9,0\n", `csv utf-8 ',' more [a|b] 1|2 / 3|4 / 5|6 / 7|8`},
		{"Latin 1", "x.csv", "a,h\xe4ndler\n1,caf\xe9\n", `csv windows-1252 ',' [a|händler] 1|café`},
		{"UTF-16", "x.csv", utf16Text("a,händler\n1,café\n"), `csv utf-8 ',' [a|händler] 1|café`},
		{"packed", "x.csv.gz", gz(t, "a,b\n1,2\n"), `csv utf-8 ',' [a|b] 1|2`},
		{"packed, not by its name", "x", zst(t, `{"a":1}`+"\n"), `jsonl utf-8 [a:1] 1`},
		{"JSON lines", "x.jsonl", `{"a":{"b":1.50,"c":"x "},"d":true}` + "\n\n" + `{"d":null,"e":[1,{"f":2}],"a":{"b":"y"}}` + "\nnot JSON\n",
			`jsonl utf-8 odd 1 [a.b|a.c|d:2|e:7] 1.50|x|true| / y|||`},
		{"JSON lines, not by the name", "x.txt", ` {"a":"1"}`, `jsonl utf-8 [a] 1`},
	} {
		path := filepath.Join(t.TempDir(), c.file)
		write(t, path, c.text)
		s, err := history.ReadSample(context.Background(), path, 4, history.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := describeSample(s); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
	s, err := history.ReadSample(context.Background(), "-", 3, history.Options{Stdin: strings.NewReader("a;b\n1;2\n")})
	if err != nil || describeSample(s) != `csv utf-8 ';' [a|b] 1|2` {
		t.Errorf("standard input: %v, %v", s, err)
	}
	s, err = history.ReadSample(context.Background(), filepath.Join("testdata", "dataframe.parquet"), 1, history.Options{})
	if want := `parquet utf-8 more [id|card:1|local:4|instant:3|day:5|amount:1|wide:1|float:1|currency|fraud:2|shop.name|shop.at.lat:1|shop.at.lon:1|tags.list.element:7] ` +
		`t1|596|2024-03-03T09:15:00|2024-03-03T08:15:00Z|2024-03-03|1249.90|12345678901234567890.12|57.160000000000004|EUR|true|Radio Ort|48.137154|11.576124|`; err != nil || describeSample(s) != want {
		t.Errorf("Parquet: %v\n got %s\nwant %s", err, describeSample(s), want)
	}
}

func TestReadSampleRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct{ path, text, want string }{
		{"absent.csv", "", "reading history: open absent.csv: no such file or directory"},
		{".", "", "reading history: . is a directory: name a file in it"},
		{"empty.csv", " ", "empty.csv: has no rows to learn from"},
		{"header.csv", "a,b\n", "header.csv: has no rows to learn from"},
		{"array.json", `[{"a":1}]`, "array.json: this is one JSON array: write one object per line, for example with jq -c '.[]'"},
		{"book.xlsx", "PK\x03\x04xxxxxx", "book.xlsx: this is a zip or Excel file: save its table as CSV"},
		{"x.parquet", "PAR1xxxxxxxxxxxx", "x.parquet: this is no Parquet file, or it is cut off or encrypted: it does not end with PAR1"},
	} {
		if c.text != "" {
			write(t, c.path, c.text)
		}
		if _, err := history.ReadSample(context.Background(), c.path, 3, history.Options{}); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.path, err, c.want)
		}
	}
}
