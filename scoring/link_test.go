package scoring_test

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/scoring"
)

// linked is a model of one tree whose leaves are the margins, with a manifest that states the link, or none if it is
// empty, and a golden vector for each leaf.
func linked(t *testing.T, link string, margins [3]float64, probability func(float64) float64) directory {
	t.Helper()
	d := readDirectory(t, "cards")
	if link != "" {
		d.replace(t, scoring.ManifestFile, `"thresholds"`, fmt.Sprintf(`"link": %q, "thresholds"`, link))
	}
	text := handmade(fmt.Sprintf("leaf_value=%v %v %v", margins[0], margins[1], margins[2]))
	if link != "logistic" && link != "" {
		text = strings.Replace(text, "objective=binary sigmoid:1\n", "", 1)
	}
	d.put(scoring.ModelFile, text)
	head, _, _ := strings.Cut(d[scoring.GoldenFile], "\n")
	golden := head + "\n"
	for i, v := range []string{"0,1,,,,,,", "0,2,,,,,,", "1,0,,,,,,"} {
		golden += fmt.Sprintf("%v,%v,%s\n", margins[i], probability(margins[i]), v)
	}
	d.put(scoring.GoldenFile, golden)
	return d
}

func TestLinksMakeScoresOfMargins(t *testing.T) {
	clamp := func(x float64) float64 { return math.Min(math.Max(x, 0), 1) }
	for _, c := range []struct {
		link    string
		margins [3]float64
		score   func(float64) float64
	}{
		{"", [3]float64{-3, 0.5, 7}, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
		{"logistic", [3]float64{-3, 0.5, 7}, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
		{"identity", [3]float64{0, 0.25, 1}, clamp},
		{"identity", [3]float64{-1e-9, 0.25, 1 + 1e-9}, clamp}, // what rounding does to a mean
		{"exp2", [3]float64{-0.25, -1.5, -70}, math.Exp2},
		{"exp2", [3]float64{1e-9, -1.5, -5000}, func(x float64) float64 { return math.Min(math.Exp2(x), 1) }},
	} {
		m, err := linked(t, c.link, c.margins, c.score).load()
		if err != nil {
			t.Errorf("%s of %v: %v", c.link, c.margins, err)
			continue
		}
		s := bind(t, m, m.Schema())
		nan := math.NaN()
		for i, v := range []features.Vector{{0, 1, nan, nan, nan, nan, nan, nan}, {0, 2, nan, nan, nan, nan, nan, nan}, {1, 0, nan, nan, nan, nan, nan, nan}} {
			want := c.score(c.margins[i])
			if got := s.Score(v); math.Abs(got-want) > 1e-15 || got < 0 || got > 1 {
				t.Errorf("%s of %v: score %v instead of %v", c.link, c.margins[i], got, want)
			}
			if got := s.Margin(v); got != c.margins[i] {
				t.Errorf("%s: margin %v instead of %v", c.link, got, c.margins[i])
			}
		}
	}
}

func TestLoadRefusesLinks(t *testing.T) {
	one := func(float64) float64 { return 1 }
	for name, c := range map[string]struct {
		link    string
		margins [3]float64
		want    string
	}{
		"unknown":              {"probit", [3]float64{0, 0, 1}, `manifest.json: link is "probit"; use logistic, identity or exp2`},
		"log-odds as a share":  {"identity", [3]float64{-3, 0, 1}, "model.txt: the margin, -3 to 1, is no probability, and the link in manifest.json is identity; state the link that the model was made for"},
		"a sum above one":      {"identity", [3]float64{0, 0, 1.001}, "the margin, 0 to 1.001, is no probability"},
		"log-odds as a depth":  {"exp2", [3]float64{-3, 0, 1}, "the margin, -3 to 1, is no negative depth, and the link in manifest.json is exp2"},
		"another link's score": {"exp2", [3]float64{-3, -2, -1}, "golden.csv: vector 1 scores 0.125 (margin -3) here, and the trainer computed 1 (margin -3)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := linked(t, c.link, c.margins, one).load()
			wantError(t, err, c.want)
		})
	}
}

// The oracle is the series of e**(m·ln2) in 400 bits.
func TestExp2IsExactToTheLastBits(t *testing.T) {
	ln2, _, err := big.ParseFloat("0.693147180559945309417232121458176568075500134360255254120680009493393621969694715605863326996418687", 10, 400, big.ToNearestEven)
	if err != nil {
		t.Fatal(err)
	}
	before := 0.0
	for m := -30.0; m <= 0; m += 0.0377 {
		x := new(big.Float).SetPrec(400).Mul(ln2, big.NewFloat(m))
		sum, term := big.NewFloat(1).SetPrec(400), big.NewFloat(1).SetPrec(400)
		for n := int64(1); n < 300; n++ {
			term.Quo(term.Mul(term, x), new(big.Float).SetInt64(n))
			sum.Add(sum, term)
		}
		exact, _ := sum.Float64()
		got := scoring.Exp2.Score(m)
		if math.Abs(got-exact) > 3e-16*exact {
			t.Errorf("at %v: %v instead of %v", m, got, exact)
		}
		if got <= before {
			t.Errorf("does not rise at %v: %v after %v", m, got, before)
		}
		before = got
	}
	for m, want := range map[float64]float64{0: 1, math.Copysign(0, -1): 1, -1: 0.5, -10: 1.0 / 1024, -5000: 0, 1e-9: 1, 5000: 1} {
		if got := scoring.Exp2.Score(m); got != want {
			t.Errorf("at %v: %v instead of %v", m, got, want)
		}
	}
}

// These bits hold on every processor; a failure elsewhere means that a product was fused with a sum.
func TestExp2HasTheSameBitsEverywhere(t *testing.T) {
	sum := uint64(0)
	for i := range 100_000 {
		sum = sum*31 + math.Float64bits(scoring.Exp2.Score(-float64(i)/1999))
	}
	if want := uint64(0x2462d5d266041149); sum != want {
		t.Errorf("the scores hash to %#x instead of %#x", sum, want)
	}
}
