package history

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

const (
	// blockSize is how much input is read into one piece of memory. Rows are views into it, so it is never used again.
	blockSize = 256 << 10
	// headroom is kept free before a block's data for the row that the block before it ended in.
	headroom = 8 << 10
	// minRead is the free space of a block below which a new one is begun.
	minRead = 16 << 10
	// maxRow is the size of a row, or the header, above which its end is no longer looked for.
	maxRow = 1 << 20
)

// chunk is newly read input: block[from:to]. The chunks of one block follow each other without a gap.
type chunk struct {
	block    []byte
	from, to int
	err      error // the last chunk has one, io.EOF at the end of the file
}

// input is the unpacked bytes of one file. They are read ahead by a goroutine of their own, which also unpacks them.
type input struct {
	path   string
	text   encoding
	chunks chan chunk
	window []byte // what is read and not yet consumed
	room   []byte // the block the window lies in, from its first byte to the end of the window
	last   bool   // no more is to come
}

// start begins to read file, which is closed once it is read or ctx ends. The read bytes, packed, are added to count.
// done is called when file is no longer in use.
func start(ctx context.Context, path string, text encoding, file io.ReadCloser, count *atomic.Int64, done func()) *input {
	in := &input{path: path, text: text, chunks: make(chan chunk, 3)}
	stop := context.AfterFunc(ctx, func() { _ = file.Close() }) // wakes up a read that waits for a pipe
	go func() {
		defer done()
		in.readAhead(ctx, counter{file, count})
		if stop() {
			_ = file.Close() // nothing was written, so nothing can be lost
		}
	}()
	return in
}

type counter struct {
	r     io.Reader
	count *atomic.Int64
}

func (c counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.count.Add(int64(n))
	return n, err
}

// readAhead sends what packed holds as chunks, the last of which has an error.
func (in *input) readAhead(ctx context.Context, packed io.Reader) {
	send := func(c chunk) bool {
		select {
		case in.chunks <- c:
			return c.err == nil
		case <-ctx.Done():
			return false
		}
	}
	r, done, err := unpack(in.path, packed)
	if err != nil {
		send(chunk{err: err})
		return
	}
	defer done()
	if r, err = decoded(r, in.text); err != nil {
		send(chunk{err: err})
		return
	}
	var block []byte
	to := 0
	for {
		if len(block)-to < minRead {
			block, to = make([]byte, headroom+blockSize), headroom
		}
		n, err := r.Read(block[to:])
		if !send(chunk{block: block, from: to, to: to + n, err: err}) {
			return
		}
		to += n
	}
}

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

	parquetMagic = []byte("PAR1")
)

// foreign are the first bytes of files that cannot be read, and what to call them.
var foreign = []struct{ magic, name string }{
	{"PK\x03\x04", "a zip or Excel file: save its table as CSV"},
	{"BZh", "a bzip2 file: unpack it first"},
	{"\xfd7zXZ", "an xz file: unpack it first"},
}

// encoding is how the bytes of a file are text.
type encoding uint8

const (
	utf8Text    encoding = iota // or UTF-16 with a byte order mark, as spreadsheets write it
	windows1252                 // which has Latin 1 within it
)

var encodingNames = [...]string{utf8Text: "utf-8", windows1252: "windows-1252"}

// decoded returns a reader of r's text as UTF-8.
func decoded(r io.Reader, text encoding) (io.Reader, error) {
	if text == windows1252 {
		return charmap.Windows1252.NewDecoder().Reader(r), nil
	}
	buffered := bufio.NewReaderSize(r, 64<<10)
	mark, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if s := string(mark); s == "\xff\xfe" || s == "\xfe\xff" {
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(buffered), nil
	}
	return buffered, nil
}

// unpack returns a reader of what packed holds: by the ending of path, or else by the first bytes.
func unpack(path string, packed io.Reader) (r io.Reader, done func(), err error) {
	buffered := bufio.NewReaderSize(packed, 64<<10)
	magic, err := buffered.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	switch {
	case strings.HasSuffix(path, ".gz") || bytes.HasPrefix(magic, gzipMagic):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, nil, fmt.Errorf("unpacking gzip: %w", err)
		}
		return z, func() {}, nil
	case strings.HasSuffix(path, ".zst") || bytes.HasPrefix(magic, zstdMagic):
		// One goroutine is enough, as this is one already.
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, nil, fmt.Errorf("unpacking zstd: %w", err)
		}
		return z, z.Close, nil
	}
	for _, f := range foreign {
		if bytes.HasPrefix(magic, []byte(f.magic)) {
			return nil, nil, fmt.Errorf("this is %s", f.name)
		}
	}
	if bytes.HasPrefix(magic, parquetMagic) {
		return nil, nil, errors.New("this is a Parquet file: rename it to end with .parquet, or add format: parquet to the mapping")
	}
	return buffered, func() {}, nil
}

// more adds input to the window. The window's own bytes may move, to where nothing else is. At the end of the file it
// sets last.
func (in *input) more(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx) // even if there are chunks left
	}
	var c chunk
	select {
	case c = <-in.chunks:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if fresh := c.block[c.from:c.to]; len(fresh) > 0 {
		in.join(c, fresh)
	}
	switch {
	case c.err == io.EOF: //nolint:errorlint // a wrapped one is a broken file
		in.last = true
	case errors.Is(c.err, os.ErrClosed) && ctx.Err() != nil:
		return context.Cause(ctx)
	case c.err != nil:
		return cutOff(c.err)
	}
	return nil
}

func (in *input) join(c chunk, fresh []byte) {
	rest := in.window
	switch {
	case len(in.room) == c.from && &in.room[0] == &c.block[0]:
		in.room = c.block[:c.to]
		in.window = c.block[c.from-len(rest) : c.to]
	case c.from == headroom && len(rest) <= headroom:
		copy(c.block[headroom-len(rest):], rest)
		in.room = c.block[:c.to]
		in.window = c.block[headroom-len(rest) : c.to]
	default:
		in.room = nil
		in.window = append(append(make([]byte, 0, len(rest)+len(fresh)), rest...), fresh...)
	}
}

// cutOff words the error of a packed file that ends too early.
func cutOff(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file is cut off: %w", err)
	}
	return err
}

// consume takes n bytes off the window.
func (in *input) consume(n int) { in.window = in.window[n:] }

// skipLine consumes input up to the end of the line, over as many chunks as it has.
func (in *input) skipLine(ctx context.Context) error {
	for {
		if i := bytes.IndexByte(in.window, '\n'); i >= 0 {
			in.consume(i + 1)
			return nil
		}
		in.consume(len(in.window))
		if in.last {
			return nil
		}
		if err := in.more(ctx); err != nil {
			return err
		}
	}
}

// skipMark consumes a byte order mark.
func (in *input) skipMark(ctx context.Context) error {
	mark := []byte("\ufeff")
	for len(in.window) < len(mark) && !in.last {
		if err := in.more(ctx); err != nil {
			return err
		}
	}
	in.window = bytes.TrimPrefix(in.window, mark)
	return nil
}
