package simulate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/simulate"
)

func TestValidate(t *testing.T) {
	cardTesting := func(change func(*simulate.CardTesting)) func(*simulate.Config) {
		return func(c *simulate.Config) {
			p := simulate.DefaultCardTesting()
			change(&p)
			c.Patterns = []simulate.Pattern{p}
		}
	}
	for _, tc := range []struct {
		name   string
		change func(*simulate.Config)
		want   string // part of the error; "" = valid
	}{
		{"default", func(*simulate.Config) {}, ""},
		{"clean", func(c *simulate.Config) { c.Patterns = nil }, ""},
		{"smallest", func(c *simulate.Config) { c.Accounts, c.Merchants = 1, 100 }, ""},
		{"no start", func(c *simulate.Config) { c.Start = time.Time{} }, "start is"},
		{"negative duration", func(c *simulate.Config) { c.Duration = -1 }, "duration is"},
		{"no accounts", func(c *simulate.Config) { c.Accounts = 0 }, "accounts is 0"},
		{"few merchants", func(c *simulate.Config) { c.Merchants = 99 }, "merchants is 99"},
		{"unknown currency", func(c *simulate.Config) { c.Currency = "XXL" }, `currency is "XXL"`},
		{"yen", func(c *simulate.Config) { c.Currency = "JPY" }, "JPY, which has 0 decimal digits"},
		{"negative rate", func(c *simulate.Config) { c.Rate = -1 }, "rate is -1"},
		{"warm-up alone", func(c *simulate.Config) { c.WarmUp = time.Hour }, "set live_rate"},
		{"too much fraud", func(c *simulate.Config) { c.FraudShare = 0.5 }, "fraud_share is 0.5"},
		{"share of nothing", func(c *simulate.Config) { c.Patterns, c.FraudShare = nil, 0.01 }, "without patterns"},
		{"nil pattern", func(c *simulate.Config) { c.Patterns = []simulate.Pattern{nil} }, "patterns has nothing at 0"},
		{"pattern's share", cardTesting(func(p *simulate.CardTesting) { p.Share = 2 }), "pattern 0, card_testing: share is 2"},
		{"pattern's end", cardTesting(func(p *simulate.CardTesting) { p.From, p.Until = 2, 1 }), "it must be later"},
		{"pattern's count", cardTesting(func(p *simulate.CardTesting) { p.Tries = simulate.Count{Min: 3, Max: 2} }), "tries is 3 to 2"},
		{"pattern's span", cardTesting(func(p *simulate.CardTesting) { p.Pause.Max = 0 }), "pause is"},
		{"pattern's money", cardTesting(func(p *simulate.CardTesting) { p.LargeSum.Min = 0 }), "large_sum is 0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := simulate.DefaultConfig()
			tc.change(&cfg)
			_, err := simulate.New(cfg)
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("error: %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("error %v does not say %q", err, tc.want)
			}
			if tc.want == "" {
				take(t, cfg, 20_000) // the smallest world must turn, too
			}
		})
	}
}
