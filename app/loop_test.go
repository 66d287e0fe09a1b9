package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
)

// loop is Weir as programs, one after the other, on servers of its own topics.
type loop struct {
	*service
	dir    string
	binary string
	log    string
	cmd    *exec.Cmd
}

// The whole way: payments become alerts, a person decides on them by keyboard alone, what they said is on the record and
// in Kafka, and becomes training data with the labels of others; from that the trainer makes a model, which a new process
// decides by.
func TestWhatPeopleSayMakesTheNextModel(t *testing.T) {
	l := &loop{service: newService(t, nil), dir: t.TempDir()}
	l.binary, l.log = buildWeir(t), filepath.Join(l.dir, "weir.log")
	payments, labels := filepath.Join(l.dir, "payments.jsonl"), filepath.Join(l.dir, "labels.jsonl")
	l.weir("simulate", "--count", "20000", "--accounts", "1000", "--seed", "7", "--out", payments)
	l.weir("replay", "--feedback-out", labels, payments)
	l.start("pipeline,review")
	l.weir("produce", payments)
	l.read(l.config.Kafka.Topics.Decisions, 20_000)

	v := newVisitor(t, l.link())
	v.until(`document.querySelectorAll(".row").length >= 40 && document.querySelector(".live").dataset.state === "on"`)
	l.compare(work(v))
	l.stop()

	l.weir("produce", "--feedback", fraudsOf(t, labels))
	training, model := filepath.Join(l.dir, "export.parquet"), filepath.Join(l.dir, "model")
	l.weir("export", "--out", training, "--maturity", "1h")
	var m struct {
		Counts struct {
			Rows    int            `json:"rows"`
			Sources map[string]int `json:"label_sources"`
		} `json:"counts"`
	}
	readJSON(t, training+".manifest.json", &m)
	if s := m.Counts.Sources; m.Counts.Rows != 20_000 || s["analyst"] < 8 || s["import"] < 50 || s["maturity"] < 19_000 {
		t.Errorf("the export counts %+v", m.Counts)
	}
	l.train(training, model)
	l.weir("model", "check", model)
	l.decideBy(model)
}

