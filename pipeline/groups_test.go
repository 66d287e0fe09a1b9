package pipeline

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"testing/fstest"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/forest"
	"github.com/weir-fraud/weir/scoring/policy"
)

// groupedModel is a model without labels of one group, in which 50 give or take 10 is usual: its score is 0.5, and 0.9
// where an amount is more than 3 deviations from that.
func groupedModel(t *testing.T, schema *features.Schema) *scoring.Model {
	t.Helper()
	const text = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=2\n" +
		"feature_names=amount count_30d group_distance\nfeature_infos=none none none\ntree_sizes=1\n\n" +
		"Tree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=2\nthreshold=3\ndecision_type=10\nleft_child=-1\nright_child=-2\n" +
		"leaf_value=-1 -0.15200309344504995\nleaf_count=90 10\ninternal_count=100\nis_linear=0\nshrinkage=1\n\n\nend of trees\n"
	const golden = "margin,probability,amount,count_30d\n-1,0.5,55,0\n-0.15200309344504995,0.9,150,4\n-1,0.5,,\n"
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	sum := func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
	m := scoring.Manifest{
		Format: 1, ID: "strange/1", Created: at, Trainer: scoring.Trainer{Name: "test", Version: "1"},
		Training:   scoring.Window{From: at, To: at, Rows: 100},
		Thresholds: scoring.Thresholds{Review: scoring.Threshold{Score: 0.7}},
		Link:       scoring.Exp2,
		Groups: &scoring.Groups{
			Behaviour: []scoring.Behaviour{{Term: scoring.Term{Feature: "count_30d", Log: true}, Scale: 1}},
			Compared:  []scoring.Term{{Feature: "amount"}},
			Centres:   []scoring.Centre{{Accounts: 12, Behaviour: []float64{0}, Mean: []float64{50}, Spread: []float64{10}}},
		},
	}
	for _, name := range []string{"amount", "count_30d"} {
		m.Features = append(m.Features, scoring.Feature{Name: name, Hash: schema.Hashes[schema.Index(name)]})
	}
	m.Files.Model, m.Files.Golden = sum(text), sum(golden)
	manifest, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	model, err := scoring.LoadFS(fstest.MapFS{
		scoring.ManifestFile: {Data: manifest}, scoring.ModelFile: {Data: []byte(text)}, scoring.GoldenFile: {Data: []byte(golden)},
	}, forest.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// A model that no label made decides alone, and its alerts say what sets a transaction apart.
func TestGroupedModelIsExplained(t *testing.T) {
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	model := groupedModel(t, set.Schema())
	thresholds, err := policy.FromThresholds("1", model.Manifest().Bands(), set)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := NewEngine(EngineConfig{Set: set, Model: model, Policy: thresholds})
	if err != nil {
		t.Fatal(err)
	}
	j, account := newJudge(engine), set.NewAccount()
	usd, _ := payment.ParseCurrency("USD")
	tx := payment.Transaction{
		ID: "t", AccountID: "A", Type: payment.Purchase, Currency: usd, Time: payment.TimeOf(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)),
	}
	for cents, want := range map[int64]float64{5500: 0.5, 15000: 0.9} {
		tx.Amount = cents
		account.Observe(&tx, &j.observation)
		account.Compute(&j.observation, j.vector)
		j.score()
		if d := j.decide(&tx); math.Abs(d.Score-want) > 1e-12 || (d.Action == scoring.Review) != (want > 0.7) {
			t.Errorf("%d cents: %s at %v instead of %v", cents, d.Action, d.Score, want)
		}
		reasons := j.reasons(&tx)
		if want < 0.7 {
			continue
		}
		const text = "Amount in the reporting currency: 150, 10 standard deviations above the 50 that is usual among accounts that behave like this one (12 accounts)"
		if len(reasons) != 1 || reasons[0].Code != alerts.UnlikeItsKind || reasons[0].Text != text || reasons[0].Value != 10 {
			t.Errorf("the reasons are %+v", reasons)
		}
	}
}
