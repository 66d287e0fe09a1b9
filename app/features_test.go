package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/models"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/forest"
)

// featuresFile writes a features file, and returns a configuration that names it.
func featuresFile(t *testing.T, text string) app.Config {
	t.Helper()
	c := app.DefaultConfig()
	c.Features.File = filepath.Join(t.TempDir(), "features.yaml")
	if err := os.WriteFile(c.Features.File, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

const ownFeatures = `
format: 1
attributes: {risk_hint: number}
filters: {spending: type != "deposit"}
marks: {large: {when: amount > 100, description: more than 100}}
entities: {shop: {key: merchant, tile: 1h, delay: 2h}}
features:
  - {name: amount, value: amount, description: amount in the reporting currency}
  - {name: "spent_{window}", aggregate: sum, of: amount, filter: spending, windows: [1h, 2d], description: "spent in the last {window}"}
  - {name: hints, aggregate: mean, of: risk_hint / 2, windows: [1d]}
  - {name: share, value: spent_1h / spent_2d}
  - {name: shop_1d, entity: shop, aggregate: count, filter: large, windows: [1d]}
`

func TestCheckFeatures(t *testing.T) {
	c := featuresFile(t, ownFeatures)
	var out bytes.Buffer
	if err := app.CheckFeatures(c, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		c.Features.File + " is fine: 6 features\n",
		"2 values, 3 over the account's events, 1 over entities' tiles, 0 over labels\n",
		"windows      1h, 1d, 2d\n", "filters      (type != \"deposit\")\n             large\n", "derived      (risk_hint / 2)\n",
		"attributes   risk_hint number\n", "marks        large: more than 100\n",
		"entity shop  tiles of 1h, 2h behind; reads back 28h\n             a row: counters 1, sums 0, about ",
		"layout " + c.Layout() + ";",
		"features\n  ", "are not declared here: is_withdrawal, ", "Train a model on this file",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s\nlacks %s", &out, want)
		}
	}
}

// modelFits reports whether the shipped model was trained on the shipped features.
func modelFits(t *testing.T) bool {
	t.Helper()
	m, err := scoring.LoadFS(models.Shipped(), forest.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Bind(set.Schema())
	return err == nil
}

// What features check says of the model is what happens when it is loaded.
func TestCheckFeaturesComparesTheModel(t *testing.T) {
	var out bytes.Buffer
	if err := app.CheckFeatures(app.DefaultConfig(), &out); err != nil {
		t.Fatal(err)
	}
	if got := strings.Contains(out.String(), "features are here, with equal hashes\n"); got != modelFits(t) || !strings.HasPrefix(out.String(), "the shipped features file is fine") {
		t.Errorf("%s", &out)
	}
	c := featuresFile(t, "format: 1\nfeatures: [{name: is_withdrawal, value: amount}]")
	out.Reset()
	if err := app.CheckFeatures(c, &out); err != nil || !strings.Contains(out.String(), "  1 are defined otherwise here: is_withdrawal\n") {
		t.Errorf("%v\n%s", err, &out)
	}
	c.Model.Directory = t.TempDir()
	out.Reset()
	if err := app.CheckFeatures(c, &out); err != nil || !strings.Contains(out.String(), "model: it cannot be compared: ") {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestCheckFeaturesNamesTheLine(t *testing.T) {
	c := featuresFile(t, strings.Replace(ownFeatures, "spent_1h / spent_2d", "spent_1h / spent_2h", 1))
	err := app.CheckFeatures(c, io.Discard)
	line := strings.Count(ownFeatures[:strings.Index(ownFeatures, "name: share")], "\n") + 1
	for _, want := range []string{
		fmt.Sprintf("%s:%d: feature \"share\": ", c.Features.File, line), "did you mean spent_1h?",
		fmt.Sprintf("\n> %3d |   - {name: share, value: spent_1h / spent_2h}\n", line),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %s", err, want)
		}
	}
	c.Features.File += ".none"
	if err := app.CheckFeatures(c, io.Discard); err == nil || !strings.Contains(err.Error(), "features.file: ") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestListFeatures(t *testing.T) {
	c := featuresFile(t, ownFeatures)
	var out bytes.Buffer
	if err := app.ListFeatures(c, true, &out); err != nil {
		t.Fatal(err)
	}
	var list []app.ListedFeature
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		t.Fatalf("%v in %s", err, &out)
	}
	spent := list[2]
	if len(list) != 6 || spent.Name != "spent_2d" || spent.Definition != "sum(amount) where spending over the last 2 days" || spent.Description != "spent in the last 2 days" || len(spent.Hash) != 16 {
		t.Errorf("%+v", list)
	}
	out.Reset()
	if err := app.ListFeatures(c, false, &out); err != nil {
		t.Fatal(err)
	}
	if want := "spent_2d  " + spent.Hash + "  " + spent.Definition + "  "; !strings.Contains(out.String(), want) {
		t.Errorf("%s\nlacks %s", &out, want)
	}
}

// explanation is what the tests read of one.
type explanation struct {
	Transaction struct {
		AccountID string `json:"account_id"`
	}
	Features []struct {
		Name   string
		Value  *float64
		Agrees bool
		Events *struct{ Inside, Counted int }
	}
}

func explain(t *testing.T, c app.Config, o app.ExplainOptions) (string, error) {
	t.Helper()
	var out bytes.Buffer
	o.Partitions = 3
	o.Input.MaxRejects = app.DefaultMaxRejects()
	err := app.Explain(t.Context(), c, o, &out, io.Discard)
	return out.String(), err
}

// Explanations of simulated traffic agree with what a replay writes, to the last digit.
func TestExplainEqualsReplay(t *testing.T) {
	input := writeTraffic(t, 6000)
	o := replayOptions(input)
	o.Partitions, o.NoModel, o.Features = 3, true, filepath.Join(t.TempDir(), "features.csv")
	if err := app.Replay(t.Context(), app.DefaultConfig(), o, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(o.Features)
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, at := range []int{1, 900, 3000, 4500, len(rows) - 1} {
		cells := strings.Split(rows[at], ",")
		out, err := explain(t, app.DefaultConfig(), app.ExplainOptions{
			Input: app.Input{Paths: []string{input}}, Transaction: cells[0], Account: cells[1], JSON: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		var x explanation
		if err := json.Unmarshal([]byte(out), &x); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		if len(x.Features) != len(cells)-5 || x.Transaction.AccountID != cells[1] {
			t.Fatalf("%d features of account %s", len(x.Features), x.Transaction.AccountID)
		}
		for i, f := range x.Features {
			want, err := strconv.ParseFloat(cells[5+i], 64)
			if err != nil {
				want = math.NaN()
			}
			if (f.Value == nil) != math.IsNaN(want) || f.Value != nil && *f.Value != want || !f.Agrees {
				t.Errorf("row %d: %s is explained as %v, the replay wrote %q", at, f.Name, f.Value, cells[5+i])
			}
		}
	}
}

func TestExplain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.jsonl")
	var b strings.Builder
	for i, row := range []struct{ id, account, time, kind, amount, shop string }{
		{"t1", "A", "01T10:00:00", "purchase", "120.00", "Radio Ort"},
		{"t2", "B", "01T10:30:00", "purchase", "300.00", "Radio Ort"},
		{"t3", "A", "01T12:00:00", "deposit", "50.00", "Bank"},
		{"t4", "A", "02T11:20:00", "purchase", "30.00", "Cafe <1>"},
		{"t1", "B", "02T11:30:00", "purchase", "7.00", "Cafe <1>"},
		{"t5", "A", "02T11:40:00", "purchase", "200.00", "Radio Ort"},
		{"t6", "A", "02T12:40:00", "purchase", "1.00", "Radio Ort"},
	} {
		fmt.Fprintf(&b, `{"transaction_id":%q,"timestamp":"2024-03-%sZ","account_id":%q,"transaction_type":%q,"amount":%s,"currency":"USD","merchant":{"name":%q},"attributes":{"risk_hint":"%d"}}`+"\n",
			row.id, row.time, row.account, row.kind, row.amount, row.shop, i)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c, in := featuresFile(t, ownFeatures), app.Input{Paths: []string{path}}
	out, err := explain(t, c, app.ExplainOptions{Input: in, Transaction: "t5", Events: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"transaction t5 of account A at 2024-03-02T11:40:00Z\n  purchase 200.00 USD at Radio Ort\n  risk_hint 5\n  the account had 3 events in its state\n  marked large\n",
		"spent_2d = 150\n  sum(amount) where spending over the last 2 days: spent in the last 2 days\n" +
			"  events after 2024-02-29T11:40:00Z up to 2024-03-02T11:40:00Z: 3, of which 2 count; the filter is (type != \"deposit\")\n" +
			"    TIME                  BEFORE  TYPE      AMOUNT     MERCHANT  CATEGORY  MARKS  ADDS\n" +
			"    2024-03-02T11:20:00Z  20m     purchase  30.00 USD  Cafe <1>  ·         ·      30\n" +
			"    … and 1 before\n",
		"hints = 1.25\n", "share = 0.2\n  spent_1h / spent_2d\n    spent_1h = 30\n    spent_2d = 150\n",
		"shop_1d = 2\n", "  shop Radio Ort, transactions in tiles of 1h from 2024-03-01T09:00:00Z up to 2024-03-02T09:00:00Z (delay 2h): 1 tiles hold something; the filter is large\n" +
			"    FROM                  COUNT  SUM\n    2024-03-01T10:00:00Z  2      ·\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%s\nlacks %s", out, want)
		}
	}
	if strings.Contains(out, "DISAGREES") {
		t.Error(out)
	}

	out, err = explain(t, c, app.ExplainOptions{Input: in, Transaction: "t1", Account: "B", Features: []string{"spent_2d", "amount"}, JSON: true})
	var x explanation
	if err == nil {
		err = json.Unmarshal([]byte(out), &x)
	}
	if err != nil || len(x.Features) != 2 || x.Features[0].Name != "spent_2d" || *x.Features[0].Value != 300 || x.Features[0].Events.Counted != 1 {
		t.Errorf("%v in %s", err, out)
	}

	for want, o := range map[string]app.ExplainOptions{
		`no transaction "t9" among 7 rows: look up the id as the mapping makes it`:       {Transaction: "t9"},
		`no transaction "t4" of account "B" among 7 rows: the id is there for account A`: {Transaction: "t4", Account: "B"},
		`no transaction "t6" among 3 rows: --limit 3 ended the reading`:                  {Transaction: "t6", Input: app.Input{Limit: 3}},
		`there is no feature "spent_3d": weir features list names them all`:              {Transaction: "t5", Features: []string{"spent_3d"}},
		`name the transaction to explain by its id: --transaction ID`:                    {},
	} {
		o.Input.Paths = in.Paths
		if out, err := explain(t, c, o); err == nil || !strings.HasPrefix(err.Error(), want) || out != "" {
			t.Errorf("want %s, got %v and %s", want, err, out)
		}
	}
	if _, err := explain(t, c, app.ExplainOptions{Transaction: "t5"}); err == nil || !strings.HasPrefix(err.Error(), "no input") {
		t.Errorf("without an input: %v", err)
	}
	if _, err := explain(t, featuresFile(t, "format: 2"), app.ExplainOptions{Input: in, Transaction: "t5"}); err == nil || !strings.Contains(err.Error(), "features.yaml:1: format") {
		t.Errorf("with a broken features file: %v", err)
	}
}

func TestListState(t *testing.T) {
	redis := miniredis.RunT(t)
	c := app.DefaultConfig()
	c.Redis.Addresses = []string{redis.Addr()}
	list := func() string {
		t.Helper()
		var out bytes.Buffer
		if err := app.ListState(t.Context(), c, &out, io.Discard); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := list(); !strings.Contains(got, c.Layout()+"         0     configured; weir run builds it from the log\n") {
		t.Errorf("nothing there:\n%s", got)
	}
	for i := range 1500 {
		if err := redis.Set(fmt.Sprintf("weir:0123456789ab:{transactions:%d}:1:a:%d", i%4, i), "x"); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"weir:" + c.Layout() + ":{transactions:0}:head", "weir:" + c.Layout() + ":{feedback:0}:head", "weir:nonsense", "other:{transactions:0}:head"} {
		if err := redis.Set(key, "x"); err != nil {
			t.Fatal(err)
		}
	}
	got := list()
	for _, want := range []string{
		"0123456789ab  transactions  1500  drop it once no process uses it: weir state drop --layout 0123456789ab\n",
		c.Layout() + "  feedback      1     configured\n", c.Layout() + "  transactions  1     configured\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
	if n := strings.Count(got, "\n"); n != 4 {
		t.Errorf("%d lines:\n%s", n, got)
	}
	redis.Close()
	if err := app.ListState(t.Context(), c, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "no answer from Redis at") {
		t.Errorf("without Redis: %v", err)
	}
}
