package policy_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/policy"
)

func builtin(t testing.TB) *features.Set {
	t.Helper()
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func compile(t testing.TB, text string) (*policy.Policy, *features.Set) {
	t.Helper()
	set := builtin(t)
	d, err := policy.Parse("policy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	return p, set
}

func purchase(t testing.TB) *payment.Transaction {
	t.Helper()
	usd, _ := payment.ParseCurrency("USD")
	at, err := payment.ParseTime("2026-11-24T12:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	return &payment.Transaction{
		ID: "t1", AccountID: "A1", Time: at, Type: payment.Purchase, Amount: 50000, Currency: usd,
		Merchant: payment.Merchant{Name: "Shop", Category: "Electronics"}, Attributes: []payment.Attribute{{Key: "device_id", Value: "d-17"}},
	}
}

// oldSeverity is how thresholds alone graded an alert before there were policies.
func oldSeverity(b scoring.Bands, a scoring.Action, score float64) scoring.Severity {
	third := (1 - b.Review) / 3
	switch {
	case a == scoring.Decline || score >= 1-third:
		return scoring.High
	case score >= 1-2*third:
		return scoring.Medium
	}
	return scoring.Low
}

func TestThresholdsAlone(t *testing.T) {
	set := builtin(t)
	env := set.NewScene().Suppose(purchase(t), nil, nil)
	rng := rand.New(rand.NewPCG(1, 2))
	var v policy.Verdict
	for range 2000 {
		b := scoring.Bands{Review: rng.Float64(), Decline: scoring.Never()}
		if rng.IntN(3) > 0 {
			b.Decline = b.Review + rng.Float64()*(1-b.Review)
		}
		p, err := policy.FromThresholds("v", b, set)
		if err != nil {
			t.Fatal(err)
		}
		third := (1 - b.Review) / 3
		for _, score := range []float64{0, 1, rng.Float64(), b.Review, math.Nextafter(b.Review, 0), min(1, b.Decline), 1 - third, 1 - 2*third, math.Nextafter(1-third, 0)} {
			p.Decide(env, score, p.Entries(), &v)
			action := scoring.Approve
			if score >= b.Decline {
				action = scoring.Decline
			} else if score >= b.Review {
				action = scoring.Review
			}
			if v.Action != action || v.Severity != oldSeverity(b, action, score) || v.Score != score || len(v.Rules) != 0 || len(v.Reasons) != 0 {
				t.Fatalf("%+v at %v: %+v", b, score, v)
			}
		}
	}
}

const precedence = `
format: 1
version: v1
segments:
  - {name: online, when: channel == "online", review: 0.4, decline: 0.6}
  - {name: default, review: 0.5, decline: 0.8}
rules:
  - {id: NOTE, when: amount == 1, reason: r, owner: o}
  - {id: OK, when: amount == 2 or amount == 6, action: approve, reason: fine, owner: o}
  - {id: NO, when: amount == 2 or amount == 3 or amount == 5, action: decline, reason: bad, owner: o}
  - {id: LAW, when: amount == 4 or amount == 5 or amount == 6, action: review, despite_allow: true, severity: medium, reason: law, owner: o}
  - {id: UP, when: amount == 7 or amount == 8, add: 0.3, severity: high, reason: up, owner: o}
  - {id: DOWN, when: amount == 8 or amount == 9, add: -0.3, reason: down, owner: o}
  - {id: TRY, when: amount < 10, action: decline, mode: shadow, reason: try, owner: o}
  - {id: GONE, when: amount < 10, action: decline, mode: off, reason: gone, owner: o}
block:
  accounts: {key: account, action: review, entries: [B1, B2, {key: LATE, until: 2026-11-24T12:00:00Z}]}
  merchants: {key: merchant, reason: bad merchant, entries: [Bad]}
allow:
  accounts: {key: account, entries: [G1, B2, {key: SOON, until: 2026-11-24T12:00:00.001Z}, {key: LATE, until: 2026-11-24}]}
`

func TestPrecedence(t *testing.T) {
	p, set := compile(t, precedence)
	scene := set.NewScene()
	for _, c := range []struct {
		name              string
		account, merchant string
		amount            int64
		score             float64
		action            scoring.Action
		severity          scoring.Severity
		trace             []string
		reasons           []string
	}{
		{"bands alone", "A", "Shop", 100, 0.55, scoring.Review, scoring.Low, nil, nil},
		{"a rule that is only noted", "A", "Shop", 1, 0.1, scoring.Approve, scoring.Low, []string{"NOTE", "TRY:shadow"}, nil},
		{"the first rule that acts", "A", "Shop", 2, 0.9, scoring.Approve, scoring.High, []string{"OK", "NO", "TRY:shadow"}, nil},
		{"a rule goes before bands", "A", "Shop", 3, 0.1, scoring.Decline, scoring.High, []string{"NO", "TRY:shadow"}, []string{"NO"}},
		{"an allow list before bands", "G1", "Shop", 100, 0.9, scoring.Approve, scoring.High, []string{"allow:accounts"}, nil},
		{"an allow list before rules", "G1", "Shop", 3, 0.1, scoring.Approve, scoring.Low, []string{"allow:accounts", "NO", "TRY:shadow"}, nil},
		{"despite_allow before an allow list", "G1", "Shop", 4, 0.1, scoring.Review, scoring.Medium, []string{"allow:accounts", "LAW", "TRY:shadow"}, []string{"LAW"}},
		{"despite_allow before an earlier rule", "A", "Shop", 5, 0.1, scoring.Review, scoring.Medium, []string{"NO", "LAW", "TRY:shadow"}, []string{"LAW"}},
		{"despite_allow before an exception", "A", "Shop", 6, 0.1, scoring.Review, scoring.Medium, []string{"OK", "LAW", "TRY:shadow"}, []string{"LAW"}},
		{"a block list before an allow list", "B2", "Shop", 100, 0.1, scoring.Review, scoring.Low, []string{"block:accounts", "allow:accounts"}, []string{"block:accounts"}},
		{"a block list before despite_allow", "A", "Bad", 4, 0.1, scoring.Decline, scoring.High, []string{"block:merchants", "LAW", "TRY:shadow"}, []string{"block:merchants", "LAW"}},
		{"the stricter of two block lists", "B1", "Bad", 100, 0.1, scoring.Decline, scoring.High, []string{"block:accounts", "block:merchants"}, []string{"block:merchants"}},
		{"a block list for review does not loosen a band", "B1", "Shop", 100, 0.9, scoring.Decline, scoring.High, []string{"block:accounts"}, []string{"block:accounts"}},
		{"nor a rule", "B1", "Shop", 3, 0.1, scoring.Decline, scoring.High, []string{"block:accounts", "NO", "TRY:shadow"}, []string{"block:accounts", "NO"}},
		{"a block list before an exception", "B1", "Shop", 2, 0.1, scoring.Review, scoring.Low, []string{"block:accounts", "OK", "NO", "TRY:shadow"}, []string{"block:accounts"}},
		{"a score is raised", "A", "Shop", 7, 0.25, scoring.Review, scoring.High, []string{"UP", "TRY:shadow"}, []string{"UP"}},
		{"a raise that changes nothing", "A", "Shop", 7, 0.1, scoring.Approve, scoring.Low, []string{"UP", "TRY:shadow"}, nil},
		{"a raise within a band", "A", "Shop", 7, 0.499, scoring.Review, scoring.High, []string{"UP", "TRY:shadow"}, []string{"UP"}},
		{"up and down", "A", "Shop", 8, 0.55, scoring.Review, scoring.Low, []string{"UP", "DOWN", "TRY:shadow"}, nil},
		{"a score is lowered", "A", "Shop", 9, 0.79, scoring.Approve, scoring.Low, []string{"DOWN", "TRY:shadow"}, nil},
		{"an entry expires at its time", "LATE", "Shop", 100, 0.55, scoring.Review, scoring.Low, nil, nil},
		{"and counts until then", "SOON", "Shop", 100, 0.55, scoring.Approve, scoring.Low, []string{"allow:accounts"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := purchase(t)
			tx.AccountID, tx.Merchant.Name, tx.Amount = c.account, c.merchant, 100*c.amount
			var v policy.Verdict
			p.Decide(scene.Suppose(tx, nil, nil), c.score, p.Entries(), &v)
			var reasons []string
			for _, r := range v.Reasons {
				reasons = append(reasons, r.Code)
			}
			if v.Action != c.action || v.Severity != c.severity || !slices.Equal(v.Rules, c.trace) || !slices.Equal(reasons, c.reasons) {
				t.Errorf("%v %v %v %v instead of %v %v %v %v", v.Action, v.Severity, v.Rules, reasons, c.action, c.severity, c.trace, c.reasons)
			}
		})
	}
}

func TestSegments(t *testing.T) {
	p, set := compile(t, precedence)
	tx := purchase(t)
	tx.Attributes = append(tx.Attributes, payment.Attribute{Key: "channel", Value: "online"})
	var v policy.Verdict
	for _, c := range []struct {
		tx      *payment.Transaction
		segment string
		action  scoring.Action
	}{{tx, "online", scoring.Decline}, {purchase(t), "default", scoring.Review}} {
		p.Decide(set.NewScene().Suppose(c.tx, nil, nil), 0.65, nil, &v)
		if v.Segment != c.segment || v.Action != c.action {
			t.Errorf("%+v instead of %s, %v", v, c.segment, c.action)
		}
	}
}

func TestMoneyAtRisk(t *testing.T) {
	for _, c := range []struct {
		money string
		score float64
		want  float64
	}{
		{"", 0.333333, 166.67},
		{"money_at_risk: amount", 0.2, 500},
		{"money_at_risk: amount * score + adjusted_score", 0.5, 250.75},
		{"money_at_risk: 0 - amount", 0.5, 0},
		{"money_at_risk: amount / 0", 0.5, math.NaN()},
	} {
		rule := ""
		if c.score == 0.5 {
			rule = "rules: [{id: UP, when: amount > 0, add: 0.25, reason: r, owner: o}]\n"
		}
		p, set := compile(t, "format: 1\nversion: v\nsegments: [{name: default, review: 0.5}]\n"+rule+c.money)
		env := set.NewScene().Suppose(purchase(t), nil, nil)
		var v policy.Verdict
		p.Decide(env, c.score, nil, &v)
		if got := p.MoneyAtRisk(env); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s: %v instead of %v", c.money, got, c.want)
		}
	}
}

func busy(t testing.TB) (*policy.Policy, *expression.Env) {
	t.Helper()
	p, set := compile(t, precedence)
	return p, set.NewScene().Suppose(purchase(t), map[string]float64{"count_1h": 3}, nil)
}

func TestDecideDoesNotAllocate(t *testing.T) {
	p, env := busy(t)
	var v policy.Verdict
	if n := testing.AllocsPerRun(1000, func() { p.Decide(env, 0.3, p.Entries(), &v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDecide(b *testing.B) {
	set := builtin(b)
	env := set.NewScene().Suppose(purchase(b), nil, nil)
	plain, err := policy.FromThresholds("v", scoring.Bands{Review: 0.5, Decline: 0.9}, set)
	if err != nil {
		b.Fatal(err)
	}
	full, fullEnv := busy(b)
	for _, c := range []struct {
		name   string
		policy *policy.Policy
		env    *expression.Env
	}{{"thresholds", plain, env}, {"rules-and-lists", full, fullEnv}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var v policy.Verdict
			lists := c.policy.Entries()
			for b.Loop() {
				c.policy.Decide(c.env, 0.3, lists, &v)
			}
		})
	}
}
