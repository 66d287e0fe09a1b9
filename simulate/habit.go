package simulate

import (
	"github.com/weir-fraud/weir/payment"
)

const (
	transferShare = 0.02 // of an account's events: money received from friends
	refundShare   = 0.004
	renewShare    = 0.0025 // events after which a device is new
	strangeShare  = 0.15   // purchases at a merchant that is not a usual one
	largeShare    = 0.02   // purchases of many times the ordinary amount, where such happen
	burstGain     = 1.07   // events per habit, counting those in bursts
	liveGain      = 1.02   // the same in the live part

	mostPaid = 6000.0 // for one purchase, in major units

	liveShape = 6 // how regular the live part's gaps are: the deviation is 1/√6 of the mean

	walkKmh = 60.0 // how fast people move about their own city
	walkKm  = 1.5  // what they cover in no time
)

// next returns when the account acts next.
func (a *account) next() payment.Time { return min(a.habitAt, a.payAt, a.subAt) }

// act makes the account's transaction that is due at t, and sets when the next is.
func (g *Generator) act(a *account, index int, t payment.Time, e *Event) {
	tx := &e.Transaction
	g.shop = -1
	switch t {
	case a.payAt:
		a.payAt += a.payEvery + payment.Time(a.rng.between(-4, 4)*msPerHour)
		g.fill(tx, a, t, payment.Deposit, a.payAmount, payment.Merchant{}, a.payroll)
		if a.traits&cashAfter != 0 && a.burst.left == 0 && t < g.live {
			a.burst = burst{left: uint8(1 + a.rng.intn(2)), merchant: -1, kind: payment.Withdrawal}
			a.habitAt = t + payment.Time(a.rng.between(0.5, 14)*msPerHour)
		}
	case a.subAt:
		a.subAt += monthMs
		g.fill(tx, a, t, payment.Purchase, a.subAmount, g.world.merchants[a.subSite].payee, a.devices[0])
	default:
		g.habit(a, index, t, tx)
	}
	tx.ID = g.newID(index, a.seen)
	a.seen++
	e.Fraud, e.Pattern = false, ""
}

func (g *Generator) habit(a *account, index int, t payment.Time, tx *payment.Transaction) {
	city, at, transit := a.whereabouts(t)
	if a.burst.left > 0 && a.burst.merchant < 0 && !transit {
		a.burst.merchant = g.reachATM(a, t, city, at)
	}
	if a.burst.left > 0 && a.burst.merchant >= 0 {
		g.continueBurst(a, index, t, tx)
		return
	}
	a.burst.left = 0
	a.habitAt = g.nextHabit(a, t)
	r := &a.rng
	if t >= a.trip.back && t < g.live && r.chance(float64(a.tripsPerDay)/a.perDay) {
		if booked := r.chance(0.6); booked {
			a.plan(g.world, t, true)
			g.buy(a, index, t, tx, g.world.online[catTravel].pick(r))
			return
		}
		a.plan(g.world, t, false)
	}
	if r.chance(renewShare) {
		a.renewDevice(g.cfg.Seed, index)
	}
	transfers := transferShare
	if a.traits&sellsOnline != 0 {
		transfers *= 4
	}
	switch u := r.float(); {
	case u < transfers:
		g.receive(a, index, t, tx)
		return
	case u < transfers+refundShare && g.refund(a, t, city, transit, tx):
		return
	case !transit && u < transfers+refundShare+float64(a.cashShare):
		if m := g.reachATM(a, t, city, at); m >= 0 {
			g.withdraw(a, index, t, tx, m)
			if r.chance(0.06) {
				a.burst = burst{left: 1, merchant: m, kind: payment.Withdrawal}
				a.habitAt = t + g.pause(r, t, 1, 6)
			}
			return
		}
	}
	online := float64(a.onlineShare)
	if city != int(a.city) {
		online *= 0.4
	}
	m := int32(-1)
	if !transit && !r.chance(online) {
		m = g.reachShop(a, t, city, at)
	}
	if m < 0 {
		m = g.chooseSite(a)
	}
	g.buy(a, index, t, tx, m)
}

