package scoring_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/scoring"
)

// calibrated loads the one-feature model with another calibration in its manifest, and golden vectors that fit it.
func calibrated(t testing.TB, c *scoring.Calibration, probability func(margin float64) float64) (*scoring.Scorer, error) {
	t.Helper()
	d := readDirectory(t, "one_feature")
	lines := strings.SplitAfter(d[scoring.GoldenFile], "\n")
	var golden strings.Builder
	golden.WriteString(lines[0])
	for i, row := range goldenRows(t, "one_feature") {
		p, err := json.Marshal(probability(row.margin))
		if err != nil {
			t.Fatal(err)
		}
		fields := strings.SplitN(lines[i+1], ",", 3)
		golden.WriteString(fields[0] + "," + string(p) + "," + fields[2])
	}
	d.put(scoring.GoldenFile, golden.String())
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	d.replace(t, scoring.ManifestFile, `"thresholds"`, `"calibration": `+string(text)+`, "thresholds"`)
	m, err := d.load()
	if err != nil {
		return nil, err
	}
	return bind(t, m, m.Schema()), nil
}

// The trainer's calibrated scores are the golden vectors'.
func TestCalibratedScoresAreTheTrainers(t *testing.T) {
	for name, kind := range map[string]scoring.CalibrationKind{"isotonic": scoring.Isotonic, "platt": scoring.Platt} {
		m := load(t, name)
		if c := m.Manifest().Calibration; c == nil || c.Kind != kind {
			t.Fatalf("%s: the calibration is %+v", name, c)
		}
		s := bind(t, m, m.Schema())
		moved := 0
		for i, row := range goldenRows(t, name) {
			got := s.Score(row.vector)
			if math.Abs(got-row.probability) > 1e-12 {
				t.Errorf("%s, vector %d: score %v, the trainer has %v", name, i, got, row.probability)
			}
			if s.Margin(row.vector) != row.margin {
				t.Errorf("%s, vector %d: the margin is calibrated too", name, i)
			}
			if math.Abs(got-scoring.Probability(row.margin)) > 0.001 {
				moved++
			}
		}
		if moved < 50 {
			t.Errorf("%s: only %d scores are moved", name, moved)
		}
		v := goldenRows(t, name)[0].vector
		if n := testing.AllocsPerRun(100, func() { s.Score(v) }); n != 0 && !raceEnabled {
			t.Errorf("%s: %v allocations a score", name, n)
		}
	}
}

func TestLoadRefusesScoresOfAnotherCalibration(t *testing.T) {
	slope, intercept := 1.5, 0.25
	c := &scoring.Calibration{Kind: scoring.Platt, Slope: &slope, Intercept: &intercept}
	right := func(m float64) float64 { return scoring.Probability(1.5*m + 0.25) }
	if _, err := calibrated(t, c, right); err != nil {
		t.Error(err)
	}
	_, err := calibrated(t, c, scoring.Probability)
	wantError(t, err, "the model does not score as it was trained; train it again")
}

// A greater score never becomes a lesser one, and knots are met to the last bit, whatever the knots are.
func TestIsotonicRises(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	for range 300 {
		c := randomKnots(rng)
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		apply := c.Apply
		for i, x := range c.Scores {
			if got := apply(0, x); got != c.Probabilities[i] {
				t.Fatalf("knot %d, %v, becomes %v instead of %v", i, x, got, c.Probabilities[i])
			}
		}
		var at []float64
		for _, x := range c.Scores {
			for range 4 { // next to the knots, where rounding would show
				at = append(at, x)
				x = math.Nextafter(x, 0)
			}
		}
		for range 500 {
			at = append(at, rng.Float64(), math.Exp(-40*rng.Float64()), 1-math.Exp(-36*rng.Float64()))
		}
		slices.Sort(at)
		before := math.Inf(-1)
		for i, x := range at {
			got := apply(0, x)
			if !(got >= 0 && got <= 1) || got < before {
				t.Fatalf("%v becomes %v, and the lesser %v %v", x, got, at[max(0, i-1)], before)
			}
			before = got
		}
	}
}

