package app

import (
	"errors"
	"fmt"
	"os"

	"github.com/weir-fraud/weir/history"
)

// outputs returns the paths to write to, by flag.
func (o *ReplayOptions) outputs() [][2]string {
	return [][2]string{
		{"--features-out", o.Features}, {"--decisions-out", o.Decisions}, {"--state-out", o.State}, {"--report", o.Report},
		{"--feedback-out", o.Feedback},
	}
}

// toStdout reports whether an output goes to standard output, where the summary must then not be.
func (o *ReplayOptions) toStdout() bool {
	for _, out := range o.outputs() {
		if out[1] == history.StandardInput {
			return true
		}
	}
	return false
}

// check refuses what would lose data or cannot be done, before anything is opened.
func (o *ReplayOptions) check() error {
	if o.NoModel && o.Report != "" {
		return errors.New("--report is about scores: leave out --no-model")
	}
	if o.NoModel && o.Decisions != "" {
		return errors.New("--decisions-out needs a model: leave out --no-model")
	}
	flagOf := make(map[string]string)
	for _, out := range o.outputs() {
		flag, path := out[0], out[1]
		if path == "" || path == os.DevNull {
			continue
		}
		if other, twice := flagOf[path]; twice {
			return fmt.Errorf("%s and %s both write to %s: give each a file of its own", other, flag, path)
		}
		flagOf[path] = flag
		for _, in := range o.Input.Paths {
			if sameFile(in, path) {
				return fmt.Errorf("%s would overwrite its own input %s: write to another file", flag, in)
			}
		}
	}
	return nil
}

// sameFile reports whether both paths name one regular file that is there.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && x.Mode().IsRegular() && os.SameFile(x, y)
}
