package export_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-fraud/weir/export"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// A Parquet file has the columns of a CSV in their order, and null where that has an empty field.
func TestParquetFile(t *testing.T) {
	layout, err := export.NewLayout(&features.Schema{Names: []string{"z", "a"}, Hashes: []string{"1", "2"}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "x.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	w, err := export.CreateParquet(f, &layout)
	if err != nil {
		t.Fatal(err)
	}
	const rows = 50_010 // more than one group of rows
	for i := range rows {
		row := export.Row{
			TransactionID: fmt.Sprint("t", i), AccountID: "A", Time: payment.Time(i), Vector: features.Vector{float64(i) + 0.1, math.NaN()},
			Served: &export.Served{Score: 0.5, Action: scoring.Review, Model: "m", Policy: "p"},
		}
		if i == rows-1 {
			row.Label, row.Served.LabelSource, row.Served.LabelTime, row.Served.LabelID = feedback.Legitimate, "analyst", 7, "f-1"
		}
		if err := w.Write(&row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	p, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, column := range p.Schema().Columns() {
		names = append(names, column[0])
	}
	want := []string{
		"transaction_id", "account_id", "timestamp", "label", "pattern", "z", "a", "label_source", "label_timestamp", "label_feedback_id",
		"decision_score", "decision_action", "decision_model", "decision_policy",
	}
	if !slices.Equal(names, want) {
		t.Errorf("the columns are %v, want %v", names, want)
	}
	if n := len(p.RowGroups()); p.NumRows() != rows || n != 2 {
		t.Errorf("%d rows in %d groups, want %d in 2", p.NumRows(), n, rows)
	}
	at := func(i int64) string {
		r := parquet.NewReader(p)
		defer func() { _ = r.Close() }()
		if err := r.SeekToRow(i); err != nil {
			t.Fatal(err)
		}
		read := make([]parquet.Row, 1)
		if n, err := r.ReadRows(read); n != 1 {
			t.Fatal(err)
		}
		return fmt.Sprint(read[0])
	}
	if got, want := at(1), "[t1 A 1 <null> <null> 1.1 <null> <null> <null> <null> 0.5 review m p]"; got != want {
		t.Errorf("row 1 is %s, want %s", got, want)
	}
	if got, want := at(rows-1), "[t50009 A 50009 0 <null> 50009.1 <null> analyst 7 f-1 0.5 review m p]"; got != want {
		t.Errorf("the last row is %s, want %s", got, want)
	}
}

// A feature cannot have the name of another column, since the one could not be told from the other.
func TestLayoutRefusesNamesOfColumns(t *testing.T) {
	if _, err := export.NewLayout(&features.Schema{Names: []string{"decision_score"}, Hashes: []string{"1"}}); err == nil {
		t.Error("a feature with the name decision_score is taken")
	}
}

// Labels are held in memory, so there is a bound, which more labels of known transactions do not reach.
func TestLabelsAreBounded(t *testing.T) {
	l := export.NewLabels(2)
	add := func(id string) error {
		return l.Add(&feedback.Label{ID: id, TransactionID: id, AccountID: "A", Verdict: feedback.Fraud, Source: feedback.Analyst})
	}
	for _, id := range []string{"a", "b", "a", "b"} {
		if err := add(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := add("c"); err == nil {
		t.Error("a third transaction is taken")
	}
}
