package database_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/weir-fraud/weir/database"
)

// Several processes may be the first to open a database.
func TestOpenedBySeveralAtOnce(t *testing.T) {
	for name, address := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "weir.db") },
		"postgres": schema,
	} {
		t.Run(name, func(t *testing.T) {
			at := address(t)
			var all sync.WaitGroup
			for range 6 {
				all.Go(func() {
					d, err := database.Open(t.Context(), at)
					if err != nil {
						t.Error(err)
						return
					}
					_, err = d.Users(t.Context())
					if err := d.Close(); err != nil {
						t.Error(err)
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		})
	}
}
