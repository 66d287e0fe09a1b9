package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// csvTable takes a CSV file apart into rows of fields.
type csvTable struct {
	in       *input
	splitter csvSplitter
	trim     bool
	slab     slab  // for fields with quotes in them
	line     int64 // the first of the last row
	ended    int64 // lines that lie behind
}

// csvRows are the rows of a CSV file, converted.
type csvRows struct {
	csvTable
	converter *converter
	width     int   // fields of a row
	index     []int // the column of each slot
	values    []string
	row       int64 // of the last row
}

// newCSVRows reads the header and binds the mapping to it.
func newCSVRows(ctx context.Context, m *Mapping, in *input) (*csvRows, error) {
	r := &csvRows{
		csvTable:  csvTable{in: in, splitter: csvSplitter{comma: m.comma()}, trim: m.trim},
		converter: newConverter(m, in.path),
		values:    make([]string, len(m.slots)),
	}
	if err := r.skipLines(ctx, m.skipLines); err != nil {
		return nil, fmt.Errorf("%s: %w", in.path, err)
	}
	header := m.columns
	if header == nil {
		var err error
		if header, err = r.header(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", in.path, err)
		}
	}
	var err error
	r.width = len(header)
	r.index, err = m.bind(header, in.path)
	return r, err
}

func (m *Mapping) comma() byte {
	if m.delimiter == 0 {
		return ','
	}
	return m.delimiter
}

// skipLines leaves out what stands before the header.
func (r *csvTable) skipLines(ctx context.Context, n int) error {
	for range n {
		if err := r.in.skipLine(ctx); err != nil {
			return err
		}
		r.ended++
	}
	return nil
}

// header reads the names of the columns.
func (r *csvTable) header(ctx context.Context) (names []string, err error) {
	row, err := r.split(ctx)
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("empty, where a header was expected")
	case err != nil:
		return nil, fmt.Errorf("header: %w", err)
	}
	for i := range r.splitter.fields {
		names = append(names, strings.Clone(strings.Trim(r.field(row, i), " \t")))
	}
	return names, nil
}

// malformed is the error of a row that is not CSV.
type malformed struct{ flaw }

func (e malformed) Error() string { return e.reason }

// split takes the next row that is not blank. Its fields are views into the bytes that are returned. With a malformed
// one it returns what can be shown of the row.
func (r *csvTable) split(ctx context.Context) (row []byte, err error) {
	for {
		window := r.in.window
		n, err := r.splitter.split(window, r.in.last)
		if errors.Is(err, errShort) {
			if len(window) > maxRow {
				return window[:maxRaw], r.tooLong(ctx)
			}
			if err := r.in.more(ctx); err != nil {
				return nil, err
			}
			continue
		}
		if n == 0 {
			return nil, io.EOF
		}
		r.in.consume(n)
		r.line = r.ended + 1
		r.ended += int64(r.splitter.lines)
		if err != nil {
			return window[:n], malformed{flaw{payment.KindSyntax, err.Error()}}
		}
		if len(r.splitter.fields) > 0 {
			return window[:n], nil
		}
	}
}

// tooLong gives up on a row and goes on in the line after its first.
func (r *csvTable) tooLong(ctx context.Context) error {
	if err := r.in.skipLine(ctx); err != nil {
		return err
	}
	r.ended++
	r.line = r.ended
	return malformed{flawed(payment.KindSize, "is longer than %d bytes: is a quote left open?", maxRow)}
}

// field returns field i of a row that was split.
func (r *csvTable) field(row []byte, i int) string {
	f := &r.splitter.fields[i]
	b := row[f.start:f.end]
	if r.trim {
		b = trim(b)
	}
	if f.escaped {
		return r.slab.unquoted(b)
	}
	return view(b)
}

// trim takes spaces and tabs off both ends.
func trim(b []byte) []byte {
	if len(b) > 0 && (b[0] <= ' ' || b[len(b)-1] <= ' ') {
		return bytes.Trim(b, " \t")
	}
	return b
}

func (r *csvRows) next(ctx context.Context, rec *Record) error {
	row, err := r.split(ctx)
	if err != nil {
		if bad, ok := err.(malformed); ok { //nolint:errorlint // split returns it bare
			r.row++
			return r.reject(fault{flaw: bad.flaw}, row)
		}
		return err
	}
	r.row++
	if n := len(r.splitter.fields); n != r.width {
		return r.reject(fault{flaw: flawed(payment.KindSyntax, "has %d fields, the header has %d", n, r.width)}, row)
	}
	for slot, i := range r.index {
		r.values[slot] = r.field(row, i)
	}
	if f := r.converter.convert(r.values, r.row, rec); !f.none() {
		return r.reject(f, row)
	}
	return nil
}

func (r *csvRows) reject(f fault, row []byte) error {
	return f.error(r.row, r.line, string(bytes.TrimRight(row, "\r\n")))
}

// bind returns the column of each slot in a header, which is that of the file at path, or of the mapping itself if path
// is "".
func (m *Mapping) bind(header []string, path string) ([]int, error) {
	owner := "the header of " + path
	if path == "" {
		owner = "the list under columns"
	}
	index := make([]int, len(m.slots))
	var absent []string
	var first *source
	for _, s := range m.sources() {
		if s.column == "" {
			continue
		}
		i := slices.Index(header, s.column)
		switch {
		case i < 0:
			absent = append(absent, fmt.Sprintf("%q (%s)", s.column, s.field))
			if first == nil {
				first = s
			}
		case slices.Contains(header[i+1:], s.column):
			return nil, m.doc.Mistake(s.at, "%s: %s has the column %q twice", s.field, owner, s.column)
		default:
			index[s.slot] = i
		}
	}
	if first == nil {
		return index, nil
	}
	return nil, m.doc.Mistake(first.at, "%s has no column %s%s\n  it has: %s",
		owner, strings.Join(absent, ", "), bindHint(header, first.column, path), strings.Join(header, ", "))
}

// bindHint guesses why a column is not in the header.
func bindHint(header []string, column, path string) string {
	for _, h := range header {
		if strings.EqualFold(h, column) {
			return fmt.Sprintf(": is %q meant?", h)
		}
	}
	if len(header) == 1 && strings.ContainsAny(header[0], ",;\t|") {
		return ": is the delimiter right?"
	}
	if path == "" {
		return ""
	}
	return ": correct the name, or, if the file has no header, list its columns under columns"
}
