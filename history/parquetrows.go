package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/weir-fraud/weir/payment"
)

// parquetRows are the rows of a Parquet file, converted.
type parquetRows struct {
	table     *parquetTable
	converter *converter
	trim      bool
	values    []string // by slot
	close     func()
}

// newParquetRows binds the mapping to the columns of the file at path.
func newParquetRows(m *Mapping, table *parquetTable, path string) (*parquetRows, error) {
	var names []string
	for i := range table.leaves {
		names = append(names, table.leaves[i].name)
	}
	index, err := m.bind(names, path)
	if err != nil {
		return nil, err
	}
	for _, s := range m.sources() {
		if s.column == "" {
			continue
		}
		if l := &table.leaves[index[s.slot]]; l.typ == Unreadable {
			return nil, m.doc.Mistake(s.at, "%s: column %q of %s is %s: only single values can be read", s.field, l.name, path, l.reason)
		}
	}
	table.pick(index)
	r := &parquetRows{table: table, converter: newConverter(m, path), trim: m.trim, values: make([]string, len(index))}
	return r, r.adapt(m, path)
}

// adapt lets the types of columns have their way: what the mapping says of how texts are written does not apply to
// values that are no texts.
func (r *parquetRows) adapt(m *Mapping, path string) error {
	typeOf := func(s *source) ColumnType {
		if !s.given() || s.column == "" {
			return Text
		}
		return r.table.columns[s.slot].leaf.typ
	}
	c := r.converter
	point := numberForm{decimal: '.'}
	if typeOf(&m.amount) == Number {
		c.form.form = point
		c.form.settle()
	}
	if typeOf(&m.latitude) == Number && typeOf(&m.longitude) == Number {
		c.degree = point
	}
	if len(m.timeMore) > 0 {
		return nil
	}
	switch typeOf(&m.time) {
	case Instant:
		c.time = timeFormat{rfc3339: true}
	case LocalTime:
		c.time = localFormat("%Y-%m-%dT%H:%M:%S.%f", m.timeFormat.zone)
	case Date:
		c.time = localFormat("%Y-%m-%d", m.timeFormat.zone)
	case Number:
		if m.timeFormat.rfc3339 {
			return m.doc.Mistake(m.time.at, "timestamp: column %q of %s has numbers: add the format, such as unix or unix_ms", m.time.column, path)
		}
	}
	return nil
}

// localFormat returns a format of local times of a zone. The pattern is one that is known to be right.
func localFormat(pattern string, zone localZone) timeFormat {
	f, err := parseTimeFormat(pattern)
	if err != nil {
		panic(err)
	}
	f.zone = zone
	return f
}

func (r *parquetRows) next(ctx context.Context, rec *Record) error {
	if err := r.table.next(ctx); err != nil {
		r.close()
		return err
	}
	for slot := range r.values {
		v := r.table.text(slot)
		if r.trim {
			v = strings.Trim(v, " \t")
		}
		r.values[slot] = v
	}
	if f := r.converter.convert(r.values, r.table.row, rec); !f.none() {
		return f.error(r.table.row, 0, r.raw())
	}
	return nil
}

// raw returns the columns of the current row that are read.
func (r *parquetRows) raw() string {
	b := []byte{'{'}
	for i, c := range r.table.columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(payment.AppendString(b, c.leaf.name), ':')
		if v := r.table.text(i); v != "" {
			b = payment.AppendString(b, v)
		} else {
			b = append(b, "null"...)
		}
	}
	return string(append(b, '}'))
}

// openParquet begins with a Parquet file. count takes part of its size with each row, as not all of its bytes are read.
func (r *Reader) openParquet(ctx context.Context, path string, count *atomic.Int64) (rows, error) {
	f, err := r.openFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading history: %w", err)
	}
	var once sync.Once
	closeFile := func() {
		once.Do(func() {
			_ = f.Close() // nothing was written, so nothing can be lost
			r.reading.Done()
		})
	}
	stop := context.AfterFunc(ctx, closeFile)
	rows, err := r.bindParquet(f, path, count)
	if err != nil {
		stop()
		closeFile()
		return nil, err
	}
	rows.close = func() { stop(); closeFile() }
	return rows, nil
}

func (r *Reader) bindParquet(f *os.File, path string, count *atomic.Int64) (*parquetRows, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading history: %w", err)
	}
	table, err := openParquet(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	table.read = share(info.Size(), table.file.NumRows(), count)
	return newParquetRows(r.mapping, table, path)
}

// share returns a function that adds the share of size that some of all rows have to count.
func share(size, rows int64, count *atomic.Int64) func(n int64) {
	var through, counted int64
	return func(n int64) {
		through += n
		if now := int64(float64(size) * float64(through) / float64(max(rows, 1))); now <= size {
			count.Add(now - counted)
			counted = now
		}
	}
}

// checkParquet refuses what Parquet cannot be read from: it is read from its end.
func checkParquet(path string) error {
	if path == StandardInput {
		return errors.New("standard input cannot be Parquet, which is read from its end: name a file")
	}
	for _, p := range packings {
		if strings.HasSuffix(path, p) {
			return fmt.Errorf("%s: Parquet is read from its end: unpack the file first (its columns are packed within it)", path)
		}
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s: Parquet is read from its end, so it must be a file", path)
	}
	return nil
}
