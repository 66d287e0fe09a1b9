package features_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/yamldoc"
)

// The page that data scientists read says what the code does: its files compile, its expressions mean something, its
// error is the one they get, and every key and aggregate has a row in a table.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "features.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	blocks := map[string][]string{}
	for _, m := range regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```").FindAllStringSubmatch(page, -1) {
		blocks[m[1]] = append(blocks[m[1]], m[2])
	}
	example := blocks["yaml"][0]
	for _, piece := range blocks["yaml"] {
		file := piece
		if strings.HasPrefix(piece, "- ") { // features for the file of the example
			file = example + "  " + strings.ReplaceAll(strings.TrimSpace(piece), "\n", "\n  ") + "\n"
		}
		if err := compileDocs(file); err != nil {
			t.Errorf("%v\nin\n%s", err, piece)
		}
	}
	expressions := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|[^|]*\\|$").FindAllStringSubmatch(section(t, page, "## Expressions"), -1)
	for _, m := range expressions {
		if err := compileDocs(example + "  - {name: tried, value: '" + m[1] + "'}\n"); err != nil {
			t.Errorf("%v", err)
		}
	}
	if len(expressions) < 20 {
		t.Errorf("%d expressions", len(expressions))
	}
	if err := compileDocs(strings.Replace(example, "spending, windows: [7d", "spendings, windows: [7d", 1)); err == nil || err.Error()+"\n" != blocks["text"][0] {
		t.Errorf("the error is\n%v", err)
	}
	for _, name := range rowsWanted(t) {
		if !strings.Contains(page, "\n| `"+name+"` |") {
			t.Errorf("%s has no row", name)
		}
	}
}

func compileDocs(file string) error {
	d, err := features.ParseDeclarations("features.yaml", []byte(file))
	if err == nil {
		_, err = features.Compile(d, features.DefaultLayout())
	}
	return err
}

func section(t *testing.T, page, title string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, "\n"+title+"\n")
	if !ok {
		t.Fatalf("there is no section %s", title)
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

// rowsWanted asks for all keys, and all aggregates, by one that there is not.
func rowsWanted(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, file := range []string{
		"x: y", "tables: {t: {x: y}}", "marks: {m: {x: y}}", "entities: {e: {x: y}}", "labels: {x: y}", "features: [{x: y}]",
		"format: 1\nfeatures: [{name: f, aggregate: x, windows: [1h]}]",
		"format: 1\nentities: {e: {key: merchant}}\nfeatures: [{name: f, entity: e, aggregate: x, windows: [1h]}]",
	} {
		mistake, ok := errors.AsType[*yamldoc.Error](compileDocs(file))
		if !ok {
			t.Fatalf("%s is no mistake", file)
		}
		list := regexp.MustCompile(`(?:the keys here are|there are) ([^;]*)$`).FindStringSubmatch(mistake.Reason)
		if list == nil {
			t.Fatal(mistake)
		}
		all = append(all, strings.FieldsFunc(strings.ReplaceAll(list[1], " and ", ", "), func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	if len(all) < 40 {
		t.Fatalf("only %q", all)
	}
	return all
}
