package pipeline

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/models"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/forest"
	"github.com/weir-fraud/weir/scoring/policy"
)

// fixture loads a model of scoring's test data as if it had been trained on the features of the schema, but for those
// named.
func fixture(t testing.TB, name string, schema *features.Schema, foreign ...string) *scoring.Model {
	t.Helper()
	from := os.DirFS("../scoring/testdata/" + name)
	directory := fstest.MapFS{}
	for _, file := range []string{scoring.ManifestFile, scoring.ModelFile, scoring.GoldenFile} {
		text, err := fs.ReadFile(from, file)
		if err != nil {
			t.Fatal(err)
		}
		directory[file] = &fstest.MapFile{Data: text}
	}
	m, err := scoring.ParseManifest(directory[scoring.ManifestFile].Data)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Features {
		f := &m.Features[i]
		if at := slices.Index(schema.Names, f.Name); at >= 0 && !slices.Contains(foreign, f.Name) {
			f.Hash = schema.Hashes[at]
		}
	}
	if directory[scoring.ManifestFile].Data, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	loaded, err := scoring.LoadFS(directory, forest.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func builtinSet(t testing.TB) *features.Set {
	t.Helper()
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func shippedModel(t testing.TB) *scoring.Model {
	t.Helper()
	m, err := scoring.LoadFS(models.Shipped(), forest.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func thresholds(t testing.TB, set *features.Set, b scoring.Bands) *policy.Policy {
	t.Helper()
	p, err := policy.FromThresholds("p", b, set)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// eachDecision runs a judge over traffic of one account.
func eachDecision(j *judge, n int, yield func(v features.Vector, d *scoring.Decision)) {
	a := j.set.NewAccount()
	usd, _ := payment.ParseCurrency("USD")
	tx := payment.Transaction{AccountID: "A", Type: payment.Purchase, Currency: usd, Time: payment.TimeOf(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))}
	for i := range n {
		tx.ID, tx.Amount = fmt.Sprint("t", i), int64(100+i*i*i)
		tx.Time = tx.Time.Add(time.Duration(1+i%7) * 5 * time.Minute)
		a.Observe(&tx, &j.observation)
		a.Compute(&j.observation, j.vector)
		j.score()
		yield(j.vector, j.decide(&tx))
		a.Fold(&j.observation)
	}
}

// Models that read different features score the same vector side by side, each as it does alone, and what is decided
// does not depend on them.
func TestChallengersScoreAndDecideNothing(t *testing.T) {
	set := builtinSet(t)
	champion := shippedModel(t)
	some := thresholds(t, set, scoring.Bands{Review: 0.001, Decline: 0.01}) // some of each action
	challengers := []*scoring.Model{fixture(t, "platt", set.Schema()), fixture(t, "one_feature", set.Schema()), fixture(t, "isotonic", set.Schema())}
	with, err := NewEngine(EngineConfig{Set: set, Model: champion, Policy: some, Challengers: challengers})
	if err != nil {
		t.Fatal(err)
	}
	without, err := NewEngine(EngineConfig{Set: set, Model: champion, Policy: some})
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{"platt/2026-09-30", "one-feature/2026-09-30", "isotonic/2026-09-30"}
	if got := with.Challengers(); !slices.Equal(got, ids) {
		t.Errorf("the challengers are %q", got)
	}
	var alone []*scoring.Scorer
	for _, m := range challengers {
		s, err := m.Bind(set.Schema())
		if err != nil {
			t.Fatal(err)
		}
		alone = append(alone, s)
	}
	var want []string
	eachDecision(newJudge(without), 60, func(_ features.Vector, d *scoring.Decision) {
		want = append(want, string(d.AppendJSON(nil)))
	})
	distinct, actions := map[float64]bool{}, map[scoring.Action]bool{}
	eachDecision(newJudge(with), 60, func(v features.Vector, d *scoring.Decision) {
		if len(d.Challengers) != len(ids) {
			t.Fatalf("%d challengers in a decision", len(d.Challengers))
		}
		for i, c := range d.Challengers {
			if c.Model != ids[i] || c.Score != alone[i].Score(v) {
				t.Fatalf("challenger %d is %+v instead of %s with %v", i, c, ids[i], alone[i].Score(v))
			}
			distinct[c.Score] = true
		}
		actions[d.Action] = true
		back, err := scoring.ParseDecision(d.AppendJSON(nil))
		if err != nil || !slices.Equal(back.Challengers, d.Challengers) {
			t.Fatalf("written and read again the challengers are %+v: %v", back, err)
		}
		plain := *d
		plain.Challengers = nil
		if got := string(plain.AppendJSON(nil)); got != want[0] {
			t.Fatalf("with challengers the decision is\n%s\nand without\n%s", got, want[0])
		}
		want = want[1:]
	})
	if len(distinct) < 8 || len(actions) < 2 {
		t.Errorf("%d scores and %d actions test nothing", len(distinct), len(actions))
	}
}

func TestChallengersDoNotAllocate(t *testing.T) {
	set := builtinSet(t)
	e, err := NewEngine(EngineConfig{
		Set: set, Model: shippedModel(t), Policy: thresholds(t, set, scoring.Bands{Review: 0.5, Decline: scoring.Never()}),
		Challengers: []*scoring.Model{fixture(t, "platt", set.Schema()), fixture(t, "isotonic", set.Schema())},
	})
	if err != nil {
		t.Fatal(err)
	}
	j := newJudge(e)
	for i := range j.vector {
		j.vector[i] = math.NaN()
	}
	usd, _ := payment.ParseCurrency("USD")
	tx := payment.Transaction{ID: "t", AccountID: "A", Type: payment.Purchase, Currency: usd}
	var line []byte
	if n := testing.AllocsPerRun(200, func() {
		j.score()
		line = j.decide(&tx).AppendJSON(line[:0])
	}); n != 0 {
		t.Errorf("%v allocations a transaction", n)
	}
	if !strings.Contains(string(line), `"challengers":{"platt/2026-09-30":0.`) {
		t.Error(string(line))
	}
}

func TestEngineRefusesChallengers(t *testing.T) {
	set := builtinSet(t)
	champion, platt := shippedModel(t), fixture(t, "platt", set.Schema())
	for name, c := range map[string]struct {
		champion    *scoring.Model
		challengers []*scoring.Model
		want        string
	}{
		"another definition": {champion, []*scoring.Model{platt, fixture(t, "isotonic", set.Schema(), "count_1h")},
			`challenger isotonic/2026-09-30: model isotonic/2026-09-30 cannot read these features: feature definition: "count_1h" is defined otherwise here`},
		"a feature unknown here": {champion, []*scoring.Model{fixture(t, "cards", set.Schema())}, `challenger cards/2026-09-30: `},
		"twice":                  {champion, []*scoring.Model{platt, platt}, "challenger platt/2026-09-30 is there twice, and a decision has one score for each id"},
		"the champion itself":    {champion, []*scoring.Model{shippedModel(t)}, "has the id of the model that decides; a decision could not tell them apart"},
		"no champion":            {nil, []*scoring.Model{platt}, "challenger platt/2026-09-30: there is no model to challenge"},
	} {
		_, err := NewEngine(EngineConfig{Set: set, Model: c.champion, Challengers: c.challengers})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v and should contain %s", name, err, c.want)
		}
	}
}
