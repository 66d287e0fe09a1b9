package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/app"
)

// policyFile writes a policy file, and returns a configuration that names it.
func policyFile(t *testing.T, text string) app.Config {
	t.Helper()
	c := app.DefaultConfig()
	c.Policy.File = filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(c.Policy.File, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

const ownPolicy = `
format: 1
version: v7
segments: [{name: big, when: amount > 100, review: 0.2}, {name: default, review: 0.6, decline: 0.9}]
rules:
  - {id: WITHDRAWN, when: 'type == "withdrawal" and amount > 150', action: review, reason: Much cash, owner: o}
  - {id: SMALL, when: amount < 5, action: decline, mode: shadow, reason: Little, owner: o}
block: {accounts: {key: account, entries: [%s]}}
`

// TestReplayUnderAPolicy decides each transaction once more by hand. The state must be what it is under any policy.
func TestReplayUnderAPolicy(t *testing.T) {
	input := writeTraffic(t, 5000)
	text, err := os.ReadFile(input)
	if err != nil {
		t.Fatal(err)
	}
	blocked := regexp.MustCompile(`"account_id":"([^"]*)"`).FindSubmatch(text)[1]
	run := func(c app.Config) (decisions, state string) {
		o := replayOptions(input)
		o.Decisions, o.State = filepath.Join(t.TempDir(), "d"), filepath.Join(t.TempDir(), "s")
		if err := app.Replay(t.Context(), c, o, io.Discard, io.Discard); err != nil {
			t.Fatal(err)
		}
		d, err := os.ReadFile(o.Decisions)
		if err != nil {
			t.Fatal(err)
		}
		s, err := os.ReadFile(o.State)
		if err != nil {
			t.Fatal(err)
		}
		return string(d), string(s)
	}
	decisions, state := run(policyFile(t, fmt.Sprintf(ownPolicy, blocked)))
	if _, plain := run(app.DefaultConfig()); plain != state {
		t.Error("the account states depend on the policy")
	}
	type transaction struct {
		TransactionID   string `json:"transaction_id"`
		AccountID       string `json:"account_id"`
		TransactionType string `json:"transaction_type"`
		Amount          float64
	}
	all := make(map[string]transaction)
	for line := range strings.Lines(string(text)) {
		var tx transaction
		if err := json.Unmarshal([]byte(line), &tx); err != nil {
			t.Fatal(err)
		}
		if _, repeated := all[tx.AccountID+"/"+tx.TransactionID]; !repeated {
			all[tx.AccountID+"/"+tx.TransactionID] = tx
		}
	}
	hits := make(map[string]int)
	for line := range strings.Lines(decisions) {
		var d struct {
			transaction
			Action, Policy string
			Score          float64
			Rules          []string
		}
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		tx := all[d.AccountID+"/"+d.TransactionID]
		want, rules := "approve", []string{}
		review, decline := 0.6, 0.9
		if tx.Amount > 100 {
			review, decline = 0.2, 2
		}
		if d.Score >= decline {
			want = "decline"
		} else if d.Score >= review {
			want = "review"
		}
		if tx.TransactionType == "withdrawal" && tx.Amount > 150 {
			want, rules = "review", append(rules, "WITHDRAWN")
		}
		if tx.Amount < 5 {
			rules = append(rules, "SMALL:shadow")
		}
		if tx.AccountID == string(blocked) {
			want, rules = "decline", append([]string{"block:accounts"}, rules...)
		}
		if d.Action != want || d.Policy != "v7" || !slices.Equal(d.Rules, rules) {
			t.Fatalf("%+v instead of %s by %v: %+v", d, want, rules, tx)
		}
		for _, r := range rules {
			hits[r]++
		}
	}
	if len(hits) != 3 {
		t.Errorf("the traffic does not put everything to the test: %v", hits)
	}
}

func TestCheckPolicy(t *testing.T) {
	c := policyFile(t, fmt.Sprintf(ownPolicy, "A1, {key: A2, until: 2026-01-01}"))
	var out bytes.Buffer
	if err := app.CheckPolicy(c, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"policy.yaml is fine: version v7; without time to decide, review; money at risk: amount * adjusted_score\n",
		"big      from 0.2000  never        medium from 0.4667, high from 0.7333  amount > 100\n",
		"default  from 0.6000  from 0.9000  medium from 0.7333, high from 0.8667  everything else\n",
		"SMALL      shadow  decline  o      Little     amount < 5\n", "block:accounts  account  decline  2 ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s\nlacks %s", &out, want)
		}
	}
	c = policyFile(t, strings.Replace(fmt.Sprintf(ownPolicy, ""), "amount < 5", "amont < 5", 1))
	if err := app.CheckPolicy(c, io.Discard); err == nil || !strings.Contains(err.Error(), "policy.yaml:7: rule \"SMALL\": the name amont is not known") {
		t.Errorf("%v", err)
	}
	out.Reset()
	if err := app.CheckPolicy(app.DefaultConfig(), &out); err != nil || !strings.Contains(out.String(), "version manifest;") {
		t.Errorf("%s, %v", &out, err)
	}
}

