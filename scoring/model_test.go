package scoring_test

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/scoring"
)

type goldenRow struct {
	margin, probability float64
	vector              features.Vector
}

func goldenRows(t testing.TB, name string) []goldenRow {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name, scoring.GoldenFile))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []goldenRow
	for _, record := range records[1:] {
		values := features.Vector{}
		for _, field := range record {
			v := math.NaN()
			if field != "" {
				if v, err = strconv.ParseFloat(field, 64); err != nil {
					t.Fatal(err)
				}
			}
			values = append(values, v)
		}
		rows = append(rows, goldenRow{values[0], values[1], values[2:]})
	}
	return rows
}

func load(t testing.TB, name string) *scoring.Model {
	t.Helper()
	m, err := scoring.Load(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func bind(t testing.TB, m *scoring.Model, s *features.Schema) *scoring.Scorer {
	t.Helper()
	scorer, err := m.Bind(s)
	if err != nil {
		t.Fatal(err)
	}
	return scorer
}

// The margins are LightGBM's own, bit for bit, on missing, huge, infinite and signed-zero values, and on values right
// at the trees' thresholds.
func TestScoresAreLightGBMs(t *testing.T) {
	for _, c := range []struct {
		name   string
		engine scoring.Engine
	}{
		{"cards", scoring.EngineFast}, {"one_feature", scoring.EngineFast}, {"cards", scoring.EngineLeaves}, {"one_feature", scoring.EngineLeaves},
	} {
		name := c.name
		m := load(t, name).With(c.engine)
		s := bind(t, m, m.Schema())
		rows := goldenRows(t, name)
		if len(rows) < 300 {
			t.Fatalf("%s: only %d golden vectors", name, len(rows))
		}
		distinct := map[float64]bool{}
		for i, row := range rows {
			if got := s.Margin(row.vector); got != row.margin {
				t.Errorf("%s, vector %d: margin %v, LightGBM has %v", name, i, got, row.margin)
			}
			if got := s.Score(row.vector); math.Abs(got-row.probability) > 1e-15 {
				t.Errorf("%s, vector %d: score %v, LightGBM has %v", name, i, got, row.probability)
			}
			distinct[row.margin] = true
		}
		if len(distinct) < 3 {
			t.Errorf("%s: %d distinct margins test nothing", name, len(distinct))
		}
	}
}

func TestLoadReadsEveryVersion(t *testing.T) {
	for _, version := range []string{"v2", "v3", "v4"} {
		d := readDirectory(t, "cards")
		text := strings.Replace(d[scoring.ModelFile], "version=v4", "version="+version, 1)
		if version != "v4" {
			text = strings.ReplaceAll(text, "is_linear=0\n", "") // came with v4
		}
		if version == "v2" { // had neither
			text = strings.Replace(text, "end of trees\n\nfeature_importances:", "feature importances:", 1)
		}
		d.put(scoring.ModelFile, text)
		if _, err := d.load(); err != nil {
			t.Errorf("%s: %v", version, err)
		}
	}
}

func TestLoadTakesWindowsLineEnds(t *testing.T) {
	d := readDirectory(t, "cards")
	for _, file := range []string{scoring.ModelFile, scoring.GoldenFile} {
		d.put(file, strings.ReplaceAll(d[file], "\n", "\r\n"))
	}
	if _, err := d.load(); err != nil {
		t.Error(err)
	}
}

func TestLoadTakesAModelWithoutNames(t *testing.T) {
	d := readDirectory(t, "one_feature")
	d.replace(t, scoring.ModelFile, "feature_names=amount", "feature_names=Column_0")
	if _, err := d.load(); err != nil {
		t.Error(err)
	}
}

func TestModelSaysWhatItIs(t *testing.T) {
	m := load(t, "cards")
	if m.ID() != "cards/2026-09-30" || m.Trees() != 12 || m.Schema().Len() != 8 {
		t.Errorf("id %s, %d trees, %d features", m.ID(), m.Trees(), m.Schema().Len())
	}
	text := readDirectory(t, "cards")[scoring.ManifestFile]
	if m.Digest() != hash(text) {
		t.Errorf("digest %s", m.Digest())
	}
	manifest := m.Manifest()
	if manifest.Test == nil || manifest.Validation == nil || manifest.Test.Frauds == 0 || manifest.Test.Review.Recall == 0 {
		t.Errorf("the trainer's figures are not there: %+v", manifest)
	}
	bands := manifest.Bands()
	if err := bands.Validate(); err != nil || bands.Review != manifest.Thresholds.Review.Score {
		t.Errorf("bands %+v: %v", bands, err)
	}
}

func TestBindProjects(t *testing.T) {
	m := load(t, "cards")
	own := m.Schema()
	direct := bind(t, m, own)

	// A schema in another order, with features that the model does not read.
	order := rand.New(rand.NewPCG(1, 2)).Perm(own.Len())
	wide := &features.Schema{Names: []string{"before"}, Hashes: []string{"x"}}
	for _, i := range order {
		wide.Names = append(wide.Names, own.Names[i], "beside_"+own.Names[i])
		wide.Hashes = append(wide.Hashes, own.Hashes[i], "x")
	}
	scorer := bind(t, m, wide)
	v := make(features.Vector, wide.Len())
	for i, row := range goldenRows(t, "cards") {
		for j := range v {
			v[j] = -1e9 // a position that is wrongly read shows
		}
		for j, k := range order {
			v[1+2*j] = row.vector[k]
		}
		if scorer.Margin(v) != direct.Margin(row.vector) {
			t.Fatalf("vector %d: margin %v instead of %v", i, scorer.Margin(v), direct.Margin(row.vector))
		}
	}
}

func TestBindRefuses(t *testing.T) {
	m := load(t, "cards")
	lacking := m.Schema()
	lacking.Names[3] = "other"
	differing := m.Schema()
	differing.Hashes[3] = "other"
	for _, c := range []struct {
		schema *features.Schema
		want   string
	}{
		{lacking, `model cards/2026-09-30 cannot read these features: feature definition: "hour" is not declared here`},
		{differing, `"hour" is defined otherwise here (hash other, the model was trained on 0003hour)`},
	} {
		_, err := m.Bind(c.schema)
		wantError(t, err, c.want)
		if !errors.Is(err, features.ErrDefinition) {
			t.Errorf("%v does not wrap ErrDefinition", err)
		}
	}
}

func TestMarginOfAShortVectorPanics(t *testing.T) {
	for _, name := range []string{"cards", "one_feature"} {
		m := load(t, name)
		s := bind(t, m, m.Schema())
		for _, n := range []int{0, m.Schema().Len() - 1, m.Schema().Len() + 1} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: %d values for %d features gave a score", name, n, m.Schema().Len())
					}
				}()
				s.Score(make(features.Vector, n))
			}()
		}
	}
}

