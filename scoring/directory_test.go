package scoring_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/forest"
)

// directory is a model directory in memory, which a test damages.
type directory map[string]string

func readDirectory(t testing.TB, name string) directory {
	t.Helper()
	d := directory{}
	for _, file := range []string{scoring.ManifestFile, scoring.ModelFile, scoring.GoldenFile} {
		text, err := os.ReadFile(filepath.Join("testdata", name, file))
		if err != nil {
			t.Fatal(err)
		}
		d[file] = string(text)
	}
	return d
}

// replace edits a file, as a test means to: the text must be there.
func (d directory) replace(t testing.TB, file, old, with string) {
	t.Helper()
	if !strings.Contains(d[file], old) {
		t.Fatalf("%s does not contain %q", file, old)
	}
	d.put(file, strings.Replace(d[file], old, with, 1))
}

// put changes a file and, in the manifest, its hash, so that what is checked later is reached.
func (d directory) put(file, text string) {
	old := hash(d[file])
	d[file] = text
	d[scoring.ManifestFile] = strings.Replace(d[scoring.ManifestFile], old, hash(text), 1)
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (d directory) fs() fs.FS {
	fsys := fstest.MapFS{}
	for name, text := range d {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func (d directory) load() (*scoring.Model, error) {
	return scoring.LoadFS(d.fs(), forest.DefaultLimits())
}

// wantError holds that err is one sentence that contains want.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", want)
	}
	if got := err.Error(); !strings.Contains(got, want) || strings.Contains(got, "\n") {
		t.Errorf("the error is\n  %s\nand should contain\n  %s", got, want)
	}
}
