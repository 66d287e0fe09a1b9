package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// StandardInput is the path that stands for [Options.Stdin].
const StandardInput = "-"

// Options are what [Open] needs besides files and a mapping. The zero Options will do.
type Options struct {
	Stdin io.Reader // what the path "-" reads; without it "-" is an error
}

// Progress says how far a Reader has come.
type Progress struct {
	Bytes      int64 // read of the files, as they are packed
	TotalBytes int64 // size of all files, or -1 where standard input or a pipe is among them
	Rows       int64 // rows read, the rejected ones included
	Rejected   int64 // rows that were a [RowError]
}

// Reader reads Records from files, one file after the other. One goroutine may call Next; Progress and Close may be
// called from any.
type Reader struct {
	mapping *Mapping
	stdin   io.Reader
	paths   []string // not yet begun
	rows    rows     // of the current file, nil between files
	path    string   // of the current file
	err     error    // final

	ctx     context.Context // ends reading ahead
	cancel  context.CancelCauseFunc
	opening sync.Mutex // no file is opened once Close has ended ctx
	reading sync.WaitGroup

	total                 int64
	bytes, done, rejected atomic.Int64
}

// rows are the rows of one file.
type rows interface {
	// next fills rec. It returns io.EOF, a *RowError without a path, or an error that is final.
	next(ctx context.Context, rec *Record) error
}

// Open returns a Reader of the files at paths, in their order, as one stream. "-" is standard input. Files may be
// packed with gzip or zstd: the ending .gz or .zst says so, or the first bytes do.
//
// The header of every CSV file is checked here against the mapping, so that a long run does not fail late; of pipes
// only the first file's is. A disagreement is a *[MappingError]. The Reader must be closed; it also ends with ctx.
func Open(ctx context.Context, paths []string, m *Mapping, opts Options) (*Reader, error) {
	if len(paths) == 0 {
		return nil, errors.New("no files to read history from")
	}
	if err := m.checkTemplate(paths); err != nil {
		return nil, err
	}
	r := &Reader{mapping: m, stdin: opts.Stdin, paths: paths}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	if err := r.prepare(ctx); err != nil {
		_ = r.Close() // has no error of its own
		return nil, err
	}
	return r, nil
}

// prepare checks all files and opens the first.
func (r *Reader) prepare(ctx context.Context) error {
	for i, path := range r.paths {
		if err := r.mapping.checkName(path); err != nil {
			return err
		}
		if r.mapping.formatOf(path) == Parquet {
			if err := checkParquet(path); err != nil {
				return err
			}
		}
		if path == StandardInput {
			r.total = -1
			continue
		}
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return fmt.Errorf("reading history: %w", err)
		case info.IsDir():
			return fmt.Errorf("reading history: %s is a directory: name the files in it", path)
		case !info.Mode().IsRegular():
			r.total = -1
			continue
		case r.total >= 0:
			r.total += info.Size()
		}
		if i > 0 {
			if err := r.checkFile(ctx, path); err != nil {
				return err
			}
		}
	}
	return r.openNext()
}

// checkFile opens a file as it will be opened later, and closes it.
func (r *Reader) checkFile(ctx context.Context, path string) error {
	if r.mapping.formatOf(path) == JSONL {
		return nil // has no header
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, err := r.open(ctx, path, new(atomic.Int64))
	return err
}

// checkName refuses a path whose ending contradicts the mapping's format.
func (m *Mapping) checkName(path string) error {
	said, named := m.formatOf(path), FormatOf(path)
	switch {
	case named == 0 || named == said:
		return nil
	case m.native:
		return fmt.Errorf("%s: needs a mapping that says which column is which field: only JSONL can do without", path)
	case m.format == 0:
		return m.doc.Mistake(cmp.Or(m.delimiterAt, m.skipLinesAt, m.columnsAt), "only CSV can have this, and %s is %s by its name", path, named)
	}
	return m.doc.Mistake(m.formatAt, "format: %s does not fit %s: leave it out, and the file's name decides", said, path)
}

// open begins with a file: it reads up to its first row.
func (r *Reader) open(ctx context.Context, path string, count *atomic.Int64) (rows, error) {
	if r.mapping.formatOf(path) == Parquet {
		return r.openParquet(ctx, path, count)
	}
	in, err := r.openText(ctx, path, r.mapping.encoding, count)
	if err != nil {
		return nil, err
	}
	if r.mapping.formatOf(path) == JSONL {
		return newJSONLRows(r.mapping, in), nil
	}
	return newCSVRows(ctx, r.mapping, in)
}

// openText begins to read a file that is text.
func (r *Reader) openText(ctx context.Context, path string, text encoding, count *atomic.Int64) (*input, error) {
	var file io.ReadCloser
	done := func() {}
	if path == StandardInput {
		if r.stdin == nil {
			return nil, errors.New("standard input cannot be read here: name a file")
		}
		// A read of standard input cannot be woken up, so nobody waits for it either.
		file = io.NopCloser(r.stdin)
	} else {
		f, err := r.openFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading history: %w", err)
		}
		file, done = f, r.reading.Done
	}
	in := start(ctx, path, text, file, count, done)
	if err := in.skipMark(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return in, nil
}

// openFile opens a file that Close will wait for.
func (r *Reader) openFile(path string) (*os.File, error) {
	r.opening.Lock()
	defer r.opening.Unlock()
	if r.ctx.Err() != nil {
		return nil, context.Cause(r.ctx)
	}
	f, err := os.Open(path)
	if err == nil {
		r.reading.Add(1)
	}
	return f, err
}

func (r *Reader) openNext() (err error) {
	r.path, r.paths = r.paths[0], r.paths[1:]
	r.rows, err = r.open(r.ctx, r.path, &r.bytes)
	return err
}

// Next fills rec with the next row. It returns io.EOF after the last row of the last file, and a *[RowError] for a row
// that is not a legal transaction: rec then has no meaning, and the next call goes on with the next row. Any other
// error is final. For how long the strings of rec are valid, see [Record].
func (r *Reader) Next(rec *Record) error {
	for r.err == nil {
		if r.rows == nil {
			if len(r.paths) == 0 {
				r.err = io.EOF
				break
			}
			if r.err = r.openNext(); r.err != nil {
				break
			}
		}
		err := r.rows.next(r.ctx, rec)
		if err == nil {
			r.done.Add(1)
			return nil
		}
		if err == io.EOF { //nolint:errorlint // rows return it bare; a wrapped one is a broken file
			r.rows = nil
			continue
		}
		if bad, ok := err.(*RowError); ok { //nolint:errorlint // as above
			r.done.Add(1)
			r.rejected.Add(1)
			bad.Path = r.path
			return bad
		}
		r.err = fmt.Errorf("%s: %w", r.path, err)
	}
	return r.err
}

// Progress returns how far the Reader has come. It runs a little ahead of Next in bytes.
func (r *Reader) Progress() Progress {
	return Progress{Bytes: r.bytes.Load(), TotalBytes: r.total, Rows: r.done.Load(), Rejected: r.rejected.Load()}
}

// Close ends reading: a call of Next that needs more input returns an error that matches [os.ErrClosed]. Records that
// were read stay valid. Of standard input a read that is under way goes on until it returns.
func (r *Reader) Close() error {
	r.opening.Lock()
	r.cancel(fmt.Errorf("the history reader is closed: %w", os.ErrClosed))
	r.opening.Unlock()
	r.reading.Wait()
	return nil
}