func TestScorerServesManyGoroutines(t *testing.T) {
	m := load(t, "cards")
	s := bind(t, m, m.Schema())
	rows := goldenRows(t, "cards")
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for i, row := range rows {
				if got := s.Margin(row.vector); got != row.margin {
					t.Errorf("vector %d: margin %v instead of %v", i, got, row.margin)
					return
				}
			}
		})
	}
	wait.Wait()
}

func TestScoreDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	m := load(t, "cards")
	s := bind(t, m, m.Schema())
	v := goldenRows(t, "cards")[0].vector
	if n := testing.AllocsPerRun(1000, func() { s.Score(v) }); n != 0 {
		t.Errorf("%v allocations a score", n)
	}
}

func TestLoadNamesTheDirectoryAndTheMissingFile(t *testing.T) {
	_, err := scoring.Load("testdata/nowhere")
	wantError(t, err, "model directory testdata/nowhere: manifest.json is missing; a model directory has")
	for _, file := range []string{scoring.ManifestFile, scoring.ModelFile, scoring.GoldenFile} {
		d := readDirectory(t, "cards")
		delete(d, file)
		_, err := d.load()
		wantError(t, err, file+" is missing; a model directory has manifest.json, model.txt (or model.json) and golden.csv: copy it again")
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v does not wrap fs.ErrNotExist", err)
		}
	}
}

func TestLoadRefusesAFolderForAFile(t *testing.T) {
	d := readDirectory(t, "cards")
	text := d[scoring.ModelFile]
	delete(d, scoring.ModelFile)
	d[scoring.ModelFile+"/inner"] = text
	_, err := d.load()
	wantError(t, err, "model.txt is not a regular file")
}

func TestLoadRefusesChangedFiles(t *testing.T) {
	for _, file := range []string{scoring.ModelFile, scoring.GoldenFile} {
		d := readDirectory(t, "cards")
		d[file] += "\n"
		_, err := d.load()
		wantError(t, err, file+" has the sha256 ")
		wantError(t, err, "one of them was changed after training; copy the whole directory again, or train again")
	}
}

func TestLoadRefusesGoldens(t *testing.T) {
	for name, c := range map[string]struct{ old, with, want string }{
		"another score":    {"-5.558613655611982,0.0038393186486886614,", "-5.5,0.0038393186486886614,", "vector 1 scores 0.0038393186486886614 (margin -5.558613655611982) here, and the trainer computed 0.0038393186486886614 (margin -5.5): the model does not score as it was trained; train it again"},
		"another share":    {"0.0038393186486886614,", "0.0038413186486886614,", "the model does not score as it was trained"},
		"another order":    {"amount,amount_to_mean_30d", "amount_to_mean_30d,amount", `golden.csv: column 3 is "amount_to_mean_30d" instead of "amount"`},
		"not a number":     {",27.51,", ",27.5x,", `golden.csv: line 2: column 3 is "27.5x", not a number`},
		"beyond a float":   {",27.51,", ",1e999,", `golden.csv: line 2: column 3 is "1e999", not a number`},
		"missing margin":   {"\n-5.558613655611982,", "\n,", `golden.csv: line 2: column 1 is "", not a number`},
		"margin NaN":       {"\n-5.558613655611982,", "\nnan,", "golden.csv: line 2: the margin must be finite"},
		"a field too few":  {",27.51,", ",", "golden.csv: record on line 2: wrong number of fields"},
		"a quotation mark": {",27.51,", `,27.51",`, `golden.csv: parse error on line 2`},
	} {
		t.Run(name, func(t *testing.T) {
			d := readDirectory(t, "cards")
			d.replace(t, scoring.GoldenFile, c.old, c.with)
			_, err := d.load()
			wantError(t, err, c.want)
		})
	}
	d := readDirectory(t, "cards")
	head, _, _ := strings.Cut(d[scoring.GoldenFile], "\n")
	d.put(scoring.GoldenFile, head+"\n")
	_, err := d.load()
	wantError(t, err, "golden.csv: there are no vectors; train the model again")
	d.put(scoring.GoldenFile, "")
	_, err = d.load()
	wantError(t, err, "golden.csv: the header: EOF")
}

func TestGoldensSpreadOverTheScores(t *testing.T) {
	rows := goldenRows(t, "cards")
	slices.SortFunc(rows, func(a, b goldenRow) int { return int(math.Copysign(1, a.margin-b.margin)) })
	if low, high := rows[0].probability, rows[len(rows)-1].probability; low > 0.01 || high < 0.9 {
		t.Errorf("the golden vectors score from %v to %v only", low, high)
	}
}
