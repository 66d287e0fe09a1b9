package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Sample is the beginning of a file that no mapping describes yet: its form, as far as it shows, and its first rows as
// text.
type Sample struct {
	Path      string
	Format    Format
	Encoding  string // as a mapping names it
	Delimiter byte   // of CSV
	SkipLines int    // of CSV: how many lines stand before the header
	Headless  bool   // of CSV: there is no header, or it does not fit, and the names are made up
	Columns   []Column
	Rows      [][]string // with a text for each of the columns
	Odd       int        // rows that were left out, as they are malformed or have more or fewer fields
	Whole     bool       // these are known to be all rows
}

// Column is a column of a Sample.
type Column struct {
	Name string
	Type ColumnType
}

// maxCells is how many values a Sample holds at most.
const maxCells = 2 << 20

// ReadSample reads the first rows of the file at path, at most so many.
func ReadSample(ctx context.Context, path string, most int, opts Options) (*Sample, error) {
	r := &Reader{stdin: opts.Stdin}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.Close()
	if info, err := os.Stat(path); path != StandardInput && err == nil && info.IsDir() {
		return nil, fmt.Errorf("reading history: %s is a directory: name a file in it", path)
	}
	s := &Sample{Path: path, Format: FormatOf(path), Encoding: encodingNames[utf8Text]}
	if err := s.read(r, most); err != nil {
		return nil, err
	}
	if len(s.Rows) == 0 {
		return nil, fmt.Errorf("%s: has no rows to learn from", path)
	}
	return s, nil
}

func (s *Sample) read(r *Reader, most int) error {
	if s.Format == 0 && isParquet(s.Path) {
		s.Format = Parquet
	}
	if s.Format == Parquet {
		return s.readParquet(r, most)
	}
	in, err := r.openText(r.ctx, s.Path, utf8Text, new(atomic.Int64))
	if err != nil {
		return err
	}
	const enough = 64 << 10
	for len(in.window) < enough && !in.last {
		if err := in.more(r.ctx); err != nil {
			return fmt.Errorf("%s: %w", s.Path, err)
		}
	}
	begin := bytes.TrimLeft(in.window, " \t\r\n")
	if s.Format == 0 && bytes.HasPrefix(begin, []byte("[")) {
		return fmt.Errorf("%s: %w", s.Path, errArray)
	}
	if s.Format == 0 && bytes.HasPrefix(begin, []byte("{")) {
		s.Format = JSONL
	}
	if s.Format == JSONL {
		err = s.readJSONL(r.ctx, in, most)
	} else {
		s.Format = CSV
		err = s.readCSV(r.ctx, in, most)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.Path, err)
	}
	return nil
}

// isParquet reports whether a file begins like Parquet.
func isParquet(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	magic := make([]byte, len(parquetMagic))
	_, err = io.ReadFull(f, magic)
	return err == nil && bytes.Equal(magic, parquetMagic)
}

func (s *Sample) readCSV(ctx context.Context, in *input, most int) error {
	form := guessCSV(in.window, in.last)
	s.Delimiter, s.SkipLines = form.delimiter, form.skipLines
	table := csvTable{in: in, splitter: csvSplitter{comma: form.delimiter}, trim: true}
	if err := table.skipLines(ctx, form.skipLines); err != nil {
		return err
	}
	names := form.names
	s.Headless = names != nil
	if names == nil {
		var err error
		if names, err = table.header(ctx); err != nil {
			return err
		}
	}
	for _, name := range names {
		s.Columns = append(s.Columns, Column{Name: name})
	}
	most = min(most, maxCells/len(names))
	for len(s.Rows) < most {
		row, err := table.split(ctx)
		if errors.Is(err, io.EOF) {
			s.Whole = true
			break
		}
		if _, bad := err.(malformed); bad || err == nil && len(table.splitter.fields) != len(names) { //nolint:errorlint // split returns it bare
			s.Odd++
			continue
		}
		if err != nil {
			return err
		}
		fields := make([]string, len(names))
		for i := range fields {
			fields[i] = table.field(row, i)
		}
		s.Rows = append(s.Rows, fields)
	}
	s.decode()
	return nil
}

// decode takes text that is not UTF-8 for Windows-1252, in which all bytes mean something.
func (s *Sample) decode() {
	valid := true
	for _, c := range s.Columns {
		valid = valid && utf8.ValidString(c.Name)
	}
	for _, row := range s.Rows {
		valid = valid && !slices.ContainsFunc(row, func(v string) bool { return !utf8.ValidString(v) })
	}
	if valid {
		return
	}
	s.Encoding = encodingNames[windows1252]
	decoder := charmap.Windows1252.NewDecoder()
	decoded := func(text string) string {
		if t, err := decoder.String(text); err == nil {
			return t
		}
		return text
	}
	for i := range s.Columns {
		s.Columns[i].Name = decoded(s.Columns[i].Name)
	}
	for _, row := range s.Rows {
		for i, v := range row {
			row[i] = decoded(v)
		}
	}
}

func (s *Sample) readParquet(r *Reader, most int) error {
	if err := checkParquet(s.Path); err != nil {
		return err
	}
	f, err := r.openFile(s.Path)
	if err != nil {
		return fmt.Errorf("reading history: %w", err)
	}
	defer r.reading.Done()
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("reading history: %w", err)
	}
	table, err := openParquet(f, info.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", s.Path, err)
	}
	var picked []int
	for i, l := range table.leaves {
		s.Columns = append(s.Columns, Column{Name: l.name, Type: l.typ})
		if l.typ != Unreadable {
			picked = append(picked, i)
		}
	}
	table.pick(picked)
	for most = min(most, maxCells/max(len(s.Columns), 1)); len(s.Rows) < most; {
		err := table.next(r.ctx)
		if errors.Is(err, io.EOF) {
			s.Whole = true
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.Path, err)
		}
		row := make([]string, len(s.Columns))
		for slot, i := range picked {
			row[i] = strings.Trim(table.text(slot), " \t")
		}
		s.Rows = append(s.Rows, row)
	}
	return nil
}
