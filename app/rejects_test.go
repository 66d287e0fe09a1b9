package app_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/app"
)

const paymentsMapping = `
transaction_id: id
timestamp: time
account_id: account
transaction_type: {value: purchase}
amount: amount
currency: {value: USD}
`

// payments writes a CSV file of good rows and, first, rows whose amounts are as given, and a mapping of it.
func payments(t *testing.T, good int, amounts ...string) app.Input {
	t.Helper()
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("id,time,account,amount\n")
	for i := range good + len(amounts) {
		amount := "5"
		if i < len(amounts) {
			amount = amounts[i]
		}
		fmt.Fprintf(&b, "t%d,2024-01-01T00:00:00Z,A1,%s\n", i+1, amount)
	}
	in := app.Input{Paths: []string{filepath.Join(dir, "payments.csv")}, Mapping: filepath.Join(dir, "mapping.yaml")}
	for path, text := range map[string]string{in.Paths[0]: b.String(), in.Mapping: paymentsMapping} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return in
}

func replay(t *testing.T, in app.Input) (stdout, stderr string, err error) {
	t.Helper()
	c, err := app.LoadConfig("", nil)
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	err = app.Replay(t.Context(), c, app.ReplayOptions{Input: in, Partitions: 1, NoModel: true}, &out, &errs)
	return out.String(), errs.String(), err
}

// reported returns what a replay's report says of a thing, with single blanks.
func reported(out, what string) string {
	for line := range strings.Lines(out) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == what {
			return strings.Join(words[1:], " ")
		}
	}
	return ""
}

func TestMaxRejects(t *testing.T) {
	many := strings.Split(strings.Repeat("x ", 20), " ")[:20]
	for _, c := range []struct {
		name   string
		max    string
		good   int
		bad    []string
		rows   string // accepted, "" where the run fails before its end
		failed string
	}{
		{"none", "0", 10, nil, "10", ""},
		{"one too many", "0", 10, []string{"x"}, "", "1 of 1 rows were rejected (amount format 1), more than --max-rejects 0 allows"},
		{"a number", "3", 10, []string{"x", "", "5.001"}, "10", ""},
		{"more than the number", "2", 10, []string{"x", "", "5.001"}, "", "3 of 3 rows were rejected (amount missing 1, amount format 1, amount precision 1)"},
		{"a share", "1%", 1980, many, "", "11 of 11 rows were rejected (amount format 11)"},
		{"a share, by and by", "2%", 1980, many, "1980", ""},
		{"a share of few", "1%", 98, []string{"x", "x"}, "98", "2 of 100 rows were rejected (amount format 2), more than --max-rejects 1% allows"},
		{"just a share of few", "2%", 98, []string{"x", "x"}, "98", ""},
		{"all", "100%", 0, many, "0", ""},
	} {
		in := payments(t, c.good, c.bad...)
		if err := in.MaxRejects.Set(c.max); err != nil {
			t.Fatal(err)
		}
		out, _, err := replay(t, in)
		if (err == nil) != (c.failed == "") || err != nil && !strings.HasPrefix(err.Error(), c.failed) {
			t.Errorf("%s: %v", c.name, err)
		}
		rows := strings.ReplaceAll(reported(out, "rows"), ",", "")
		if rows != c.rows {
			t.Errorf("%s: %s rows, want %s", c.name, rows, c.rows)
		}
	}
	for _, s := range []string{"", "-1", "x", "101%", "-1%", "NaN%", "1.5"} {
		if err := new(app.MaxRejects).Set(s); err == nil {
			t.Errorf("%q: no error", s)
		}
	}
}

func TestRejectsOut(t *testing.T) {
	in := payments(t, 2, "x", `"5""`)
	in.RejectsOut = filepath.Join(t.TempDir(), "rejects.jsonl")
	if err := in.MaxRejects.Set("2"); err != nil {
		t.Fatal(err)
	}
	out, errs, err := replay(t, in)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := reported(out, "rejected"), "2 row syntax 1, amount format 1"; got != want {
		t.Errorf("rejected %s, want %s", got, want)
	}
	if strings.Count(errs, "payments.csv: row ") != 2 {
		t.Errorf("shown: %s", errs)
	}
	got, err := os.ReadFile(in.RejectsOut)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"file":"payments.csv","row":1,"line":2,"field":"amount","column":"amount","kind":"format","reason":"\"x\" is not a number (if it stands for no value, list it under missing in the mapping)","raw":"t1,2024-01-01T00:00:00Z,A1,x"}
{"file":"payments.csv","row":2,"line":3,"field":"","column":"","kind":"syntax","reason":"field 4: a quoted field is not closed before the end of the file","raw":"t2,2024-01-01T00:00:00Z,A1,\"5\"\""}
`
	if s := strings.ReplaceAll(string(got), filepath.Dir(in.Paths[0])+"/", ""); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
}
