package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/weir-fraud/weir/screen"
)

// view is where a demonstration shows itself.
type view interface {
	every() time.Duration // how often to show
	show(*screen.State) error
	log() io.Writer // where the pipeline's log goes
	close() error
}

// newView returns the view that suits the output: a screen on a terminal, else lines, and nothing where only a last
// line of JSON is wanted.
func newView(o DemoOptions, broker string, stdin *os.File, stdout, stderr io.Writer, interrupt func()) (view, error) {
	if o.JSONSummary {
		return &quiet{stderr: stderr}, nil
	}
	out, ok := stdout.(*os.File)
	if !ok || !screen.IsTerminal(out, os.Getenv("TERM")) {
		_, err := fmt.Fprintf(stdout, "weir demo: %.0f simulated transactions a second, Ctrl-C stops; a Kafka client can reach the embedded broker at %s\n", o.Rate, broker)
		return &lines{stdout: stdout, stderr: stderr}, err
	}
	t, err := screen.Open(stdin, out, interrupt)
	if err != nil {
		return nil, err
	}
	v := &fullScreen{terminal: t, colour: o.Colour, stderr: stderr}
	if f, ok := stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		v.kept = &logTail{}
	}
	return v, nil
}

// quiet tells where alerts are reviewed, since nobody could review at the end, and nothing else.
type quiet struct {
	stderr io.Writer
	told   bool
}

func (*quiet) every() time.Duration { return time.Second }
func (q *quiet) log() io.Writer     { return q.stderr }
func (*quiet) close() error         { return nil }

func (q *quiet) show(s *screen.State) error {
	if s.Review == "" || q.told {
		return nil
	}
	q.told = true
	_, err := fmt.Fprintln(q.stderr, "review alerts at", s.Review, "(signs in once)")
	return err
}

// lines prints a line a second, and some of the alerts.
type lines struct {
	stdout, stderr io.Writer
	steps          int    // printed as over
	last           string // id of the last alert printed
	told           bool   // where alerts are reviewed
}

const alertsPerLine = 3

func (l *lines) every() time.Duration { return time.Second }
func (l *lines) log() io.Writer       { return l.stderr }
func (l *lines) close() error         { return nil }

func (l *lines) show(s *screen.State) error {
	var b bytes.Buffer
	for ; l.steps < len(s.Steps) && s.Steps[l.steps].Over; l.steps++ {
		fmt.Fprintln(&b, s.Steps[l.steps].Line(s.Time))
	}
	if s.Review != "" && !l.told {
		l.told = true
		fmt.Fprintln(&b, "review alerts at", s.Review, "(signs in once)")
	}
	if s.Live || l.steps < len(s.Steps) {
		fmt.Fprintln(&b, s.Line())
	}
	fresh := slices.IndexFunc(s.Recent, func(a screen.Alert) bool { return a.ID == l.last })
	if fresh < 0 {
		fresh = len(s.Recent)
	}
	for i := min(fresh, alertsPerLine) - 1; i >= 0; i-- {
		fmt.Fprintln(&b, "         "+s.Recent[i].Line())
	}
	if len(s.Recent) > 0 {
		l.last = s.Recent[0].ID
	}
	_, err := l.stdout.Write(b.Bytes())
	return err
}

// fullScreen takes a whole terminal.
type fullScreen struct {
	terminal *screen.Terminal
	colour   bool
	stderr   io.Writer
	kept     *logTail // nil where standard error goes elsewhere
}

func (v *fullScreen) every() time.Duration { return 200 * time.Millisecond }

func (v *fullScreen) log() io.Writer {
	if v.kept == nil {
		return v.stderr
	}
	return v.kept
}

func (v *fullScreen) show(s *screen.State) error {
	if v.kept != nil {
		s.Log = v.kept.last()
	}
	width, height := v.terminal.Size()
	return v.terminal.Draw(screen.Render(s, width, height, v.colour), width, height)
}

// close gives the terminal back, and then shows what the log said last.
func (v *fullScreen) close() error {
	v.terminal.Close()
	if v.kept == nil {
		return nil
	}
	var err error
	for _, line := range v.kept.last() {
		_, failed := fmt.Fprintln(v.stderr, line)
		err = errors.Join(err, failed)
	}
	return err
}

// logTail keeps the last lines of a log.
type logTail struct {
	mu    sync.Mutex
	lines []string
}

const logKeeps = 5

// Write implements io.Writer; slog writes a line at a time.
func (t *logTail) Write(line []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = appendLast(t.lines, logKeeps, string(bytes.TrimRight(line, "\n")))
	return len(line), nil
}

func (t *logTail) last() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lines)
}
