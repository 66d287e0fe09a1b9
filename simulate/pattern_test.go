package simulate_test

import (
	"testing"
	"time"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/simulate"
)

// scheduled returns each pattern with its default parameters and the given schedule.
func scheduled(s simulate.Schedule) []simulate.Pattern {
	cards, takeover, travel := simulate.DefaultCardTesting(), simulate.DefaultAccountTakeover(), simulate.DefaultImpossibleTravel()
	cash, mule, merchant := simulate.DefaultCashOut(), simulate.DefaultMuleDeposits(), simulate.DefaultCompromisedMerchant()
	leaked := simulate.DefaultLeakedCard()
	cards.Schedule, takeover.Schedule, travel.Schedule, cash.Schedule = s, s, s, s
	mule.Schedule, merchant.Schedule, leaked.Schedule = s, s, s
	return []simulate.Pattern{cards, takeover, travel, cash, mule, merchant, leaked}
}

func TestPatternNames(t *testing.T) {
	want := []string{"card_testing", "account_takeover", "impossible_travel", "cash_out", "mule_deposits",
		"compromised_merchant", "leaked_card"}
	patterns := simulate.DefaultPatterns()
	if len(patterns) != len(want) {
		t.Fatalf("%d default patterns, want %d", len(patterns), len(want))
	}
	for i, p := range patterns {
		if p.Name() != want[i] {
			t.Errorf("pattern %d is %s, want %s", i, p.Name(), want[i])
		}
	}
}

// TestShares counts the fraud of the default configuration. Episodes come by chance: most patterns have about a
// hundred in this stream, so that their share is within a third of what is configured; compromised_merchant has twenty.
func TestShares(t *testing.T) {
	g := generator(t, small())
	got := map[string]float64{}
	var e simulate.Event
	const n = 600_000
	for range n {
		g.Next(&e)
		if e.Fraud {
			got[e.Pattern]++
			got["all"]++
		}
	}
	for name, want := range map[string]float64{"card_testing": 0.0018, "account_takeover": 0.0011, "impossible_travel": 0.0007,
		"cash_out": 0.0009, "mule_deposits": 0.0012, "compromised_merchant": 0.0011, "leaked_card": 0.0008} {
		slack := 0.35
		if name == "compromised_merchant" {
			slack = 0.5
		}
		between(t, "share of "+name+" to the configured one", got[name]/n/want, 1-slack, 1+slack)
	}
	between(t, "share of fraud", got["all"]/n, 0.0065, 0.0085)
}

// TestFraudShare has so few accounts that each is a victim again and again.
func TestFraudShare(t *testing.T) {
	cfg := small()
	cfg.Accounts = 200
	cfg.FraudShare = 0.05
	events := take(t, cfg, 200_000)
	var fraud float64
	for _, e := range events {
		if e.Fraud {
			fraud++
		}
	}
	between(t, "share of fraud", fraud/float64(len(events)), 0.044, 0.056)
}

func TestScheduleIsKept(t *testing.T) {
	s := simulate.Schedule{Share: 0.01, From: 10 * 24 * time.Hour, Until: 25 * 24 * time.Hour}
	for _, p := range scheduled(s) {
		t.Run(p.Name(), func(t *testing.T) {
			cfg := small()
			cfg.Duration = 40 * 24 * time.Hour
			cfg.Patterns = []simulate.Pattern{p}
			from, until := payment.TimeOf(cfg.Start.Add(s.From)), payment.TimeOf(cfg.Start.Add(s.Until))
			var inside int
			for _, e := range take(t, cfg, 1<<30) {
				if !e.Fraud {
					continue
				}
				if e.Pattern != p.Name() {
					t.Fatalf("fraud of pattern %s", e.Pattern)
				}
				if at := e.Transaction.Time; at < from || at >= until {
					t.Fatalf("fraud at %v, outside %v to %v", at, from, until)
				}
				inside++
			}
			if inside < 60 {
				t.Errorf("only %d fraudulent transactions while the pattern ran", inside)
			}
		})
	}
}

// only returns the events of a stream in which one pattern is frequent, by account, and how many are fraud.
func only(t *testing.T, p simulate.Pattern) (byAccount map[string][]simulate.Event, frauds float64) {
	t.Helper()
	cfg := small()
	cfg.Patterns, cfg.FraudShare = []simulate.Pattern{p}, 0.004
	cfg.Duration = 50 * 24 * time.Hour
	byAccount = map[string][]simulate.Event{}
	for _, e := range take(t, cfg, 1<<30) {
		id := e.Transaction.AccountID
		byAccount[id] = append(byAccount[id], e)
		if e.Fraud {
			frauds++
		}
	}
	if frauds < 200 {
		t.Fatalf("%v frauds", frauds)
	}
	return byAccount, frauds
}

// within counts the frauds among an account's events in the span before event i, those that satisfy the condition.
func within(events []simulate.Event, i int, span time.Duration, ok func(*payment.Transaction) bool) (n int) {
	for j := i - 1; j >= 0 && events[i].Transaction.Time.Sub(events[j].Transaction.Time) <= span; j-- {
		if events[j].Fraud && ok(&events[j].Transaction) {
			n++
		}
	}
	return n
}

func TestCardTesting(t *testing.T) {
	accounts, frauds := only(t, simulate.DefaultCardTesting())
	var tiny, large, prepared float64
	for _, events := range accounts {
		for i := range events {
			tx := &events[i].Transaction
			switch {
			case !events[i].Fraud:
			case tx.Amount < 500:
				tiny++
			default:
				large++
				if within(events, i, 90*time.Minute, func(tx *payment.Transaction) bool { return tx.Amount < 500 }) >= 5 {
					prepared++
				}
			}
			if events[i].Fraud && channel(tx) != "online" {
				t.Fatalf("card testing in person: %+v", tx)
			}
		}
	}
	between(t, "share of tiny amounts", tiny/frauds, 0.85, 0.95)
	between(t, "share of large amounts after five tries", prepared/large, 0.98, 1)
}

