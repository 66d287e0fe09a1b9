package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"

	"github.com/weir-fraud/weir/export"
	"github.com/weir-fraud/weir/payment"
)

// exportRequest is what was asked for. Only the same request goes on with an export.
type exportRequest struct {
	Decisions string        `json:"decisions"` // topic
	Feedback  string        `json:"feedback"`  // topic
	From      payment.Time  `json:"from"`
	To        payment.Time  `json:"to"`
	Model     string        `json:"model"`
	Maturity  string        `json:"maturity"`
	Now       payment.Time  `json:"now"`
	Layout    export.Layout `json:"layout"`
}

func (e *exporting) request() exportRequest {
	o := &e.options
	return exportRequest{e.decisions.Name, e.feedback.Name, o.From, o.To, o.Model, o.Maturity.String(), o.Now, e.layout}
}

// exportState is how far an export is. Beside its request it holds all that the rest of the rows depends on, so that what
// is written after an interruption is what would have been written without.
type exportState struct {
	Request        exportRequest `json:"request"`
	Begins         []int64       `json:"begins"` // of the decisions, by partition
	Ends           []int64       `json:"ends"`
	FeedbackBegins []int64       `json:"feedback_begins"`
	FeedbackEnds   []int64       `json:"feedback_ends"`
	Now            payment.Time  `json:"now"` // by which maturity goes

	Partition int32        `json:"partition"` // those before it are done
	Next      int64        `json:"next"`      // offset in it
	Mark      *export.Mark `json:"mark"`      // nil if nothing can be gone on with
	Counts    exportCounts `json:"counts"`
	Oldest    payment.Time `json:"oldest"` // of the rows
	Newest    payment.Time `json:"newest"`
}

func (e *exporting) statePath() string { return e.options.Out + ".state.json" }

// takeUp goes on with the export whose state is there, if it is the one that fresh would begin.
func (e *exporting) takeUp(fresh *exportState) (bool, error) {
	if e.form.parquet || e.options.Restart {
		return false, nil
	}
	text, err := os.ReadFile(e.statePath())
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read how far the export is: %w", err)
	}
	var old exportState
	if err := json.Unmarshal(text, &old); err != nil || old.Mark == nil {
		return false, fmt.Errorf("%s is damaged: --restart begins anew", e.statePath())
	}
	if !reflect.DeepEqual(old.Request, fresh.Request) || len(old.Ends) != len(fresh.Ends) || len(old.FeedbackEnds) != len(fresh.FeedbackEnds) {
		return false, fmt.Errorf("%s is of an export with other options or another features file that was interrupted: give the same to go on with it, or --restart to begin anew", e.statePath())
	}
	for p := range old.Ends {
		if fresh.Ends[p] < old.Ends[p] {
			return false, fmt.Errorf("topic %s is not the one that the interrupted export read, since it ends sooner: --restart begins anew", e.decisions.Name)
		}
		if p > int(old.Partition) && fresh.Begins[p] > old.Begins[p] || p == int(old.Partition) && fresh.Begins[p] > old.Next {
			return false, fmt.Errorf("topic %s no longer holds what the interrupted export had still to read: --restart begins anew", e.decisions.Name)
		}
	}
	for p := range old.FeedbackEnds {
		if fresh.FeedbackEnds[p] < old.FeedbackEnds[p] || fresh.FeedbackBegins[p] > old.FeedbackBegins[p] {
			return false, fmt.Errorf("topic %s no longer holds what the interrupted export read: --restart begins anew", e.feedback.Name)
		}
	}
	file, err := export.ResumeCSV(e.part, e.form.packed, *old.Mark)
	if err != nil {
		return false, fmt.Errorf("go on with %s: %w: --restart begins anew", e.options.Out, err)
	}
	e.state, e.file, e.marked = old, file, old.Counts.Rows
	_, _ = fmt.Fprintf(e.stderr, "export: going on after %d rows\n", old.Counts.Rows)
	return true, nil
}

// checkpoint notes how far the export is, where its form can be gone on with.
func (e *exporting) checkpoint() error {
	csv, ok := e.file.(*export.CSVFile)
	if !ok {
		return nil
	}
	mark, err := csv.Checkpoint()
	if err != nil {
		return fmt.Errorf("write %s: %w", e.options.Out, err)
	}
	e.state.Mark, e.marked = &mark, e.state.Counts.Rows
	if err := writeFile(e.statePath(), func(w io.Writer) error { return json.NewEncoder(w).Encode(&e.state) }); err != nil {
		return fmt.Errorf("note how far the export is: %w", err)
	}
	if e.options.Checkpointed != nil {
		return e.options.Checkpointed(e.state.Counts.Rows)
	}
	return nil
}
