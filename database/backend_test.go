package database_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/database"
)

// backend is a database that a test has for itself.
type backend struct {
	*database.DB
	address string
}

// eachBackend runs a test against SQLite and against a real PostgreSQL.
func eachBackend(t *testing.T, f func(t *testing.T, b backend)) {
	t.Run("sqlite", func(t *testing.T) { f(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "weir.db"))) })
	t.Run("postgres", func(t *testing.T) { f(t, open(t, schema(t))) })
}

func open(t *testing.T, address string) backend {
	t.Helper()
	d, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return backend{d, address}
}

// schema returns the address of an empty schema.
func schema(t *testing.T) string {
	t.Helper()
	address := os.Getenv("WEIR_TEST_POSTGRES")
	if address == "" {
		t.Fatal("WEIR_TEST_POSTGRES is not set: run `make test`, which starts a PostgreSQL, or name one (postgres://…)")
	}
	name := fmt.Sprintf("weir_test_%d_%s", os.Getpid(), strings.ToLower(strings.NewReplacer("/", "_", "#", "_").Replace(t.Name())))
	admin, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec(`CREATE SCHEMA "` + name + `"`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec(`DROP SCHEMA "` + name + `" CASCADE`); err != nil {
			t.Error(err)
		}
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}