// weir runs the program to its end.
func (l *loop) weir(args ...string) {
	l.t.Helper()
	cmd := l.command(args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		l.t.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (l *loop) command(args ...string) *exec.Cmd {
	c := &l.config
	cmd := exec.Command(l.binary, args...)
	cmd.Env = append(os.Environ(),
		"WEIR_KAFKA_BROKERS="+c.Kafka.Brokers[0], "WEIR_KAFKA_GROUP="+c.Kafka.Group, "WEIR_REDIS_ADDRESSES="+c.Redis.Addresses[0],
		"WEIR_KAFKA_TOPICS_TRANSACTIONS="+c.Kafka.Topics.Transactions, "WEIR_KAFKA_TOPICS_DECISIONS="+c.Kafka.Topics.Decisions,
		"WEIR_KAFKA_TOPICS_ALERTS="+c.Kafka.Topics.Alerts, "WEIR_KAFKA_TOPICS_DEAD_LETTERS="+c.Kafka.Topics.DeadLetters,
		"WEIR_KAFKA_TOPICS_FEEDBACK="+c.Kafka.Topics.Feedback, "WEIR_KAFKA_TOPICS_CONTROL="+c.Kafka.Topics.Control,
		"WEIR_PIPELINE_START=earliest", "WEIR_PIPELINE_ENTITY_WAIT=0s", "WEIR_HTTP_ADDRESS=localhost:0",
		"WEIR_REVIEW_ADDRESS=localhost:0", "WEIR_REVIEW_DATABASE="+l.database(),
	)
	return cmd
}

func (l *loop) database() string { return "sqlite:" + filepath.Join(l.dir, "weir.db") }

// start starts weir run, which ends with the test at the latest.
func (l *loop) start(targets string, env ...string) {
	log, err := os.Create(l.log)
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := l.command("run", "--target", targets)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.cmd = cmd
	l.t.Cleanup(func() { _ = cmd.Process.Kill() })
}

func (l *loop) stop() {
	_ = l.cmd.Process.Signal(syscall.SIGTERM)
	if err := l.cmd.Wait(); err != nil {
		l.t.Errorf("weir run did not stop cleanly: %v\n%s", err, tail(l.log))
	}
}

// logged waits for the program to write something that matches, and returns its first group.
func (l *loop) logged(pattern string) (text string) {
	l.t.Helper()
	wanted := regexp.MustCompile(pattern)
	for end := time.Now().Add(time.Minute); text == ""; time.Sleep(10 * time.Millisecond) {
		if m := wanted.FindSubmatch(readFile(l.t, l.log)); m != nil {
			text = string(m[1])
		}
		if time.Now().After(end) {
			l.t.Fatalf("there is no %s in\n%s", pattern, tail(l.log))
		}
	}
	return text
}

func (l *loop) link() string { return l.logged(`review alerts at (http\S+)`) }

// work decides ten cases, takes the last decision back, decides three more together, and returns what was said of which
// account in the end.
func work(v *visitor) map[string]feedback.Verdict {
	said := make(map[string]feedback.Verdict)
	for i := range 10 {
		verdict := []feedback.Verdict{feedback.Fraud, feedback.Legitimate, feedback.Unsure}[i%3]
		account := v.decide(verdict.String()[:1], verdict.String())
		said[account] = verdict
		if i == 9 {
			v.press("z")
			v.says("Undone: " + account)
			v.until(fmt.Sprintf(shown+` === %q`, account))
			said[account] = feedback.Withdrawn
		}
	}
	for i := range 3 {
		v.press("jx")
		v.says([]string{"1 case ", "2 cases ", "3 cases "}[i] + "selected")
	}
	chosen := look[[]string](v, `[...document.querySelectorAll(".row[data-selected=true] b")].map((b) => b.textContent)`)
	v.press("l")
	v.says("3 cases: legitimate")
	for _, account := range chosen {
		said[account] = feedback.Legitimate
	}
	return said
}

// compare looks for what was said in the audit and in the feedback topic, where nothing else is to be.
func (l *loop) compare(said map[string]feedback.Verdict) {
	l.t.Helper()
	db, err := database.Open(l.t.Context(), l.database())
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var entries []database.Entry
	l.eventually("the last decision is in the audit", func() bool { // the page tells of it before the server does
		if entries, err = db.Audit(l.t.Context(), "", 0, 1000); err != nil {
			l.t.Fatal(err)
		}
		return len(entries) >= len(said)+2 // and one is taken back, and somebody has signed in
	})
	counts, want := make(map[string]int), 0
	for _, e := range entries {
		counts[e.Action]++
		if e.Action != "dispose" && e.Action != "reopen" {
			continue
		}
		id, err := strconv.ParseInt(strings.TrimPrefix(e.Object, "case:"), 10, 64)
		if err != nil {
			l.t.Fatal(err)
		}
		c, err := db.Case(l.t.Context(), id)
		if err != nil {
			l.t.Fatal(err)
		}
		want += c.Alerts // each has a label
	}
	if len(said) != 13 || counts["dispose"] != 13 || counts["reopen"] != 1 || counts["signin"] != 1 {
		l.t.Errorf("said was %v, and the audit has %v", said, counts)
	}
	last := make(map[string]feedback.Verdict)
	records := l.read(l.config.Kafka.Topics.Feedback, want)
	for _, r := range records {
		f, err := feedback.Decode(r.Value)
		if err != nil || f.By != "local" || f.Source != feedback.Analyst {
			l.t.Errorf("%s: %v", r.Value, err)
		}
		last[f.AccountID] = f.Verdict
	}
	if len(records) != want {
		l.t.Errorf("the topic has %d labels, want %d", len(records), want)
	}
	if !maps.Equal(last, said) {
		l.t.Errorf("the topic has %v, want %v", last, said)
	}
}

// fraudsOf returns a file of those labels that say fraud. Of the others nobody will ever speak.
func fraudsOf(t *testing.T, labels string) string {
	all := readLines(t, labels)
	writeLines(t, labels, slices.DeleteFunc(all, func(line string) bool { return !strings.Contains(line, `"label":"fraud"`) }))
	return labels
}

// train is `make train FROM=… OUT=… ID=…`, with few trees.
func (l *loop) train(from, out string) {
	l.t.Helper()
	cmd := exec.Command("scripts/train", "--trees", "40")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "FROM="+from, "OUT="+out, "ID=cards/next")
	if text, err := cmd.CombinedOutput(); err != nil {
		l.t.Fatalf("scripts/train: %v\n%s", err, text)
	}
}

// decideBy starts a process with a model, and has it decide a payment.
func (l *loop) decideBy(model string) {
	l.t.Helper()
	l.start("pipeline", "WEIR_MODEL_DIRECTORY="+model)
	address := l.logged(`msg="serving metrics and health" address=(\S+)`)
	l.eventually("it is ready", func() bool {
		response, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	l.send(transaction("A100001", "afterwards", "2024-02-01T12:00:00Z", "10.00"))
	for _, r := range l.read(l.config.Kafka.Topics.Decisions, 20_001) {
		var d struct {
			ID    string `json:"transaction_id"`
			Model string `json:"model"`
		}
		if err := json.Unmarshal(r.Value, &d); err != nil || (d.ID == "afterwards") != (d.Model == "cards/next") {
			l.t.Fatalf("%v, %s", err, r.Value)
		}
	}
	l.stop()
}
