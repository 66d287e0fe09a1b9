package screen_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/screen"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// starting is a demonstration that builds its state.
func starting() *screen.State {
	return &screen.State{
		Time: noon, Offered: 500, Broker: "127.0.0.1:40123",
		Steps: []screen.Step{
			{Name: "history into the log", Unit: "transactions", Done: 91_204, Share: 1, Took: 900 * time.Millisecond, Over: true},
			{Name: "account state from the log", Unit: "transactions", Done: 45_312, Share: 0.497, Took: 640 * time.Millisecond},
		},
	}
}

// live is a demonstration under way.
func live() *screen.State {
	s := starting()
	s.Steps[1] = screen.Step{Name: s.Steps[1].Name, Unit: "transactions", Done: 91_204, Share: 1, Took: 1300 * time.Millisecond, Over: true}
	s.Live, s.Elapsed = true, 72*time.Second
	s.Decided, s.Alerts, s.DeadLetters = 35_812, 341, 0
	for i := range 72 {
		s.Rates = append(s.Rates, 495+float64(i%7))
		s.Slowest = append(s.Slowest, 8+float64(i*i%13))
	}
	s.Now, s.Overall = screen.Latency{P50: 4.1, P99: 9.1}, screen.Latency{P50: 4.26, P99: 141.2}
	s.Patterns = []screen.Pattern{
		{Name: "card_testing", Frauds: 62, Found: 60}, {Name: "account_takeover", Frauds: 40, Found: 33},
		{Name: "impossible_travel", Frauds: 24, Found: 22}, {Name: "cash_out", Frauds: 31, Found: 31},
		{Name: "mule_deposits", Frauds: 44, Found: 41}, {Name: "compromised_merchant", Frauds: 35, Found: 9}, {Name: "leaked_card"},
	}
	for i := range 60 {
		s.Recent = append(s.Recent, alert(i))
	}
	return s
}

// alert returns one of a few kinds.
func alert(i int) screen.Alert {
	usd, _ := payment.ParseCurrency("USD")
	kind := []struct {
		severity scoring.Severity
		action   scoring.Action
		score    float64
		minor    int64
		where    string
		text     string
		fraud    bool
	}{
		{scoring.High, scoring.Decline, 0.97, 41_395, "Union Yard Electronics", "413.95 USD is 5.3 times this account's 30-day mean of 77.42 USD", true},
		{scoring.Low, scoring.Review, 0.14, 275, "Meadowlark Bus Lines", "3 transactions within an hour, this one included; the rest of the last 30 days saw 5 transactions (0.2 a day)", false},
		{scoring.Medium, scoring.Review, 0.52, 1_564_63, "Quince & Vine Trading Post No. 2", "1136 km from this account's last located transaction, 19 seconds earlier: 217957 km/h, where an airliner makes 900", true},
		{scoring.High, scoring.Decline, 1, 80_000, "", "Only 3 earlier transactions of this account within 30 days: too few to tell what is usual for it", false},
	}[i%4]
	tx := &payment.Transaction{Type: payment.Withdrawal, Amount: kind.minor, Currency: usd, Merchant: payment.Merchant{Name: kind.where}}
	return screen.Alert{Fraud: kind.fraud, Alert: alerts.Alert{
		Timestamp: payment.TimeOf(noon.Add(-time.Duration(i) * 300 * time.Millisecond)), AccountID: fmt.Sprint("A1", 18141+i),
		Severity: kind.severity, Action: kind.action, Score: kind.score, Transaction: tx,
		Reasons: []alerts.Reason{{Text: kind.text}},
	}}
}

func compare(t *testing.T, name string, lines []string) {
	t.Helper()
	got := strings.Join(lines, "\n") + "\n"
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; if that is meant, run with -update\n%s", file, got)
	}
}

func TestRender(t *testing.T) {
	warned := live()
	warned.DeadLetters = 3
	warned.Log = []string{`time=… level=WARN msg="trying again" worker=0 error="send offsets: transaction aborted" in=50ms`}
	for _, tc := range []struct {
		name          string
		state         *screen.State
		width, height int
		colour        bool
	}{
		{"starting-80x24", starting(), 80, 24, false},
		{"live-80x24", live(), 80, 24, false},
		{"live-160x50", live(), 160, 50, false},
		{"live-30x8", live(), 30, 8, false},
		{"warned-100x16", warned, 100, 16, false},
		{"colour-80x24", live(), 80, 24, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			compare(t, tc.name, screen.Render(tc.state, tc.width, tc.height, tc.colour))
		})
	}
}

func TestWords(t *testing.T) {
	s := live()
	compare(t, "words", append([]string{starting().Line(), s.Line(), s.Recent[0].Line()}, s.Summary()...))
}

var (
	escape  = regexp.MustCompile("\x1b\\[[0-9;]*m")
	lineEnd = regexp.MustCompile(" +(\n|$)")
)

// TestRenderFitsAnySize holds what a terminal relies on, from states with and without everything.
func TestRenderFitsAnySize(t *testing.T) {
	hostile := live()
	hostile.Recent[0].Transaction.Merchant.Name = "Evil\x1b[2J\nShop"
	hostile.Recent[0].AccountID = strings.Repeat("A", 300)
	hostile.Log = []string{"\x1b]0;title\a"}
	for name, s := range map[string]*screen.State{"starting": starting(), "live": live(), "empty": {}, "nothing yet": {Live: true}, "hostile": hostile} {
		for width := 1; width <= 200; width += 1 + width/20 {
			for _, height := range []int{1, 2, 3, 5, 9, 10, 17, 18, 24, 33, 60} {
				lines := screen.Render(s, width, height, false)
				if len(lines) > height {
					t.Fatalf("%s, %dx%d: %d lines", name, width, height, len(lines))
				}
				for i, line := range lines {
					if n := utf8.RuneCountInString(line); n > width {
						t.Fatalf("%s, %dx%d: line %d has %d columns: %s", name, width, height, i, n, line)
					}
					if strings.ContainsAny(line, "\x1b\n\a") {
						t.Fatalf("%s, %dx%d: line %d has control characters: %q", name, width, height, i, line)
					}
				}
				coloured := escape.ReplaceAllString(strings.Join(screen.Render(s, width, height, true), "\n"), "")
				if got := strings.Join(lines, "\n"); squeeze(coloured) != squeeze(got) {
					t.Fatalf("%s, %dx%d: with colour it says\n%s\nwithout\n%s", name, width, height, coloured, got)
				}
			}
		}
	}
}

// squeeze drops what does not show: spaces at the ends of lines.
func squeeze(text string) string { return lineEnd.ReplaceAllString(text, "$1") }
