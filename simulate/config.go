package simulate

import (
	"errors"
	"fmt"
	"time"

	"github.com/weir-fraud/weir/payment"
)

// Config says what to simulate. The stream is a function of it. [DefaultConfig] is a place to start from.
type Config struct {
	// Seed chooses the world, the accounts and all that happens.
	Seed uint64

	// Start is the event time at which the stream begins.
	Start time.Time

	// Duration bounds the stream's event times to Start … Start + Duration, the end excluded; 0 is endless.
	Duration time.Duration

	// Accounts is how many accounts there are, from 1 to 16,777,216. Each takes about 700 bytes.
	Accounts int

	// Merchants is how many merchants there are, cash machines and websites among them, from 100 to 1,000,000. Below
	// 1,520 there are fewer cities, below 300 none abroad.
	Merchants int

	// Currency is the ISO 4217 code of the accounts' currency. Prices are like those of the US dollar, so it must
	// have two decimal digits.
	Currency string

	// ForeignCurrencies charges purchases and withdrawals in European cities in EUR and GBP instead of Currency.
	ForeignCurrencies bool

	// Rate is the mean number of transactions per second of event time over all accounts, kept by scaling how active
	// each is. Hours, weekends and seasons still move it, and pay days and subscriptions stay. 0 leaves the activity
	// to the habits, about 1.6 a day and account.
	Rate float64

	// LiveRate, if not 0, is the steady number of transactions per second from Start + WarmUp on, whatever the hour.
	// It is for demonstrations that follow a clock: see [LiveConfig].
	LiveRate float64

	// WarmUp is how much history, at the rate of the habits, comes before the live part. It needs LiveRate. In its last
	// two minutes fraud comes as often as in the live part, which then begins with all patterns under way.
	WarmUp time.Duration

	// FraudShare is the share of all transactions that are fraud; the patterns' own shares are scaled to sum up to
	// it. 0 takes them as they are.
	FraudShare float64

	// Patterns are the kinds of fraud; none leaves the traffic clean. A pattern may appear more than once, with
	// other parameters or at another time.
	Patterns []Pattern
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

// LiveConfig returns a stream for a demonstration that follows the wall clock: three days of history up to now, some
// five transactions an account, then rate transactions per second of event time for ever. The caller takes the history as
// fast as it can, and holds each later event back until its time. Fraud is under way when the live part begins.
//
// An account then acts every Accounts / rate seconds or so, far more often than people do. So the live part keeps
// what can be kept: who buys what, where and how much, nobody moving faster than a car in a city. Times of day and
// trips pause, and patterns that take hours or days take minutes.
func LiveConfig(now time.Time, rate float64) Config {
	c := DefaultConfig()
	c.Accounts = 40_000
	c.WarmUp = 72 * time.Hour
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
		"Start", "is %v: it must lie in 1970 to 2199", c.Start)
	p.check(c.Duration >= 0, "Duration", "is %v: it must not be negative; 0 is endless", c.Duration)
	p.check(c.Accounts >= 1 && c.Accounts <= 1<<24, "Accounts", "is %d: it must be 1 to %d", c.Accounts, 1<<24)
	p.check(c.Merchants >= 100 && c.Merchants <= 1_000_000, "Merchants", "is %d: it must be 100 to 1000000", c.Merchants)
	p.check(c.Rate >= 0 && c.Rate <= maxRate, "Rate", "is %v: it must be 0 to %v", c.Rate, maxRate)
	p.check(c.LiveRate >= 0 && c.LiveRate <= maxRate, "LiveRate", "is %v: it must be 0 to %v", c.LiveRate, maxRate)
	p.check(c.WarmUp >= 0, "WarmUp", "is %v: it must not be negative", c.WarmUp)
	p.check(c.WarmUp == 0 || c.LiveRate > 0, "WarmUp", "is %v without LiveRate: set LiveRate, or use Duration alone", c.WarmUp)
	cur, ok := payment.ParseCurrency(c.Currency)
	p.check(ok, "Currency", "is %q: it must be an ISO 4217 code such as USD", c.Currency)
	if exp, known := cur.Exponent(); ok && known {
		p.check(exp == 2, "Currency", "is %s, which has %d decimal digits: take one with 2", c.Currency, exp)
	}
	p.check(c.FraudShare >= 0 && c.FraudShare <= maxFraud, "FraudShare", "is %v: it must be 0 to %v", c.FraudShare, maxFraud)
	sum := c.validatePatterns(&p)
	p.check(c.FraudShare == 0 || sum > 0, "FraudShare", "is %v without patterns to scale: set Patterns", c.FraudShare)
	if err := p.err(); err != nil {
		return fmt.Errorf("simulate configuration: %w", err)
	}
	return nil
}

// validatePatterns returns the sum of the patterns' shares.
func (c *Config) validatePatterns(p *problems) (sum float64) {
	for i, pattern := range c.Patterns {
		if pattern == nil {
			p.check(false, "Patterns", "has nothing at %d: remove it", i)
			continue
		}
		s := pattern.schedule()
		sum += s.Share
		if err := errors.Join(s.validate(), pattern.validate()); err != nil {
			*p = append(*p, fmt.Errorf("pattern %d, %s: %w", i, pattern.Name(), err))
		}
	}
	p.check(sum <= maxFraud, "Patterns", "have shares that sum up to %v: at most %v can be fraud", sum, maxFraud)
	return sum
}

const maxRate = 1e6 // transactions per second

// maxFraud keeps enough legitimate traffic to hide in.
const maxFraud = 0.2
