package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/evaluation/report"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/policy"
)

// TuneOptions are those of `weir policy tune`.
type TuneOptions struct {
	Input      Input
	Partitions int32
	Threads    int
	Since      payment.Time

	AlertsPerDay     float64
	DeclinePrecision float64
	Segment          string // whose thresholds are chosen; empty for the last one
	Report           string // path of the page, empty for none
}

// TunePolicy is `weir policy tune`: it replays a labelled history and says what thresholds of a segment would have done,
// with everything else of the policy as it is.
func TunePolicy(ctx context.Context, c Config, o TuneOptions, stdout, stderr io.Writer) (err error) {
	if err := (&ReplayOptions{Input: o.Input, Report: o.Report}).check(); err != nil {
		return err
	}
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	m, err := c.loadModel()
	if err != nil {
		return err
	}
	p, err := c.policy(m, set)
	if err != nil {
		return err
	}
	segment, err := chooseSegment(p.Segments(), o.Segment)
	if err != nil {
		return err
	}
	var tuning evaluation.Tuning
	r, err := newReplay(c, ReplayOptions{
		Input: o.Input, Partitions: o.Partitions, Threads: o.Threads, Since: o.Since,
		decided: func(row *pipeline.Replayed, rec *history.Record) {
			alerted := row.Action != scoring.Approve
			tuning.Add(&evaluation.Candidate{
				Time: rec.Transaction.Time, Score: row.Adjusted, Fixed: !row.ByBands || row.Segment != segment, Alerts: alerted, Now: alerted,
				Label: rec.Label, Amount: row.Amount, Priced: row.Priced,
			})
		},
	})
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
	page, err := createOutput(o.Report)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, page.Close()) }()
	if err := r.run(ctx, newProgress(stderr, "replay", r.in.Progress().TotalBytes)); err != nil {
		return err
	}
	if err := r.rejects.check(r.in.Progress().Rows, true); err != nil {
		return err
	}
	if r.report.Counts.Fresh == r.report.Counts.WarmUp {
		return errors.New("no transaction is in the figures: there is nothing to choose from")
	}
	t := &report.Tuning{
		Inputs: r.report.Inputs, Model: m.Manifest(), Policy: p.Version(), Segment: segment, Budget: o.AlertsPerDay, Precision: o.DeclinePrecision,
		Currency: r.report.Currency, Result: tuning.Choose(o.AlertsPerDay, o.DeclinePrecision),
	}
	if page != nil {
		if err := t.WriteHTML(page); err != nil {
			return err
		}
	}
	if o.Report == history.StandardInput {
		stdout = stderr
	}
	return t.WriteText(stdout)
}

func chooseSegment(segments []policy.Segment, name string) (string, error) {
	if name == "" {
		return segments[len(segments)-1].Name, nil
	}
	var names []string
	for _, s := range segments {
		names = append(names, s.Name)
	}
	if !slices.Contains(names, name) {
		return "", fmt.Errorf("there is no segment %q; there are %v", name, names)
	}
	return name, nil
}