func TestAccountTakeover(t *testing.T) {
	accounts, frauds := only(t, simulate.DefaultAccountTakeover())
	var strange, known, escalated, pairs float64
	for _, events := range accounts {
		devices := map[string]bool{}
		last := -1
		for i := range events {
			tx := &events[i].Transaction
			device, ok := tx.Attribute("device_id")
			if !events[i].Fraud {
				devices[device] = true
				continue
			}
			if ok && devices[device] {
				known++
			} else if ok {
				strange++
			}
			if last >= 0 && tx.Time.Sub(events[last].Transaction.Time) < 2*time.Hour {
				pairs++
				if tx.Amount > events[last].Transaction.Amount {
					escalated++
				}
			}
			last = i
		}
	}
	between(t, "share from a strange device", strange/frauds, 0.6, 1)
	between(t, "frauds from a device of the account", known, 0, 0)
	between(t, "share of amounts above the one before", escalated/pairs, 0.7, 1)
}

func TestImpossibleTravel(t *testing.T) {
	accounts, _ := only(t, simulate.DefaultImpossibleTravel())
	var first, fast float64
	for _, events := range accounts {
		var home *payment.Transaction
		fresh := false
		for i := range events {
			tx := &events[i].Transaction
			switch {
			case !tx.Merchant.Location.Known:
			case !events[i].Fraud:
				home, fresh = tx, true
			case fresh && home != nil && tx.Time.Sub(home.Time) < 100*time.Minute:
				fresh = false
				first++
				if km(home.Merchant.Location, tx.Merchant.Location) > 200*tx.Time.Sub(home.Time).Hours() {
					fast++
				}
			}
		}
	}
	if first < 50 {
		t.Fatalf("%v first frauds", first)
	}
	between(t, "share of first frauds beyond any road", fast/first, 0.93, 1)
}

func TestCashOut(t *testing.T) {
	accounts, frauds := only(t, simulate.DefaultCashOut())
	var large, series float64
	for _, events := range accounts {
		for i := range events {
			if !events[i].Fraud {
				continue
			}
			tx := &events[i].Transaction
			if tx.Type != payment.Withdrawal || tx.Amount%2000 != 0 || tx.Amount > 80_000 {
				t.Fatalf("cash-out %+v", tx)
			}
			if tx.Amount >= 20_000 {
				large++
			}
			if within(events, i, time.Hour, func(*payment.Transaction) bool { return true }) > 0 {
				series++
			}
		}
	}
	between(t, "share of 200.00 and more", large/frauds, 0.98, 1)
	between(t, "share within an hour of another", series/frauds, 0.6, 0.9)
}

func TestMuleDeposits(t *testing.T) {
	accounts, frauds := only(t, simulate.DefaultMuleDeposits())
	var in, out, deposits, passed float64
	for _, events := range accounts {
		for i := range events {
			tx := &events[i].Transaction
			switch {
			case !events[i].Fraud:
			case tx.Type == payment.Deposit:
				in += float64(tx.Amount)
				deposits++
			case tx.Type == payment.Withdrawal:
				out += float64(tx.Amount)
				if within(events, i, 6*time.Hour, func(tx *payment.Transaction) bool { return tx.Type == payment.Deposit }) > 0 {
					passed++
				}
			default:
				t.Fatalf("mule %+v", tx)
			}
		}
	}
	between(t, "share of deposits", deposits/frauds, 0.25, 0.5)
	between(t, "money out to money in", out/in, 0.65, 0.98)
	between(t, "share of withdrawals soon after a deposit", passed/(frauds-deposits), 0.97, 1)
}

func TestCompromisedMerchant(t *testing.T) {
	accounts, frauds := only(t, simulate.DefaultCompromisedMerchant())
	perMerchant := map[string]float64{}
	victims := 0.0
	for _, events := range accounts {
		hit := false
		for i := range events {
			if events[i].Fraud {
				perMerchant[events[i].Transaction.Merchant.Name]++
				hit = true
			}
		}
		if hit {
			victims++
		}
	}
	between(t, "frauds per merchant hit", frauds/float64(len(perMerchant)), 3, 45)
	between(t, "frauds per victim", frauds/victims, 1, 2)
}

// TestMerchantsRecover has so few merchants that each is hit again and again.
func TestMerchantsRecover(t *testing.T) {
	cfg := small()
	cfg.Accounts, cfg.Merchants = 300, 100
	cfg.Patterns, cfg.FraudShare = []simulate.Pattern{simulate.DefaultCompromisedMerchant()}, 0.1
	var fraud float64
	events := take(t, cfg, 100_000)
	for _, e := range events[len(events)/2:] {
		if e.Fraud {
			fraud++
		}
	}
	between(t, "share of fraud in the later half", fraud/float64(len(events)/2), 0.08, 0.12)
}

func TestLeakedCard(t *testing.T) {
	accounts, frauds := only(t, simulate.DefaultLeakedCard())
	var quick, online float64
	for _, events := range accounts {
		for i := range events {
			if !events[i].Fraud {
				continue
			}
			if channel(&events[i].Transaction) == "online" {
				online++
			}
			if within(events, i, 6*time.Hour, func(*payment.Transaction) bool { return true }) > 0 {
				quick++
			}
		}
	}
	between(t, "share online", online/frauds, 1, 1)
	between(t, "share within six hours of another", quick/frauds, 0, 0.05)
}
