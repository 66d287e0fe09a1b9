package screen

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/term"
)

// Terminal is a terminal whose whole screen is in use. It is used by one goroutine.
type Terminal struct {
	in, out *os.File
	before  *term.State // of in; nil where in is no terminal
	shown   []string
	width   int
	height  int
}

// The escape sequences, which every terminal of the last decades knows, or ignores.
const (
	enter      = "\x1b[?1049h\x1b[?25l\x1b[?7l" // the other screen, no cursor, no wrapping
	leave      = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	beginFrame = "\x1b[?2026h" // show nothing half drawn
	endFrame   = "\x1b[?2026l"
	clearAll   = "\x1b[2J"
	clearLine  = "\x1b[2K"
)

// IsTerminal tells whether w is a terminal that can show a screen, given the environment's TERM.
func IsTerminal(w io.Writer, kind string) bool {
	f, ok := w.(*os.File)
	return ok && kind != "" && kind != "dumb" && term.IsTerminal(int(f.Fd()))
}

// Open takes the screen. Where in is a terminal it no longer echoes, and interrupt is called on Ctrl-C and q, which then
// come as keys. Close gives everything back.
func Open(in, out *os.File, interrupt func()) (*Terminal, error) {
	t := &Terminal{in: in, out: out}
	if term.IsTerminal(int(in.Fd())) {
		before, err := term.MakeRaw(int(in.Fd()))
		if err != nil {
			return nil, fmt.Errorf("use the terminal: %w", err)
		}
		t.before = before
		go readKeys(in, interrupt)
	}
	if _, err := out.WriteString(enter); err != nil {
		t.Close()
		return nil, fmt.Errorf("use the terminal: %w", err)
	}
	return t, nil
}

// readKeys ends with the process: nothing interrupts a read from a terminal.
func readKeys(in io.Reader, interrupt func()) {
	const ctrlC, ctrlD = 3, 4
	var key [1]byte
	for {
		if n, err := in.Read(key[:]); err != nil || n == 0 {
			return
		}
		switch key[0] {
		case ctrlC, ctrlD, 'q':
			interrupt()
		}
	}
}

// Size returns how large the screen is now.
func (t *Terminal) Size() (width, height int) {
	width, height, err := term.GetSize(int(t.out.Fd()))
	if err != nil || width < 1 || height < 1 {
		return 80, 24
	}
	return width, height
}

// Draw shows the lines, which fit the size. Only lines that changed are written, all in one go.
func (t *Terminal) Draw(lines []string, width, height int) error {
	var frame []byte
	if width != t.width || height != t.height {
		t.width, t.height, t.shown = width, height, make([]string, height)
		frame = append(frame, clearAll...)
	}
	for i := range t.shown {
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		if line == t.shown[i] {
			continue
		}
		t.shown[i] = line
		frame = append(strconv.AppendInt(append(frame, "\x1b["...), int64(i+1), 10), "H"+clearLine...)
		frame = append(frame, line...)
	}
	if len(frame) == 0 {
		return nil
	}
	_, err := t.out.WriteString(beginFrame + string(frame) + endFrame)
	return err
}

// Close gives the terminal back as it was.
func (t *Terminal) Close() {
	_, _ = t.out.WriteString(leave)
	if t.before != nil {
		_ = term.Restore(int(t.in.Fd()), t.before)
	}
}
