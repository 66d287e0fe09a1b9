package alerts_test

import (
	"os"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/alerts"
)

// The file that docs/alerts.md shows fits the shipped features.
func TestDocumentedCatalogue(t *testing.T) {
	page, err := os.ReadFile("../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	text, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the page shows no file")
	}
	catalogue, err := alerts.ParseCatalogue("alerts.md", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := alerts.NewExplainer(builtin(t), catalogue); err != nil {
		t.Error(err)
	}
}
