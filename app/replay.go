package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/pipeline"
)

// ReplayOptions are those of `weir replay`.
type ReplayOptions struct {
	Input      Input
	Partitions int32
	Threads    int  // 0 for one per processor
	NoModel    bool // compute features only

	Features, Decisions, State string // paths to write to, empty for none
}

// Replay is `weir replay`: past transactions through the same engine as `weir run`, with the state in memory.
func Replay(ctx context.Context, c Config, o ReplayOptions, stdout, stderr io.Writer) (err error) {
	engine, schema, err := replayEngine(c, o.NoModel)
	if err != nil {
		return err
	}
	in, err := o.Input.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	bad, err := newRejects(&o.Input, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bad.Close()) }()
	r := &replay{options: o, in: in, rejects: bad, schema: schema}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	r.engine = pipeline.NewReplay(engine, o.Partitions, o.Threads)
	if err := r.create(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.features.Close(), r.decisions.Close()) }()
	began := time.Now()
	if err := r.run(ctx, newProgress(stderr, "replay", in.Progress().TotalBytes)); err != nil {
		return err
	}
	if err := r.writeState(o.State); err != nil {
		return err
	}
	if err := r.summary(stdout, time.Since(began)); err != nil {
		return err
	}
	return r.rejects.check(in.Progress().Rows, true)
}

func replayEngine(c Config, noModel bool) (*pipeline.Engine, *features.Schema, error) {
	set, err := c.featureSet()
	if err != nil {
		return nil, nil, err
	}
	if noModel {
		e, err := pipeline.NewEngine(pipeline.EngineConfig{Set: set})
		return e, set.Schema(), err
	}
	e, err := c.engine(time.Now)
	return e, set.Schema(), err
}

type replay struct {
	options             ReplayOptions
	in                  *history.Reader
	rejects             *rejects
	schema              *features.Schema
	engine              *pipeline.Replay
	features, decisions *output
	line                []byte

	rows, fresh, duplicates, conflicts, late, alerts, frauds, caught int64
}

func (r *replay) create() (err error) {
	if r.features, err = createOutput(r.options.Features); err != nil {
		return err
	}
	if r.decisions, err = createOutput(r.options.Decisions); err != nil {
		return err
	}
	if r.features == nil {
		return nil
	}
	_, _ = r.features.WriteString("transaction_id,account_id,timestamp,label,pattern")
	for _, name := range r.schema.Names {
		_, _ = r.features.WriteString("," + name)
	}
	_ = r.features.WriteByte('\n')
	if r.options.Features == "-" {
		return nil
	}
	text, err := json.MarshalIndent(r.schema, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(r.options.Features+".schema.json", append(text, '\n'), 0o666)
}

// replayBatch is how many rows are worked off at once: enough to keep all threads busy.
const replayBatch = 8192

// run reads batches in one goroutine while the batch before is worked off.
func (r *replay) run(ctx context.Context, p *progress) error {
	type batch struct {
		records []history.Record
		err     error
	}
	full, empty := make(chan batch, 1), make(chan []history.Record, 2)
	empty <- make([]history.Record, replayBatch)
	empty <- make([]history.Record, replayBatch)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	defer func() { cancel(); <-done }()
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case records := <-empty:
				n, err := r.read(records)
				select {
				case full <- batch{records[:n], err}:
				case <-ctx.Done():
					return
				}
				if err != nil {
					return
				}
			}
		}
	}()
	rows := make([]pipeline.Replayed, 0, replayBatch)
	for {
		var b batch
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b = <-full:
		}
		rows = rows[:0]
		for i := range b.records {
			rows = append(rows, pipeline.Replayed{Transaction: &b.records[i].Transaction})
		}
		if len(rows) > 0 {
			r.engine.Process(rows)
			if err := r.write(b.records, rows); err != nil {
				return err
			}
		}
		p.set(r.in.Progress().Bytes, r.rows)
		if errors.Is(b.err, io.EOF) {
			p.finish()
			return nil
		}
		if b.err != nil {
			return b.err
		}
		empty <- b.records[:replayBatch]
	}
}

