package screen_test

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/screen"
)

// TestTerminal checks what is written, with pipes for a terminal: they cannot be asked for their size.
func TestTerminal(t *testing.T) {
	in, keys, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	shown, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = keys.Close()
	term, err := screen.Open(in, out, func() { t.Error("interrupted") })
	if err != nil {
		t.Fatal(err)
	}
	if w, h := term.Size(); w != 80 || h != 24 {
		t.Errorf("the size of what has none is %dx%d", w, h)
	}
	draw := func(lines []string, width, height int) {
		if err := term.Draw(lines, width, height); err != nil {
			t.Fatal(err)
		}
		_, _ = out.WriteString("|")
	}
	draw([]string{"one", "two"}, 10, 3)
	draw([]string{"one", "two"}, 10, 3)
	draw([]string{"one", "2", "three"}, 10, 3)
	draw([]string{"one"}, 10, 3)
	draw([]string{"one"}, 12, 2)
	term.Close()
	_ = out.Close()
	text, err := io.ReadAll(shown)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "\x1b[?2026h", "\x1b[?2026l"
	want := "\x1b[?1049h\x1b[?25l\x1b[?7l" +
		begin + "\x1b[2J\x1b[1H\x1b[2Kone\x1b[2H\x1b[2Ktwo" + end + "|" +
		"|" + // nothing changed
		begin + "\x1b[2H\x1b[2K2\x1b[3H\x1b[2Kthree" + end + "|" +
		begin + "\x1b[2H\x1b[2K\x1b[3H\x1b[2K" + end + "|" +
		begin + "\x1b[2J\x1b[1H\x1b[2Kone" + end + "|" +
		"\x1b[?7h\x1b[?25h\x1b[?1049l"
	if got := string(text); got != want {
		t.Errorf("wrote\n%s\nwant\n%s", visible(got), visible(want))
	}
}

func visible(text string) string { return strings.ReplaceAll(text, "\x1b", "ESC") }
