package payment_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/payment"
)

// The page that payment systems read says what the code does.
func TestDocs(t *testing.T) {
	raw, err := os.ReadFile("../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)

	examples := regexp.MustCompile(`(?m)^    \{"transaction_id".*\n(?:     .*\n)+`).FindAllString(page, -1)
	read := 0
	for _, doc := range examples {
		if strings.Contains(doc, `"score"`) {
			continue
		}
		decoded(t, doc)
		read++
	}
	if read != 2 {
		t.Errorf("%d examples of a transaction", read)
	}

	for digits, codes := range exceptions() {
		if row := fmt.Sprintf("| %d | %s |\n", digits, strings.Join(codes, " ")); !strings.Contains(page, row) {
			t.Errorf("the page lacks %s", row)
		}
	}
	for _, kind := range payment.Kinds() {
		if row := fmt.Sprintf("\n| `%s` | ", kind); !strings.Contains(page, row) {
			t.Errorf("the page lacks %s", row)
		}
	}
}

// exceptions returns the currencies that have other than two digits, by digits, in the order of their codes.
func exceptions() map[int][]string {
	all := map[int][]string{}
	for c := range payment.Currency(26*26*26 + 1) {
		if n, ok := c.Exponent(); ok && n != 2 {
			all[n] = append(all[n], c.Code())
		}
	}
	return all
}
