package history

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetBatch is how many values of a column are turned into text at once.
const parquetBatch = 512

// parquetTable reads columns of a Parquet file side by side. Of each it holds one page, so that memory depends neither
// on the rows of the file nor on those of its row groups.
type parquetTable struct {
	file    *parquet.File
	leaves  []parquetLeaf
	columns []*parquetColumn // those that are read
	texts   slab
	group   int   // row groups that were begun
	left    int64 // rows of the current one that are not yet in the batch
	batch   int   // rows in the batch
	at      int   // of those, handed out
	row     int64 // of the last one
	read    func(rows int64)
}

// parquetColumn is one column of a parquetTable.
type parquetColumn struct {
	leaf   *parquetLeaf
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader // of the page, nil between pages
	buffer [parquetBatch]parquet.Value
	texts  []string // of the batch
}

// openParquet reads the file's footer. It is for a file of the given size.
func openParquet(file io.ReaderAt, size int64) (*parquetTable, error) {
	if err := checkFooter(file, size); err != nil {
		return nil, err
	}
	t := &parquetTable{read: func(int64) {}}
	err := guarded(func() (err error) {
		t.file, err = parquet.OpenFile(file, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
		if err == nil {
			t.leaves = parquetLeaves(t.file)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return t, checkPacking(t.file.Metadata())
}

// checkPacking refuses columns that cannot be unpacked. Of LZ4 the library may hand out what lay in memory before
// instead of the data (github.com/parquet-go/parquet-go/issues/608).
func checkPacking(meta *format.FileMetaData) error {
	for i := range meta.RowGroups {
		for j := range meta.RowGroups[i].Columns {
			switch codec := meta.RowGroups[i].Columns[j].MetaData.Codec; codec {
			case format.Uncompressed, format.Snappy, format.Gzip, format.Brotli, format.Zstd:
			default:
				return fmt.Errorf("its columns are packed with %s, which cannot be read: write the file again with zstd, snappy or gzip", codec)
			}
		}
	}
	return nil
}

// checkFooter refuses what has no footer, before anybody takes memory of the size that it claims to have.
func checkFooter(file io.ReaderAt, size int64) error {
	const frame = 12 // PAR1 at the beginning, the size and PAR1 at the end
	var end [8]byte
	if size < frame {
		return errors.New("this is no Parquet file, or it is cut off")
	}
	if _, err := file.ReadAt(end[:], size-int64(len(end))); err != nil {
		return err
	}
	if magic := string(end[4:]); magic != string(parquetMagic) {
		return errors.New("this is no Parquet file, or it is cut off or encrypted: it does not end with PAR1")
	}
	if n := int64(binary.LittleEndian.Uint32(end[:4])); n > size-frame {
		return fmt.Errorf("the file is damaged: its footer has %d bytes, more than the file", n)
	}
	return nil
}

// guarded calls into the Parquet library, which panics on some damaged files.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the file is damaged: %v", p)
		}
	}()
	return f()
}

// pick chooses the leaves that are read.
func (t *parquetTable) pick(leaves []int) {
	t.columns = make([]*parquetColumn, len(leaves))
	for i, leaf := range leaves {
		t.columns[i] = &parquetColumn{leaf: &t.leaves[leaf]}
	}
}

// next goes on to the next row. It returns io.EOF after the last.
func (t *parquetTable) next(ctx context.Context) error {
	if t.at == t.batch {
		if err := t.fill(ctx); err != nil {
			return err
		}
	}
	t.at++
	t.row++
	return nil
}

// text returns the current row's value of a column that was picked.
func (t *parquetTable) text(column int) string { return t.columns[column].texts[t.at-1] }

// fill reads the next batch.
func (t *parquetTable) fill(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for t.left == 0 {
		if err := guarded(t.nextGroup); err != nil {
			return err
		}
	}
	n := int(min(t.left, parquetBatch))
	for _, c := range t.columns {
		err := guarded(func() error { return c.read(n, &t.texts) })
		if errors.Is(err, os.ErrClosed) && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return fmt.Errorf("column %q: %w", c.leaf.name, err)
		}
	}
	t.left -= int64(n)
	t.batch, t.at = n, 0
	t.read(int64(n))
	return nil
}

// nextGroup begins with a row group.
func (t *parquetTable) nextGroup() error {
	groups := t.file.RowGroups()
	if t.group == len(groups) {
		return io.EOF
	}
	g := groups[t.group]
	t.group++
	t.left = max(g.NumRows(), 0)
	chunks := g.ColumnChunks()
	for _, c := range t.columns {
		c.close()
		c.pages = chunks[c.leaf.index].Pages()
	}
	return nil
}

// read sets texts to the next n values. A column that is read never repeats, so each row has one value.
func (c *parquetColumn) read(n int, texts *slab) error {
	c.texts = c.texts[:0]
	for len(c.texts) < n {
		if c.values == nil {
			var err error
			if c.page, err = c.pages.ReadPage(); err != nil {
				if errors.Is(err, io.EOF) {
					return errors.New("the file is damaged: the column has fewer values than the file has rows")
				}
				return err
			}
			c.values = c.page.Values()
		}
		k, err := c.values.ReadValues(c.buffer[:n-len(c.texts)])
		for i := range c.buffer[:k] {
			c.texts = append(c.texts, c.leaf.text(&c.buffer[i], texts))
		}
		switch {
		case errors.Is(err, io.EOF):
			c.release()
		case err != nil:
			return err
		case k == 0:
			return io.ErrNoProgress
		}
	}
	return nil
}

// release gives the page's memory back: texts are copies.
func (c *parquetColumn) release() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.page, c.values = nil, nil
}

func (c *parquetColumn) close() {
	c.release()
	if c.pages != nil {
		_ = c.pages.Close() // only gives memory back
	}
}