// read fills records, and returns how many there are.
func (r *replay) read(records []history.Record) (int, error) {
	n := 0
	for n < len(records) {
		if limit := r.options.Input.Limit; limit > 0 && r.in.Progress().Rows >= limit {
			return n, io.EOF
		}
		err := r.in.Next(&records[n])
		if err != nil {
			if err = r.rejects.take(err, r.in.Progress().Rows); err != nil {
				return n, err
			}
			continue
		}
		n++
	}
	return n, nil
}

// write counts the batch and writes what is asked for.
func (r *replay) write(records []history.Record, rows []pipeline.Replayed) error {
	for i := range rows {
		row, rec := &rows[i], &records[i]
		r.count(row, rec)
		if row.Outcome != features.Fresh {
			continue
		}
		if r.features != nil {
			r.line = appendFeatures(r.line[:0], rec, row.Vector)
			if _, err := r.features.Write(r.line); err != nil {
				return fmt.Errorf("write features: %w", err)
			}
		}
		if r.decisions != nil && row.Decision != nil {
			_, _ = r.decisions.Write(row.Decision)
			if err := r.decisions.WriteByte('\n'); err != nil {
				return fmt.Errorf("write decisions: %w", err)
			}
		}
	}
	return nil
}

func (r *replay) count(row *pipeline.Replayed, rec *history.Record) {
	r.rows++
	switch row.Outcome {
	case features.Duplicate:
		r.duplicates++
		return
	case features.Conflict:
		r.conflicts++
		return
	}
	r.fresh++
	if row.Late {
		r.late++
	}
	if row.Alert {
		r.alerts++
	}
	if rec.Label == history.Fraud {
		r.frauds++
		if row.Alert {
			r.caught++
		}
	}
}

// appendFeatures appends a row of training data. A missing value is an empty field; floats read back exactly.
func appendFeatures(dst []byte, rec *history.Record, v features.Vector) []byte {
	tx := &rec.Transaction
	dst = append(appendCSV(dst, tx.ID), ',')
	dst = append(appendCSV(dst, tx.AccountID), ',')
	dst = append(tx.Time.Append(dst), ',')
	switch rec.Label {
	case history.Fraud:
		dst = append(dst, '1')
	case history.Legitimate:
		dst = append(dst, '0')
	}
	dst = appendCSV(append(dst, ','), rec.Pattern)
	for _, x := range v {
		dst = append(dst, ',')
		if !math.IsNaN(x) {
			dst = strconv.AppendFloat(dst, x, 'g', -1, 64)
		}
	}
	return append(dst, '\n')
}

// appendCSV appends a field, quoted if it must be.
func appendCSV(dst []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		switch s[i] {
		case '"', ',', '\n', '\r':
			plain = false
		}
	}
	if plain {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for i := range len(s) {
		if s[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}

func (r *replay) writeState(path string) error {
	o, err := createOutput(path)
	if o == nil || err != nil {
		return err
	}
	for p, w := range r.engine.Watermarks() {
		r.line = pipeline.AppendWatermark(r.line[:0], int32(p), w)
		_, _ = o.Write(r.line)
	}
	err = r.engine.States(func(p int32, id string, a *features.Account) error {
		r.line = pipeline.AppendState(r.line[:0], p, id, a)
		_, err := o.Write(r.line)
		return err
	})
	return errors.Join(err, o.Close())
}

func (r *replay) summary(w io.Writer, took time.Duration) error {
	_, err := fmt.Fprintf(w, "rows          %d\nrejected      %s\nscored        %d\nduplicates    %d\nconflicts     %d\nlate          %d\naccounts      %d\nalerts        %d\n",
		r.rows, r.rejects.summary(), r.fresh, r.duplicates, r.conflicts, r.late, r.engine.Accounts(), r.alerts)
	if err == nil && r.frauds > 0 && !r.options.NoModel {
		_, err = fmt.Fprintf(w, "frauds        %d, of which alerts %d\n", r.frauds, r.caught)
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "rows/s        %.0f\n", float64(r.rows)/max(took.Seconds(), 1e-3))
	}
	return err
}
