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
	"github.com/weir-fraud/weir/scoring/policy"
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

// compared is a comparison under way. The champion is the configured model under the policy in effect; then come the
// challengers, each as if it were the configured model, and the challenger policies, on the champion's scores.
type compared struct {
	models   []string         // ids, the champion's first
	deciders []*policy.Policy // what each model decides by
	policies []string         // versions
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
	set, err := c.featureSet()
	if err != nil {
		return nil, err
	}
	champion, err := c.loadModel()
	if err != nil {
		return nil, err
	}
	active, err := c.policy(champion, set)
	if err != nil {
		return nil, err
	}
	challengers, err := c.loadChallengers()
	if err != nil {
		return nil, err
	}
	shadows, err := c.loadShadows(set)
	if err != nil {
		return nil, err
	}
	if len(challengers)+len(shadows) == 0 {
		return nil, errors.New("there is nothing to compare: name a model with --challenger DIRECTORY or a policy with --challenger-policy FILE, " +
			"or either in model.challengers or policy.challengers")
	}
	alone, err := c.policiesOf(challengers, set)
	if err != nil {
		return nil, err
	}
	m := &compared{}
	m.addModel(champion, active)
	for i, challenger := range challengers {
		m.addModel(challenger, alone[i])
	}
	for _, p := range shadows {
		m.policies = append(m.policies, p.Version())
		m.report.Contenders = append(m.report.Contenders, report.Contender{Policy: p.Version(), Bands: p.Default()})
	}
	m.opinions = make([]evaluation.Opinion, len(m.models)+len(m.policies))
	m.comparer = evaluation.NewComparer(len(m.opinions), cardsPerDay)
	m.report.Currency, _ = payment.ParseCurrency(set.Layout().Currency)
	return m, nil
}

func (m *compared) addModel(model *scoring.Model, p *policy.Policy) {
	m.models, m.deciders = append(m.models, model.ID()), append(m.deciders, p)
	m.report.Contenders = append(m.report.Contenders, report.Contender{Model: model.Manifest(), Bands: p.Default()})
}

// replay runs past transactions through the engine.
func (m *compared) replay(ctx context.Context, c Config, o CompareOptions, stderr io.Writer) (err error) {
	r, err := newReplay(c, ReplayOptions{Input: o.Input, Partitions: o.Partitions, Threads: o.Threads, Since: o.Since, alone: true, decided: m.count})
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
	m.opinions[0] = opinion(row.Score, row.Action)
	for i, score := range row.Shadow.Scores {
		m.opinions[i+1] = opinion(score, row.Shadow.Alone[i])
	}
	for i, action := range row.Shadow.Actions {
		m.opinions[len(m.models)+i] = opinion(row.Score, action)
	}
	m.comparer.Add(&evaluation.Sample{
		Time: rec.Transaction.Time, Account: row.Account, Label: rec.Label, Pattern: rec.Pattern, Amount: row.Amount, Priced: row.Priced,
	}, m.opinions)
}

func opinion(score float64, a scoring.Action) evaluation.Opinion {
	return evaluation.Opinion{Score: score, Alerted: a != scoring.Approve, Declined: a == scoring.Decline}
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
