package database

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
)

// Aside makes an empty place beside a database, for tables that do not stay, and returns its address and what removes it: a
// schema of the name in PostgreSQL, and for SQLite a file beside the file.
func Aside(ctx context.Context, address, name string) (aside string, remove func(ctx context.Context) error, err error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		path += "-" + name
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			return "", nil, fmt.Errorf("%s is there already: %w", path, err)
		}
		return "sqlite:" + path, func(context.Context) (err error) {
			for _, suffix := range []string{"", "-wal", "-shm", "-migration", "-leader"} {
				if e := os.Remove(path + suffix); !errors.Is(e, os.ErrNotExist) {
					err = errors.Join(err, e)
				}
			}
			return err
		}, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", nil, errors.New("the address of the database is no URL")
	}
	run := func(ctx context.Context, before, after string) error {
		d, err := connect(address)
		if err != nil {
			return err
		}
		_, err = d.sql.ExecContext(ctx, before+` "`+strings.ReplaceAll(name, `"`, `""`)+`"`+after)
		return errors.Join(err, d.Close())
	}
	if err := run(ctx, `CREATE SCHEMA`, ``); err != nil {
		return "", nil, fmt.Errorf("database %s: %w", redacted(address), err)
	}
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String(), func(ctx context.Context) error { return run(ctx, `DROP SCHEMA`, ` CASCADE`) }, nil
}
