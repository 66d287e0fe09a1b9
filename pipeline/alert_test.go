package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/models"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/forest"
	"github.com/weir-fraud/weir/scoring/policy"
)

// burst returns the alert on the last of eleven payments within two minutes, of an account of steady habits.
func burst(t *testing.T, model *scoring.Model) (*judge, *alerts.Alert) {
	t.Helper()
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	thresholds, err := policy.FromThresholds("test", model.Manifest().Bands(), set)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := NewEngine(EngineConfig{Set: set, Model: model, Policy: thresholds, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	j, e := newJudge(engine), &entry{account: set.NewAccount()}
	usd, _ := payment.ParseCurrency("USD")
	tx := payment.Transaction{
		AccountID: "A", Type: payment.Purchase, Currency: usd, Merchant: payment.Merchant{Name: "Corner Shop"},
		Time: payment.TimeOf(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)),
	}
	for i := range 40 {
		wait := 17 * time.Hour
		if tx.Amount = 4000; i >= 30 {
			tx.Amount, tx.Merchant.Name, wait = 120, "Tidewater Games", 12*time.Second
		}
		tx.ID, tx.Time = fmt.Sprint("t", i), tx.Time.Add(wait)
		e.account.Observe(&tx, &j.observation)
		if i < 39 {
			e.account.Fold(&j.observation)
		}
	}
	j.compute(e)
	j.score()
	if d := j.decide(&tx); d.Action == scoring.Approve {
		t.Fatalf("approved with the score %v", d.Score)
	}
	return j, j.alert(e, &tx, nil)
}

// An alert's reasons are the model's own: what its features add leads from the base to the score.
func TestAlertsAreExplainedByAttribution(t *testing.T) {
	model, err := scoring.LoadFS(models.Shipped(), forest.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	j, a := burst(t, model)
	calibration := model.Manifest().Calibration
	if calibration == nil || calibration.Kind != scoring.Platt {
		t.Fatalf("the shipped model is calibrated so: %+v", calibration)
	}
	sum := *calibration.Slope*j.attribution.Base() + *calibration.Intercept
	for _, x := range j.shares {
		sum += x
	}
	if odds := math.Log(a.Score / (1 - a.Score)); math.Abs(sum-odds) > 1e-9*(1+math.Abs(odds)) {
		t.Errorf("base and contributions make %v, the log-odds are %v", sum, odds)
	}
	if len(a.Reasons) < 3 || a.Reason != a.Reasons[0].Title {
		t.Fatalf("%q: %+v", a.Reason, a.Reasons)
	}
	told := false
	for i, r := range a.Reasons {
		if r.Contribution <= 0 || i > 0 && r.Contribution > a.Reasons[i-1].Contribution {
			t.Errorf("reason %d adds %v", i, r.Contribution)
		}
		told = told || strings.HasPrefix(r.Text, "11 transactions within 10 minutes, this one included")
	}
	if !told {
		t.Errorf("nothing is said of the burst: %+v", a.Reasons)
	}
}

// A model without counts decides as before, and its alerts are explained by comparisons.
func TestAlertsOfAModelWithoutCounts(t *testing.T) {
	read := func(name string) []byte {
		text, err := fs.ReadFile(models.Shipped(), name)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	trees, manifest := read(scoring.ModelFile), read(scoring.ManifestFile)
	bare := regexp.MustCompile(`(?m)^(leaf|internal)_count=.*\n`).ReplaceAll(trees, nil)
	hash := func(text []byte) string {
		sum := sha256.Sum256(text)
		return hex.EncodeToString(sum[:])
	}
	model, err := scoring.LoadFS(fstest.MapFS{
		scoring.ModelFile:    {Data: bare},
		scoring.ManifestFile: {Data: []byte(strings.Replace(string(manifest), hash(trees), hash(bare), 1))},
		scoring.GoldenFile:   {Data: read(scoring.GoldenFile)},
	}, forest.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	_, a := burst(t, model)
	if len(a.Reasons) == 0 || a.Reasons[0].Code != alerts.RateAboveUsual || a.Reasons[0].Contribution != 0 || a.Reason == "" {
		t.Errorf("%q: %+v", a.Reason, a.Reasons)
	}
}
