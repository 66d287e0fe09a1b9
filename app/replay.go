package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/evaluation/report"
	"github.com/weir-fraud/weir/export"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/scoring"
)

// ReplayOptions are those of `weir replay`.
type ReplayOptions struct {
	Input       Input
	Partitions  int32
	Threads     int          // 0 for one per processor
	NoModel     bool         // compute features only
	Since       payment.Time // transactions before it are in no figure; they give accounts their past
	JSONSummary bool         // print one line of JSON and nothing else

	Features, Decisions, Feedback, State, Report string // paths to write to, empty for none

	observed func(tx *payment.Transaction, a *features.Account, o *features.Observation) // see pipeline.ReplayConfig
	decided  func(row *pipeline.Replayed, rec *history.Record)                           // is shown every row that counts
	alone    bool                                                                        // rows tell what each challenger would do in the model's place
}

const (
	// cardsPerDay is the k of card precision@k, as in the Fraud Detection Handbook.
	cardsPerDay = 100
	// alertsInReport is how many alerts a report shows.
	alertsInReport = 50
)

// Replay is `weir replay`: past transactions through the same engine as `weir run`, with the state in memory.
func Replay(ctx context.Context, c Config, o ReplayOptions, stdout, stderr io.Writer) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	r, err := newReplay(c, o)
	if err != nil {
		return err
	}
	if r.in, err = o.Input.open(ctx); err != nil {
		return err
	}
	defer func() { _ = r.in.Close() }()
	if r.rejects, err = newRejects(&o.Input, stderr); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.rejects.Close()) }()
	if err := r.create(); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, r.features.Close(), r.decisions.Close(), r.labels.Close(), r.page.Close())
	}()
	began := time.Now()
	if err := r.run(ctx, newProgress(stderr, "replay", r.in.Progress().TotalBytes)); err != nil {
		return err
	}
	if err := r.writeState(o.State); err != nil {
		return err
	}
	r.finish(time.Since(began))
	r.warnDisorder(stderr)
	if r.page != nil {
		if err := r.report.WriteHTML(r.page); err != nil {
			return err
		}
	}
	if o.toStdout() {
		stdout = stderr
	}
	write := r.report.WriteText
	if o.JSONSummary {
		write = r.report.WriteJSON
	}
	if err := write(stdout); err != nil {
		return err
	}
	return r.rejects.check(r.in.Progress().Rows, true)
}

// warnDisorder says that a file is not in order, where that can change features.
func (r *replay) warnDisorder(stderr io.Writer) {
	if n := r.engine.Disordered(); n > 0 {
		_, _ = fmt.Fprintf(stderr, "warning: %d rows are older than tiles that rows before them had read already: sort the file by time, "+
			"or entity features may differ from what they would have been live\n", n)
	}
}

type replay struct {
	options                   ReplayOptions
	in                        *history.Reader
	rejects                   *rejects
	schema                    *features.Schema
	engine                    *pipeline.Replay
	features, decisions, page *output
	labels                    *output
	labeler                   labeler
	line                      []byte

	report    report.Report
	evaluator *evaluation.Collector // nil without a model
}

