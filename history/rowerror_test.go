package history_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/history"
)

// TestRowErrors holds the kind and the text of rejected rows: the text is the row's own, whatever was read of it.
func TestRowErrors(t *testing.T) {
	csv := parse(t, base("transaction_type: type", "currency: cur", "label: l", "pattern: p", "merchant: {name: m, location: {latitude: x, longitude: y}}"))
	jsonl := parse(t, base("format: jsonl"))
	const columns = "id,time,account,amount,type,cur,l,p,m,x,y\n"
	good := []string{"a", "2023-10-18T14:10:00Z", "A1", "5", "purchase", "USD", "1", "p", "m", "1", "2"}
	with := func(column int, cell string) string {
		row := slices.Clone(good)
		row[column] = cell
		return columns + strings.Join(row, ",")
	}
	for _, c := range []struct {
		mapping *history.Mapping
		text    string
		kind    string
	}{
		{csv, columns + "a,b", "syntax"},
		{csv, columns + `"a"b,c`, "syntax"},
		{csv, with(0, ""), "missing"},
		{csv, with(1, ""), "missing"},
		{csv, with(1, "yesterday"), "format"},
		{csv, with(1, "2023-02-30T14:10:00Z"), "range"},
		{csv, with(1, "1969-10-18T14:10:00Z"), "range"},
		{csv, with(3, "five"), "format"},
		{csv, with(3, "5.001"), "precision"},
		{csv, with(3, "1e30"), "range"},
		{csv, with(4, "gift"), "value"},
		{csv, with(5, "usd"), "value"},
		{csv, with(6, "perhaps"), "value"},
		{csv, with(7, strings.Repeat("p", 200)), "size"},
		{csv, with(8, "\xff"), "utf8"},
		{csv, with(9, "100"), "range"},
		{csv, with(9, ""), "missing"},
		{csv, with(3, `"fi""ve, ""or"" so"`), "format"},
		{csv, columns + strings.Repeat("x", 2<<20), "size"},
		{jsonl, `{"id":1,`, "syntax"},
		{jsonl, `{"id":[1]}`, "type"},
		{jsonl, `{"id":1,"id":2}`, "duplicate"},
		{jsonl, `{"id":"\u0041\n","time":"no"}`, "format"},
		{jsonl, `{"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}", "size"},
		{history.Native(), `{"transaction_id":"\u0041"}`, "missing"},
		{history.Native(), `{"transaction_id":"t1","timestamp":"2023-10-18T14:10:00Z","account_id":"A1","transaction_type":"purchase","amount":5.00,"currency":"USD","label":"no\n"}`, "value"},
	} {
		r, err := history.Open(context.Background(), []string{"-"}, c.mapping, history.Options{Stdin: strings.NewReader(c.text + "\r\n")})
		if err != nil {
			t.Fatal(err)
		}
		var rec history.Record
		bad, ok := errors.AsType[*history.RowError](r.Next(&rec))
		r.Close()
		raw := strings.TrimPrefix(c.text, columns)
		raw = raw[:min(len(raw), 4<<10)]
		if !ok || bad.Kind.String() != c.kind || bad.Raw != raw {
			t.Errorf("%.80q: got %+v, want %s", c.text, bad, c.kind)
		}
	}
}
