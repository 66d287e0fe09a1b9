package pipeline

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/policy"
)

const ruled = `
format: 1
version: 7.1
segments: [{name: default, review: 0.5, decline: 0.9}]
rules:
  - {id: BIG, when: amount > 1000, action: review, severity: medium, reason: A large amount, owner: o}
  - {id: UP, when: amount == 5, add: 0.4, reason: Five exactly, owner: o}
  - {id: TRY, when: amount > 1, action: decline, mode: shadow, reason: Any amount, owner: o}
block: {merchants: {key: merchant, reason: A bad merchant}}
`

// ruledJudge returns a judge of a policy with rules, whose scores the test gives, and an entry for its account.
func ruledJudge(t *testing.T) (*judge, *entry) {
	t.Helper()
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	d, err := policy.Parse("policy.yaml", []byte(ruled))
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	changes := []policy.Change{{List: "block:merchants", Entry: policy.Entry{Key: "Bad", Until: policy.Forever}}}
	engine, err := NewEngine(EngineConfig{Set: set, Policy: p, Changes: changes, Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return newJudge(engine), newShard(set).add("A", set.NewAccount())
}

func TestDecisionAndAlertOfAPolicy(t *testing.T) {
	j, e := ruledJudge(t)
	usd, _ := payment.ParseCurrency("USD")
	for i, c := range []struct {
		merchant string
		amount   int64
		score    float64
		action   scoring.Action
		severity scoring.Severity
		rules    []string
		reason   string
		code     alerts.Code
		money    float64
	}{
		{"Shop", 100, 0.1, scoring.Approve, 0, nil, "", "", 0},
		{"Shop", 5000, 0.6, scoring.Review, scoring.Low, []string{"TRY:shadow"}, "First transaction of the account", alerts.FirstTransaction, 30},
		{"Bad", 100, 0.1, scoring.Decline, scoring.High, []string{"block:merchants"}, "A bad merchant", "block:merchants", 0.1},
		{"Shop", 200000, 0.1, scoring.Review, scoring.Medium, []string{"BIG", "TRY:shadow"}, "A large amount", "BIG", 200},
		{"Shop", 500, 0.2, scoring.Review, scoring.Low, []string{"UP", "TRY:shadow"}, "Five exactly", "UP", 3},
		{"Shop", 500, 0.55, scoring.Decline, scoring.High, []string{"UP", "TRY:shadow"}, "Five exactly", "UP", 4.75},
	} {
		tx := payment.Transaction{
			ID: "t", AccountID: "A", Type: payment.Purchase, Amount: c.amount, Currency: usd, Time: payment.TimeOf(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)),
			Merchant: payment.Merchant{Name: c.merchant},
		}
		j.observe(e, &tx)
		j.compute(e)
		j.decision.Score = c.score
		d := j.decide(&tx)
		if d.Action != c.action || d.Score != c.score || d.Policy != "7.1" || !slices.Equal(d.Rules, c.rules) || (d.AlertID != "") != (c.action != scoring.Approve) {
			t.Errorf("%d: %+v", i, d)
		}
		if d.AlertID == "" {
			continue
		}
		a := j.alert(e, &tx, nil)
		if a.Reason != c.reason || a.Reasons[0].Code != c.code || a.Severity != c.severity || math.Abs(a.MoneyAtRisk-c.money) > 1e-9 {
			t.Errorf("%d: %q %+v %v %v", i, a.Reason, a.Reasons, a.Severity, a.MoneyAtRisk)
		}
		if last := a.Reasons[len(a.Reasons)-1].Code; last != alerts.FirstTransaction {
			t.Errorf("%d: what the account's past says is gone: %+v", i, a.Reasons)
		}
	}
}

func TestDecideWithAPolicyDoesNotAllocate(t *testing.T) {
	j, e := ruledJudge(t)
	usd, _ := payment.ParseCurrency("USD")
	tx := payment.Transaction{
		ID: "t", AccountID: "A", Type: payment.Purchase, Amount: 50, Currency: usd, Time: payment.TimeOf(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)),
	}
	j.observe(e, &tx)
	j.compute(e)
	if n := testing.AllocsPerRun(1000, func() { j.decision.Score = 0.1; j.decide(&tx) }); n != 0 {
		t.Errorf("%v allocations for a decision that nothing hits", n)
	}
}
