package suggest_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	_ "time/tzdata" // whatever the machine

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/history/suggest"
	"github.com/weir-fraud/weir/payment"
)

var update = flag.Bool("update", false, "rewrite the golden files from what the code does now")

// files are those of testdata that mappings are proposed for, of very different shapes, and one of package history.
func files(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join("testdata", "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{filepath.Join("..", "testdata", "dataframe.parquet")}
	for _, path := range all {
		if ending := filepath.Ext(path); ending != ".yaml" && ending != ".golden" {
			paths = append(paths, path)
		}
	}
	if len(paths) < 9 {
		t.Fatalf("only %q", paths)
	}
	return paths
}

// TestMapping proposes a mapping for each file and reads the file through it. Golden files hold the mapping, and the
// transactions that come out, in Weir's own form.
func TestMapping(t *testing.T) {
	for _, path := range files(t) {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			yaml := propose(t, path).YAML
			stem := filepath.Join("testdata", strings.TrimSuffix(name, filepath.Ext(name)))
			golden(t, stem+".yaml", yaml)
			m, err := history.ParseMapping(name+".yaml", yaml)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, stem+".golden", []byte(strings.Join(transactions(t, m, path), "\n")+"\n"))
		})
	}
}

func propose(t testing.TB, path string) *suggest.Proposal {
	t.Helper()
	sample, err := history.ReadSample(context.Background(), path, 1000, history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return suggest.Mapping(sample)
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

// transactions reads a file: a line of JSON for each transaction, and of words for each rejected row, those last.
func transactions(t *testing.T, m *history.Mapping, path string) (lines []string) {
	t.Helper()
	records, mistakes := read(t, m, path)
	for i := range records {
		rec := &records[i]
		line := payment.AppendJSON(nil, &rec.Transaction)
		if rec.Label != history.Unlabelled {
			line = append(line[:len(line)-1], `,"label":"`+rec.Label.String()+`"`...)
			if rec.Pattern != "" {
				line = payment.AppendString(append(line, `,"pattern":`...), rec.Pattern)
			}
			line = append(line, '}')
		}
		lines = append(lines, string(line))
	}
	for _, mistake := range mistakes {
		lines = append(lines, "rejected: "+strings.TrimPrefix(mistake, filepath.Dir(path)+"/"))
	}
	return lines
}

func read(t *testing.T, m *history.Mapping, path string) (records []history.Record, mistakes []string) {
	t.Helper()
	r, err := history.Open(context.Background(), []string{path}, m, history.Options{})
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

// TestPacked proposes the same mapping for a file however it is packed.
func TestPacked(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "boutique.csv"))
	if err != nil {
		t.Fatal(err)
	}
	want := propose(t, filepath.Join("testdata", "boutique.csv")).YAML
	var gz, zst bytes.Buffer
	z, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.WriteCloser{gzip.NewWriter(&gz), z} {
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, packed := range map[string][]byte{"boutique.csv.gz": gz.Bytes(), "boutique.csv.zst": zst.Bytes(), "boutique": zst.Bytes()} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, packed, 0o600); err != nil {
			t.Fatal(err)
		}
		got := bytes.Replace(propose(t, path).YAML, []byte(name), []byte("boutique.csv"), 1)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s", name, got)
		}
	}
}