// refund gives back the last purchase, if there is one and the account is, or can be, where it was made.
func (g *Generator) refund(a *account, t payment.Time, city int, transit bool, tx *payment.Transaction) bool {
	if a.lastShop < 0 {
		return false
	}
	shop := &g.world.merchants[a.lastShop]
	facts := a.devices[0]
	if shop.city >= 0 {
		if transit || int(shop.city) != city || !g.reach(a, t, a.lastShop) {
			return false
		}
		facts = inPersonFacts
	}
	g.fill(tx, a, t, payment.Purchase, -a.lastAmount, shop.payee, facts)
	a.lastShop = -1
	return true
}

// nextHabit returns when the account's habit next makes it act.
func (g *Generator) nextHabit(a *account, t payment.Time) payment.Time {
	r := &a.rng
	if t >= g.live {
		return t + 1 + payment.Time(g.liveGap(a)*r.gamma(liveShape)/liveShape)
	}
	w := g.world.weeks[a.rhythm]
	next := t
	for {
		// Drawn at the peak season's rate, then thinned down to the day's own.
		amount := r.exp() * 24 / (a.perDay * g.scale * peakSeason)
		next += 1 + payment.Time(w.advance(localHour(next, a.zone), amount)*msPerHour)
		if next >= g.live {
			// The live part begins in a steady state: with the rest of a gap that is under way.
			return g.live + 1 + payment.Time(g.liveGap(a)*r.float()*r.gamma(liveShape+1)/liveShape)
		}
		if r.float()*peakSeason < season(next) {
			return next
		}
	}
}

// liveGap returns the account's mean time between events in the live part, in milliseconds.
func (g *Generator) liveGap(a *account) float64 { return g.liveUnit / liveWeight(a.perDay) }

// liveWeight is how active an account is in the live part. The differences are smaller than by habit, so that no
// account floods a short demonstration.
func liveWeight(perDay float64) float64 { return min(2, max(0.5, perDay/meanPerDay)) }

// pause returns a wait of so many minutes, or seconds in the live part.
func (g *Generator) pause(r *rng, t payment.Time, lo, hi float64) payment.Time {
	unit := 60_000.0
	if t >= g.live {
		unit = 4_000
	}
	return 1 + payment.Time(unit*r.between(lo, hi))
}

// chooseSite returns where the account buys online.
func (g *Generator) chooseSite(a *account) int32 {
	r := &a.rng
	if r.chance(strangeShare) {
		return g.world.site(r)
	}
	return a.online[choose(r, g.world.usualMix[:usualOnline])]
}

// reachShop returns a shop that the account can be at by t, or -1: nobody is in two places.
func (g *Generator) reachShop(a *account, t payment.Time, city int, at place) int32 {
	r := &a.rng
	for range 3 {
		var m int32
		switch {
		case city != int(a.city):
			m = g.world.near(r, at, city, g.world.travelMix[:])
		case r.chance(strangeShare):
			m = g.world.shop(r, city, g.world.inPersonMix[:])
		default:
			m = a.local[choose(r, g.world.usualMix[:])]
		}
		if g.reach(a, t, m) {
			return m
		}
	}
	return -1
}

// reachATM is reachShop for cash machines.
func (g *Generator) reachATM(a *account, t payment.Time, city int, at place) int32 {
	m := a.homeATM
	if city != int(a.city) || a.rng.chance(0.3) {
		m = g.world.cash(&a.rng, at, city)
	}
	if !g.reach(a, t, m) {
		return -1
	}
	return m
}

// reach moves the account to the merchant if it can be there by t. Who was in another city is known to have
// travelled: a trip's times allow for the way.
func (g *Generator) reach(a *account, t payment.Time, m int32) bool {
	to := g.world.merchants[m].at
	km := a.lastPlace.kmTo(to)
	hours := float64(t-a.lastAt) / msPerHour
	if km > walkKm+float64(walkKmh*hours) && km < 60 {
		return false
	}
	a.lastPlace, a.lastAt = to, t
	return true
}

