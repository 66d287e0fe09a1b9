package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/weir-fraud/weir/history"
)

// Input names files of past transactions and the mapping that reads them.
type Input struct {
	Paths   []string // "-" for standard input
	Mapping string   // path of a mapping; empty for JSON lines in Weir's own shape
	Limit   int64    // most rows, 0 for all

	RejectsOut string // path to write rejected rows to, empty for none
	MaxRejects MaxRejects
}

// open opens the input.
func (in *Input) open(ctx context.Context) (*history.Reader, error) {
	if len(in.Paths) == 0 {
		return nil, errors.New("no input: name a file of transactions (CSV or JSONL, plain, .gz or .zst, or Parquet), or - for standard input")
	}
	m := history.Native()
	if in.Mapping != "" {
		var err error
		if m, err = history.LoadMapping(in.Mapping); err != nil {
			return nil, err
		}
	} else {
		for _, p := range in.Paths {
			if f := history.FormatOf(p); f == history.CSV || f == history.Parquet {
				return nil, fmt.Errorf("%s: say with --mapping which column is which field; this proposes one: weir mapping suggest %[1]s --out mapping.yaml", p)
			}
		}
	}
	return history.Open(ctx, in.Paths, m, history.Options{Stdin: os.Stdin})
}
