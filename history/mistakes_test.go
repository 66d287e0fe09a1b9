package history_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/history"
)

var update = flag.Bool("update", false, "rewrite the golden files from what the code does now")

// TestMistakes reads testdata/mistakes.txt: mappings with a mistake each, some with the header of a file to open
// through them, and the error that is to come out.
func TestMistakes(t *testing.T) {
	path := filepath.Join("testdata", "mistakes.txt")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rewritten strings.Builder
	for _, section := range strings.Split(string(text), "=== ")[1:] {
		name, body, _ := strings.Cut(section, "\n")
		input, want, _ := strings.Cut(body, "--- error\n")
		yaml, header, isFile := strings.Cut(input, "--- header\n")
		got := want
		t.Run(name, func(t *testing.T) {
			got = mistake(t, yaml, strings.TrimSuffix(header, "\n"), isFile) + "\n"
			if got != want && !*update {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
		rewritten.WriteString("=== " + name + "\n" + input + "--- error\n" + got)
	}
	if *update {
		if err := os.WriteFile(path, []byte(rewritten.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func mistake(t *testing.T, yaml, header string, isFile bool) string {
	m, err := history.ParseMapping("shop.yaml", []byte(yaml))
	if err == nil && isFile {
		t.Chdir(t.TempDir())
		write(t, "payments.csv", header)
		var r *history.Reader
		if r, err = history.Open(context.Background(), []string{"payments.csv"}, m, history.Options{}); err == nil {
			err = r.Close()
		}
	}
	if err == nil {
		t.Fatal("no error")
	}
	return err.Error()
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
