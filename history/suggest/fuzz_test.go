package suggest_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/history/suggest"
)

// FuzzMapping proposes mappings for any bytes: nothing panics, and what comes out is a mapping unless a column has to be
// filled in, and fits the file that it was made from.
func FuzzMapping(f *testing.F) {
	all, err := filepath.Glob(filepath.Join("testdata", "*.*"))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range all {
		if text, err := os.ReadFile(path); err == nil && filepath.Ext(path) != ".yaml" {
			f.Add(text[:min(len(text), 1500)])
		}
	}
	f.Add([]byte("a,\"b\"\"\",c d,\u00e4\n1,\"x\ny\",$5,2024-01-01\n,,,\n"))
	f.Add([]byte(`{"a":{"b":[1,{"c":2}]},"t":"2024-01-01T00:00:00Z","n":null}` + "\n{\"a\":1}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		ctx := context.Background()
		path := filepath.Join(t.TempDir(), "x.txt")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		sample, err := history.ReadSample(ctx, path, 50, history.Options{})
		if err != nil {
			return
		}
		yaml := suggest.Mapping(sample).YAML
		m, err := history.ParseMapping("x.yaml", yaml)
		if strings.Contains(string(yaml), ": COLUMN\n") {
			return
		}
		if err != nil {
			t.Fatalf("%q:\n%s\n%v", text, yaml, err)
		}
		r, err := history.Open(ctx, []string{path}, m, history.Options{})
		if err != nil {
			t.Fatalf("%q:\n%s\n%v", text, yaml, err)
		}
		r.Close()
	})
}
