package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/weir-fraud/weir/export"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

// exportCounts are what an export counts.
type exportCounts struct {
	Rows          int64            `json:"rows"`
	Fraud         int64            `json:"fraud"`
	Legitimate    int64            `json:"legitimate"`
	Unlabelled    int64            `json:"unlabelled"`
	Sources       map[string]int64 `json:"label_sources"`
	Models        map[string]int64 `json:"models"`
	Policies      map[string]int64 `json:"policies"`
	Labelled      int64            `json:"labelled_transactions"` // of the feedback topic, in the span
	IllegalLabels int64            `json:"illegal_labels"`
	Decisions     int64            `json:"decisions_read"`
	OutsideSpan   int64            `json:"outside_span"`
	OtherModel    int64            `json:"of_other_models"`
	Repeated      int64            `json:"repeated"`
	Unreadable    int64            `json:"unreadable"`
}

func newExportCounts() exportCounts {
	return exportCounts{Sources: make(map[string]int64), Models: make(map[string]int64), Policies: make(map[string]int64)}
}

func (n *exportCounts) add(row *export.Row) {
	n.Rows++
	n.Models[row.Served.Model]++
	n.Policies[row.Served.Policy]++
	switch row.Label {
	case feedback.Fraud:
		n.Fraud++
	case feedback.Legitimate:
		n.Legitimate++
	default:
		n.Unlabelled++
		return
	}
	n.Sources[row.Served.LabelSource]++
}

// exportManifest says what a file holds and what it was made of.
type exportManifest struct {
	Format        int           `json:"format"`
	File          string        `json:"file"`
	Bytes         int64         `json:"bytes"`
	SHA256        string        `json:"sha256"`
	ContentSHA256 string        `json:"content_sha256,omitempty"` // of a CSV, unpacked
	SchemaSHA256  string        `json:"schema_sha256"`
	Features      int           `json:"features"`
	Oldest        string        `json:"oldest"`
	Newest        string        `json:"newest"`
	From          string        `json:"from,omitempty"`
	To            string        `json:"to,omitempty"`
	Model         string        `json:"model,omitempty"`
	Maturity      string        `json:"maturity,omitempty"`
	Now           string        `json:"now,omitempty"`
	Decisions     exportedTopic `json:"decisions"`
	Feedback      exportedTopic `json:"feedback"`
	Counts        exportCounts  `json:"counts"`
}

// exportedTopic is what of a topic was read: by partition, from the first offset to before the end.
type exportedTopic struct {
	Topic  string  `json:"topic"`
	Begins []int64 `json:"begins"`
	Ends   []int64 `json:"ends"`
}

// finish puts the file in its place, with its schema and manifest beside it.
func (e *exporting) finish(stdout io.Writer) error {
	if err := e.file.Finish(); err != nil {
		return fmt.Errorf("write %s: %w", e.options.Out, err)
	}
	if err := e.checkpoint(); err != nil {
		return err
	}
	schema, err := json.MarshalIndent(&e.layout, "", "  ")
	if err != nil {
		return err
	}
	schema = append(schema, '\n')
	m, err := e.manifest(schema)
	if err != nil {
		return err
	}
	out := e.options.Out
	err = errors.Join(
		writeFile(out+".schema.json", func(w io.Writer) error { _, err := w.Write(schema); return err }),
		writeFile(out+".manifest.json", func(w io.Writer) error {
			j := json.NewEncoder(w)
			j.SetIndent("", "  ")
			return j.Encode(m)
		}),
	)
	if err != nil {
		return fmt.Errorf("write beside %s: %w", out, err)
	}
	if err := os.Rename(e.part.Name(), out); err != nil {
		return fmt.Errorf("put the export in its place: %w", err)
	}
	if err := os.Remove(e.statePath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	n := &e.state.Counts
	_, err = fmt.Fprintf(stdout, "%s: %d rows from %s to %s: %d fraud, %d legitimate (%d by maturity), %d without a label; sha256 %s\n",
		out, n.Rows, m.Oldest, m.Newest, n.Fraud, n.Legitimate, n.Sources[export.Matured], n.Unlabelled, m.SHA256)
	return err
}

func (e *exporting) manifest(schema []byte) (*exportManifest, error) {
	s, o := &e.state, &e.options
	sum := sha256.New()
	size, err := io.Copy(sum, io.NewSectionReader(e.part, 0, 1<<62))
	if err != nil {
		return nil, fmt.Errorf("read %s again: %w", o.Out, err)
	}
	m := &exportManifest{
		Format: 1, File: filepath.Base(o.Out), Bytes: size, SHA256: hex.EncodeToString(sum.Sum(nil)), Features: e.layout.Len(),
		Oldest: s.Oldest.String(), Newest: s.Newest.String(), Model: o.Model, Counts: s.Counts,
		Decisions: exportedTopic{e.decisions.Name, s.Begins, s.Ends}, Feedback: exportedTopic{e.feedback.Name, s.FeedbackBegins, s.FeedbackEnds},
	}
	ofSchema := sha256.Sum256(schema)
	m.SchemaSHA256 = hex.EncodeToString(ofSchema[:])
	if csv, ok := e.file.(*export.CSVFile); ok {
		m.ContentSHA256 = hex.EncodeToString(csv.ContentSHA256())
	}
	if o.From > payment.MinTime {
		m.From = o.From.String()
	}
	if o.To < payment.MaxTime {
		m.To = o.To.String()
	}
	if o.Maturity > 0 {
		m.Maturity, m.Now = o.Maturity.String(), s.Now.String()
	}
	return m, nil
}
