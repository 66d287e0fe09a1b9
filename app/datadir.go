package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/weir-fraud/weir/simulate"
)

// claimDirectory makes a data directory, and keeps other processes off until release is called or this one ends.
func claimDirectory(directory string) (release func(), err error) {
	if err := os.MkdirAll(directory, 0o777); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(directory, "lock"), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, fmt.Errorf("claim the data directory: %w", err)
	}
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		_ = f.Close()
		return nil, fmt.Errorf("%s is in use by another demo: end that one, or give another --data-dir", directory)
	case err != nil:
		_ = f.Close()
		return nil, fmt.Errorf("claim the data directory: %w", err)
	}
	return func() { _ = f.Close() }, nil
}

// keepWorld takes the world from the data directory if there is one, and else puts it there: the same world goes on
// from where the log ends, and the accounts stay who they are.
func keepWorld(directory string, w *simulate.Config) error {
	path := filepath.Join(directory, "world.yaml")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return writeFile(path, func(f io.Writer) error { return WriteWorld(f, *w) })
	}
	kept := *w
	if err := ReadWorld(path, &kept); err != nil {
		return err
	}
	if kept.Seed != w.Seed || kept.LiveRate != w.LiveRate {
		return fmt.Errorf("%s holds a demo with --seed %d --rate %v: give the same, or another --data-dir", directory, kept.Seed, kept.LiveRate)
	}
	*w = kept
	return nil
}
