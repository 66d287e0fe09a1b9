package app

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows how far a long command is: a bar on a terminal, a line every few seconds elsewhere.
type progress struct {
	bar         *progressbar.ProgressBar
	w           io.Writer
	doing       string
	total       int64 // in units of done; 0 where it is not known
	began, told time.Time
	rows        int64
}

const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

// newProgress returns a progress on w. total is in the unit of done, such as bytes of the input.
func newProgress(w io.Writer, doing string, total int64) *progress {
	p := &progress{w: w, doing: doing, total: total, began: time.Now()}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions64(max(total, 1),
			progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(doing), progressbar.OptionSetWidth(24),
			progressbar.OptionSetPredictTime(total > 0), progressbar.OptionSetElapsedTime(true), progressbar.OptionClearOnFinish(),
			progressbar.OptionThrottle(barEvery))
	}
	return p
}

// set notes that done of the total, and rows rows, are through.
func (p *progress) set(done, rows int64) {
	p.rows = rows
	now := time.Now()
	every := lineEvery
	if p.bar != nil {
		every = barEvery
	}
	if now.Sub(p.told) < every {
		return
	}
	if p.told = now; p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%s %d rows, %.0f/s", p.doing, rows, p.rate()))
		_ = p.bar.Set64(min(done, p.total))
		return
	}
	if now.Sub(p.began) < lineEvery {
		return
	}
	left := ""
	if p.total > 0 && done > 0 {
		rest := time.Duration(float64(now.Sub(p.began)) * float64(p.total-done) / float64(done))
		left = fmt.Sprintf(", %d %%, %v left", 100*done/p.total, rest.Round(time.Second))
	}
	_, _ = fmt.Fprintf(p.w, "%s: %d rows, %.0f/s%s\n", p.doing, rows, p.rate(), left)
}

func (p *progress) rate() float64 {
	return float64(p.rows) / max(time.Since(p.began).Seconds(), 1e-3)
}

// finish clears the bar.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
