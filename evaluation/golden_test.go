package evaluation_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
)

// golden holds what testdata/golden.py wrote.
type golden struct {
	Rankings []struct {
		Score            []float64
		Fraud            []int
		AveragePrecision float64 `json:"average_precision"`
		ROCAUC           float64 `json:"roc_auc"`
	}
	Cards []struct {
		K     int
		Day   []int
		Card  []uint32
		Score []float64
		Fraud []int
		Mean  float64
	}
}

func loadGolden(t *testing.T) *golden {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Rankings) == 0 || len(g.Cards) == 0 {
		t.Fatal("testdata/golden.json is empty: run testdata/golden.py")
	}
	return &g
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12 || math.IsNaN(a) && math.IsNaN(b) }

func label(fraud int) history.Label {
	if fraud == 1 {
		return history.Fraud
	}
	return history.Legitimate
}

func TestRankingAsScikitLearn(t *testing.T) {
	for i, g := range loadGolden(t).Rankings {
		c := evaluation.NewCollector(100)
		for j, score := range g.Score {
			c.Add(&evaluation.Sample{Score: score, Label: label(g.Fraud[j])})
		}
		r := c.Result()
		if !near(r.AveragePrecision, g.AveragePrecision) {
			t.Errorf("ranking %d of %d rows: average precision %v, scikit-learn has %v", i, len(g.Score), r.AveragePrecision, g.AveragePrecision)
		}
		if !near(r.ROCAUC, g.ROCAUC) {
			t.Errorf("ranking %d of %d rows: ROC AUC %v, scikit-learn has %v", i, len(g.Score), r.ROCAUC, g.ROCAUC)
		}
	}
}

func TestCardPrecisionAsTheHandbook(t *testing.T) {
	const day = 24 * 60 * 60 * 1000
	for i, g := range loadGolden(t).Cards {
		c := evaluation.NewCollector(g.K)
		for j, score := range g.Score {
			c.Add(&evaluation.Sample{
				Time: payment.Time(g.Day[j]*day + j), Account: g.Card[j], Score: score, Label: label(g.Fraud[j]),
			})
		}
		if r := c.Result(); !near(r.Card.Mean, g.Mean) {
			t.Errorf("cards %d: card precision@%d is %v, the handbook's recipe gives %v", i, g.K, r.Card.Mean, g.Mean)
		}
	}
}
