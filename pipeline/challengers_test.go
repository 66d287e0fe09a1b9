package pipeline

import (
	"encoding/json"
	"fmt"
	"io/fs"
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
		Set: set, Model: shippedModel(t), Policy: thresholds(t, set, scoring.Bands{Review: scoring.Never(), Decline: scoring.Never()}), // alerts have ids of their own
		Challengers: []*scoring.Model{fixture(t, "platt", set.Schema()), fixture(t, "isotonic", set.Schema())},
		Shadows:     []*policy.Policy{ruleSet(t, set, "2026-11-25.2", "amount > 100")},
	})
	if err != nil {
		t.Fatal(err)
	}
	j := newJudge(e)
	var line []byte
	tx := payment.Transaction{ID: "t", AccountID: "A"}
	eachDecision(j, 40, func(features.Vector, *scoring.Decision) {})
	if n := testing.AllocsPerRun(200, func() {
		j.score()
		line = j.decide(&tx).AppendJSON(line[:0])
	}); n != 0 {
		t.Errorf("%v allocations a transaction", n)
	}
	if !strings.Contains(string(line), `"challengers":{"platt/2026-09-30":0.`) || !strings.Contains(string(line), `"challenger_policies":{"2026-11-25.2":"decline"}`) {
		t.Error(string(line))
	}
}

// ruleSet compiles a policy of one rule, which declines.
func ruleSet(t testing.TB, set *features.Set, version, when string) *policy.Policy {
	t.Helper()
	d, err := policy.Parse("policy.yaml", fmt.Appendf(nil, `format: 1
version: %s
segments:
  - {name: everything, review: never}
block:
  kiosks: {key: account, action: review, entries: [B]}
rules:
  - {id: R1, when: '%s', action: decline, reason: x, owner: me}
`, version, when))
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Policies in shadow say what they would do, and the decision and its alert are what they are without them.
func TestShadowPoliciesDecideNothing(t *testing.T) {
	set := builtinSet(t)
	config := EngineConfig{
		Set: set, Model: shippedModel(t), Policy: thresholds(t, set, scoring.Bands{Review: 0.001, Decline: 0.01}),
		Now: func() time.Time { return time.Unix(0, 0) },
	}
	without, err := NewEngine(config)
	if err != nil {
		t.Fatal(err)
	}
	config.Shadows = []*policy.Policy{ruleSet(t, set, "z", "amount > 900"), ruleSet(t, set, "a", "amount > 100000")}
	with, err := NewEngine(config)
	if err != nil {
		t.Fatal(err)
	}
	type made struct {
		decision string
		severity scoring.Severity
		money    float64
	}
	var want []made
	j := newJudge(without)
	eachDecision(j, 60, func(_ features.Vector, d *scoring.Decision) {
		want = append(want, made{string(d.AppendJSON(nil)), j.verdict.Severity, j.policy.MoneyAtRisk(j.observation.Env())})
	})
	j = newJudge(with)
	n, declined, disagreed := 0, 0, 0
	eachDecision(j, 60, func(_ features.Vector, d *scoring.Decision) {
		amount := 0.01 * float64(100+n*n*n)
		shadow := []scoring.ShadowAction{{Policy: "z", Action: scoring.Approve}, {Policy: "a", Action: scoring.Approve}}
		if amount > 900 {
			shadow[0].Action = scoring.Decline
			declined++
		}
		if !slices.Equal(d.Policies, shadow) {
			t.Fatalf("transaction %d of %v: %+v instead of %+v", n, amount, d.Policies, shadow)
		}
		if d.Action != shadow[0].Action {
			disagreed++
		}
		back, err := scoring.ParseDecision(d.AppendJSON(nil))
		if err != nil || !slices.Equal(back.Policies, shadow) {
			t.Fatalf("written and read again they are %+v: %v", back, err)
		}
		plain := *d
		plain.Policies = nil
		if got := (made{string(plain.AppendJSON(nil)), j.verdict.Severity, j.policy.MoneyAtRisk(j.observation.Env())}); got != want[n] {
			t.Fatalf("with policies in shadow\n%+v\nand without\n%+v", got, want[n])
		}
		n++
	})
	if declined == 0 || declined == n || disagreed == 0 {
		t.Errorf("%d of %d declined in shadow, %d otherwise than decided: this tests nothing", declined, n, disagreed)
	}
}

// List entries that are added and removed while the engine runs hold for policies in shadow too.
func TestListChangesReachShadowPolicies(t *testing.T) {
	set := builtinSet(t)
	e, err := NewEngine(EngineConfig{
		Set: set, Model: shippedModel(t), Policy: thresholds(t, set, scoring.Bands{Review: scoring.Never(), Decline: scoring.Never()}),
		Shadows: []*policy.Policy{ruleSet(t, set, "lists", "amount > 1000000")},
	})
	if err != nil {
		t.Fatal(err)
	}
	change := func(key string, remove bool) policy.Change {
		return policy.Change{List: "block:kiosks", Remove: remove, Entry: policy.Entry{Key: key, Until: policy.Forever}}
	}
	for name, c := range map[string]struct {
		changes []policy.Change
		want    scoring.Action
	}{
		"as declared": {nil, scoring.Approve},
		"added":       {[]policy.Change{change("A", false)}, scoring.Review},
		"another":     {[]policy.Change{change("C", false)}, scoring.Approve},
		"removed":     {[]policy.Change{change("A", false), change("A", true)}, scoring.Approve},
	} {
		eachDecision(newJudge(e.WithChanges(c.changes)), 3, func(_ features.Vector, d *scoring.Decision) {
			if d.Action != scoring.Approve || d.Policies[0].Action != c.want {
				t.Errorf("%s: %v, and in shadow %+v, want %v", name, d.Action, d.Policies, c.want)
			}
		})
	}
}

func TestEngineRefusesShadowPolicies(t *testing.T) {
	set := builtinSet(t)
	active, a := thresholds(t, set, scoring.Bands{Review: 0.5, Decline: 0.9}), ruleSet(t, set, "a", "amount > 1")
	for name, c := range map[string]struct {
		active  *policy.Policy
		shadows []*policy.Policy
		want    string
	}{
		"twice":             {active, []*policy.Policy{a, a}, "challenger policy a is there twice"},
		"the active itself": {active, []*policy.Policy{ruleSet(t, set, "p", "amount > 1")}, "challenger policy p has the version of the policy that decides"},
	} {
		_, err := NewEngine(EngineConfig{Set: set, Model: shippedModel(t), Policy: c.active, Shadows: c.shadows})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v and should contain %s", name, err, c.want)
		}
	}
}

func TestEngineRefusesChallengers(t *testing.T) {
	set := builtinSet(t)
	champion, platt := shippedModel(t), fixture(t, "platt", set.Schema())
	active := thresholds(t, set, scoring.Bands{Review: 0.5, Decline: 0.9})
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
		_, err := NewEngine(EngineConfig{Set: set, Model: c.champion, Policy: active, Challengers: c.challengers})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v and should contain %s", name, err, c.want)
		}
	}
}
