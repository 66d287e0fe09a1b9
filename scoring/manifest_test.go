package scoring_test

import (
	"math"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/scoring"
)

func TestParseManifestRefuses(t *testing.T) {
	for name, c := range map[string]struct{ old, with, want string }{
		"unknown key":             {`"seed": 7`, `"seed": 7, "sead": 8`, `json: unknown field "sead"; docs/models.md lists the keys`},
		"key twice":               {`"seed": 7`, `"seed": 7, "seed": 8`, `the key "seed" stands there twice`},
		"key twice, other case":   {`"id": "cards`, `"ID": "other", "id": "cards`, `the key "id" stands there twice`},
		"key twice after a list":  {`"files": {`, `"files": {}, "files": {`, `the key "files" stands there twice`},
		"text after it":           {"\n}\n", "\n}\n{}", "there is text after the JSON object"},
		"not JSON":                {`"seed": 7`, `"seed": `, "invalid character"},
		"a later format":          {`"format": 1`, `"format": 2, "novelty": 1`, "format is 2, and this version of weir reads format 1; train the model again, or upgrade weir"},
		"no format":               {`"format": 1,`, ``, "format is 0"},
		"a wrong type":            {`"rows": 3267`, `"rows": "3267"`, "cannot unmarshal string"},
		"no created":              {`"created": "2026-09-29T21:59:44.025Z",`, ``, "created is missing"},
		"created no time":         {`"created": "2026-09-29T21:59:44.025Z"`, `"created": "yesterday"`, "parsing time"},
		"no trainer":              {`"name": "weir_train",`, ``, "trainer needs a name and a version"},
		"id of nothing":           {`"id": "cards/2026-09-30"`, `"id": ""`, `the id "" is not legal; use lower-case letters`},
		"id that climbs":          {`"id": "cards/2026-09-30"`, `"id": "../cards"`, `the id "../cards" is not legal`},
		"id from the root":        {`"id": "cards/2026-09-30"`, `"id": "/cards"`, `the id "/cards" is not legal`},
		"id hidden":               {`"id": "cards/2026-09-30"`, `"id": "cards/.git"`, `the id "cards/.git" is not legal`},
		"id in capitals":          {`"id": "cards/2026-09-30"`, `"id": "Cards"`, `the id "Cards" is not legal`},
		"id too long":             {`"id": "cards/2026-09-30"`, `"id": "` + strings.Repeat("a", 101) + `"`, "is not legal"},
		"window backwards":        {`"from": "2026-08-01T00:02:09.873Z"`, `"from": "2027-08-01T00:02:09.873Z"`, "training: from 2027-08-01T00:02:09Z to"},
		"window of nothing":       {`"from": "2026-09-03T21:12:26.439Z",`, ``, "validation: from 0001-01-01T00:00:00Z to"},
		"more frauds than rows":   {`"rows": 1452`, `"rows": 52`, "test: 59 frauds in 52 rows cannot be"},
		"review above 1":          {`"score": 0.3`, `"score": 1.3`, "thresholds: review is 1.3; give a probability from 0 to 1"},
		"decline below review":    {`"score": 0.44`, `"score": 0.2`, "thresholds: decline is 0.2, below review, 0.3; raise decline or lower review"},
		"decline of 0":            {`"score": 0.44`, `"score": 0`, "thresholds: decline is 0; give a probability above 0 and up to 1, or leave it out to never decline"},
		"a feature without name":  {`"name": "hour"`, `"name": ""`, `feature 3 is called ""; a name has no spaces and is not empty`},
		"a feature with a space":  {`"name": "hour"`, `"name": "an hour"`, `feature 3 is called "an hour"`},
		"a feature without hash":  {`"hash": "0003hour"`, `"hash": ""`, `feature "hour" has no hash`},
		"a feature twice":         {`"name": "hour"`, `"name": "amount"`, `feature "amount" is listed twice`},
		"no hash of model.txt":    {`"model.txt": "`, `"model.txt": "", "other.txt": "`, `unknown field "other.txt"`},
		"another hash's spelling": {`"golden.csv": "`, `"golden.csv": "sha256:`, "golden.csv has the sha256"},
	} {
		t.Run(name, func(t *testing.T) {
			d := readDirectory(t, "cards")
			d.replace(t, scoring.ManifestFile, c.old, c.with)
			_, err := d.load()
			wantError(t, err, c.want)
		})
	}
	d := readDirectory(t, "cards")
	d.replace(t, scoring.ManifestFile, hash(d[scoring.GoldenFile]), "")
	_, err := d.load()
	wantError(t, err, "manifest.json: files needs the sha256 of either model.txt or model.json, and of golden.csv")

	d = readDirectory(t, "cards")
	before, _, _ := strings.Cut(d[scoring.ManifestFile], `"features"`)
	_, after, _ := strings.Cut(d[scoring.ManifestFile], `"files"`)
	d[scoring.ManifestFile] = before + `"features": [], "files"` + after
	_, err = d.load()
	wantError(t, err, "features is empty")

	d = readDirectory(t, "cards")
	d.replace(t, scoring.ManifestFile, `    {
      "name": "gap_s",
      "hash": "0007gap_s"
    }`, `    {"name": "gap_s", "hash": "7"}, {"name": "one_more", "hash": "8"}`)
	_, err = d.load()
	wantError(t, err, "model.txt: the model reads 8 features, and manifest.json lists 9; copy the whole directory again")

	d = readDirectory(t, "cards")
	d.put(scoring.ManifestFile, strings.Repeat(" ", 5<<20))
	_, err = d.load()
	wantError(t, err, "manifest.json has 5242880 bytes, and 4194304 are allowed")
}

