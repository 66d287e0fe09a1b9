package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/simulate"
)

// world reads text over the default world.
func world(t *testing.T, text string) (simulate.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "world.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := simulate.DefaultConfig()
	err := app.ReadWorld(path, &c)
	return c, err
}

func printed(t *testing.T, c simulate.Config) string {
	t.Helper()
	var b bytes.Buffer
	if err := app.WriteWorld(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPrintedWorldReadsBack(t *testing.T) {
	c := simulate.LiveConfig(time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC), 12.5)
	c.Seed, c.ForeignCurrencies, c.Duration = 1<<63, true, 90*time.Minute
	late := simulate.DefaultLeakedCard()
	late.From, late.Until = 20*24*time.Hour, 36*time.Hour+30*24*time.Hour
	c.Patterns = append(c.Patterns, late)
	for name, c := range map[string]simulate.Config{"default": simulate.DefaultConfig(), "changed": c, "clean": func() simulate.Config {
		c := simulate.DefaultConfig()
		c.Patterns = []simulate.Pattern{}
		return c
	}()} {
		text := printed(t, c)
		got, err := world(t, text)
		if err != nil {
			t.Fatalf("%s: %v in\n%s", name, err, text)
		}
		if !reflect.DeepEqual(got, c) {
			t.Errorf("%s came back as\n%+v\nwant\n%+v", name, got, c)
		}
	}
}

func TestEveryKeyOfAWorldIsExplained(t *testing.T) {
	for _, line := range strings.Split(strings.TrimSpace(printed(t, simulate.DefaultConfig())), "\n") {
		_, doc, ok := strings.Cut(line, "# ")
		if key := strings.TrimSpace(line); key != "patterns:" && (!ok || len(doc) < 10) {
			t.Errorf("no comment: %s", line)
		}
	}
}

func TestWorldKeepsWhatItDoesNotName(t *testing.T) {
	got, err := world(t, `
accounts: 500
patterns:
  - pattern: cash_out
    gap: [1s, 2d]
    until: 30d
  - {pattern: card_testing, share: 0.01}
`)
	if err != nil {
		t.Fatal(err)
	}
	cash, cards := simulate.DefaultCashOut(), simulate.DefaultCardTesting()
	cash.Gap, cash.Until = simulate.Span{Min: time.Second, Max: 48 * time.Hour}, 30*24*time.Hour
	cards.Share = 0.01
	want := simulate.DefaultConfig()
	want.Accounts, want.Patterns = 500, []simulate.Pattern{cash, cards}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestWorldErrorsNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "nothing in it",
		"- 5":                         "line 1: there should be keys",
		"seed: 1\nsed: 2":             "line 2, sed: there is no such key",
		"seed: 1\nseed: 2":            "already defined",
		"seed: -1":                    "line 1, seed: ",
		"accounts: 1.5":               "line 1, accounts: 1.5 is not a whole number",
		"rate: fast":                  "line 1, rate: fast is no float64",
		"start: yesterday":            "line 1, start: yesterday is not a time",
		"duration: 3w":                `line 1, duration: "3w" is not a duration`,
		"patterns: 5":                 "line 1: patterns must be a list",
		"patterns:\n  - card_testing": "line 2: there should be keys",
		"patterns:\n  - share: 0.1":   `line 2: there is no pattern ""`,
		"patterns:\n  - pattern: theft\n    share: 1":                    `there is no pattern "theft": the key pattern must be one of card_testing, `,
		"patterns:\n  - pattern: leaked_card\n    over: [1d]":            "line 3, over: [1d] is not a range such as [8d, 14d]",
		"patterns:\n  - pattern: leaked_card\n    purchases: [1, 2.5]":   "line 3, purchases: [1, 2.5] is not a range such as [6, 20]",
		"patterns:\n  - pattern: leaked_card\n    share: 0\n    fill: 1": "line 4, fill: there is no such key",
	} {
		if _, err := world(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v of %q does not say %q", err, text, want)
		}
	}
}
