package simulate_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/simulate"
)

const dayMs = 24 * 3600 * 1000

// clean is traffic without fraud, over so many ordinary days of February and March.
func clean(days int) simulate.Config {
	cfg := small()
	cfg.Patterns = nil
	cfg.Start = time.Date(2023, time.February, 1, 0, 0, 0, 0, time.UTC)
	cfg.Duration = time.Duration(days) * 24 * time.Hour
	return cfg
}

func km(a, b payment.Location) float64 {
	aLat, aLon := a.Degrees()
	bLat, bLon := b.Degrees()
	const radian = math.Pi / 180
	h := math.Pow(math.Sin((bLat-aLat)*radian/2), 2) +
		math.Cos(aLat*radian)*math.Cos(bLat*radian)*math.Pow(math.Sin((bLon-aLon)*radian/2), 2)
	return 2 * 6371 * math.Asin(math.Sqrt(h))
}

func channel(tx *payment.Transaction) string {
	c, _ := tx.Attribute("channel")
	return c
}

// between fails the test if a share or other figure is out of its bounds.
func between(t *testing.T, what string, got, least, most float64) {
	t.Helper()
	if !(got >= least && got <= most) {
		t.Errorf("%s is %.4f, want %v to %v", what, got, least, most)
	}
}

// homes returns the median place of each account's events in person.
func homes(events []simulate.Event) map[string]payment.Location {
	lats, lons := map[string][]int32{}, map[string][]int32{}
	for i := range events {
		if tx := &events[i].Transaction; tx.Merchant.Location.Known {
			lats[tx.AccountID] = append(lats[tx.AccountID], tx.Merchant.Location.LatitudeE7)
			lons[tx.AccountID] = append(lons[tx.AccountID], tx.Merchant.Location.LongitudeE7)
		}
	}
	places := map[string]payment.Location{}
	for id, lat := range lats {
		lon := lons[id]
		slices.Sort(lat)
		slices.Sort(lon)
		places[id] = payment.Location{LatitudeE7: lat[len(lat)/2], LongitudeE7: lon[len(lon)/2], Known: true}
	}
	return places
}

func TestHabitsHold(t *testing.T) {
	events := take(t, clean(56), 1<<30)
	home := homes(events)
	var night, weekend, inPerson, near, far, online, deposits, withdrawals, refunds, nines, purchases float64
	for i := range events {
		tx := &events[i].Transaction
		loc := tx.Merchant.Location
		// The accounts live in the zones -5 to -8: at 8 to 10 UTC it is night in all of them.
		switch h := (tx.Time / 3_600_000) % 24; {
		case h >= 8 && h < 10:
			night++
		}
		if wd := tx.Time.Std().Weekday(); wd == time.Saturday || wd == time.Sunday {
			weekend++
		}
		switch tx.Type {
		case payment.Deposit:
			deposits++
			if _, ok := tx.Attribute("counterparty"); !ok || tx.Merchant != (payment.Merchant{}) {
				t.Fatalf("deposit %+v: want a counterparty and no merchant", tx)
			}
		case payment.Withdrawal:
			withdrawals++
			if tx.Amount%2000 != 0 || channel(tx) != "atm" {
				t.Fatalf("withdrawal %+v: want a multiple of 20.00 from a cash machine", tx)
			}
		case payment.Purchase:
			purchases++
			if tx.Amount < 0 {
				refunds++
			}
			if tx.Amount%100 == 99 {
				nines++
			}
		}
		switch channel(tx) {
		case "online":
			online++
			if loc.Known {
				t.Fatalf("online purchase %+v has a place", tx)
			}
		case "in_person":
			if !loc.Known {
				continue
			}
			inPerson++
			switch d := km(home[tx.AccountID], loc); {
			case d < 30:
				near++
			case d > 200:
				far++
			}
		}
	}
	n := float64(len(events))
	between(t, "events per account and day", n/56/1500, 1.3, 1.9)
	between(t, "share in the two quietest hours (2/24 = 0.083 without habits)", night/n, 0.005, 0.03)
	between(t, "share at weekends", weekend/n, 0.27, 0.40)
	between(t, "share of purchases in person within 30 km of home", near/inPerson, 0.85, 0.97)
	between(t, "share of purchases in person over 200 km from home", far/inPerson, 0.02, 0.13)
	between(t, "share online", online/n, 0.2, 0.4)
	between(t, "share of deposits", deposits/n, 0.03, 0.1)
	between(t, "share of withdrawals", withdrawals/n, 0.03, 0.1)
	between(t, "share of refunds among purchases", refunds/purchases, 0.001, 0.01)
	between(t, "share of purchases that end in .99", nines/purchases, 0.1, 0.35)
}

