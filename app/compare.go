package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/evaluation/report"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/scoring"
)

// CompareOptions are those of `weir model compare`.
type CompareOptions struct {
	Input      Input // past transactions to replay; or
	Decisions  []string
	Feedback   []string // labels of the decisions
	Partitions int32
	Threads    int // 0 for one per processor
	Since      payment.Time
	JSON       bool
	Report     string // path of a page, empty for none
}

// compared is a comparison under way: the configured model with its challengers, each by its own thresholds.
type compared struct {
	bands    []scoring.Bands
	comparer *evaluation.Comparer
	opinions []evaluation.Opinion // of one transaction, used again for the next
	report   report.Comparison
}

// CompareModels is `weir model compare`.
func CompareModels(ctx context.Context, c Config, o CompareOptions, stdout, stderr io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	m, err := newCompared(c)
	if err != nil {
		return err
	}
	began := time.Now()
	if len(o.Decisions) > 0 {
		err = m.readDecisions(ctx, c, o)
	} else {
		err = m.replay(ctx, c, o, stderr)
	}
	if err != nil {
		return err
	}
	m.report.Took, m.report.Result = time.Since(began), m.comparer.Result()
	return m.write(o, stdout)
}

func (o *CompareOptions) check() error {
	switch {
	case len(o.Decisions) > 0 && len(o.Input.Paths) > 0:
		return errors.New("give past transactions or --decisions, not both")
	case len(o.Decisions) == 0 && len(o.Feedback) > 0:
		return errors.New("--feedback has the labels of --decisions: name those too, or give past transactions with labels of their own")
	}
	for _, in := range append(append([]string(nil), o.Input.Paths...), append(o.Decisions, o.Feedback...)...) {
		if o.Report != "" && sameFile(in, o.Report) {
			return fmt.Errorf("--report would overwrite its own input %s: write to another file", in)
		}
	}
	return nil
}

// newCompared loads the contenders.
func newCompared(c Config) (*compared, error) {
	champion, err := c.loadModel()
	if err != nil {
		return nil, err
	}
	challengers, err := c.loadChallengers()
	if err != nil {
		return nil, err
	}
	if len(challengers) == 0 {
		return nil, errors.New("there is nothing to compare: name a model with --challenger DIRECTORY, or in model.challengers")
	}
	m := &compared{}
	for i, model := range append([]*scoring.Model{champion}, challengers...) {
		bands := model.Manifest().Bands()
		if i == 0 {
			_, bands = c.bands(model)
			if err := bands.Validate(); err != nil {
				return nil, fmt.Errorf("model.review and model.decline: %w", err)
			}
		}
		m.bands = append(m.bands, bands)
		m.report.Contenders = append(m.report.Contenders, report.Contender{Model: model.Manifest(), Bands: bands})
	}
	m.comparer = evaluation.NewComparer(len(m.bands), cardsPerDay)
	m.opinions = make([]evaluation.Opinion, len(m.bands))
	m.report.Currency, _ = payment.ParseCurrency(c.Features.Currency)
	return m, nil
}

// replay runs past transactions through the engine.
func (m *compared) replay(ctx context.Context, c Config, o CompareOptions, stderr io.Writer) (err error) {
	r, err := newReplay(c, ReplayOptions{Input: o.Input, Partitions: o.Partitions, Threads: o.Threads, Since: o.Since, decided: m.count})
	if err != nil {
		return err
	}
	r.evaluator = nil // the comparer does its work
	if r.in, err = o.Input.open(ctx); err != nil {
		return err
	}
	defer func() { _ = r.in.Close() }()
	if r.rejects, err = newRejects(&o.Input, stderr); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.rejects.Close()) }()
	if err := r.run(ctx, newProgress(stderr, "compare", r.in.Progress().TotalBytes)); err != nil {
		return err
	}
	r.finish(0)
	r.warnDisorder(stderr)
	m.report.Inputs, m.report.Counts = r.report.Inputs, r.report.Counts
	return r.rejects.check(r.in.Progress().Rows, true)
}

// count takes in a replayed transaction.
func (m *compared) count(row *pipeline.Replayed, rec *history.Record) {
	m.add(&evaluation.Sample{
		Time: rec.Transaction.Time, Account: row.Account, Label: rec.Label, Pattern: rec.Pattern, Amount: row.Amount, Priced: row.Priced,
	}, row.Score, row.Shadow)
}

// add takes in a transaction with the champion's score and its challengers'.
func (m *compared) add(s *evaluation.Sample, champion float64, challengers []float64) {
	for i := range m.opinions {
		score := champion
		if i > 0 {
			score = challengers[i-1]
		}
		action := m.bands[i].Action(score)
		m.opinions[i] = evaluation.Opinion{Score: score, Alerted: action != scoring.Approve, Declined: action == scoring.Decline}
	}
	m.comparer.Add(s, m.opinions)
}

func (m *compared) write(o CompareOptions, stdout io.Writer) error {
	if o.Report != "" {
		if err := writeFile(o.Report, m.report.WriteHTML); err != nil {
			return fmt.Errorf("write %s: %w", o.Report, err)
		}
	}
	if o.JSON {
		return m.report.WriteJSON(stdout)
	}
	return m.report.WriteText(stdout)
}

// inputNames returns the names of files as reports show them.
func inputNames(paths []string) []string {
	var names []string
	for _, path := range paths {
		name := filepath.Base(path)
		if path == history.StandardInput {
			name = "standard input"
		}
		names = append(names, name)
	}
	return names
}
