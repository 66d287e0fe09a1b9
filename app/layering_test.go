package app_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers are the packages from top to bottom. A package imports only what stands below it; a new one takes its place
// in this list.
var layers = []string{
	"cmd/weir", "app", "screen", "monitor", "review", "notify", "decide", "pipeline", "stream", "control", "evaluation/report", "database/databasetest", "database", "export", "alerts/cases", "alerts", "scoring/policy", "scoring",
	"scoring/forest", "features/redisstate", "features",
	"features/expression", "features/tile", "features/exact", "evaluation", "simulate", "history/suggest", "history", "feedback", "yamldoc", "payment", "models", "telemetry", "web", "wire",
}

// owners are the only packages that may import a library, tests included.
var owners = map[string][]string{
	"github.com/chromedp":                        {"app", "review"},
	"github.com/confluentinc/confluent-kafka-go": {"stream"},
	"github.com/dmitryikh/leaves":                {"scoring/forest"},
	"github.com/expr-lang/expr":                  {"features/expression"},
	"github.com/gin-gonic/gin":                   {"decide", "review"},
	"github.com/nicholas-fedor/shoutrrr":         {"notify"},
	"github.com/parquet-go/parquet-go":           {"history", "export"},
	"github.com/prometheus/client_golang":        {"monitor"},
	"github.com/redis/go-redis":                  {"features/redisstate"},
	"github.com/jackc/pgx":                       {"database"},
	"github.com/mattn/go-sqlite3":                {"database"},
	"github.com/pressly/goose":                   {"database"},
}

func TestLayering(t *testing.T) {
	const module = "github.com/weir-fraud/weir/"
	seen := make(map[string]bool)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != ".." {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		rel, err := filepath.Rel("..", path)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(rel))
		place := slices.Index(layers, pkg)
		if place < 0 {
			t.Errorf("%s: package %s has no place in the list of layers", rel, pkg)
			return nil
		}
		seen[pkg] = true
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if ours, ok := strings.CutPrefix(name, module); ok && ours != pkg && slices.Index(layers, ours) <= place {
				t.Errorf("%s imports %s, which is not below it", rel, ours)
			}
			for library, owner := range owners {
				if strings.HasPrefix(name, library) && !slices.Contains(owner, pkg) {
					t.Errorf("%s imports %s, which only %s may", rel, name, strings.Join(owner, " and "))
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layers {
		if !seen[l] {
			t.Errorf("layer %s has no Go files", l)
		}
	}
}