// buy makes a purchase at the merchant, and may begin a burst there.
func (g *Generator) buy(a *account, index int, t payment.Time, tx *payment.Transaction, m int32) {
	r := &a.rng
	shop := &g.world.merchants[m]
	c := &categories[shop.category]
	amount := g.amount(r, a, m, t)
	if c.big && r.chance(largeShare) {
		amount = min(mostPaid, amount*r.between(3, 14))
	}
	facts := inPersonFacts
	if shop.city < 0 {
		facts = a.devices[r.intn(int(a.deviceCount))]
		if r.chance(0.02) {
			facts = a.devices[noDevice]
		}
	}
	minor := price(r, amount, c.ending)
	g.fill(tx, a, t, payment.Purchase, minor, shop.payee, facts)
	g.charge(tx, shop)
	g.shop = m
	a.lastShop, a.lastAmount = m, minor
	if tx.Currency != g.currency {
		a.lastShop = -1
	}
	switch {
	case shop.category == catDigital && a.traits&gamer != 0 && r.chance(0.2):
		a.burst = burst{left: uint8(2 + r.intn(8)), merchant: m, kind: payment.Purchase}
	case (shop.category == catTransit || shop.category == catVending) && r.chance(0.3):
		a.burst = burst{left: uint8(1 + r.intn(2)), merchant: m, kind: payment.Purchase}
	default:
		return
	}
	a.habitAt = t + g.pause(r, t, 0.4, 5)
}

// amount returns what the account would spend at the merchant, in major units.
func (g *Generator) amount(r *rng, a *account, m int32, t payment.Time) float64 {
	shop := &g.world.merchants[m]
	c := &categories[shop.category]
	amount := c.median * shop.level * r.logNormal(c.sigma)
	if shop.category != catTransit && shop.category != catVending {
		amount *= a.spend
	}
	if c.gifts && giftSeason(t) {
		amount *= 1.25
	}
	return min(amount, mostPaid)
}

func (g *Generator) withdraw(a *account, index int, t payment.Time, tx *payment.Transaction, m int32) {
	r := &a.rng
	minor := notes(int64(float64(a.cashUnit) * 2000 * r.logNormal(0.5)))
	if a.traits&maximalist != 0 && r.chance(0.4) || r.chance(0.02) {
		minor = int64(a.cashLimit)
	}
	minor = min(minor, int64(a.cashLimit))
	g.fill(tx, a, t, payment.Withdrawal, minor, g.world.merchants[m].payee, atmFacts)
	g.charge(tx, &g.world.merchants[m])
}

// receive is a transfer from one of a few friends.
func (g *Generator) receive(a *account, index int, t payment.Time, tx *payment.Transaction) {
	r := &a.rng
	friends := 4
	if a.traits&sellsOnline != 0 {
		friends = len(g.world.people)
	}
	who := (index*7 + r.intn(friends)) % len(g.world.people)
	end := endAny
	if r.chance(0.7) {
		end = endTens
	}
	g.fill(tx, a, t, payment.Deposit, price(r, 45*r.logNormal(0.9), end), payment.Merchant{}, g.world.people[who])
}

// continueBurst makes the burst's next transaction.
func (g *Generator) continueBurst(a *account, index int, t payment.Time, tx *payment.Transaction) {
	r := &a.rng
	b := &a.burst
	b.left--
	shop := &g.world.merchants[b.merchant]
	c := &categories[shop.category]
	if shop.city >= 0 {
		a.lastPlace, a.lastAt = shop.at, t
	}
	switch {
	case b.kind == payment.Withdrawal:
		g.withdraw(a, index, t, tx, b.merchant)
	case shop.city < 0:
		g.fill(tx, a, t, payment.Purchase, price(r, r.between(0.5, 5), c.ending), shop.payee, a.devices[0])
	default:
		g.fill(tx, a, t, payment.Purchase, price(r, c.median*shop.level, c.ending), shop.payee, inPersonFacts)
		g.charge(tx, shop)
	}
	if b.left > 0 {
		a.habitAt = t + g.pause(r, t, 0.4, 5)
	} else {
		a.habitAt = g.nextHabit(a, t)
	}
}
