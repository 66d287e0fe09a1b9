package app_test

import (
	"path/filepath"
	"testing"

	"github.com/weir-fraud/weir/database/databasetest"
)

// databases are those that a test runs on, each with what makes one and returns its address.
func databases() map[string]func(*testing.T) string {
	return map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "weir.db") },
		"postgres": func(t *testing.T) string { return databasetest.Postgres(t) },
	}
}