func TestPolicyTests(t *testing.T) {
	c := policyFile(t, fmt.Sprintf(ownPolicy, "A1"))
	var out bytes.Buffer
	if err := app.TestPolicy(c, &out); err == nil || !strings.Contains(err.Error(), "has no tests, and there is no ") {
		t.Errorf("without tests: %v", err)
	}
	beside := strings.Replace(c.Policy.File, "policy.yaml", "policy_test.yaml", 1)
	if err := os.WriteFile(beside, []byte(`
tests:
  - name: blocked
    transaction: {account_id: A1, amount: 1}
    score: 0.1
    expect: {action: decline, rules: ["block:accounts", "SMALL:shadow"]}
  - name: wrong
    score: 0.7
    expect: {action: approve, rules: [X]}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	err := app.TestPolicy(c, &out)
	want := "FAIL wrong (" + beside + ":7)\n  action\n    - approve\n    + review\n  rules\n    - [X]\n    + []\npolicy v7: 1 of 2 tests passed\n"
	if err == nil || !strings.Contains(err.Error(), "1 of 2 tests failed") || out.String() != want {
		t.Errorf("%v\n%s", err, &out)
	}
}

// TestTunePolicy holds that the thresholds it chooses do under weir replay what it says they do.
func TestTunePolicy(t *testing.T) {
	o := app.TuneOptions{
		Input: app.Input{Paths: []string{writeTraffic(t, 20_000)}, MaxRejects: app.DefaultMaxRejects()}, Partitions: 5, Threads: 2, AlertsPerDay: 20, DeclinePrecision: 0.5,
		Report: filepath.Join(t.TempDir(), "tuning.html"),
	}
	var out bytes.Buffer
	if err := app.TunePolicy(t.Context(), app.DefaultConfig(), o, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^\* up to 20 +\S+ +(\S+) +\d+ +\d+ +(\S+) % +(\S+) %`).FindStringSubmatch(out.String())
	chosen := regexp.MustCompile(`\{name: default, review: (\S+), decline: `).FindStringSubmatch(out.String())
	if row == nil || chosen == nil {
		t.Fatalf("%s", &out)
	}
	c := app.DefaultConfig()
	review, err := strconv.ParseFloat(chosen[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	c.Model.Review = &review
	replay := replayOptions(o.Input.Paths[0])
	replay.JSONSummary = true
	var summary bytes.Buffer
	if err := app.Replay(t.Context(), c, replay, &summary, io.Discard); err != nil {
		t.Fatal(err)
	}
	var s struct {
		AlertsPerDay      float64 `json:"alerts_per_day"`
		Precision, Recall float64
	}
	if err := json.Unmarshal(summary.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprintf("%.1f", 100*s.Precision) != row[2] || fmt.Sprintf("%.1f", 100*s.Recall) != row[3] || s.AlertsPerDay > 20 || s.AlertsPerDay < 10 {
		t.Errorf("%+v under these thresholds, and tuning says\n%s", s, &out)
	}
	if page, err := os.ReadFile(o.Report); err != nil || !bytes.Contains(page, []byte("<svg")) {
		t.Errorf("page of %d bytes, %v", len(page), err)
	}
	o.Segment = "online"
	if err := app.TunePolicy(t.Context(), app.DefaultConfig(), o, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), `no segment "online"; there are default`) {
		t.Errorf("%v", err)
	}
}