func TestManifestWithoutDeclineNeverDeclines(t *testing.T) {
	d := readDirectory(t, "cards")
	_, decline, ok := strings.Cut(d[scoring.ManifestFile], `"per_day": 3.94057`)
	_, after, ok2 := strings.Cut(decline, `"features"`)
	if !ok || !ok2 {
		t.Fatal("the manifest has another form")
	}
	before, _, _ := strings.Cut(d[scoring.ManifestFile], `"per_day": 3.94057`)
	d[scoring.ManifestFile] = before + `"per_day": 3.94057}}, "features"` + after
	m, err := d.load()
	if err != nil {
		t.Fatal(err)
	}
	b := m.Manifest().Bands()
	if b.Decline != scoring.Never() || b.Action(1) != scoring.Review || b.Validate() != nil {
		t.Errorf("%+v decide %v on 1", b, b.Action(1))
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(readDirectory(f, "cards")[scoring.ManifestFile]))
	f.Add([]byte(readDirectory(f, "one_feature")[scoring.ManifestFile]))
	f.Add([]byte(readDirectory(f, "isotonic")[scoring.ManifestFile]))
	f.Add([]byte(readDirectory(f, "platt")[scoring.ManifestFile]))
	f.Add([]byte(`{"format":1,"id":[[{"a":[{}]}]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := scoring.ParseManifest(data)
		if err != nil {
			return
		}
		if err := m.Validate(); err != nil {
			t.Errorf("accepted, and not valid: %v", err)
		}
		if err := m.Bands().Validate(); err != nil {
			t.Errorf("accepted, and its thresholds are not valid: %v", err)
		}
		before := -1.0
		for margin := -40.0; margin <= 40; margin++ {
			p := m.Calibration.Apply(margin, scoring.Probability(margin))
			if !(p >= before && p <= 1) {
				t.Fatalf("accepted, and its calibration gives %v for the margin %v after %v", p, margin, before)
			}
			before = p
		}
	})
}

// FuzzGolden holds that no golden.csv panics, and that one that loads gives finite scores.
func FuzzGolden(f *testing.F) {
	d := readDirectory(f, "one_feature")
	f.Add([]byte(d[scoring.GoldenFile]))
	f.Add([]byte("margin,probability,amount\n-3,0.047,\n"))
	f.Add([]byte("margin,probability,\"amount\"\n\"-3\",0.047,inf\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := readDirectory(t, "one_feature")
		d.put(scoring.GoldenFile, string(data))
		m, err := d.load()
		if err != nil {
			return
		}
		s, err := m.Bind(m.Schema())
		if err != nil {
			t.Fatal(err)
		}
		if v := s.Score([]float64{math.NaN()}); !(v >= 0 && v <= 1) {
			t.Errorf("score %v", v)
		}
	})
}
