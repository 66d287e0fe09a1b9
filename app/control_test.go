package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/models"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/stream"
)

// shippedID is the id of the model that decides while nothing else is said.
func shippedID(t *testing.T) string {
	t.Helper()
	m, _, err := scoring.ReadManifest(models.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	return m.ID
}

// variant writes the shipped model under another id into a models directory, changed, and returns its name.
func variant(t *testing.T, registry, id string, change func(dir string, manifest map[string]any)) control.Name {
	t.Helper()
	dir := filepath.Join(registry, filepath.FromSlash(id))
	if err := os.CopyFS(dir, models.Shipped()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, scoring.ManifestFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var manifest map[string]any
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	manifest["id"] = id
	if change != nil {
		change(dir, manifest)
	}
	if text, err = json.Marshal(manifest); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return control.Name{Name: id, Digest: control.Digest(string(text))}
}

// edit changes a file of a model directory, and returns its new hash.
func edit(t *testing.T, path, old, with string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), old, with, 1)
	if changed == string(text) {
		t.Fatalf("%s has no %q", path, old)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return control.Digest(changed)
}

// said returns what the control topic says.
func (s *service) said() *control.State {
	s.t.Helper()
	admin := s.admin()
	defer admin.Close()
	topic, err := admin.Describe(s.t.Context(), s.config.Kafka.Topics.Control)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := stream.NewReader(s.t.Context(), s.kafka(), topic, stream.FromStart)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var records []stream.Record
	for r.Left() > 0 {
		if records, err = r.Poll(records, 1000, 50*time.Millisecond); err != nil {
			s.t.Fatal(err)
		}
	}
	state := new(control.State)
	for _, r := range records {
		if _, err := state.Apply(r.Key, r.Value); err != nil {
			s.t.Fatal(err)
		}
	}
	return state
}

// status waits until an instance says what the test wants to hear.
func (s *service) status(instance string, want func(*control.Status) bool) *control.Status {
	s.t.Helper()
	var found *control.Status
	s.eventually("status of "+instance, func() bool {
		for _, e := range s.said().Statuses() {
			if e.By == instance && want(e.Status) {
				found = e.Status
			}
		}
		return found != nil
	})
	return found
}

func anything(*control.Status) bool { return true }

// say writes an event past the checks of the commands.
func (s *service) say(e control.Event) {
	s.t.Helper()
	e.Time, e.By = payment.TimeOf(time.Now()), "test"
	p, err := stream.NewProducer(s.kafka())
	if err != nil {
		s.t.Fatal(err)
	}
	defer p.Close()
	if err := p.Produce(&stream.Message{Topic: s.config.Kafka.Topics.Control, Key: []byte(e.Key()), Value: e.AppendJSON(nil)}); err != nil {
		s.t.Fatal(err)
	}
	if err := p.Flush(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

var patient = app.ChangeOptions{By: "ana", Wait: time.Minute}

// decisions reads decisions in the order of their partitions.
func (s *service) decisions(n int) (records []stream.Record, all []scoring.Decision) {
	s.t.Helper()
	records = s.read(s.config.Kafka.Topics.Decisions, n)
	slices.SortFunc(records, func(a, b stream.Record) int {
		return int(a.Partition-b.Partition)<<32 + int(a.Offset-b.Offset)
	})
	all = make([]scoring.Decision, len(records))
	for i := range records {
		var d struct{ Model, Policy, Action, TransactionID string }
		if err := json.Unmarshal(bytes.Replace(records[i].Value, []byte("transaction_id"), []byte("transactionid"), 1), &d); err != nil {
			s.t.Fatal(err)
		}
		action, ok := scoring.ParseAction(d.Action)
		if !ok {
			s.t.Fatalf("%s has no action", records[i].Value)
		}
		all[i] = scoring.Decision{TransactionID: d.TransactionID, Model: d.Model, Policy: d.Policy, Action: action}
	}
	return records, all
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// While transactions come, another model becomes active: each partition has one switch, between two of Kafka's
// transactions, and it takes no longer than five seconds.
func TestModelSwitchUnderLoad(t *testing.T) {
	s := newService(t, func(c *app.Config) {
		c.Kafka.Instance, c.Pipeline.BatchSize = "fraud-0", 64
		c.Model.Registry = t.TempDir()
	})
	variant(t, s.config.Model.Registry, "cards/next", nil)
	stop := s.start()
	defer func() { stop() }()
	s.ready()
	if first := s.status("fraud-0", anything); first.Model.Name != shippedID(t) || first.Policy.Name != "manifest" {
		t.Errorf("it begins with %+v, want the shipped model", first)
	}

	enough, sent := make(chan struct{}), make(chan int)
	go func() { // until it is told to stop
		n := 0
		for !closed(enough) {
			var batch []stream.Message
			for range 50 {
				at := time.Date(2024, 1, 1, 0, 0, n/20, 0, time.UTC).Format(time.RFC3339)
				batch = append(batch, transaction(fmt.Sprint("A", n%97), fmt.Sprint("t", n), at, "5.00"))
				n++
			}
			s.send(batch...)
		}
		sent <- n
	}()
	s.decisions(1000)
	var out bytes.Buffer
	began := time.Now()
	if err := app.PromoteModel(t.Context(), s.config, "cards/next", patient, &out, io.Discard); err != nil {
		t.Errorf("%v\n%s", err, s.log)
	}
	took := time.Since(began)
	if took > 5*time.Second {
		t.Errorf("the switch took %v", took)
	}
	if want := "cards/next is the active model now; before it was " + shippedID(t) + "\n  fraud-0                  decides by it\n"; out.String() != want {
		t.Errorf("it says\n%swant\n%s", out.String(), want)
	}
	records, _ := s.decisions(1000)
	s.decisions(len(records) + 500) // of the new model
	close(enough)
	n := <-sent
	records, all := s.decisions(n)
	if len(all) != n {
		t.Errorf("%d decisions of %d transactions", len(all), n)
	}
	switched := make(map[int32]int)
	counts := make(map[string]int)
	for i := range all {
		counts[all[i].Model]++
		if i == 0 || records[i].Partition != records[i-1].Partition || all[i].Model == all[i-1].Model {
			continue
		}
		switched[records[i].Partition]++
		if all[i].Model != "cards/next" {
			t.Errorf("partition %d goes back to %s", records[i].Partition, all[i].Model)
		}
		// A transaction's end is a record of its own, which is not read: between two transactions an offset is missing.
		if records[i].Offset == records[i-1].Offset+1 {
			t.Errorf("partition %d switches at offset %d within a transaction", records[i].Partition, records[i].Offset)
		}
	}
	if len(counts) != 2 || len(switched) != servicePartitions {
		t.Errorf("decisions by model %v, switches by partition %v, want 2 models and %d partitions", counts, switched, servicePartitions)
	}
	for p, times := range switched {
		if times != 1 {
			t.Errorf("partition %d has %d switches", p, times)
		}
	}
	t.Logf("%d decisions, the switch took %v", n, took)
}

// What is active stays so over a restart, and a rollback brings back what was there before.
func TestRestartTakesUpWhatIsActive(t *testing.T) {
	t.Parallel()
	s := newService(t, func(c *app.Config) {
		c.Kafka.Instance = "fraud-0"
		c.Model.Registry = filepath.Join(t.TempDir(), "models")
	})
	elsewhere := t.TempDir()
	next := variant(t, elsewhere, "cards/next", nil)
	s.config.Model.Challengers = []string{filepath.Join(elsewhere, "cards/next")} // until it is promoted
	var out bytes.Buffer
	if err := app.PromoteModel(t.Context(), s.config, filepath.Join(elsewhere, "cards/next"), patient, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"copied to " + filepath.Join(s.config.Model.Registry, "cards/next"), "no instance is running; the next one begins with it"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("promoting says\n%swithout %q", out.String(), want)
		}
	}
	for i, want := range []string{next.Name, next.Name, shippedID(t)} {
		if i == 2 {
			if err := app.RollBackModel(t.Context(), s.config, patient, io.Discard, io.Discard); err != nil {
				t.Fatal(err)
			}
		}
		stop := s.start()
		s.send(transaction("A", fmt.Sprint("t", i), fmt.Sprintf("2024-01-01T00:00:0%dZ", i), "5.00"))
		_, all := s.decisions(i + 1)
		if all[i].Model != want {
			t.Errorf("start %d decides by %s, want %s", i, all[i].Model, want)
		}
		s.status("fraud-0", anything)
		stop()
		if left := s.said().Statuses(); len(left) != 0 {
			t.Errorf("after its end the topic has the statuses %+v", left)
		}
	}
	if err := app.RollBackModel(t.Context(), s.config, patient, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "no model to go back to") {
		t.Errorf("going back further gives %v", err)
	}
}

// A model that is not what the event says, or does not fit, is refused: said on the topic, in the log, in metrics and by
// the doctor, and the one before stays.
func TestUnfitModelsAreRefused(t *testing.T) {
	t.Parallel()
	s := newService(t, func(c *app.Config) {
		c.Kafka.Instance = "fraud-0"
		c.Model.Registry = t.TempDir()
	})
	stop := s.start()
	defer func() { stop() }()
	s.ready()
	s.status("fraud-0", anything)
	registry := s.config.Model.Registry

	hashes := func(manifest map[string]any) map[string]any { return manifest["files"].(map[string]any) }
	for i, c := range []struct {
		id, reason string
		change     func(dir string, manifest map[string]any)
		after      func(dir string)
	}{
		{"cards/absent", "manifest.json is missing", nil, func(dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}},
		{"cards/hash", "model.txt has the sha256", nil, func(dir string) { edit(t, filepath.Join(dir, scoring.ModelFile), "leaf_value=", "leaf_value=1") }},
		{"cards/other", "has another manifest", nil, func(dir string) { edit(t, filepath.Join(dir, scoring.ManifestFile), `"seed":`, `"seed": `) }},
		{"cards/golden", "golden.csv: ", func(dir string, m map[string]any) {
			hashes(m)[scoring.GoldenFile] = edit(t, filepath.Join(dir, scoring.GoldenFile), "\n-", "\n-1")
		}, nil},
		{"cards/definition", "cannot read these features", func(_ string, m map[string]any) {
			m["features"].([]any)[0].(map[string]any)["hash"] = "0123456789abcdef"
		}, nil},
	} {
		name := variant(t, registry, c.id, c.change)
		if c.after != nil {
			c.after(filepath.Join(registry, c.id))
		}
		s.say(control.Event{Model: &control.Model{ID: name.Name, Digest: name.Digest}})
		at := s.status("fraud-0", func(at *control.Status) bool { return len(at.Refused) == 1 && at.Refused[0].Name == name.Name })
		if r := at.Refused[0]; r.What != "model" || r.Digest != name.Digest || !strings.Contains(r.Reason, c.reason) {
			t.Errorf("%s is refused so: %+v, want %q", c.id, r, c.reason)
		}
		if at.Model.Name != shippedID(t) {
			t.Errorf("%s: it goes on with %s", c.id, at.Model.Name)
		}
		if !strings.Contains(s.log.String(), "name="+c.id) {
			t.Errorf("the log does not say that %s is refused", c.id)
		}
		s.doctor().expect(t, "problem", "control", "fraud-0 refuses model "+c.id+" and goes on with "+shippedID(t), "weir --config")
		if c.id != "cards/other" { // which is, as it lies there, a good model of another digest
			if err := app.PromoteModel(t.Context(), s.config, c.id, patient, io.Discard, io.Discard); err == nil {
				t.Errorf("%s can be promoted", c.id)
			}
		}
		s.send(transaction("A", c.id, fmt.Sprintf("2024-01-01T00:00:0%dZ", i), "5.00"))
		if _, all := s.decisions(i + 1); all[i].Model != shippedID(t) {
			t.Errorf("with %s on the topic it decides by %s", c.id, all[i].Model)
		}
		if series, _ := s.metrics(); series[`weir_control_refused{what="model"}`] != 1 {
			t.Errorf("%s: metrics %v", c.id, series)
		}
	}
}

// Of two processes one lacks the model: it stays with the old one, the command and the doctor say so, and it takes the
// model once that is there.
func TestInstanceWithoutTheModelStays(t *testing.T) {
	t.Parallel()
	s := newService(t, func(c *app.Config) {
		c.Kafka.Instance = "fraud-0"
		c.Model.Registry = t.TempDir()
	})
	stop := s.start()
	defer func() { stop() }()
	other := *s
	other.config.Kafka.Instance, other.config.Model.Registry = "fraud-1", t.TempDir()
	stopOther := other.start()
	defer func() { stopOther() }()
	s.ready()
	other.ready()
	s.status("fraud-0", anything)
	s.status("fraud-1", anything)
	next := variant(t, s.config.Model.Registry, "cards/next", nil)
	var out bytes.Buffer
	err := app.PromoteModel(t.Context(), s.config, "cards/next", patient, &out, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "1 of 2 instances did not take it and keeps what it had") {
		t.Errorf("promoting gives %v", err)
	}
	for _, want := range []string{"fraud-0                  decides by it\n", "fraud-1                  refuses it and goes on with " + shippedID(t) + ": "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("promoting says\n%swithout %q", out.String(), want)
		}
	}
	s.doctor().expect(t, "problem", "control", "fraud-1 refuses model cards/next and goes on with "+shippedID(t), "model rollback")
	other.doctor().expect(t, "problem", "control", "cards/next is active, and cannot be used with this configuration", "Copy its directory to "+other.config.Model.Registry)
	out.Reset()
	if err := app.ListModels(t.Context(), s.config, &out, io.Discard); err != nil {
		t.Error(err)
	}
	if text := out.String(); !strings.Contains(text, "fraud-1 refuses cards/next: ") || strings.Count(text, "fraud-0") != 1 {
		t.Errorf("the list is\n%s", text)
	}
	if err := os.CopyFS(filepath.Join(other.config.Model.Registry, "cards/next"), os.DirFS(filepath.Join(s.config.Model.Registry, "cards/next"))); err != nil {
		t.Fatal(err)
	}
	s.status("fraud-1", func(at *control.Status) bool { return at.Model == next && len(at.Refused) == 0 })
	e := s.doctor()
	e.expect(t, "ok", "control", "model cards/next since ", "")
	e.expect(t, "ok", "control", "2 running instances", "")
}

const listPolicy = `format: 1
version: lists.1
segments: [{name: default, review: 0.999}]
block:
  accounts: {key: account, reason: Known for fraud, entries: [A-file]}
`

// A policy and its lists change while the service runs, and what was changed outlives a restart. One that does not
// compile changes nothing. A policy in shadow has the lists' changes too.
func TestPolicyAndListsChangeAtRunTime(t *testing.T) {
	t.Parallel()
	shadow := filepath.Join(t.TempDir(), "shadow.yaml")
	writeLines(t, shadow, strings.Split(strings.Replace(listPolicy, "lists.1", "shadow.1", 1), "\n"))
	s := newService(t, func(c *app.Config) { c.Kafka.Instance, c.Policy.Challengers = "fraud-0", []string{shadow} })
	stop := s.start()
	defer func() { stop() }()
	s.status("fraud-0", anything)
	entry := func(key string) app.EntryOptions { return app.EntryOptions{List: "block:accounts", Key: key} }
	if err := app.AddEntry(t.Context(), s.config, entry("A-1"), patient, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "declares no lists") {
		t.Errorf("an entry of no list gives %v", err)
	}
	path := filepath.Join(t.TempDir(), "policy.yaml")
	writeLines(t, path, strings.Split(listPolicy, "\n"))
	if err := app.ApplyPolicy(t.Context(), s.config, path, patient, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	decided := 0
	decide := func(account, version string, action scoring.Action) {
		t.Helper()
		decided++
		id := fmt.Sprint("t", decided)
		s.send(transaction(account, id, fmt.Sprintf("2024-01-01T00:00:%02dZ", decided), "5.00"))
		records, all := s.decisions(decided)
		at := slices.IndexFunc(all, func(d scoring.Decision) bool { return d.TransactionID == id })
		if at < 0 || all[at].Action != action || all[at].Policy != version {
			t.Fatalf("%s of %s: %+v, want %s by policy %s", id, account, all, action, version)
		}
		if want := fmt.Sprintf(`"challenger_policies":{"shadow.1":"%s"}`, action); !bytes.Contains(records[at].Value, []byte(want)) {
			t.Errorf("%s of %s: %s, want %s", id, account, records[at].Value, want)
		}
	}
	decide("A-1", "lists.1", scoring.Approve)
	decide("A-file", "lists.1", scoring.Decline)
	if err := app.AddEntry(t.Context(), s.config, entry("A-1"), patient, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := app.RemoveEntry(t.Context(), s.config, entry("A-file"), patient, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	decide("A-1", "lists.1", scoring.Decline)
	decide("A-file", "lists.1", scoring.Approve)
	if err := app.RemoveEntry(t.Context(), s.config, entry("A-file"), patient, io.Discard, io.Discard); err == nil {
		t.Error("an entry can be removed twice")
	}

	bad := strings.NewReplacer("lists.1", "bad.1", "key: account", "key: nonsense").Replace(listPolicy)
	s.say(control.Event{Policy: &control.Policy{Version: "bad.1", Digest: control.Digest(bad), Text: bad}})
	at := s.status("fraud-0", func(at *control.Status) bool { return len(at.Refused) == 1 })
	if r := at.Refused[0]; r.What != "policy" || r.Name != "bad.1" || !strings.Contains(r.Reason, "nonsense") || at.Policy.Name != "lists.1" {
		t.Errorf("the status is %+v", at)
	}
	s.doctor().expect(t, "problem", "control", "fraud-0 refuses policy bad.1 and goes on with lists.1", "policy apply")
	decide("A-1", "lists.1", scoring.Decline)

	if err := app.ApplyPolicy(t.Context(), s.config, path, patient, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	stop()
	stop = s.start()
	decide("A-1", "lists.1", scoring.Decline)
	decide("A-file", "lists.1", scoring.Approve)
	var out bytes.Buffer
	if err := app.ShowLists(t.Context(), s.config, "", &out, io.Discard); err != nil {
		t.Error(err)
	}
	if text := out.String(); !strings.Contains(text, "block:accounts  A-1  ") || !strings.Contains(text, "ana, ") || strings.Contains(text, "A-file") {
		t.Errorf("the lists are\n%s", text)
	}
}

// Without the topic a service runs, and what needs it says so.
func TestMissingControlTopic(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	admin := s.admin()
	defer admin.Close()
	if err := admin.Delete(t.Context(), s.config.Kafka.Topics.Control); err != nil {
		t.Fatal(err)
	}
	stop := s.start()
	s.ready()
	if err := app.PromoteModel(t.Context(), s.config, shippedID(t), patient, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "weir topics create") {
		t.Errorf("promoting gives %v", err)
	}
	if log := stop(); !strings.Contains(log, "there is no control topic") {
		t.Errorf("the log is\n%s", log)
	}
	if _, err := admin.Create(t.Context(), stream.Topic{Name: s.config.Kafka.Topics.Control, Partitions: 1, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	if err := app.PromoteModel(t.Context(), s.config, shippedID(t), patient, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "is not compacted") {
		t.Errorf("promoting over a topic that forgets gives %v", err)
	}
}
