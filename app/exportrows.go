package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/weir-fraud/weir/export"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/stream"
)

const (
	// repeatSpan is how many offsets apart the decisions of one transaction may lie and be told for the same: what is
	// decided again after a crash, under at_least_once, is at most a batch.
	repeatSpan = 1 << 17
	// checkedRows is of how many rows one has its vector checked.
	checkedRows = 256
)

// readLabels reads all label events.
func (e *exporting) readLabels(ctx context.Context) error {
	e.labels = export.NewLabels(export.MaxLabelled)
	e.resolver = export.Resolver{Labels: e.labels, Maturity: time.Duration(e.options.Maturity), Now: e.state.Now}
	var bad int64
	var first error
	var events []decoded[feedback.Label]
	err := e.eachBatch(ctx, "read labels", e.feedback, e.state.FeedbackBegins, e.state.FeedbackEnds, func(records []stream.Record) error {
		events = decodeAll(events, records, feedback.Decode)
		for i := range events {
			if err := events[i].err; err != nil {
				if bad++; bad == 1 {
					first = fmt.Errorf("%s/%d, offset %d: %w", e.feedback.Name, records[i].Partition, records[i].Offset, err)
				}
				continue
			}
			l := &events[i].value
			if l.TransactionTime < e.options.From || l.TransactionTime >= e.options.To {
				continue
			}
			if err := e.labels.Add(l); err != nil {
				return err
			}
		}
		return nil
	})
	if bad > 0 {
		_, _ = fmt.Fprintf(e.stderr, "warning: %d records are no label events and left out, such as %v\n", bad, first)
	}
	e.state.Counts.IllegalLabels, e.state.Counts.Labelled = bad, int64(e.labels.Len())
	return err
}

// writeRows writes the rest of the rows: partition by partition, so that the file is the same whenever it is made of the
// same records.
func (e *exporting) writeRows(ctx context.Context) (err error) {
	from := append([]int64(nil), e.state.Begins...)
	for p := range e.state.Partition {
		from[p] = e.state.Ends[p]
	}
	p := e.state.Partition
	if int(p) < len(from) {
		from[p] = max(e.first[p], e.state.Next-repeatSpan) // to know which transactions were just there
	}
	r, err := stream.NewReaderBetween(ctx, e.kafka, e.decisions, from, e.state.Ends)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for q := range e.decisions.Partitions {
		if err := r.Pause(q); err != nil {
			return err
		}
	}
	total := r.Left()
	show := newProgress(e.stderr, "export", total)
	defer show.finish()
	for ; p < e.decisions.Partitions; p++ {
		if p > e.state.Partition {
			e.state.Partition, e.state.Next = p, e.state.Begins[p]
		}
		if err := e.writePartition(ctx, r, func() { show.set(total-r.Left(), e.state.Counts.Rows) }); err != nil {
			return err
		}
	}
	e.state.Partition, e.state.Next = p, 0
	return e.enough()
}

// writePartition writes the rest of the partition that the export is at.
func (e *exporting) writePartition(ctx context.Context, r *stream.Reader, progressed func()) error {
	p := e.state.Partition
	if r.Done(p) {
		return nil
	}
	if err := r.Resume(p); err != nil {
		return err
	}
	every := e.options.CheckpointRows
	if every == 0 {
		every = exportCheckpointRows
	}
	seen := newRecentTransactions(repeatSpan)
	var batch []stream.Record
	var all []decoded[*scoring.Decision]
	for !r.Done(p) {
		err := ctx.Err()
		if err == nil {
			batch, err = r.Poll(batch[:0], exportBatch, 100*time.Millisecond)
		}
		if err != nil {
			return err
		}
		batch = slices.DeleteFunc(batch, func(r stream.Record) bool { return r.Offset >= e.state.Ends[p] })
		all = decodeAll(all, batch, scoring.ParseDecision)
		for i := range all {
			if err := e.record(&batch[i], &all[i], seen); err != nil {
				return err
			}
			if e.state.Counts.Rows-e.marked >= every {
				if err := e.checkpoint(); err != nil {
					return err
				}
			}
		}
		progressed()
	}
	return r.Pause(p)
}

