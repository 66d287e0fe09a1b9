package app_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/simulate"
)

// writeTraffic writes simulated transactions of few accounts, some of them again, some again with another body, some
// late, and a row that is none.
func writeTraffic(t *testing.T, count int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "traffic.jsonl")
	c := simulate.DefaultConfig()
	c.Accounts, c.Merchants = 150, 100
	if err := app.Simulate(t.Context(), app.DefaultConfig(), app.SimulateOptions{World: c, Count: count, Out: path}, io.Discard); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	var mixed []string
	for i, line := range lines[:len(lines)-1] {
		mixed = append(mixed, line)
		switch {
		case i%97 == 50:
			mixed = append(mixed, lines[i-40])
		case i%89 == 50:
			mixed = append(mixed, strings.Replace(lines[i-30], `"amount":`, `"amount":1`, 1))
		case i%83 == 50:
			mixed[len(mixed)-1], mixed[len(mixed)-20] = mixed[len(mixed)-20], mixed[len(mixed)-1]
		case i == 1000:
			mixed = append(mixed, "{}\n")
		}
	}
	if err := os.WriteFile(path, []byte(strings.Join(mixed, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func replayOptions(input string) app.ReplayOptions {
	return app.ReplayOptions{Input: app.Input{Paths: []string{input}, MaxRejects: app.DefaultMaxRejects()}, Partitions: 7, Threads: 1}
}

// replayed returns everything that a replay writes, by what it is.
func replayed(t *testing.T, o app.ReplayOptions) map[string]string {
	t.Helper()
	dir := t.TempDir()
	o.JSONSummary = true
	outputs := map[string]*string{"features": &o.Features, "decisions": &o.Decisions, "state": &o.State, "report": &o.Report}
	for name, path := range outputs {
		*path = filepath.Join(dir, name)
	}
	var stdout bytes.Buffer
	c := app.DefaultConfig()
	review := 0.005 // more alerts than a report shows
	c.Model.Review = &review
	if err := app.Replay(t.Context(), c, o, &stdout, io.Discard); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"summary": regexp.MustCompile(`,"seconds".*`).ReplaceAllString(stdout.String(), "")}
	for name, path := range outputs {
		text, err := os.ReadFile(*path)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(text)
	}
	return all
}

func TestReplayIsTheSameOnAnyNumberOfThreads(t *testing.T) {
	input := writeTraffic(t, 20_000)
	o := replayOptions(input)
	want := replayed(t, o)
	for _, o.Threads = range []int{2, 3, 5} {
		for name, got := range replayed(t, o) {
			if got != want[name] {
				t.Errorf("%s of %d threads differ from those of one", name, o.Threads)
			}
		}
	}
	checkTopAlerts(t, want, "")
	var s struct {
		Rejected, Duplicates, Conflicts, Late, Alerts, Frauds int64
		Patterns                                              []any
	}
	if err := json.Unmarshal([]byte(want["summary"]+"}"), &s); err != nil {
		t.Fatalf("%v: %s", err, want["summary"])
	}
	if s.Rejected == 0 || s.Duplicates == 0 || s.Conflicts == 0 || s.Alerts == 0 || s.Frauds == 0 || len(s.Patterns) == 0 {
		t.Errorf("the traffic does not put everything to the test: %s", want["summary"])
	}
}

// decision is what the tests read of a decision.
type decision struct {
	TransactionID string `json:"transaction_id"`
	AccountID     string `json:"account_id"`
	Timestamp     string
	Action        string
	Score         float64
}

func decisionsOf(t *testing.T, lines string) []decision {
	t.Helper()
	var all []decision
	for line := range strings.Lines(lines) {
		var d decision
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// checkTopAlerts holds that the report's alerts are those that the decisions name from a day on: each account's first
// highest score, the highest first.
func checkTopAlerts(t *testing.T, all map[string]string, since string) {
	t.Helper()
	highest := make(map[string]decision)
	var accounts []string // by their first highest score, so that a stable sort keeps the order of equal ones
	for _, d := range decisionsOf(t, all["decisions"]) {
		have, ok := highest[d.AccountID]
		if d.Timestamp < since || d.Action == "approve" || ok && have.Score >= d.Score {
			continue
		}
		highest[d.AccountID] = d
		accounts = append(slices.DeleteFunc(accounts, func(id string) bool { return id == d.AccountID }), d.AccountID)
	}
	slices.SortStableFunc(accounts, func(a, b string) int { return cmp.Compare(highest[b].Score, highest[a].Score) })
	var want []string
	for _, id := range accounts[:min(50, len(accounts))] {
		want = append(want, fmt.Sprintf("account <bdi>%s</bdi> · transaction <bdi>%s</bdi>", id, highest[id].TransactionID))
	}
	got := regexp.MustCompile(`account <bdi>[^<]*</bdi> · transaction <bdi>[^<]*</bdi>`).FindAllString(all["report"], -1)
	if len(want) < 50 || !slices.Equal(got, want) {
		t.Errorf("the report's %d alerts are\n%s\nthe decisions name %d\n%s", len(got), strings.Join(got, "\n"), len(want), strings.Join(want, "\n"))
	}
}

// TestReplaySince holds that what is before gives accounts their past and nothing else.
func TestReplaySince(t *testing.T) {
	const since = "2024-01-08"
	o := replayOptions(writeTraffic(t, 12_000))
	all := replayed(t, o)
	o.Since = payment.TimeOf(time.Date(2024, 1, 8, 0, 0, 0, 0, time.UTC))
	later := replayed(t, o)
	for _, name := range []string{"features", "decisions", "state"} {
		if later[name] != all[name] {
			t.Errorf("%s differ", name)
		}
	}
	checkTopAlerts(t, later, since)
	before, alerts := 0, 0
	for _, d := range decisionsOf(t, all["decisions"]) {
		switch {
		case d.Timestamp < since:
			before++
		case d.Action != "approve":
			alerts++
		}
	}
	if before == 0 || alerts == 0 {
		t.Fatal("there is nothing to tell apart")
	}
	for _, want := range []string{fmt.Sprintf(`"warm_up":%d,`, before), fmt.Sprintf(`"alerts":%d,`, alerts)} {
		if !strings.Contains(later["summary"], want) {
			t.Errorf("want %s in %s", want, later["summary"])
		}
	}
}

func TestReplayRefuses(t *testing.T) {
	input := writeTraffic(t, 2000)
	before, err := os.ReadFile(input)
	if err != nil {
		t.Fatal(err)
	}
	link := input + ".link"
	if err := os.Link(input, link); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*app.ReplayOptions){
		"leave out --no-model":                 func(o *app.ReplayOptions) { o.NoModel, o.Report = true, "-" },
		"--decisions-out needs a model":        func(o *app.ReplayOptions) { o.NoModel, o.Decisions = true, "-" },
		"--report would overwrite":             func(o *app.ReplayOptions) { o.Report = input },
		"--state-out would overwrite":          func(o *app.ReplayOptions) { o.State = link },
		"--features-out and --report both":     func(o *app.ReplayOptions) { o.Features, o.Report = "-", "-" },
		"create an output: open /nowhere/page": func(o *app.ReplayOptions) { o.Report = "/nowhere/page.html" },
		"no input":                             func(o *app.ReplayOptions) { o.Input.Paths = nil },
	} {
		o := replayOptions(input)
		change(&o)
		var stdout bytes.Buffer
		err := app.Replay(t.Context(), app.DefaultConfig(), o, &stdout, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) || stdout.Len() > 0 {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if after, err := os.ReadFile(input); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the input was changed: %v", err)
	}
}

func TestReplayWithoutModel(t *testing.T) {
	o := replayOptions(writeTraffic(t, 2000))
	o.NoModel = true
	var stdout bytes.Buffer
	if err := app.Replay(t.Context(), app.DefaultConfig(), o, &stdout, io.Discard); err != nil {
		t.Fatal(err)
	}
	if text := stdout.String(); !strings.Contains(text, "rows") || strings.Contains(text, "alerts") || strings.Contains(text, "scored") {
		t.Errorf("summary without a model:\n%s", text)
	}
}
