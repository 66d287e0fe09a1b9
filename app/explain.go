package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// ExplainOptions are those of `weir features explain`.
type ExplainOptions struct {
	Input       Input
	Transaction string   // its id
	Account     string   // "" for the first account with such a transaction
	Features    []string // empty for all
	Partitions  int32    // of the topic that the input stands for
	Events      int      // most events or tiles that are listed for a feature, 0 for all
	JSON        bool
}

// Explain is `weir features explain`: it replays the input up to a transaction and tells where each feature of it
// comes from, event by event.
func Explain(ctx context.Context, c Config, o ExplainOptions, stdout, stderr io.Writer) (err error) {
	if o.Transaction == "" {
		return errors.New("name the transaction to explain by its id: --transaction ID")
	}
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	chosen, err := chooseFeatures(set.Schema(), o.Features)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s := search{options: &o, set: set, chosen: chosen, stop: stop}
	// One thread shows the transactions in their order, so that the first one is found.
	r, err := newReplay(c, ReplayOptions{Input: o.Input, Partitions: o.Partitions, Threads: 1, NoModel: true, observed: s.look})
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
	err = r.run(ctx, newProgress(stderr, "replay", r.in.Progress().TotalBytes))
	switch {
	case s.found:
		_, err = stdout.Write(s.text.Bytes())
		return err
	case err != nil:
		return err
	}
	return s.notFound(r.report.Counts.Rows, r.rejects.n, o.Input.Limit)
}

// chooseFeatures returns the places of the named features, of all if none is named.
func chooseFeatures(schema *features.Schema, names []string) ([]int, error) {
	var chosen []int
	for _, name := range names {
		i := schema.Index(name)
		if i < 0 {
			return nil, fmt.Errorf("there is no feature %q: weir features list names them all", name)
		}
		chosen = append(chosen, i)
	}
	if len(chosen) == 0 {
		for i := range schema.Names {
			chosen = append(chosen, i)
		}
	}
	return chosen, nil
}

// search looks for the transaction to explain among those that are replayed.
type search struct {
	options *ExplainOptions
	set     *features.Set
	chosen  []int
	stop    func()

	found bool
	text  bytes.Buffer // the explanation
	other []string     // other accounts that have a transaction of the id
}

// look is shown every transaction before it is folded in, and explains the one that is looked for while its account is
// still as its features were read off it.
func (s *search) look(tx *payment.Transaction, a *features.Account, o *features.Observation) {
	if s.found || tx.ID != s.options.Transaction {
		return
	}
	if want := s.options.Account; want != "" && tx.AccountID != want {
		if !slices.Contains(s.other, tx.AccountID) {
			s.other = append(s.other, strings.Clone(tx.AccountID))
		}
		return
	}
	s.found = true
	x := explained{
		Transaction: payment.AppendJSON(nil, tx), Late: o.Late, Events: a.Len(), Marks: s.set.MarksOf(o), transaction: tx,
	}
	for _, i := range s.chosen {
		x.Features = append(x.Features, explainedFeature(a.Explain(o, i)))
	}
	write := x.writeText
	if s.options.JSON {
		write = x.writeJSON
	}
	write(&s.text, s.options.Events)
	s.stop()
}

// notFound says that the input has no such transaction, and what may be the reason.
func (s *search) notFound(rows, rejected, limit int64) error {
	what := fmt.Sprintf("no transaction %q", s.options.Transaction)
	if s.options.Account != "" {
		what += fmt.Sprintf(" of account %q", s.options.Account)
	}
	what += fmt.Sprintf(" among %d rows", rows)
	if rejected > 0 {
		what += fmt.Sprintf(" (%d more were rejected; --rejects-out FILE writes them)", rejected)
	}
	switch {
	case len(s.other) > 0:
		return fmt.Errorf("%s: the id is there for account %s", what, strings.Join(s.other, ", "))
	case limit > 0 && rows+rejected >= limit:
		return fmt.Errorf("%s: --limit %d ended the reading, leave it out", what, limit)
	}
	return fmt.Errorf("%s: look up the id as the mapping makes it (weir mapping check shows the first rows)", what)
}
