package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/weir-fraud/weir/export"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/stream"
)

// ExportOptions are those of `weir export`.
type ExportOptions struct {
	Out      string       // CSV or Parquet, by its name
	From, To payment.Time // event time, To not included
	Model    string       // only what this model decided; empty for all
	Maturity Duration     // after which what nobody labelled counts as legitimate; 0 for never
	Now      payment.Time // by which Maturity goes; 0 for the newest decided transaction's time
	Schema   string       // file with the names and hashes of the vectors' features; empty for the configured features file
	Restart  bool         // begin anew where an export that was interrupted could be gone on with

	CheckpointRows int64                  // after how many rows the place is noted; 0 for 100,000
	Checkpointed   func(rows int64) error // is told of it; an error ends the export
}

const (
	exportCheckpointRows = 100_000
	exportBatch          = 4096 // records that are decoded together
)

// Export is `weir export`: labelled training data from the topics decisions and feedback.
func Export(ctx context.Context, c Config, o ExportOptions, stdout, stderr io.Writer) (err error) {
	form, err := formOf(o.Out)
	if err != nil {
		return err
	}
	layout, err := c.exportLayout(o.Schema)
	if err != nil {
		return err
	}
	e := &exporting{options: o, form: form, layout: layout, kafka: c.kafka(), stderr: stderr}
	if o.Schema == "" {
		e.check = c.vectorCheck(&layout.Schema)
	}
	release, err := e.claim()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := e.begin(ctx, &c); err != nil {
		return err
	}
	if err := e.readLabels(ctx); err != nil {
		return err
	}
	if err := e.writeRows(ctx); err != nil {
		if e.state.Mark != nil {
			_, _ = fmt.Fprintf(stderr, "export: %d rows are written; the same command goes on from there\n", e.state.Counts.Rows)
		}
		return err
	}
	return e.finish(stdout)
}

// exporting is an export under way.
type exporting struct {
	options ExportOptions
	form    exportForm
	layout  export.Layout
	kafka   stream.Config
	check   func(d *scoring.Decision) error // nil where nothing can be checked
	stderr  io.Writer

	decisions, feedback stream.Topic
	first               []int64 // of the decisions that are still there
	feedbackFirst       []int64
	state               exportState
	marked              int64 // rows at the last checkpoint
	part                *os.File
	file                rowFile
	labels              *export.Labels
	resolver            export.Resolver
}

// rowFile is a file of rows being written.
type rowFile interface {
	Write(row *export.Row) error
	Finish() error
}

// exportForm is what a file's name says of its form.
type exportForm struct {
	parquet bool
	packed  export.Compression
}

func formOf(path string) (exportForm, error) {
	for _, f := range []struct {
		ending string
		form   exportForm
	}{
		{".csv", exportForm{}}, {".csv.gz", exportForm{packed: export.Gzip}}, {".csv.zst", exportForm{packed: export.Zstd}},
		{".parquet", exportForm{parquet: true}},
	} {
		if strings.HasSuffix(path, f.ending) {
			return f.form, nil
		}
	}
	return exportForm{}, fmt.Errorf("--out is %q: its name must end in .csv, .csv.gz, .csv.zst or .parquet", path)
}

// exportLayout returns the layout of vectors: of the schema file, or else of the configured features.
func (c *Config) exportLayout(path string) (export.Layout, error) {
	if path == "" {
		set, err := c.featureSet()
		if err != nil {
			return export.Layout{}, err
		}
		return export.NewLayout(set.Schema())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return export.Layout{}, fmt.Errorf("--schema: %w", err)
	}
	var s features.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		return export.Layout{}, fmt.Errorf("--schema: %s: %w", path, err)
	}
	if len(s.Names) == 0 || len(s.Names) != len(s.Hashes) {
		return export.Layout{}, fmt.Errorf("--schema: %s is no schema: it must have names and as many hashes, as weir replay --features-out writes beside its file", path)
	}
	return export.NewLayout(&s)
}

// vectorCheck returns what tells, of a decision of the configured model, whether its vector is one of the schema: then it
// gives the score. It is nil where the model reads other features.
func (c *Config) vectorCheck(schema *features.Schema) func(d *scoring.Decision) error {
	model, err := c.loadModel()
	if err != nil {
		return nil
	}
	scorer, err := model.Bind(schema)
	if err != nil {
		return nil
	}
	return func(d *scoring.Decision) error {
		if d.Model != model.ID() {
			return nil
		}
		if score := scorer.Score(d.Vector); score != d.Score {
			return fmt.Errorf("has the score %v, and model %s gives its vector %v: it was decided with another features file (name it in features.file, "+
				"or its FILE.schema.json with --schema) or another model of that name", d.Score, d.Model, score)
		}
		return nil
	}
}

