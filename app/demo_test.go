package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
)

// until is an output that calls done once it holds what is waited for.
type until struct {
	mu   sync.Mutex
	text bytes.Buffer
	want *regexp.Regexp
	done func()
}

func (u *until) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	n, err := u.text.Write(p)
	if u.want.Match(u.text.Bytes()) {
		u.done()
	}
	return n, err
}

// demo runs a demonstration until its output matches want, and returns the output.
func demo(t *testing.T, o app.DemoOptions, want string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out := &until{want: regexp.MustCompile(want), done: cancel}
	c := app.DefaultConfig()
	c.Log.Level = "warn"
	if err := app.Demo(ctx, c, o, os.Stdin, out, os.Stderr); err != nil {
		t.Fatal(err)
	}
	if !out.want.MatchString(out.text.String()) {
		t.Fatalf("within a minute there was no %q in\n%s", want, out.text.String())
	}
	return out.text.String()
}

// TestDemoResumes runs a demonstration twice on one directory: the second one builds the accounts' state from the log
// of the first, and goes on.
func TestDemoResumes(t *testing.T) {
	o := app.DemoOptions{Rate: 100, Seed: 1, DataDirectory: t.TempDir()}
	const decided = `[1-9]\d* decided +\d`
	first := demo(t, o, decided)
	sent := regexp.MustCompile(`history into the log: ([\d,]+) transactions, \d+\.\d s`).FindStringSubmatch(first)
	if sent == nil || !strings.Contains(first, "account state from the log: "+sent[1]+" transactions") {
		t.Errorf("the state was not built from the history:\n%s", first)
	}
	if !strings.Contains(first, " transactions decided in ") {
		t.Errorf("no summary:\n%s", first)
	}
	second := demo(t, o, decided)
	if strings.Contains(second, "history into the log") {
		t.Errorf("the history was sent twice:\n%s", second)
	}
	kept := regexp.MustCompile(`simulation up to the log's end: ([\d,]+) transactions`).FindStringSubmatch(second)
	if kept == nil || kept[1] <= sent[1] || !strings.Contains(second, "account state from the log: "+kept[1]+" transactions") {
		t.Errorf("the state was not built again from history and live transactions:\n%s", second)
	}
	o.Seed = 2
	err := app.Demo(t.Context(), app.DefaultConfig(), o, os.Stdin, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "holds a demo with --seed 1 --rate 100: give the same") {
		t.Errorf("another seed on the same directory: %v", err)
	}
}

func TestDemoSummaryIsOneLineOfJSON(t *testing.T) {
	var out bytes.Buffer
	told := new(lockedBuffer)
	o := app.DemoOptions{For: 4 * time.Second, Rate: 50, Seed: 1, JSONSummary: true, Review: "localhost:0"}
	if err := app.Demo(t.Context(), app.DefaultConfig(), o, os.Stdin, &out, told); err != nil {
		t.Fatal(err)
	}
	if strings.Count(out.String(), "\n") != 1 || !strings.HasSuffix(out.String(), "}\n") {
		t.Fatalf("not one line: %q", out.String())
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for k := range got {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	want := []string{"alerts", "dead_letters", "decisions", "p50_ms", "p99_ms", "review", "seconds", "transactions"}
	if !slices.Equal(keys, want) {
		t.Errorf("keys %v, want %v", keys, want)
	}
	if got["transactions"] != got["decisions"] || got["seconds"].(float64) < 4 || got["dead_letters"] != 0. {
		t.Errorf("summary %v", got)
	}
	link, _ := got["review"].(string)
	if !strings.Contains(link, "/signin?once=") || !strings.Contains(told.String(), "review alerts at "+link) {
		t.Errorf("the link is %q in the summary, and standard error says\n%s", link, told.String())
	}
}
