package app_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/stream"
)

// manyEntries is how many entries the test adds at once: enough to tell work for each entry from work for each change.
const manyEntries = 20_000

// Thousands of entries are added from a file while transactions come: the service decides by the last of them within
// five seconds, and goes on deciding meanwhile.
func TestManyListEntriesUnderLoad(t *testing.T) {
	s := newService(t, func(c *app.Config) {
		c.Kafka.Instance = "fraud-0"
		c.Policy.File = filepath.Join(t.TempDir(), "policy.yaml")
		writeLines(t, c.Policy.File, strings.Split(listPolicy, "\n"))
	})
	file := filepath.Join(t.TempDir(), "accounts.csv")
	lines := make([]string, manyEntries)
	for i := range lines {
		lines[i] = fmt.Sprintf("A-%d,,case %d", i, i)
	}
	writeLines(t, file, lines)
	stop := s.start()
	defer func() { stop() }()
	s.status("fraud-0", anything)

	enough, sent := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for !closed(enough) {
			var batch []stream.Message
			for range 20 {
				at := time.Date(2024, 1, 1, 0, 0, n/20, 0, time.UTC).Format(time.RFC3339)
				batch = append(batch, transaction(fmt.Sprint("B-", n%97), fmt.Sprint("t", n), at, "5.00"))
				n++
			}
			s.send(batch...)
		}
		sent <- n
	}()
	s.decisions(100)
	entries := app.EntryOptions{List: "block:accounts", File: file}
	var out bytes.Buffer
	began := time.Now()
	if err := app.AddEntry(t.Context(), s.config, entries, patient, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	if want := fmt.Sprintf("block:accounts has the %d entries of %s\n  fraud-0                  has taken it\n", manyEntries, file); out.String() != want || took > 5*time.Second {
		t.Errorf("after %v it says\n%s, want\n%s", took, out.String(), want)
	}
	close(enough)
	n := <-sent
	records, _ := s.decisions(n)
	slices.SortFunc(records, func(a, b stream.Record) int { return int(a.Time - b.Time) })
	longest := time.Duration(0)
	for i := 1; i < len(records); i++ {
		longest = max(longest, time.Duration(records[i].Time-records[i-1].Time)*time.Millisecond)
	}
	if longest > 5*time.Second {
		t.Errorf("for %v nothing was decided", longest)
	}
	decide := func(id, account string, want scoring.Action) {
		t.Helper()
		s.send(transaction(account, id, "2024-01-02T00:00:00Z", "5.00"))
		n++
		_, all := s.decisions(n)
		at := slices.IndexFunc(all, func(d scoring.Decision) bool { return d.TransactionID == id })
		if at < 0 || all[at].Action != want {
			t.Errorf("%s is not decided so: %v", account, want)
		}
	}
	decide("last", fmt.Sprint("A-", manyEntries-1), scoring.Decline)
	if err := app.RemoveEntry(t.Context(), s.config, entries, patient, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	decide("removed", "A-0", scoring.Approve)
	t.Logf("%d entries in %v, %d decisions, at most %v apart", manyEntries, took, n, longest)

	for text, want := range map[string]string{
		"":                         "has no entries",
		"A\nB\nA\n":                ":3: \"A\" is on line 1 too",
		"A\n\nB,soon\n":            ":3: \"soon\" is neither a time",
		"A,2026-12-31,note,more\n": ":1: there are 4 columns",
		"A\n\"\",2026-12-31\n":     ":2: control: key: is missing",
		"A\n\"B\n":                 "accounts.csv: ",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := app.AddEntry(t.Context(), s.config, entries, patient, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v and should contain %s", text, err, want)
		}
	}
	writeLines(t, file, []string{"A-file", "A-nowhere"})
	if err := app.RemoveEntry(t.Context(), s.config, entries, patient, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), `:2: block:accounts has no entry "A-nowhere"`) {
		t.Errorf("removing what is not there gives %v", err)
	}
}
