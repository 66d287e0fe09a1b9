package simulate

import (
	"errors"
	"fmt"
	"time"

	"github.com/weir-fraud/weir/payment"
)

// Config says what to simulate. The stream is a function of it. [DefaultConfig] is a place to start from.
//
// The tags are for files: the keys there, and what each means.
type Config struct {
	Seed              uint64        `yaml:"seed" doc:"chooses the world, the accounts and all that happens"`
	Start             time.Time     `yaml:"start" doc:"event time at which the stream begins"`
	Duration          time.Duration `yaml:"duration" doc:"how much event time the stream covers; 0s is endless"`
	Accounts          int           `yaml:"accounts" doc:"how many accounts, 1 to 16777216; each takes about 800 bytes of memory"`
	Merchants         int           `yaml:"merchants" doc:"how many merchants, 100 to 1000000, cash machines and websites among them; below 1520 there are fewer cities, below 300 none abroad"`
	Currency          string        `yaml:"currency" doc:"ISO 4217 code of the accounts' currency, with two decimal digits; prices are like those of the US dollar"`
	ForeignCurrencies bool          `yaml:"foreign_currencies" doc:"charge purchases and withdrawals in European cities in EUR and GBP"`
	Rate              float64       `yaml:"rate" doc:"mean transactions per second of event time, kept by scaling how active each account is; 0 leaves that to the habits, about 1.6 a day and account"`
	LiveRate          float64       `yaml:"live_rate" doc:"steady transactions per second from start + warm_up on, whatever the hour, for demonstrations that follow a clock; 0 for none"`
	WarmUp            time.Duration `yaml:"warm_up" doc:"with live_rate: how much history, at the rate of the habits, comes before the live part"`
	FraudShare        float64       `yaml:"fraud_share" doc:"share of all transactions that are fraud, to which the patterns' shares are scaled; 0 takes them as they are"`
	Patterns          []Pattern     `yaml:"patterns" doc:"the kinds of fraud; one may appear more than once, with other parameters or at another time"`
}

// DefaultConfig returns an endless stream of 10,000 accounts and about 0.2 transactions per second, with all patterns
// at about 0.7 % of the transactions.
func DefaultConfig() Config {
	return Config{
		Seed:      1,
		Start:     time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC),
		Accounts:  10_000,
		Merchants: 2_000,
		Currency:  "USD",
		Patterns:  DefaultPatterns(),
	}
}

// LiveConfig returns a stream for a demonstration that follows the wall clock: up to a day of history before now, some
// 100,000 transactions, then rate transactions per second of event time for ever. The caller takes the history as
// fast as it can, and holds each later event back until its time. In the history's last two minutes fraud comes as
// often as in the live part, which so begins with all patterns under way.
//
// There are 80 accounts for each transaction per second, up to 200,000, so that an account acts every 80 seconds, far
// more often than people do. The live part keeps what can be kept: who buys what, where and how much, nobody moving
// faster than a car in a city. Times of day and trips pause, and patterns that take hours or days take minutes.
func LiveConfig(now time.Time, rate float64) Config {
	const leastAccounts, mostAccounts, withDay = 500, 200_000, 40_000
	c := DefaultConfig()
	c.Accounts = int(min(max(80*rate, leastAccounts), mostAccounts))
	c.WarmUp = 24 * time.Hour
	if c.Accounts > withDay {
		c.WarmUp = (c.WarmUp * withDay / time.Duration(c.Accounts)).Truncate(time.Minute)
	}
	c.Start = now.Add(-c.WarmUp)
	c.LiveRate = rate
	return c
}

// LiveFrom returns the event time at which the live part begins, and whether there is one.
func (c *Config) LiveFrom() (time.Time, bool) {
	return c.Start.Add(c.WarmUp), c.LiveRate > 0
}

// Validate reports everything that is wrong with the configuration, each with its remedy.
func (c *Config) Validate() error {
	var p problems
	p.check(!c.Start.Before(payment.MinTime.Std()) && c.Start.Before(payment.MaxTime.Std()),
		"start", "is %v: it must lie in 1970 to 2199", c.Start)
	p.check(c.Duration >= 0, "duration", "is %v: it must not be negative; 0 is endless", c.Duration)
	p.check(c.Accounts >= 1 && c.Accounts <= 1<<24, "accounts", "is %d: it must be 1 to %d", c.Accounts, 1<<24)
	p.check(c.Merchants >= 100 && c.Merchants <= 1_000_000, "merchants", "is %d: it must be 100 to 1000000", c.Merchants)
	p.check(c.Rate >= 0 && c.Rate <= maxRate, "rate", "is %v: it must be 0 to %v", c.Rate, maxRate)
	p.check(c.LiveRate >= 0 && c.LiveRate <= maxRate, "live_rate", "is %v: it must be 0 to %v", c.LiveRate, maxRate)
	p.check(c.WarmUp >= 0, "warm_up", "is %v: it must not be negative", c.WarmUp)
	p.check(c.WarmUp == 0 || c.LiveRate > 0, "warm_up", "is %v without live_rate: set live_rate, or use duration alone", c.WarmUp)
	cur, ok := payment.ParseCurrency(c.Currency)
	p.check(ok, "currency", "is %q: it must be an ISO 4217 code such as USD", c.Currency)
	if exp, known := cur.Exponent(); ok && known {
		p.check(exp == 2, "currency", "is %s, which has %d decimal digits: take one with 2", c.Currency, exp)
	}
	p.check(c.FraudShare >= 0 && c.FraudShare <= maxFraud, "fraud_share", "is %v: it must be 0 to %v", c.FraudShare, maxFraud)
	sum := c.validatePatterns(&p)
	p.check(c.FraudShare == 0 || sum > 0, "fraud_share", "is %v without patterns to scale: set patterns", c.FraudShare)
	if err := p.err(); err != nil {
		return fmt.Errorf("simulate configuration: %w", err)
	}
	return nil
}

// validatePatterns returns the sum of the patterns' shares.
func (c *Config) validatePatterns(p *problems) (sum float64) {
	for i, pattern := range c.Patterns {
		if pattern == nil {
			p.check(false, "patterns", "has nothing at %d: remove it", i)
			continue
		}
		s := pattern.schedule()
		sum += s.Share
		if err := errors.Join(s.validate(), pattern.validate()); err != nil {
			*p = append(*p, fmt.Errorf("pattern %d, %s: %w", i, pattern.Name(), err))
		}
	}
	p.check(sum <= maxFraud, "patterns", "have shares that sum up to %v: at most %v can be fraud", sum, maxFraud)
	return sum
}

const maxRate = 1e6 // transactions per second

// maxFraud keeps enough legitimate traffic to hide in.
const maxFraud = 0.2
