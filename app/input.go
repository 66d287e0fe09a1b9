package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/weir-fraud/weir/history"
)

// Input names files of past transactions and the mapping that reads them.
type Input struct {
	Paths   []string // "-" for standard input
	Mapping string   // path of a mapping; empty for JSON lines in Weir's own shape
	Limit   int64    // most rows, 0 for all
}

// open opens the input.
func (in *Input) open(ctx context.Context) (*history.Reader, error) {
	if len(in.Paths) == 0 {
		return nil, errors.New("no input: name a file of transactions (CSV or JSONL, plain, .gz or .zst), or - for standard input")
	}
	m := history.Native()
	if in.Mapping != "" {
		var err error
		if m, err = history.LoadMapping(in.Mapping); err != nil {
			return nil, err
		}
	} else {
		for _, p := range in.Paths {
			if strings.Contains(p, ".csv") {
				return nil, fmt.Errorf("%s is a CSV file: say with --mapping which column is which field (testdata/mappings has examples)", p)
			}
		}
	}
	return history.Open(ctx, in.Paths, m, history.Options{Stdin: os.Stdin})
}

// rejects counts rows that are no transactions, and shows the first few.
type rejects struct {
	w     io.Writer
	n     int64
	shown int
}

const rejectsShown = 5

// take notes err if it is about one row; any other error is returned.
func (r *rejects) take(err error) error {
	var row *history.RowError
	if !errors.As(err, &row) {
		return err
	}
	r.n++
	if r.shown < rejectsShown {
		r.shown++
		_, _ = fmt.Fprintln(r.w, err)
	}
	return nil
}