// randomKnots returns knots that lie close together, far apart, and next to each other as float64 values.
func randomKnots(rng *rand.Rand) *scoring.Calibration {
	list := func(n int) []float64 {
		values := map[float64]bool{}
		for len(values) < n {
			x := rng.Float64()
			switch rng.IntN(3) {
			case 0:
				x = math.Exp(-100 * x)
			case 1:
				for y := range values {
					x = math.Nextafter(y, 1)
					break
				}
			}
			if x > 0 && x < 1 {
				values[x] = true
			}
		}
		sorted := []float64{0}
		for x := range values {
			sorted = append(sorted, x)
		}
		sorted = append(sorted, 1)
		slices.Sort(sorted)
		return sorted
	}
	n := rng.IntN(30)
	return &scoring.Calibration{Kind: scoring.Isotonic, Scores: list(n), Probabilities: list(n)}
}

// The values are exact, or their last digits are not looked at.
func TestIsotonicLiesOnTheLines(t *testing.T) {
	c := &scoring.Calibration{
		Kind:          scoring.Isotonic,
		Scores:        []float64{0, 1e-6, 0.001, 0.25, 0.75, 1},
		Probabilities: []float64{0.0001, 0.0002, 0.003, 0.125, 0.875, 0.9375},
	}
	for _, k := range []struct{ score, want float64 }{
		{0.5, 0.5}, {0.875, 0.90625}, {0.375, 0.3125}, {5e-7, 0.00015}, {0.1255, 0.064},
	} {
		if got := c.Apply(0, k.score); math.Abs(got-k.want) > 1e-16 {
			t.Errorf("%v becomes %v instead of %v", k.score, got, k.want)
		}
	}
}

func TestWithoutCalibrationScoresStayAsTheyAre(t *testing.T) {
	var c *scoring.Calibration
	if got := c.Apply(3, 0.25); got != 0.25 {
		t.Errorf("0.25 became %v", got)
	}
}

// These bits hold on every processor; a failure elsewhere means that a product was fused with a sum.
func TestCalibrationHasTheSameBitsEverywhere(t *testing.T) {
	slope, intercept := 1.0/3, -0.1
	platt := &scoring.Calibration{Kind: scoring.Platt, Slope: &slope, Intercept: &intercept}
	isotonic := load(t, "isotonic").Manifest().Calibration
	sum := uint64(0)
	for i := range 200_000 {
		margin := float64(i)/1999 - 50
		sum = sum*31 + math.Float64bits(platt.Apply(margin, 0))
		sum = sum*31 + math.Float64bits(isotonic.Apply(0, scoring.Probability(margin)))
	}
	if want := uint64(0x3088035d8446a2ad); sum != want {
		t.Errorf("the scores hash to %#x instead of %#x", sum, want)
	}
}