// TestAccountsDiffer checks that accounts have habits of their own, not the population's.
func TestAccountsDiffer(t *testing.T) {
	type habits struct {
		n         int
		amounts   []float64
		merchants map[string]int
		devices   map[string]bool
	}
	accounts := map[string]*habits{}
	owners := map[string]map[string]bool{}
	for _, e := range take(t, clean(56), 1<<30) {
		tx := &e.Transaction
		h := accounts[tx.AccountID]
		if h == nil {
			h = &habits{merchants: map[string]int{}, devices: map[string]bool{}}
			accounts[tx.AccountID] = h
		}
		h.n++
		if tx.Merchant.Category == "Groceries" {
			h.amounts = append(h.amounts, float64(tx.Amount))
		}
		if tx.Merchant.Name != "" {
			h.merchants[tx.Merchant.Name]++
		}
		if d, ok := tx.Attribute("device_id"); ok {
			h.devices[d] = true
			if owners[d] == nil {
				owners[d] = map[string]bool{}
			}
			owners[d][tx.AccountID] = true
		}
	}
	var counts, medians []float64
	var usual, all, shared float64
	for _, h := range accounts {
		counts = append(counts, float64(h.n))
		if len(h.amounts) >= 8 {
			slices.Sort(h.amounts)
			medians = append(medians, h.amounts[len(h.amounts)/2])
		}
		top := make([]int, 0, len(h.merchants))
		for _, c := range h.merchants {
			top = append(top, c)
			all += float64(c)
		}
		slices.Sort(top)
		for _, c := range top[max(0, len(top)-10):] {
			usual += float64(c)
		}
	}
	for _, o := range owners {
		if len(o) > 1 {
			shared++
		}
	}
	quantile := func(v []float64, q float64) float64 {
		slices.Sort(v)
		return v[int(q*float64(len(v)-1))]
	}
	between(t, "activity, 9th decile to 1st", quantile(counts, 0.9)/quantile(counts, 0.1), 3, 9)
	between(t, "grocery bill, 9th decile to 1st", quantile(medians, 0.9)/quantile(medians, 0.1), 2, 6)
	between(t, "share of purchases at an account's ten most used merchants", usual/all, 0.5, 0.9)
	between(t, "share of devices with several owners", shared/float64(len(owners)), 0.02, 0.15)
}

// TestNobodyIsInTwoPlaces checks that legitimate journeys take their time, and that merchants which report their head
// office look as if they did not.
func TestNobodyIsInTwoPlaces(t *testing.T) {
	events := take(t, clean(56), 1<<30)
	home := homes(events)
	distances := map[string][]float64{}
	for i := range events {
		if tx := &events[i].Transaction; tx.Merchant.Location.Known {
			d := km(home[tx.AccountID], tx.Merchant.Location)
			distances[tx.Merchant.Name] = append(distances[tx.Merchant.Name], d)
		}
	}
	// Where most customers live elsewhere, the merchant reports its head office, or all are travellers.
	misplaced := map[string]bool{}
	for name, d := range distances {
		slices.Sort(d)
		misplaced[name] = d[len(d)/2] > 60
	}
	last, lastTrue := map[string]payment.Transaction{}, map[string]payment.Transaction{}
	var pairs, fast, wrong float64
	for _, e := range events {
		tx := e.Transaction
		if !tx.Merchant.Location.Known {
			continue
		}
		pairs++
		if tooFast(last, tx) {
			fast++
		}
		if !misplaced[tx.Merchant.Name] && tooFast(lastTrue, tx) {
			wrong++
		}
		last[tx.AccountID] = tx
		if !misplaced[tx.Merchant.Name] {
			lastTrue[tx.AccountID] = tx
		}
	}
	between(t, "share of pairs too fast", fast/pairs, 0.0005, 0.012)
	between(t, "share of those without misplaced merchants", wrong/pairs, 0, 0.00002)
}

