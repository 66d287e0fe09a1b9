package history_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/history"
)

// TestDocs holds docs/mapping.md to its word: the example gives what it says, every piece of YAML is a mapping when the
// required fields are added, and every key has a row in a table.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "mapping.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]string{}
	for _, m := range regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		blocks[m[1]] = append(blocks[m[1]], m[2])
	}
	yaml := blocks["yaml"]

	t.Run("example", func(t *testing.T) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "payments.csv"), blocks["csv"][0])
		write(t, filepath.Join(dir, "native.jsonl"), blocks["jsonl"][0])
		got := descriptions(t, parse(t, yaml[0]), filepath.Join(dir, "payments.csv"))
		want := descriptions(t, history.Native(), filepath.Join(dir, "native.jsonl"))
		if got != want || !strings.Contains(got, "fraud") {
			t.Errorf("the CSV gives\n%s\nthe JSONL is\n%s", got, want)
		}
	})
	for _, piece := range yaml[1:] {
		if _, err := history.ParseMapping("docs", []byte(base(topLevel(piece)...))); err != nil {
			t.Errorf("%s\n%v", piece, err)
		}
	}
	t.Run("error", func(t *testing.T) {
		_, err := history.ParseMapping("payments.yaml", []byte("transaction_id: Id\ntimestamp:\n  column: When\n  fromat: unix\naccount_id: Customer\n"))
		if err == nil || err.Error()+"\n" != blocks["text"][0] {
			t.Errorf("the error is\n%v", err)
		}
	})
	for key := range allKeys(t) {
		if !strings.Contains(string(text), "\n| `"+key+"` |") {
			t.Errorf("the key %s has no row", key)
		}
	}
}

func descriptions(t *testing.T, m *history.Mapping, path string) string {
	t.Helper()
	records, mistakes := readRecords(t, m, path)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	var lines []string
	for i := range records {
		lines = append(lines, describe(&records[i]))
	}
	return strings.Join(lines, "\n")
}

// topLevel takes YAML apart into its top-level keys.
func topLevel(yaml string) (pieces []string) {
	for line := range strings.Lines(yaml) {
		if line[0] != ' ' {
			pieces = append(pieces, "")
		}
		pieces[len(pieces)-1] += line
	}
	for i := range pieces {
		pieces[i] = strings.TrimSuffix(pieces[i], "\n")
	}
	return pieces
}

// allKeys asks for all keys there are, by one that there is not.
func allKeys(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, yaml := range []string{"x: y", "transaction_id: {x: y}", "timestamp: {x: y}", "account_id: {x: y}", "transaction_type: {x: y}",
		"amount: {x: y}", "currency: {x: y}", "merchant: {name: {x: y}}", "attributes: {a: {x: y}}", "label: {x: y}", "pattern: {x: y}"} {
		_, err := history.ParseMapping("keys", []byte(yaml))
		mistake, ok := errors.AsType[*history.MappingError](err)
		if !ok {
			t.Fatalf("%s: %v", yaml, err)
		}
		_, list, ok := strings.Cut(mistake.Reason, "the keys here are ")
		if !ok {
			t.Fatalf("%s: %v", yaml, err)
		}
		for _, key := range strings.Split(list, ", ") {
			all[key] = true
		}
	}
	if len(all) < 20 {
		t.Fatalf("only %d keys", len(all))
	}
	return all
}
