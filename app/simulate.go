package app

import (
	"context"
	"fmt"
	"io"

	"github.com/weir-fraud/weir/simulate"
)

// Simulate is `weir simulate`: n labelled transactions, as JSON lines, into a file.
func Simulate(ctx context.Context, c simulate.Config, n int64, path string, stderr io.Writer) error {
	g, err := simulate.New(c)
	if err != nil {
		return err
	}
	o, err := createOutput(path)
	if err != nil {
		return err
	}
	defer func() { _ = o.Close() }()
	show := newProgress(stderr, "simulate", n)
	var e simulate.Event
	var line []byte
	var i, frauds int64
	for i < n && g.Next(&e) {
		if i%1024 == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			show.set(i, i)
		}
		line = simulate.AppendJSONL(line[:0], &e)
		if _, err := o.Write(line); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		if e.Fraud {
			frauds++
		}
		i++
	}
	show.finish()
	if err := o.Close(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = fmt.Fprintf(stderr, "%d transactions, %d of them fraud, up to %s\n", i, frauds, e.Transaction.Time)
	return err
}
