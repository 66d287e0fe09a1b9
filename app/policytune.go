package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

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

// TunePolicy is `weir policy tune`: it replays a labelled history and says what other thresholds of a segment would have
// done in it, with rules and lists as they are.
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
	chosen, err := chooseSegment(p.Segments(), o.Segment)
	if err != nil {
		return err
	}
	segment := chosen.Name
	var tuning evaluation.Tuning
	decided := 0
	r, err := newReplay(c, ReplayOptions{
		Input: o.Input, Partitions: o.Partitions, Threads: o.Threads, Since: o.Since,
		decided: func(row *pipeline.Replayed, rec *history.Record) {
			if row.Segment != segment {
				return
			}
			alerted := row.Action != scoring.Approve
			decided++
			tuning.Add(&evaluation.Candidate{
				Time: rec.Transaction.Time, Score: row.Adjusted, Fixed: !row.ByBands, Alerts: alerted, Now: alerted,
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
	if decided == 0 {
		return fmt.Errorf("no transaction falls into segment %q: there is nothing to choose from", segment)
	}
	t := &report.Tuning{
		Inputs: r.report.Inputs, Model: m.Manifest(), Policy: p.Version(), Segment: segment, Review: chosen.Bands.Review, Budget: o.AlertsPerDay, Precision: o.DeclinePrecision,
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

// chooseSegment returns the named segment, the last one for no name.
func chooseSegment(segments []policy.Segment, name string) (policy.Segment, error) {
	if name == "" {
		return segments[len(segments)-1], nil
	}
	var names []string
	for _, s := range segments {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return policy.Segment{}, fmt.Errorf("there is no segment %q; there are %s", name, strings.Join(names, ", "))
}