// tooFast tells whether the account's last transaction was farther away than a car drives in a city, or a plane flies.
func tooFast(last map[string]payment.Transaction, tx payment.Transaction) bool {
	before, ok := last[tx.AccountID]
	if !ok {
		return false
	}
	d := km(before.Merchant.Location, tx.Merchant.Location)
	hours := tx.Time.Sub(before.Time).Hours()
	return d < 60 && d > 2+65*hours || d >= 60 && d > 900*hours
}

func TestPayComesRegularly(t *testing.T) {
	times := map[string][]payment.Time{}
	for _, e := range take(t, clean(100), 1<<30) {
		if who, _ := e.Transaction.Attribute("counterparty"); who != "" && who[0] == 'E' {
			times[e.Transaction.AccountID] = append(times[e.Transaction.AccountID], e.Transaction.Time)
		}
	}
	if len(times) != 1500 {
		t.Fatalf("%d accounts are paid, want all 1500", len(times))
	}
	for id, paid := range times {
		for i := 1; i < len(paid); i++ {
			days := math.Round(float64(paid[i]-paid[i-1]) / dayMs)
			if days != 14 && days != 30 {
				t.Errorf("%s is paid after %v days", id, days)
			}
		}
	}
}

func TestHolidayPeak(t *testing.T) {
	perDay := map[string]float64{}
	cfg := clean(92)
	cfg.Start = time.Date(2023, time.October, 1, 0, 0, 0, 0, time.UTC)
	for _, e := range take(t, cfg, 1<<30) {
		perDay[e.Transaction.Time.Std().Format("01-02")]++
	}
	sum := func(days ...string) (s float64) {
		for _, d := range days {
			s += perDay[d] / float64(len(days))
		}
		return s
	}
	// Full weeks, so that weekends do not count.
	ordinary := sum("10-09", "10-10", "10-11", "10-12", "10-13", "10-14", "10-15")
	december := sum("12-11", "12-12", "12-13", "12-14", "12-15", "12-16", "12-17")
	between(t, "a December week to an October week", december/ordinary, 1.2, 1.45)
	between(t, "Christmas Day to an October day", perDay["12-25"]/ordinary, 0.2, 0.75)
}

func TestRate(t *testing.T) {
	for _, rate := range []float64{0.02, 0.2} {
		cfg := clean(28)
		cfg.Rate, cfg.Patterns = rate, simulate.DefaultPatterns()
		n := float64(len(take(t, cfg, 1<<30)))
		between(t, "events per second to the configured rate", n/cfg.Duration.Seconds()/rate, 0.93, 1.07)
	}
}

func TestLive(t *testing.T) {
	now := time.Date(2024, time.March, 1, 9, 0, 0, 0, time.UTC) // night in the accounts' cities
	for _, tc := range []struct {
		seed, rate uint64
		warmUp     time.Duration
	}{{1, 500, 24 * time.Hour}, {2, 500, 24 * time.Hour}, {3, 50, 24 * time.Hour}, {4, 500, 0}} {
		cfg := simulate.LiveConfig(now, float64(tc.rate))
		cfg.Seed = tc.seed
		cfg.Accounts = 20_000
		cfg.WarmUp, cfg.Start = tc.warmUp, now.Add(-tc.warmUp)
		if from, ok := cfg.LiveFrom(); !ok || !from.Equal(now) {
			t.Fatalf("live from %v, %v", from, ok)
		}
		g := generator(t, cfg)
		var e simulate.Event
		var history, live, fraud, firstMinute, firstFraud float64
		for g.Next(&e) {
			at := e.Transaction.Time.Std().Sub(now)
			if at >= 3*time.Minute {
				break
			}
			if at < 0 {
				history++
				continue
			}
			live++
			if at < time.Minute {
				firstMinute++
			}
			if e.Fraud {
				if fraud++; fraud == 1 {
					firstFraud = at.Seconds()
				}
			}
		}
		if tc.warmUp > 0 {
			between(t, "history per account", history/20_000, 0.8, 6)
		} else {
			between(t, "events before the start", history, 0, 0)
		}
		between(t, "first minute's rate to the configured one", firstMinute/60/float64(tc.rate), 0.9, 1.1)
		between(t, "three minutes' rate to the configured one", live/180/float64(tc.rate), 0.94, 1.06)
		between(t, "seconds to the first fraud", firstFraud, 0, 20)
		between(t, "share of fraud", fraud/live, 0.004, 0.013)
	}
}
