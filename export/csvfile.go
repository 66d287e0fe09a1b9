package export

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// Compression is how a CSV file is packed.
type Compression int

// The compressions.
const (
	Plain Compression = iota
	Gzip
	Zstd
)

// Mark is a place in a file from which its writing can go on.
type Mark struct {
	Bytes int64  `json:"bytes"` // of the file
	Hash  []byte `json:"hash"`  // the state of the content's SHA-256
}

// CSVFile is a file of rows being written. Its compressed forms consist of one member or frame for each checkpoint,
// which every reader takes for one stream.
type CSVFile struct {
	file    *os.File
	packer  packer // nil for none
	packing bool   // whether a member is begun
	buffer  *bufio.Writer
	sum     hash.Hash
	line    []byte
}

type packer interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// CreateCSV begins the file with its header.
func CreateCSV(f *os.File, c Compression, l *Layout) (*CSVFile, error) {
	w, err := newCSV(f, c)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(0); err != nil {
		return nil, err
	}
	w.line = AppendHeader(w.line[:0], l)
	return w, w.write()
}

// ResumeCSV goes on where the mark was set. What came after it is cut off.
func ResumeCSV(f *os.File, c Compression, m Mark) (*CSVFile, error) {
	w, err := newCSV(f, c)
	if err != nil {
		return nil, err
	}
	if err := w.sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(m.Hash); err != nil {
		return nil, fmt.Errorf("the mark is damaged: %w", err)
	}
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if info.Size() < m.Bytes {
		return nil, fmt.Errorf("%s has %d bytes, and %d were written", f.Name(), info.Size(), m.Bytes)
	}
	if err := f.Truncate(m.Bytes); err != nil {
		return nil, err
	}
	_, err = f.Seek(m.Bytes, io.SeekStart)
	return w, err
}

func newCSV(f *os.File, c Compression) (*CSVFile, error) {
	w := &CSVFile{file: f, sum: sha256.New()}
	switch c {
	case Gzip:
		w.packer = gzip.NewWriter(f)
	case Zstd:
		z, err := zstd.NewWriter(f, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		w.packer = z
	}
	if w.packer != nil {
		w.buffer = bufio.NewWriterSize(w.packer, 256<<10)
	} else {
		w.buffer = bufio.NewWriterSize(f, 256<<10)
	}
	return w, nil
}

// Write writes a row.
func (w *CSVFile) Write(r *Row) error {
	w.line = AppendRow(w.line[:0], r)
	return w.write()
}

func (w *CSVFile) write() error {
	if w.packer != nil && !w.packing {
		w.packer.Reset(w.file)
		w.packing = true
	}
	_, _ = w.sum.Write(w.line)
	_, err := w.buffer.Write(w.line)
	return err
}

// Checkpoint puts everything on the disk, and returns the place from which to go on.
func (w *CSVFile) Checkpoint() (Mark, error) {
	if err := w.buffer.Flush(); err != nil {
		return Mark{}, err
	}
	if w.packing {
		if err := w.packer.Close(); err != nil {
			return Mark{}, err
		}
		w.packing = false
	}
	if err := w.file.Sync(); err != nil {
		return Mark{}, err
	}
	at, err := w.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return Mark{}, err
	}
	state, err := w.sum.(encoding.BinaryMarshaler).MarshalBinary()
	return Mark{Bytes: at, Hash: state}, err
}

// Finish writes what is left.
func (w *CSVFile) Finish() error {
	_, err := w.Checkpoint()
	return err
}

// ContentSHA256 returns the hash of the rows and the header before they are packed.
func (w *CSVFile) ContentSHA256() []byte { return w.sum.Sum(nil) }
