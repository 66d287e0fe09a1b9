package control_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/control"
)

// The examples of docs/events.md are events, of all kinds and with the keys that the page states.
func TestDocumentedEvents(t *testing.T) {
	page, err := os.ReadFile("../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Control\n")
	keys := make(map[string]string)
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| `([\\w/]+)` \\|").FindAllStringSubmatch(section, -1) {
		keys[row[1]] = strings.NewReplacer("LIST", "block:merchants", "KEY", "Shady Shop", "INSTANCE", "fraud-1").Replace(row[2])
	}
	if len(keys) != 4 {
		t.Errorf("the table has the kinds %v, want 4", keys)
	}
	for _, text := range regexp.MustCompile(`(?m)^    \{"kind"(?:.*\n)(?:     .*\n)*`).FindAllString(section, -1) {
		e, err := control.Decode([]byte(text))
		if err != nil {
			t.Errorf("%v in\n%s", err, text)
			continue
		}
		if want, ok := keys[e.Kind()]; !ok || want != e.Key() {
			t.Errorf("the %s has the key %q, and the table says %q", e.Kind(), e.Key(), want)
		}
		delete(keys, e.Kind())
	}
	if len(keys) > 0 {
		t.Errorf("no example of %v", keys)
	}
}
