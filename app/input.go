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

// check tells what is wrong with the input before anything else is opened, and returns the mapping.
func (in *Input) check() (*history.Mapping, error) {
	if len(in.Paths) == 0 {
		return nil, errors.New("no input: name a file of transactions (CSV or JSONL, plain, .gz or .zst, or Parquet), or - for standard input")
	}
	for _, p := range in.Paths {
		if p == "-" {
			continue
		}
		if _, err := os.Stat(p); err != nil {
			return nil, err
		}
		if f := history.FormatOf(p); in.Mapping == "" && (f == history.CSV || f == history.Parquet) {
			return nil, fmt.Errorf("%s: say with --mapping which column is which field; this proposes one: weir mapping suggest %[1]s --out mapping.yaml", p)
		}
	}
	if in.Mapping == "" {
		return history.Native(), nil
	}
	return history.LoadMapping(in.Mapping)
}

// open opens the input.
func (in *Input) open(ctx context.Context) (*history.Reader, error) {
	m, err := in.check()
	if err != nil {
		return nil, err
	}
	return history.Open(ctx, in.Paths, m, history.Options{Stdin: os.Stdin})
}
