package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// fixtureModel writes a model of scoring's test data as if it had been trained on the shipped features, but for those
// named, and returns its directory.
func fixtureModel(t *testing.T, name string, foreign ...string) string {
	t.Helper()
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	from, to := filepath.Join("..", "scoring", "testdata", name), filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(to, scoring.ManifestFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := scoring.ParseManifest(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Features {
		f := &m.Features[i]
		if at := slices.Index(set.Schema().Names, f.Name); at >= 0 && !slices.Contains(foreign, f.Name) {
			f.Hash = set.Schema().Hashes[at]
		}
	}
	if text, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// ruleFile writes a policy of one rule.
func ruleFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(path, []byte("format: 1\nversion: 2026-11-25.2\nsegments: [{name: all, review: 0.001}]\n"+
		"rules: [{id: R1, when: amount > 60, action: decline, reason: x, owner: me}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// decisions replays and returns the decisions, and the label events if asked for.
func decisions(t *testing.T, c app.Config, o app.ReplayOptions) []*scoring.Decision {
	t.Helper()
	o.Decisions = filepath.Join(t.TempDir(), "decisions")
	if err := app.Replay(t.Context(), c, o, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(o.Decisions)
	if err != nil {
		t.Fatal(err)
	}
	var list []*scoring.Decision
	for line := range strings.Lines(string(text)) {
		d, err := scoring.ParseDecision([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, d)
	}
	return list
}

// A replay with challengers decides as one without, has the scores that each gives as the only model, and what a policy
// in shadow decides as the only policy.
func TestReplayWithChallengers(t *testing.T) {
	input := writeTraffic(t, 6000)
	isotonic, platt := fixtureModel(t, "isotonic"), fixtureModel(t, "platt")
	rules := ruleFile(t)
	c := app.DefaultConfig()
	plain := decisions(t, c, replayOptions(input))
	c.Model.Challengers, c.Policy.Challengers = []string{isotonic, platt}, []string{rules}
	o := replayOptions(input)
	o.Threads = 3
	with := decisions(t, c, o)
	c = app.DefaultConfig()
	c.Model.Directory = isotonic
	first := decisions(t, c, replayOptions(input))
	c.Model.Directory = platt
	second := decisions(t, c, replayOptions(input))
	c = app.DefaultConfig()
	c.Policy.File = rules
	ruled := decisions(t, c, replayOptions(input))
	if len(with) != len(plain) || len(with) < 5000 {
		t.Fatalf("%d decisions, and %d without challengers", len(with), len(plain))
	}
	differ := 0
	for i, d := range with {
		scores := []scoring.Challenger{{Model: "isotonic/2026-09-30", Score: first[i].Score}, {Model: "platt/2026-09-30", Score: second[i].Score}}
		if !slices.Equal(d.Challengers, scores) {
			t.Fatalf("decision %d has %+v instead of %+v", i, d.Challengers, scores)
		}
		if want := []scoring.ShadowAction{{Policy: "2026-11-25.2", Action: ruled[i].Action}}; !slices.Equal(d.Policies, want) {
			t.Fatalf("decision %d has %+v instead of %+v", i, d.Policies, want)
		}
		if ruled[i].Action != d.Action {
			differ++
		}
		d.Challengers, d.Policies = nil, nil
		if got, want := d.AppendJSON(nil), plain[i].AppendJSON(nil); !bytes.Equal(got, want) {
			t.Fatalf("with challengers\n%s\nwithout\n%s", got, want)
		}
	}
	if differ == 0 {
		t.Error("the policy in shadow never decides otherwise: this tests nothing")
	}
}

// comparedJSON is what the tests read of a comparison.
type comparedJSON struct {
	Transactions, Frauds int64
	LeftOut              int64 `json:"left_out"`
	Models               []struct {
		Model, Policy    string
		Review           float64
		Alerts           int64
		AveragePrecision float64 `json:"average_precision"`
		Recall           float64
	}
	Challengers []struct {
		SameAction      float64 `json:"same_action"`
		RankCorrelation float64 `json:"rank_correlation"`
		Frauds          struct{ Both, Champion, Challenger, Neither int64 }
	}
}

func compareModels(t *testing.T, c app.Config, o app.CompareOptions) (comparedJSON, map[string]any) {
	t.Helper()
	o.JSON, o.Partitions, o.Input.MaxRejects = true, 7, app.DefaultMaxRejects()
	var b bytes.Buffer
	if err := app.CompareModels(t.Context(), c, o, &b, io.Discard); err != nil {
		t.Fatal(err)
	}
	var known comparedJSON
	var all map[string]any
	if err := errorsOf(json.Unmarshal(b.Bytes(), &known), json.Unmarshal(b.Bytes(), &all)); err != nil {
		t.Fatalf("%v: %s", err, b.String())
	}
	for _, key := range []string{"inputs", "seconds", "rows_per_second", "rejected"} {
		delete(all, key)
	}
	return known, all
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// A comparison of replayed transactions is the comparison of the decisions that a replay writes with the labels that it
// writes, and its figures of each model are those of a replay with that model: of thresholds in the configuration, and of
// a policy file with rules.
func TestCompareModels(t *testing.T) {
	input, dir := writeTraffic(t, 8000), t.TempDir()
	thresholds := app.DefaultConfig()
	review := 0.05
	thresholds.Model.Review = &review
	ruled := app.DefaultConfig()
	ruled.Policy.File = filepath.Join(dir, "policy.yaml")
	writeLines(t, ruled.Policy.File, []string{
		"format: 1", "version: ruled.1", "segments: [{name: all, review: 0.02, decline: 0.9}]", "rules:",
		"  - {id: LARGE, when: amount > 300, action: review, reason: x, owner: me}",
		"  - {id: FUEL, when: type == \"withdrawal\", add: 0.01, reason: x, owner: me}",
		"allow: {food: {key: category, entries: [Groceries, Restaurants]}}",
	})
	for name, c := range map[string]app.Config{"thresholds": thresholds, "policy": ruled} {
		t.Run(name, func(t *testing.T) {
			c.Model.Challengers = []string{fixtureModel(t, "isotonic"), fixtureModel(t, "platt")}
			c.Policy.Challengers = []string{ruleFile(t)}
			testComparison(t, c, input)
		})
	}
}

func testComparison(t *testing.T, c app.Config, input string) {
	dir := t.TempDir()
	page := filepath.Join(dir, "page.html")
	got, all := compareModels(t, c, app.CompareOptions{Input: app.Input{Paths: []string{input}}, Threads: 2, Report: page})
	if len(got.Challengers) != 3 || got.Frauds == 0 || got.Transactions < 7000 || got.Models[0].Alerts == 0 || got.Models[0].Review != got.Models[1].Review {
		t.Fatalf("%+v", got)
	}
	if text, err := os.ReadFile(page); err != nil || !bytes.Contains(text, []byte("isotonic/2026-09-30 alone")) {
		t.Errorf("the page: %v", err)
	}

	o := replayOptions(input)
	o.Decisions, o.Feedback = filepath.Join(dir, "decisions.jsonl.gz"), filepath.Join(dir, "feedback.jsonl.zst")
	if err := app.Replay(t.Context(), c, o, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	_, read := compareModels(t, c, app.CompareOptions{Decisions: []string{o.Decisions}, Feedback: []string{o.Feedback}})
	if !reflect.DeepEqual(read, all) {
		t.Errorf("of decisions\n%v\nof transactions\n%v", read, all)
	}

	for i, directory := range append([]string{""}, append(c.Model.Challengers, "")...) {
		one := c
		one.Model.Directory, one.Model.Challengers, one.Policy.Challengers = directory, nil, nil
		if i == 3 {
			one.Policy.File = c.Policy.Challengers[0]
		}
		o := replayOptions(input)
		o.JSONSummary = true
		var b bytes.Buffer
		if err := app.Replay(t.Context(), one, o, &b, io.Discard); err != nil {
			t.Fatal(err)
		}
		var alone struct {
			Model            string
			Alerts           int64
			AveragePrecision float64 `json:"average_precision"`
			Recall           float64
		}
		if err := json.Unmarshal(b.Bytes(), &alone); err != nil {
			t.Fatal(err)
		}
		m := got.Models[i]
		if i == 3 && m.Policy == "2026-11-25.2" && m.Model == "" {
			m.Model = alone.Model
		}
		if m.Model != alone.Model || m.Alerts != alone.Alerts || m.AveragePrecision != alone.AveragePrecision || m.Recall != alone.Recall {
			t.Errorf("model %d is %+v, and alone %+v", i, m, alone)
		}
		if i > 0 {
			f := got.Challengers[i-1].Frauds
			if f.Both+f.Champion+f.Challenger+f.Neither != got.Frauds || float64(f.Both+f.Challenger)/float64(got.Frauds) != alone.Recall {
				t.Errorf("challenger %d: %+v of %d frauds", i, f, got.Frauds)
			}
		}
	}

	// Decisions of before there were challengers are left out, and those before --since.
	plain := app.DefaultConfig()
	o.Decisions = filepath.Join(dir, "before.jsonl")
	if err := app.Replay(t.Context(), plain, o, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	none, _ := compareModels(t, c, app.CompareOptions{Decisions: []string{o.Decisions}, Feedback: []string{o.Feedback}})
	if none.Transactions != 0 || none.LeftOut != got.Transactions {
		t.Errorf("of decisions without challengers %+v", none)
	}
	late, _ := compareModels(t, c, app.CompareOptions{
		Decisions: []string{filepath.Join(dir, "decisions.jsonl.gz")}, Feedback: []string{o.Feedback}, Since: payment.MaxTime - 1,
	})
	if late.Transactions != 0 || late.LeftOut != 0 {
		t.Errorf("of decisions before --since %+v", late)
	}
}

func TestChallengersThatFailRefuseTheStart(t *testing.T) {
	input := writeTraffic(t, 10)
	good, foreign, broken := fixtureModel(t, "platt"), fixtureModel(t, "isotonic", "amount"), fixtureModel(t, "one_feature")
	if err := os.WriteFile(filepath.Join(broken, scoring.ModelFile), []byte("tree\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rules := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(rules, []byte("format: 1\nversion: v\nsegments: [{name: all, review: 2}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		models, policies []string
		want             string
	}{
		"other features": {[]string{good, foreign}, nil, `challenger isotonic/2026-09-30: model isotonic/2026-09-30 cannot read these features: feature definition: "amount" is defined otherwise`},
		"a changed file": {[]string{broken}, nil, "model.challengers: model directory " + broken + ": model.txt has the sha256"},
		"no directory":   {[]string{"nowhere"}, nil, "model.challengers: model directory nowhere: manifest.json is missing"},
		"twice":          {[]string{good, good}, nil, "challenger platt/2026-09-30 is there twice"},
		"a wrong policy": {nil, []string{rules}, "policy.challengers: " + rules + ":3:"},
		"no policy":      {nil, []string{"nowhere.yaml"}, "policy.challengers: read the policy: open nowhere.yaml"},
	} {
		config := app.DefaultConfig()
		config.Model.Challengers, config.Policy.Challengers = c.models, c.policies
		err := app.Replay(t.Context(), config, replayOptions(input), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v and should contain %s", name, err, c.want)
		}
		if err := app.CheckModel(config, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: weir model check says %v", name, err)
		}
	}
	config := app.DefaultConfig()
	config.Model.Challengers = []string{good}
	var b bytes.Buffer
	if err := app.CheckModel(config, &b); err != nil || !strings.Contains(b.String(), "\nchallenger platt/2026-09-30 is fine: 6 trees, 3 features, golden vectors agree\n") {
		t.Errorf("%v: %s", err, b.String())
	}
}

func TestCompareModelsRefuses(t *testing.T) {
	input, labels := writeTraffic(t, 10), filepath.Join(t.TempDir(), "labels")
	if err := os.WriteFile(labels, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	challengers := []string{fixtureModel(t, "platt")}
	for name, c := range map[string]struct {
		challengers []string
		options     app.CompareOptions
		want        string
	}{
		"no challenger": {nil, app.CompareOptions{Input: app.Input{Paths: []string{input}}}, "there is nothing to compare: name a model with --challenger"},
		"both inputs":   {challengers, app.CompareOptions{Input: app.Input{Paths: []string{input}}, Decisions: []string{input}}, "give past transactions or --decisions, not both"},
		"only labels":   {challengers, app.CompareOptions{Feedback: []string{input}}, "--feedback has the labels of --decisions"},
		"its own input": {challengers, app.CompareOptions{Decisions: []string{input}, Report: input}, "--report would overwrite its own input"},
		"no decisions":  {challengers, app.CompareOptions{Decisions: []string{input}}, input + ":1: decision: "},
		"no labels":     {challengers, app.CompareOptions{Decisions: []string{input}, Feedback: []string{labels}}, labels + ":1: "},
	} {
		config := app.DefaultConfig()
		config.Model.Challengers = c.challengers
		c.options.Partitions = 1
		err := app.CompareModels(t.Context(), config, c.options, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v and should contain %s", name, err, c.want)
		}
	}
}