// newReplay makes the engine, and a report with what is known before the first row.
func newReplay(c Config, o ReplayOptions) (*replay, error) {
	set, err := c.featureSet()
	if err != nil {
		return nil, err
	}
	r := &replay{options: o, schema: set.Schema(), labeler: newLabeler(set)}
	r.report.Inputs = inputNames(o.Input.Paths)
	engine := pipeline.EngineConfig{Set: set, Vectors: c.Decision.Vector, Now: time.Now}
	if engine.Reasons, err = c.reasons(); err != nil {
		return nil, err
	}
	if !o.NoModel {
		if engine.Model, err = c.loadModel(); err != nil {
			return nil, err
		}
		if engine.Policy, err = c.policy(engine.Model, set); err != nil {
			return nil, err
		}
		if engine.Challengers, err = c.loadChallengers(); err != nil {
			return nil, err
		}
		if engine.Shadows, err = c.loadShadows(set); err != nil {
			return nil, err
		}
		if o.alone {
			if engine.Alone, err = c.policiesOf(engine.Challengers, set); err != nil {
				return nil, err
			}
		}
		r.evaluator = evaluation.NewCollector(cardsPerDay)
		r.report.Model, r.report.Policy = engine.Model.Manifest(), report.PolicyOf(engine.Policy)
		r.report.Currency, _ = payment.ParseCurrency(set.Layout().Currency)
	}
	e, err := pipeline.NewEngine(engine)
	if err != nil {
		return nil, err
	}
	threads := o.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	if o.Report != "" {
		r.report.Alerts.Limit = alertsInReport
	}
	r.engine = pipeline.NewReplay(e, pipeline.ReplayConfig{
		Partitions: o.Partitions, Threads: threads, Explained: r.report.Alerts.Limit, Since: o.Since, Observed: o.observed,
	})
	return r, nil
}

func (r *replay) create() (err error) {
	if r.features, err = createOutput(r.options.Features); err != nil {
		return err
	}
	if r.decisions, err = createOutput(r.options.Decisions); err != nil {
		return err
	}
	if r.page, err = createOutput(r.options.Report); err != nil {
		return err
	}
	if r.labels, err = createOutput(r.options.Feedback); err != nil {
		return err
	}
	if r.features == nil {
		return nil
	}
	_, _ = r.features.Write(export.AppendHeader(nil, &export.Layout{Schema: *r.schema}))
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
			rows = append(rows, pipeline.Replayed{Transaction: &b.records[i].Transaction, Label: labelOf(b.records[i].Label)})
		}
		if len(rows) > 0 {
			r.engine.Process(rows)
			if err := r.write(b.records, rows); err != nil {
				return err
			}
		}
		p.set(r.in.Progress().Bytes, r.report.Counts.Rows)
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

// labelOf returns a row's label as features count it.
func labelOf(l history.Label) features.Label {
	switch l {
	case history.Fraud:
		return features.LabelFraud
	case history.Legitimate:
		return features.LabelLegitimate
	}
	return features.NoLabel
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
		if r.labels != nil && rec.Label != history.Unlabelled {
			r.line = r.labeler.label(rec, row).AppendJSON(r.line[:0])
			if _, err := r.labels.Write(append(r.line, '\n')); err != nil {
				return fmt.Errorf("write labels: %w", err)
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

// count takes a row into the report.
func (r *replay) count(row *pipeline.Replayed, rec *history.Record) {
	c := &r.report.Counts
	c.Rows++
	switch row.Outcome {
	case features.Duplicate:
		c.Duplicates++
		return
	case features.Conflict:
		c.Conflicts++
		return
	}
	c.Fresh++
	if row.Late {
		c.Late++
	}
	if rec.Transaction.Time < r.options.Since {
		c.WarmUp++
		return
	}
	c.Labels[rec.Label]++
	if r.options.decided != nil {
		r.options.decided(row, rec)
	}
	if r.evaluator == nil {
		return
	}
	r.evaluator.Add(&evaluation.Sample{
		Time: rec.Transaction.Time, Account: row.Account, Score: row.Score,
		Alerted: row.Action != scoring.Approve, Declined: row.Action == scoring.Decline,
		Label: rec.Label, Pattern: rec.Pattern, Amount: row.Amount, Priced: row.Priced,
	})
	if row.Explained != nil {
		r.report.Alerts.Add(report.Alert{Alert: row.Explained, Label: rec.Label, Pattern: rec.Pattern})
	}
}

// finish completes the report after the last row.
func (r *replay) finish(took time.Duration) {
	r.report.Took = took
	r.report.Counts.Rejected, r.report.Counts.RejectedFor = r.rejects.n, r.rejects.String()
	r.report.Counts.Accounts = r.engine.Accounts()
	if r.evaluator != nil {
		r.report.Result = r.evaluator.Result()
	}
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