// record takes in a record of the decisions topic.
func (e *exporting) record(r *stream.Record, of *decoded[*scoring.Decision], seen *recentTransactions) error {
	again := r.Offset < e.state.Next // was read before the interruption
	e.state.Next = max(e.state.Next, r.Offset+1)
	n := &e.state.Counts
	if !again {
		n.Decisions++
	}
	d := of.value
	if of.err != nil {
		if !again {
			e.unreadable(r, of.err)
		}
		return nil
	}
	repeated := seen.add(r.Offset, d.AccountID, d.TransactionID)
	switch {
	case again:
		return nil
	case repeated:
		n.Repeated++
		return nil
	case d.Timestamp < e.options.From || d.Timestamp >= e.options.To:
		n.OutsideSpan++
		return nil
	case e.options.Model != "" && d.Model != e.options.Model:
		n.OtherModel++
		return nil
	}
	if err := e.fits(d); err != nil {
		return fmt.Errorf("transaction %s of account %s, decided in %s/%d at offset %d, %w", d.TransactionID, d.AccountID, e.decisions.Name, r.Partition, r.Offset, err)
	}
	row := e.resolver.Row(d)
	if err := e.file.Write(&row); err != nil {
		return fmt.Errorf("write %s: %w", e.options.Out, err)
	}
	if n.Rows == 0 {
		e.state.Oldest, e.state.Newest = row.Time, row.Time
	}
	e.state.Oldest, e.state.Newest = min(e.state.Oldest, row.Time), max(e.state.Newest, row.Time)
	n.add(&row)
	return nil
}

func (e *exporting) unreadable(r *stream.Record, err error) {
	n := &e.state.Counts
	if n.Unreadable++; n.Unreadable == 1 {
		_, _ = fmt.Fprintf(e.stderr, "warning: %s/%d, offset %d is left out, and others like it: %v\n", e.decisions.Name, r.Partition, r.Offset, err)
	}
}

// fits checks that a decision's vector is one of the layout.
func (e *exporting) fits(d *scoring.Decision) error {
	want := len(e.layout.Names)
	switch {
	case d.Vector == nil:
		return errors.New("has no vector, since decisions.vector was off: switch it on, and export with --from what was decided since")
	case len(d.Vector) != want && e.state.Counts.Rows > 0:
		return fmt.Errorf("has a vector of %d values, and those before it have %d: the features file was changed in between. "+
			"Export one part at a time with --from and --to or --model, each with its features file (features.file, or its FILE.schema.json with --schema)", len(d.Vector), want)
	case len(d.Vector) != want:
		return fmt.Errorf("has a vector of %d values, and the features file has %d features: name the one that it was decided with (features.file, "+
			"or its FILE.schema.json, as weir replay --features-out writes it, with --schema), or leave it out with --from, --to or --model", len(d.Vector), want)
	case e.check != nil && e.state.Counts.Rows%checkedRows == 0:
		return e.check(d)
	}
	return nil
}

// enough refuses a file without rows.
func (e *exporting) enough() error {
	n := &e.state.Counts
	switch {
	case n.Rows > 0:
		return nil
	case n.Decisions == 0:
		return fmt.Errorf("topic %s holds no decisions: there is nothing to export yet", e.decisions.Name)
	case n.Unreadable == n.Decisions:
		return fmt.Errorf("topic %s holds %d records, of which none is a decision: is kafka.topics.decisions right?", e.decisions.Name, n.Decisions)
	}
	return fmt.Errorf("none of the %d decisions in %s is left: %d are outside of --from and --to, %d are of other models than --model", n.Decisions, e.decisions.Name, n.OutsideSpan, n.OtherModel)
}

// recentTransactions knows the transactions of the last offsets.
type recentTransactions struct {
	span  int64
	at    map[decided]int64 // last offset
	queue []recentTransaction
}

type recentTransaction struct {
	offset int64
	key    decided
}

func newRecentTransactions(span int64) *recentTransactions {
	return &recentTransactions{span: span, at: make(map[decided]int64)}
}

// add reports whether the transaction was there within the span.
func (s *recentTransactions) add(offset int64, account, id string) bool {
	for len(s.queue) > 0 && s.queue[0].offset < offset-s.span {
		if old := s.queue[0]; s.at[old.key] == old.offset {
			delete(s.at, old.key)
		}
		s.queue = s.queue[1:]
	}
	key := decided{account, id}
	_, repeated := s.at[key]
	s.at[key] = offset
	s.queue = append(s.queue, recentTransaction{offset, key})
	return repeated
}
