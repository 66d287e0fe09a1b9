package app_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/simulate"
)

// TestParity sends labelled transactions through three workers, one of which joins on the way, and holds every decision,
// its feature vector among them, against a replay of the same transactions with the same labels: equal byte for byte,
// features of merchants, devices and labels included. WEIR_PARITY_ROWS and WEIR_PARITY_SEED make it another.
func TestParity(t *testing.T) {
	rows, seed := number("WEIR_PARITY_ROWS", 200_000), number("WEIR_PARITY_SEED", 1)
	t.Logf("%d transactions, seed %d", rows, seed)
	s := newService(t, func(c *app.Config) {
		c.Pipeline.EntityWait = 0
		c.Pipeline.ApplyInterval = app.Duration(100 * time.Millisecond)
	})
	patience := time.Duration(number("WEIR_PARITY_PATIENCE", 300)) * time.Second
	dir := t.TempDir()
	o := app.ReplayOptions{
		Partitions: servicePartitions, Decisions: filepath.Join(dir, "decisions.jsonl"), Feedback: filepath.Join(dir, "feedback.jsonl"),
		State: filepath.Join(dir, "state.jsonl"),
	}
	o.Input.Paths = []string{filepath.Join(dir, "transactions.jsonl")}
	world := simulate.DefaultConfig()
	world.Accounts, world.Seed = 3000, uint64(seed)
	if err := app.Simulate(t.Context(), s.config, app.SimulateOptions{World: world, Count: int64(rows), Out: o.Input.Paths[0]}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := app.Replay(t.Context(), s.config, o, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := app.ProduceFeedback(t.Context(), s.config, app.ProduceOptions{Input: app.Input{Paths: []string{o.Feedback}}}, io.Discard); err != nil {
		t.Fatal(err)
	}
	want := make(map[string]string, rows)
	for _, line := range readLines(t, o.Decisions) {
		want[transactionID(t, line)] = line
	}
	s.produce(o.Input.Paths[0])

	stop := s.start()
	s.readWithin(s.config.Kafka.Topics.Decisions, rows/5, patience)
	other := *s
	other.config.Pipeline.Workers = 1
	stopOther := other.start() // takes partitions over from those that are at work
	got := s.readWithin(s.config.Kafka.Topics.Decisions, len(want), patience)
	log := stop()
	if otherLog := stopOther(); !strings.Contains(otherLog, "partitions assigned") {
		t.Errorf("the third worker got nothing to do:\n%s", otherLog)
	}
	differ := 0
	for _, r := range got {
		line := string(r.Value)
		if strings.Contains(line, `"incomplete:`) {
			t.Fatalf("a decision is flagged incomplete: %s", line)
		}
		if id := transactionID(t, line); want[id] != line {
			if differ++; differ <= 3 {
				t.Errorf("decision differs\n got %s\nwant %s", line, want[id])
			}
		}
	}
	if differ > 0 || len(got) != len(want) {
		t.Errorf("%d decisions, %d of them differ from the replay's %d", len(got), differ, len(want))
	}
	sameLines(t, "state", readLines(t, s.state()), readLines(t, o.State))
	if os.Getenv("WEIR_PARITY_LOG") != "" {
		t.Log(log)
	}
}
