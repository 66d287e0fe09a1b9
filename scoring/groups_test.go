package scoring_test

import (
	"encoding/json"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/scoring"
)

// The directories are made by train/: of LightGBM or scikit-learn, with the scores of those libraries in golden.csv,
// which loading compares.
func TestModelsOfOtherMethodsScoreAsTheirLibraries(t *testing.T) {
	for name, link := range map[string]scoring.Link{
		"grouped": "", "random_forest": scoring.Identity, "isolation": scoring.Exp2,
		"isolation_and_groups": scoring.Exp2, "groups_alone": scoring.Exp2,
	} {
		m := load(t, name)
		if m.Manifest().Link != link {
			t.Errorf("%s: link %q instead of %q", name, m.Manifest().Link, link)
		}
		s := bind(t, m, m.Schema())
		for i, row := range goldenRows(t, name) {
			if got := s.Score(row.vector); math.Abs(got-row.probability) > 1e-9 {
				t.Errorf("%s: vector %d scores %v instead of %v", name, i+1, got, row.probability)
			}
		}
	}
}

// naive computes the distance by the manifest's words, with the platform's logarithm.
func naive(g *scoring.Groups, schema *features.Schema, v features.Vector) (group int, distance float64) {
	value := func(t scoring.Term) float64 {
		x := v[schema.Index(t.Feature)]
		if t.Log {
			x = math.Copysign(math.Log1p(math.Abs(x)), x)
		}
		return x
	}
	nearest := math.Inf(1)
	for i, c := range g.Centres {
		sum := 0.0
		for j, b := range g.Behaviour {
			if x := value(b.Term); !math.IsNaN(x) {
				z := (x-b.Mean)/b.Scale - c.Behaviour[j]
				sum += z * z
			}
		}
		if sum < nearest {
			group, nearest = i, sum
		}
	}
	sum, n := 0.0, 0.0
	for j, t := range g.Compared {
		if x := value(t); !math.IsNaN(x) {
			z := (x - g.Centres[group].Mean[j]) / g.Centres[group].Spread[j]
			sum += z * z
			n++
		}
	}
	return group, math.Sqrt(sum / n)
}

func TestKindIsTheNearestGroup(t *testing.T) {
	m := load(t, "grouped")
	// The vectors of a wider schema in another order are read by name.
	schema := &features.Schema{Names: []string{"other"}, Hashes: []string{"-"}}
	own := m.Schema()
	for i := own.Len() - 1; i >= 0; i-- {
		schema.Names, schema.Hashes = append(schema.Names, own.Names[i]), append(schema.Hashes, own.Hashes[i])
	}
	s := bind(t, m, schema)
	groups := map[int]bool{}
	for i, row := range goldenRows(t, "grouped") {
		wide := features.Vector{math.NaN()}
		extreme := false
		for j := len(row.vector) - 1; j >= 0; j-- {
			wide = append(wide, row.vector[j])
			extreme = extreme || math.Abs(row.vector[j]) > 1e9
		}
		if extreme {
			continue // clipped, which naive does not do
		}
		kind, ok := s.Kind(wide)
		group, distance := naive(m.Manifest().Groups, schema, wide)
		if !ok || kind.Group != group+1 || kind.Accounts != m.Manifest().Groups.Centres[group].Accounts {
			t.Fatalf("vector %d: group %d (%v) instead of %d", i+1, kind.Group, ok, group+1)
		}
		if math.Abs(kind.Distance-distance) > 1e-9*distance && !(math.IsNaN(distance) && math.IsNaN(kind.Distance)) {
			t.Errorf("vector %d: distance %v instead of %v", i+1, kind.Distance, distance)
		}
		groups[group] = true
		if kind.At < 0 {
			continue
		}
		x := wide[kind.At]
		if kind.Furthest.Log {
			x = math.Log1p(x)
		}
		if schema.Names[kind.At] != kind.Furthest.Feature || math.Abs((x-kind.Mean)/kind.Spread-kind.Deviations) > 1e-9*math.Abs(kind.Deviations) {
			t.Errorf("vector %d: %+v does not describe %v", i+1, kind, x)
		}
		if math.Abs(kind.Deviations) < kind.Distance*(1-1e-9) {
			t.Errorf("vector %d: the furthest deviation, %v, is less than the mean of all, %v", i+1, kind.Deviations, kind.Distance)
		}
	}
	if len(groups) < 2 {
		t.Errorf("all vectors are of one group, so nothing was compared")
	}
	if _, ok := bind(t, load(t, "cards"), load(t, "cards").Schema()).Kind(make(features.Vector, 8)); ok {
		t.Error("a model without groups has a kind")
	}
}

// What is infinite or missing never makes a margin that is no number.
func TestGroupsOfOddValues(t *testing.T) {
	m := load(t, "isolation_and_groups")
	s := bind(t, m, m.Schema())
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 5e-324, math.Copysign(0, -1)} {
		v := make(features.Vector, m.Schema().Len())
		for i := range v {
			v[i] = x
		}
		if score := s.Score(v); !(score >= 0 && score <= 1) {
			t.Errorf("%v: score %v", x, score)
		}
	}
	nothing := make(features.Vector, m.Schema().Len())
	for i := range nothing {
		nothing[i] = math.NaN()
	}
	if kind, _ := s.Kind(nothing); !math.IsNaN(kind.Distance) || kind.At != -1 {
		t.Errorf("nothing is known, and it is compared: %+v", kind)
	}
}

