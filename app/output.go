package app

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// output is a file being written, compressed as its name says. A nil output takes nothing.
type output struct {
	*bufio.Writer
	closers []io.Closer // first to last
}

// createOutput creates the file; "" is no output, "-" standard output.
func createOutput(path string) (*output, error) {
	switch path {
	case "":
		return nil, nil
	case "-":
		return &output{Writer: bufio.NewWriterSize(os.Stdout, 256<<10)}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create an output: %w", err)
	}
	o := &output{closers: []io.Closer{f}}
	var w io.Writer = f
	switch {
	case strings.HasSuffix(path, ".gz"):
		z := gzip.NewWriter(f)
		w, o.closers = z, []io.Closer{z, f}
	case strings.HasSuffix(path, ".zst"):
		z, err := zstd.NewWriter(f)
		if err != nil {
			return nil, fmt.Errorf("create %s: %w", path, err)
		}
		w, o.closers = z, []io.Closer{z, f}
	}
	o.Writer = bufio.NewWriterSize(w, 256<<10)
	return o, nil
}

// Close writes what is left and closes the file.
func (o *output) Close() error {
	if o == nil {
		return nil
	}
	err := o.Flush()
	for _, c := range o.closers {
		err = errors.Join(err, c.Close())
	}
	o.closers = nil
	return err
}

// writeFile writes a file whole or not at all.
func writeFile(path string, write func(io.Writer) error) error {
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return err
	}
	next := path + ".new"
	if err := os.WriteFile(next, text.Bytes(), 0o666); err != nil {
		return err
	}
	return os.Rename(next, path)
}
