package app_test

import (
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/simulate"
)

// TestSimulateIntoKafka sends to a topic and a file at once: both have the same transactions, the file alone labels.
func TestSimulateIntoKafka(t *testing.T) {
	s := newService(t, nil)
	o := app.SimulateOptions{
		World: simulate.DefaultConfig(), Count: 3000, Topic: s.config.Kafka.Topics.Transactions, Out: filepath.Join(t.TempDir(), "labelled.jsonl"),
	}
	o.World.Accounts, o.World.FraudShare = 200, 0.05
	if err := app.Simulate(t.Context(), s.config, o, io.Discard); err != nil {
		t.Fatal(err)
	}
	var sent, written []string
	for _, r := range s.read(o.Topic, 3000) {
		var d payment.Decoder
		var tx payment.Transaction
		if err := d.Decode(r.Value, &tx); err != nil {
			t.Fatal(err)
		}
		if string(r.Key) != tx.AccountID {
			t.Fatalf("key %s of a transaction of %s", r.Key, tx.AccountID)
		}
		sent = append(sent, string(r.Value))
	}
	frauds := 0
	for _, line := range readLines(t, o.Out) {
		text, label, ok := strings.Cut(line, `,"label":`)
		if !ok {
			t.Fatalf("no label: %s", line)
		}
		if strings.HasPrefix(label, `"fraud"`) {
			frauds++
		}
		written = append(written, text+"}")
	}
	slices.Sort(sent)
	slices.Sort(written)
	if !slices.Equal(sent, written) {
		t.Errorf("%d transactions in the topic are not the %d of the file", len(sent), len(written))
	}
	if frauds < 50 {
		t.Errorf("%d frauds", frauds)
	}
	o.Topic = "no-such-topic"
	if err := app.Simulate(t.Context(), s.config, o, io.Discard); err == nil || !strings.Contains(err.Error(), "no-such-topic: topic does not exist") {
		t.Errorf("a missing topic: %v", err)
	}
}

// TestSimulateByTheClock checks that live transactions come when they are due.
func TestSimulateByTheClock(t *testing.T) {
	const rate, count = 200, 300
	o := app.SimulateOptions{World: simulate.LiveConfig(time.Now(), rate), Count: count, Rate: rate, Out: filepath.Join(t.TempDir(), "live.jsonl")}
	o.World.WarmUp = 0
	began := time.Now()
	if err := app.Simulate(t.Context(), app.DefaultConfig(), o, io.Discard); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	lines := readLines(t, o.Out)
	if len(lines) != count {
		t.Fatalf("%d lines, want %d", len(lines), count)
	}
	var d payment.Decoder
	var last payment.Transaction
	if err := d.Decode([]byte(lines[count-1]), &last); err != nil {
		t.Fatal(err)
	}
	covered := last.Time.Std().Sub(began)
	if covered < time.Second || covered > 3*time.Second {
		t.Errorf("%d transactions at %d a second cover %v of event time", count, rate, covered)
	}
	if took < covered-10*time.Millisecond {
		t.Errorf("the last one was due after %v, and all were written after %v", covered, took)
	}
}