func TestGroupsDoNotAllocateAndServeManyGoroutines(t *testing.T) {
	m := load(t, "isolation_and_groups")
	s := bind(t, m, m.Schema())
	rows := goldenRows(t, "isolation_and_groups")
	if raceEnabled {
		t.Log("the race detector allocates, and drops what a pool holds")
	} else if n := testing.AllocsPerRun(1000, func() { s.Score(rows[0].vector) }); n != 0 {
		t.Errorf("%v allocations a score", n)
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 20 {
				for i, row := range rows {
					if got := s.Score(row.vector); math.Abs(got-row.probability) > 1e-9 {
						t.Errorf("vector %d scores %v instead of %v", i+1, got, row.probability)
						return
					}
				}
			}
		})
	}
	wait.Wait()
}

func TestManifestRefusesGroups(t *testing.T) {
	for name, c := range map[string]struct {
		change func(g *scoring.Groups)
		want   string
	}{
		"no behaviour":   {func(g *scoring.Groups) { g.Behaviour = nil }, "groups: behaviour and compared need at least one feature each"},
		"no comparison":  {func(g *scoring.Groups) { g.Compared = nil }, "groups: behaviour and compared need at least one feature each"},
		"no centres":     {func(g *scoring.Groups) { g.Centres = nil }, "groups: there are 0 centres; there must be from 1 to 256"},
		"many centres":   {func(g *scoring.Groups) { g.Centres = make([]scoring.Centre, 257) }, "groups: there are 257 centres"},
		"scale 0":        {func(g *scoring.Groups) { g.Behaviour[1].Scale = 0 }, `groups: behaviour "gap_s": the mean must be finite, the scale above 0`},
		"spread below 0": {func(g *scoring.Groups) { g.Centres[1].Spread[0] = -1 }, "groups: centre 2: every spread must be above 0, and finite"},
		"short centre":   {func(g *scoring.Groups) { g.Centres[0].Mean = g.Centres[0].Mean[1:] }, "groups: centre 1: it has 2, 2 and 3 values of behaviour, mean and spread instead of 2, 3 and 3"},
		"unknown":        {func(g *scoring.Groups) { g.Compared[0].Feature = "mood" }, `groups: "mood" is not one of the model's features`},
	} {
		t.Run(name, func(t *testing.T) {
			manifest, err := scoring.ParseManifest([]byte(readDirectory(t, "grouped")[scoring.ManifestFile]))
			if err != nil {
				t.Fatal(err)
			}
			c.change(manifest.Groups)
			text, err := json.Marshal(manifest)
			if err != nil {
				t.Fatal(err)
			}
			_, err = scoring.ParseManifest(text)
			wantError(t, err, c.want)
		})
	}
	text := strings.ReplaceAll(readDirectory(t, "grouped")[scoring.ManifestFile], `"new_merchant"`, `"group_distance"`)
	_, err := scoring.ParseManifest([]byte(text))
	wantError(t, err, "groups: a feature is called group_distance, which is the name of the distance from the group")
}

// A model that reads the distance and states no groups, or the other way round, has another number of inputs.
func TestLoadHoldsGroupsAgainstTheTrees(t *testing.T) {
	d := readDirectory(t, "isolation_and_groups")
	var manifest map[string]json.RawMessage
	if err := json.Unmarshal([]byte(d[scoring.ManifestFile]), &manifest); err != nil {
		t.Fatal(err)
	}
	delete(manifest, "groups")
	text, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	d[scoring.ManifestFile] = string(text)
	_, err = d.load()
	wantError(t, err, "model.txt: the model reads 7 features, and manifest.json lists 6")

	d = readDirectory(t, "grouped")
	d.put(scoring.ManifestFile, strings.ReplaceAll(d[scoring.ManifestFile], `"log": true`, `"log": false`))
	_, err = d.load()
	wantError(t, err, "golden.csv: vector")
}

// The shares of a model of any method add up to its margin, and a distance from a group that moves a score has one.
func TestSharesAddUpToTheMargin(t *testing.T) {
	for _, name := range []string{"cards", "grouped", "random_forest", "isolation", "isolation_and_groups", "groups_alone"} {
		m := load(t, name)
		schema := m.Schema()
		s := bind(t, m, schema)
		a, err := m.Attribution(schema)
		if err != nil {
			t.Fatal(err)
		}
		grouped := m.Manifest().Groups != nil
		if want := schema.Len(); a.Width() != want && !grouped || a.Width() != want+1 && grouped {
			t.Fatalf("%s: %d shares of %d features", name, a.Width(), want)
		}
		shares, scratch, distance := make([]float64, a.Width()), a.NewScratch(), 0.0
		for i, row := range goldenRows(t, name) {
			sum := a.Explain(row.vector, shares, scratch)
			size := math.Abs(sum)
			for _, share := range shares {
				sum += share
				size += math.Abs(share)
			}
			if margin := s.Margin(row.vector); math.Abs(sum-margin) > 1e-9*size {
				t.Errorf("%s: the shares of vector %d add up to %v instead of %v", name, i+1, sum, margin)
			}
			if grouped {
				distance = max(distance, math.Abs(shares[len(shares)-1]))
			}
		}
		if grouped && distance < 0.05 {
			t.Errorf("%s: the distance moves no margin by more than %v", name, distance)
		}
	}
}
