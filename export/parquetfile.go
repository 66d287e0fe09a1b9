package export

import (
	"math"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-fraud/weir/feedback"
)

// rowGroup is how many rows are held in memory before they are written.
const rowGroup = 50_000

// ParquetFile is a file of rows being written. Its index comes last, so it cannot be gone on with: what is not finished
// is worth nothing.
type ParquetFile struct {
	writer *parquet.GenericWriter[any]
	file   *os.File
	row    parquet.Row
	rows   int
}

// CreateParquet begins the file.
func CreateParquet(f *os.File, l *Layout) (*ParquetFile, error) {
	if err := f.Truncate(0); err != nil {
		return nil, err
	}
	schema := parquet.NewSchema("export", newColumns(l))
	return &ParquetFile{file: f, writer: parquet.NewGenericWriter[any](f, schema, parquet.Compression(&parquet.Zstd))}, nil
}

// columns is a group of columns in the order that they were given in; parquet.Group sorts them by name.
type columns struct {
	parquet.Group
	names []string
}

func newColumns(l *Layout) columns {
	text := parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
	instant := parquet.Timestamp(parquet.Millisecond)
	number := parquet.Leaf(parquet.DoubleType)
	c := columns{Group: make(parquet.Group), names: slices.Concat(leading, l.Names, l.Trailing)}
	for _, name := range l.Names {
		c.Group[name] = parquet.Optional(number)
	}
	for _, name := range slices.Concat(leading, l.Trailing) {
		c.Group[name] = text
	}
	c.Group["transaction_id"], c.Group["account_id"] = parquet.String(), parquet.String()
	c.Group["timestamp"] = instant
	c.Group["label"] = parquet.Optional(parquet.Int(32))
	c.Group["label_timestamp"] = parquet.Optional(instant)
	c.Group["label_feedback_id"] = parquet.Optional(parquet.String())
	c.Group["decision_score"] = number
	return c
}

// Fields returns the columns in their order.
func (c columns) Fields() []parquet.Field {
	fields := c.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(c.names, a.Name()) - slices.Index(c.names, b.Name())
	})
	return fields
}

// Write writes a row, which has what was served.
func (w *ParquetFile) Write(r *Row) error {
	w.row = w.row[:0]
	w.required(parquet.ValueOf(r.TransactionID))
	w.required(parquet.ValueOf(r.AccountID))
	w.required(parquet.Int64Value(int64(r.Time)))
	w.optional(parquet.Int32Value(label(r.Label)), r.Label != 0)
	w.text(r.Pattern)
	for _, x := range r.Vector {
		w.optional(parquet.DoubleValue(x), !math.IsNaN(x))
	}
	s := r.Served
	w.text(s.LabelSource)
	w.optional(parquet.Int64Value(int64(s.LabelTime)), s.LabelTime != 0)
	w.text(s.LabelID)
	w.required(parquet.DoubleValue(s.Score))
	w.text(s.Action.String())
	w.text(s.Model)
	w.text(s.Policy)
	if _, err := w.writer.WriteRows([]parquet.Row{w.row}); err != nil {
		return err
	}
	if w.rows++; w.rows%rowGroup == 0 {
		return w.writer.Flush()
	}
	return nil
}

func label(v feedback.Verdict) int32 {
	if v == feedback.Fraud {
		return 1
	}
	return 0
}

func (w *ParquetFile) required(v parquet.Value) {
	w.row = append(w.row, v.Level(0, 0, len(w.row)))
}

func (w *ParquetFile) optional(v parquet.Value, there bool) {
	if !there {
		w.required(parquet.NullValue())
		return
	}
	w.row = append(w.row, v.Level(0, 1, len(w.row)))
}

func (w *ParquetFile) text(s string) { w.optional(parquet.ValueOf(s), s != "") }

// Finish writes what is left, and the index.
func (w *ParquetFile) Finish() error {
	if err := w.writer.Close(); err != nil {
		return err
	}
	return w.file.Sync()
}