func TestParseManifestRefusesCalibrations(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no kind":             {`{}`, `calibration: kind is "" instead of isotonic or platt`},
		"another kind":        {`{"kind": "beta"}`, `calibration: kind is "beta" instead of isotonic or platt`},
		"an unknown key":      {`{"kind": "platt", "slope": 1, "intercept": 0, "bias": 1}`, `unknown field "bias"`},
		"no slope":            {`{"kind": "platt", "intercept": 0}`, "calibration: platt needs a slope and an intercept, both finite"},
		"no intercept":        {`{"kind": "platt", "slope": 1}`, "calibration: platt needs a slope and an intercept, both finite"},
		"a slope beyond all":  {`{"kind": "platt", "slope": 1e999, "intercept": 0}`, "cannot unmarshal number 1e999"},
		"a level slope":       {`{"kind": "platt", "slope": 0, "intercept": 0}`, "calibration: the slope is 0; it must be above 0, or a greater score would mean less fraud"},
		"a falling slope":     {`{"kind": "platt", "slope": -1, "intercept": 0}`, "calibration: the slope is -1"},
		"knots in a curve":    {`{"kind": "platt", "slope": 1, "intercept": 0, "scores": [0, 1]}`, "calibration: scores and probabilities belong to isotonic, not to platt"},
		"a curve in knots":    {`{"kind": "isotonic", "scores": [0, 1], "probabilities": [0, 1], "slope": 1}`, "calibration: slope and intercept belong to platt, not to isotonic"},
		"no knots":            {`{"kind": "isotonic"}`, "calibration: there are 0 scores; isotonic needs from 2 to 100000 knots"},
		"one knot":            {`{"kind": "isotonic", "scores": [0], "probabilities": [0]}`, "calibration: there are 1 scores"},
		"one too few":         {`{"kind": "isotonic", "scores": [0, 0.5, 1], "probabilities": [0, 1]}`, "calibration: there are 3 scores and 2 probabilities; each score needs its own"},
		"scores not from 0":   {`{"kind": "isotonic", "scores": [0.1, 1], "probabilities": [0, 1]}`, "calibration: the scores go from 0.1 to 1; they must go from 0 to 1, so that every score has a place"},
		"scores not to 1":     {`{"kind": "isotonic", "scores": [0, 0.9], "probabilities": [0, 1]}`, "calibration: the scores go from 0 to 0.9"},
		"scores that repeat":  {`{"kind": "isotonic", "scores": [0, 0.5, 0.5, 1], "probabilities": [0, 0.1, 0.2, 1]}`, "calibration: knot 2, from score 0.5 to probability 0.2, does not lie above knot 1, from 0.5 to 0.1: both must rise"},
		"unsorted scores":     {`{"kind": "isotonic", "scores": [0, 0.6, 0.5, 1], "probabilities": [0, 0.1, 0.2, 1]}`, "calibration: knot 2, from score 0.5"},
		"a step":              {`{"kind": "isotonic", "scores": [0, 0.5, 1], "probabilities": [0, 0, 1]}`, "calibration: knot 1, from score 0.5 to probability 0, does not lie above knot 0, from 0 to 0: both must rise, or different scores would become equal"},
		"falling":             {`{"kind": "isotonic", "scores": [0, 0.5, 1], "probabilities": [0, 0.5, 0.4]}`, "calibration: knot 2"},
		"a probability below": {`{"kind": "isotonic", "scores": [0, 1], "probabilities": [-0.1, 1]}`, "calibration: the probabilities go from -0.1 to 1, and a probability lies from 0 to 1"},
		"a probability above": {`{"kind": "isotonic", "scores": [0, 1], "probabilities": [0, 1.1]}`, "calibration: the probabilities go from 0 to 1.1"},
		"a probability of no": {`{"kind": "isotonic", "scores": [0, 1], "probabilities": ["NaN", 1]}`, "cannot unmarshal string"},
	} {
		t.Run(name, func(t *testing.T) {
			d := readDirectory(t, "cards")
			d.replace(t, scoring.ManifestFile, `"thresholds"`, `"calibration": `+c.text+`, "thresholds"`)
			_, err := d.load()
			wantError(t, err, c.want)
		})
	}
	// JSON has no NaN, and code has.
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		one := 1.0
		for _, c := range []*scoring.Calibration{
			{Kind: scoring.Platt, Slope: &bad, Intercept: &one},
			{Kind: scoring.Platt, Slope: &one, Intercept: &bad},
			{Kind: scoring.Isotonic, Scores: []float64{0, bad, 1}, Probabilities: []float64{0, 0.5, 1}},
			{Kind: scoring.Isotonic, Scores: []float64{0, 0.5, 1}, Probabilities: []float64{0, bad, 1}},
			{Kind: scoring.Isotonic, Scores: []float64{0, 0.5, 1}, Probabilities: []float64{bad, 0.5, 1}},
			{Kind: scoring.Isotonic, Scores: []float64{0, 0.5, 1}, Probabilities: []float64{0, 0.5, bad}},
		} {
			if err := c.Validate(); err == nil {
				t.Errorf("%+v is valid", c)
			}
		}
	}
}

func BenchmarkCalibration(b *testing.B) {
	c := randomKnots(rand.New(rand.NewPCG(1, 1)))
	sum := 0.0
	for i := 0; b.Loop(); i++ {
		sum += c.Apply(0, float64(i%64)/64)
	}
	if math.IsNaN(sum) {
		b.Fatal(sum)
	}
}
