package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// databases are those that a test runs on, each with what makes one and returns its address.
func databases() map[string]func(*testing.T) string {
	return map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "weir.db") },
		"postgres": postgresSchema,
	}
}

// postgresSchema returns the address of an empty schema.
func postgresSchema(t *testing.T) string {
	address := os.Getenv("WEIR_TEST_POSTGRES")
	if address == "" {
		t.Fatal("WEIR_TEST_POSTGRES is not set: run `make test`, which starts a PostgreSQL, or name one (postgres://…)")
	}
	admin, err := sql.Open("pgx", address) // the driver is there by way of package database
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("weir_app_%d_%d", os.Getpid(), time.Now().UnixNano())
	if _, err := admin.ExecContext(t.Context(), `CREATE SCHEMA `+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), `DROP SCHEMA `+name+` CASCADE`); err != nil {
			t.Error(err)
		}
		_ = admin.Close()
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
