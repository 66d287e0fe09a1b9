package databasetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/weir-fraud/weir/database"
)

// Postgres returns the address of an empty schema, which is dropped after the test.
func Postgres(t testing.TB) string {
	t.Helper()
	address := os.Getenv("WEIR_TEST_POSTGRES")
	if address == "" {
		t.Fatal("WEIR_TEST_POSTGRES is not set: run `make test`, which starts a PostgreSQL, or name one (postgres://…)")
	}
	aside, remove, err := database.Aside(t.Context(), address, fmt.Sprintf("weir_test_%d_%x", os.Getpid(), rand.Uint64()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := remove(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return aside
}
