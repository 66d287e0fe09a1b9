package feedback_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/feedback"
)

// The page that those who send labels read says what the code does.
func TestDocs(t *testing.T) {
	raw, err := os.ReadFile("../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	_, page, found := strings.Cut(string(raw), "\n## Feedback\n")
	if !found {
		t.Fatal("the page has no section on feedback")
	}

	examples := regexp.MustCompile(`(?m)^    \{"feedback_id".*\n(?:     .*\n)+`).FindAllString(page, -1)
	if len(examples) != 2 {
		t.Errorf("%d examples of a label", len(examples))
	}
	for _, doc := range examples {
		l := decoded(t, doc)
		canonical := strings.ReplaceAll(strings.TrimSpace(doc), "\n     ", "")
		if got := string(l.AppendJSON(nil)); strings.Replace(got, `20.00`, `20`, 1) != canonical {
			t.Errorf("the example\n%s\nis written as\n%s", canonical, got)
		}
	}

	// The table of corrections: what comes after an analyst's "fraud", and how the cell on what holds begins.
	rows := regexp.MustCompile("(?m)^\\| (`\\w+` `\\w+`.*) \\| (.*) \\|$").FindAllStringSubmatch(page, -1)
	if len(rows) != 6 {
		t.Errorf("%d corrections", len(rows))
	}
	for _, row := range rows {
		script := "analyst fraud 1"
		for i, event := range regexp.MustCompile("`(\\w+)` `(\\w+)`").FindAllStringSubmatch(row[1], -1) {
			script += fmt.Sprintf(", %s %s %d", event[1], event[2], i+2)
		}
		want := map[string]feedback.Verdict{"legitimate": feedback.Legitimate, "fraud": feedback.Fraud, "still": feedback.Fraud}
		first := strings.Trim(strings.Fields(row[2])[0], ":,")
		if got := feedback.Resolve(said(t, script)).Verdict; got != want[first] {
			t.Errorf("after %s the page says %q, but %s holds", script, row[2], got)
		}
	}

	for _, bound := range []string{
		fmt.Sprintf("1 to %d bytes", feedback.MaxIDBytes), fmt.Sprintf("by entity, at most %d;", feedback.MaxEntities),
		fmt.Sprintf("a name has 1 to %d bytes", feedback.MaxEntityBytes), fmt.Sprintf("a string of at most %d bytes", feedback.MaxEntityKeyBytes),
		fmt.Sprintf("at most %d, each once, of 1 to %d bytes", feedback.MaxMarks, feedback.MaxMarkBytes),
		fmt.Sprintf("who said so; at most %d bytes", feedback.MaxByBytes),
		fmt.Sprintf("free text of at most %d,%03d bytes", feedback.MaxNoteBytes/1000, feedback.MaxNoteBytes%1000),
	} {
		if !strings.Contains(page, bound) {
			t.Errorf("the page lacks %q", bound)
		}
	}
}