// claim opens the file that rows are written to, and keeps other exports off it.
func (e *exporting) claim() (release func() error, err error) {
	e.part, err = os.OpenFile(e.options.Out+".part", os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, fmt.Errorf("create the export: %w", err)
	}
	if err := syscall.Flock(int(e.part.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = e.part.Close()
		return nil, fmt.Errorf("%s is being written by another export: wait for it, or choose another --out", e.options.Out)
	}
	return e.release, nil
}

// release closes the file, and removes it where nobody could go on with it.
func (e *exporting) release() error {
	var err error
	if _, none := os.Stat(e.statePath()); errors.Is(none, os.ErrNotExist) {
		if err = os.Remove(e.part.Name()); errors.Is(err, os.ErrNotExist) {
			err = nil // it is in its place
		}
	}
	return errors.Join(err, e.part.Close())
}

// begin takes up what is there of the export, or settles what it consists of.
func (e *exporting) begin(ctx context.Context, c *Config) error {
	admin, err := stream.NewAdmin(e.kafka)
	if err != nil {
		return err
	}
	defer admin.Close()
	if e.decisions, err = admin.Describe(ctx, c.Kafka.Topics.Decisions); err != nil {
		return err
	}
	if e.feedback, err = admin.Describe(ctx, c.Kafka.Topics.Feedback); err != nil {
		return err
	}
	var ends, feedbackEnds []int64
	if e.first, ends, err = admin.Bounds(ctx, e.decisions); err != nil {
		return err
	}
	if e.feedbackFirst, feedbackEnds, err = admin.Bounds(ctx, e.feedback); err != nil {
		return err
	}
	fresh := exportState{
		Request: e.request(), Begins: e.first, Ends: ends, FeedbackBegins: e.feedbackFirst, FeedbackEnds: feedbackEnds,
		Next: e.first[0], Counts: newExportCounts(),
	}
	if goesOn, err := e.takeUp(&fresh); err != nil || goesOn {
		return err
	}
	e.state = fresh
	if err := os.Remove(e.statePath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := e.settleNow(ctx); err != nil {
		return err
	}
	if e.form.parquet {
		e.file, err = export.CreateParquet(e.part, &e.layout)
	} else {
		e.file, err = export.CreateCSV(e.part, e.form.packed, &e.layout)
	}
	return err
}

// settleNow finds the time by which maturity goes.
func (e *exporting) settleNow(ctx context.Context) error {
	e.state.Now = e.options.Now
	if e.options.Maturity == 0 || e.options.Now != 0 {
		return nil
	}
	return e.eachBatch(ctx, "look for the newest transaction", e.decisions, e.first, e.state.Ends, func(records []stream.Record) error {
		for i := range records {
			if t, err := payment.ParseTime(string(textOf(records[i].Value, "timestamp"))); err == nil {
				e.state.Now = max(e.state.Now, t)
			}
		}
		return nil
	})
}

// eachBatch calls f for the records of all partitions, from first to before end. Those of one partition are in order.
func (e *exporting) eachBatch(ctx context.Context, doing string, topic stream.Topic, first, end []int64, f func(records []stream.Record) error) (err error) {
	r, err := stream.NewReaderBetween(ctx, e.kafka, topic, first, end)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	total := r.Left()
	show := newProgress(e.stderr, doing, total)
	defer show.finish()
	var batch []stream.Record
	for n := int64(0); r.Left() > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if batch, err = r.Poll(batch[:0], exportBatch, 100*time.Millisecond); err != nil {
			return err
		}
		batch = slices.DeleteFunc(batch, func(r stream.Record) bool { return r.Offset >= end[r.Partition] })
		if err := f(batch); err != nil {
			return err
		}
		n += int64(len(batch))
		show.set(total-r.Left(), n)
	}
	return nil
}

// decoded is what a record holds, or why that is not known.
type decoded[T any] struct {
	value T
	err   error
}

// decodeAll decodes records on all processors. It uses dst again.
func decodeAll[T any](dst []decoded[T], records []stream.Record, decode func(value []byte) (T, error)) []decoded[T] {
	dst = slices.Grow(dst[:0], len(records))[:len(records)]
	share := len(records)/runtime.GOMAXPROCS(0) + 1
	var all sync.WaitGroup
	for from := 0; from < len(records); from += share {
		all.Go(func() {
			for i := from; i < min(from+share, len(records)); i++ {
				dst[i].value, dst[i].err = decode(records[i].Value)
			}
		})
	}
	all.Wait()
	return dst
}
