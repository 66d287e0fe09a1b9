package simulate

import (
	"math"
	"strconv"

	"github.com/weir-fraud/weir/payment"
)

const (
	usualLocal  = 12
	usualOnline = 6
	maxDevices  = 3
	noDevice    = maxDevices

	meanPerDay = 1.45 // purchases, withdrawals and transfers by habit, over all accounts
)

// account is a customer: who they are, how they live, and where they are now. What it draws comes from its own rng, so
// its legitimate traffic is the same whatever other accounts there are, unless Config.Rate or Config.LiveRate share a
// rate among all.
type account struct {
	id  string
	rng rng

	// Habits.
	perDay      float64 // events a day by habit
	zone        float64 // hours from UTC, with a personal shift
	spend       float64 // amounts relative to a category's median
	onlineShare float32
	cashShare   float32 // withdrawals among events
	tripsPerDay float32
	home        place
	city        int16
	rhythm      uint8
	traits      trait
	cashUnit    int16 // usual withdrawal, in notes of 20
	cashLimit   int32 // most a cash machine gives at once, minor units
	local       [usualLocal]int32
	online      [usualOnline]int32
	homeATM     int32
	payEvery    payment.Time
	payAmount   int64
	subAmount   int64
	subSite     int32
	payroll     []payment.Attribute
	devices     [maxDevices + 1][]payment.Attribute // by kind; the last, noDevice, names none
	deviceCount uint8
	renewals    uint16 // devices replaced so far

	// What comes next, and what was.
	habitAt, payAt, subAt payment.Time
	burst                 burst
	trip                  trip
	lastPlace             place // where they last stood
	lastAt                payment.Time
	lastShop              int32 // last purchase, which may be refunded
	lastAmount            int64
	seen                  uint32 // legitimate transactions so far
	foul                  uint32 // fraudulent ones
	busy                  bool   // an episode has this account
}

// trait is a set of peculiarities.
type trait uint8

const (
	gamer       trait = 1 << iota // makes bursts of small digital purchases
	commuter                      // makes bursts of small purchases in transit and at machines
	cashAfter                     // withdraws after pay day
	subscriber                    // pays the same every month
	sharer                        // shares the first device with the account before
	maximalist                    // withdraws up to the limit
	sellsOnline                   // receives more transfers
)

// burst is a run of small purchases, or of withdrawals, at one merchant.
type burst struct {
	left     uint8
	merchant int32
	kind     payment.Type
}

// trip is a journey: away between leave and back, at the destination between arrive and until.
type trip struct {
	city                       int16
	stay                       place
	leave, arrive, until, back payment.Time
}

func newAccount(w *world, seed uint64, index int, start payment.Time) account {
	a := account{
		id:  "A" + strconv.Itoa(100001+index),
		rng: rng{derive(seed, domainAccount, uint64(index))},
	}
	r := &a.rng
	a.city = int16(choose(r, w.homeShare))
	a.home = w.center(int(a.city)).scatter(r, 4)
	a.zone = w.cities[a.city].zone + float64(0.7*r.norm())
	a.rhythm = newRhythm(r)
	a.perDay = meanPerDay * min(7, 0.8*r.logNormal(0.67))
	a.spend = r.logNormal(0.4)
	a.onlineShare = float32(min(0.85, max(0.05, 0.33+float64(0.18*r.norm()))))
	a.cashShare = float32(min(0.25, max(0, 0.05+float64(0.04*r.norm()))))
	a.tripsPerDay = float32(min(0.12, 0.008*r.logNormal(0.9)))
	a.traits = newTraits(r, index)
	a.cashUnit = int16(1 + r.intn(6))
	a.cashLimit = cashLimits[r.intn(len(cashLimits))]
	a.settleIn(w)
	a.newPay(w)
	a.newDevices(seed, index)

	a.lastPlace, a.lastAt, a.lastShop = a.home, start-24*msPerHour, -1
	a.payAt = start + payment.Time(r.float()*float64(a.payEvery))
	a.subAt = payment.MaxTime
	if a.traits&subscriber != 0 {
		a.subAt = start + payment.Time(r.float()*float64(monthMs))
		if a.subSite = w.online[catUtilities].pick(r); r.chance(0.65) {
			a.subSite = w.online[catDigital].pick(r)
		}
		c := &categories[w.merchants[a.subSite].category]
		a.subAmount = price(r, c.median*r.logNormal(0.4), c.ending)
	}
	return a
}

// cashLimits are what cash machines give at once, in minor units.
var cashLimits = [...]int32{300_00, 400_00, 500_00, 500_00, 600_00, 800_00}

const monthMs = payment.Time(30.44 * 24 * msPerHour)

func newRhythm(r *rng) uint8 {
	u := r.float()
	for i := range rhythms {
		if u -= rhythms[i].share; u < 0 {
			return uint8(i)
		}
	}
	return 0
}

func newTraits(r *rng, index int) trait {
	var t trait
	for i, share := range [...]float64{0.08, 0.25, 0.2, 0.7, 0.12, 0.06, 0.08} { // in the order of the traits
		if r.chance(share) {
			t |= 1 << i
		}
	}
	if index == 0 {
		t &^= sharer
	}
	return t
}

// settleIn chooses the usual merchants. The first of each list are used most.
func (a *account) settleIn(w *world) {
	r := &a.rng
	for i := range a.local {
		a.local[i] = w.near(r, a.home, int(a.city), w.inPersonMix[:])
	}
	for i := range a.online {
		a.online[i] = w.site(r)
	}
	if a.traits&commuter != 0 {
		if m := w.local[a.city][catTransit].pick(r); m >= 0 {
			a.local[1] = m
		}
	}
	if a.traits&gamer != 0 {
		a.online[0] = w.online[catDigital].pick(r)
	}
	a.homeATM = w.cash(r, a.home, int(a.city))
}

func (a *account) newPay(w *world) {
	r := &a.rng
	days := payment.Time(14)
	if r.chance(0.3) {
		days = 30
	}
	a.payEvery = days * 24 * msPerHour
	monthly := 3400 * a.spend * r.logNormal(0.3)
	a.payAmount = int64(math.Round(monthly * float64(days) / 30 * 100))
	a.payroll = []payment.Attribute{
		{Key: "channel", Value: "transfer"},
		{Key: "counterparty", Value: "E" + strconv.Itoa(1000+r.intn(4000))},
	}
}

var (
	inPersonFacts = []payment.Attribute{{Key: "channel", Value: "in_person"}}
	atmFacts      = []payment.Attribute{{Key: "channel", Value: "atm"}}
	onlineFacts   = []payment.Attribute{{Key: "channel", Value: "online"}}
)

func (a *account) newDevices(seed uint64, index int) {
	a.deviceCount = uint8(1 + a.rng.intn(maxDevices-1))
	for i := range a.deviceCount {
		owner := index
		if i == 0 && a.traits&sharer != 0 {
			owner-- // the family's tablet
		}
		a.devices[i] = newDevice(derive(seed, domainDevice, uint64(owner)<<24|uint64(i)))
	}
	a.devices[noDevice] = onlineFacts
}

// newDevice returns the attributes of an online transaction from the device of that number.
func newDevice(number uint64) []payment.Attribute {
	return []payment.Attribute{
		{Key: "device_id", Value: "d-" + strconv.FormatUint(number>>24, 36)},
		{Key: "channel", Value: "online"},
	}
}

// renewDevice replaces a device, as when a phone is bought.
func (a *account) renewDevice(seed uint64, index int) {
	a.renewals++
	slot := a.rng.intn(int(a.deviceCount))
	a.devices[slot] = newDevice(derive(seed, domainDevice, uint64(index)<<24|uint64(a.renewals)<<8))
}

// whereabouts says where the account is at t: a city and a place in it, or in transit.
func (a *account) whereabouts(t payment.Time) (city int, at place, transit bool) {
	switch tr := &a.trip; {
	case t < tr.leave || t >= tr.back:
		return int(a.city), a.home, false
	case t >= tr.arrive && t < tr.until:
		return int(tr.city), tr.stay, false
	default:
		return int(a.city), a.home, true
	}
}

// plan sets out for another city. Most trips are booked days before.
func (a *account) plan(w *world, t payment.Time, booked bool) {
	r := &a.rng
	var city int
	if r.chance(0.5) {
		city = r.intn(w.homes)
	} else {
		city = w.elsewhere(r, a.home, 600, len(w.cities))
	}
	if city == int(a.city) {
		return
	}
	wait := r.between(1, 5)
	if booked {
		wait = 24 * r.between(2, 21)
	}
	// The way takes an hour per 650 km and three to get to and from airports, or the car's time if that is less.
	km := a.home.kmTo(w.center(city))
	hours := min(km/75, 3+km/650) + 0.3
	a.trip = trip{
		city:   int16(city),
		stay:   w.center(city).scatter(r, 3),
		leave:  t + payment.Time(wait*msPerHour),
		arrive: t + payment.Time((wait+hours)*msPerHour),
	}
	stay := 24 * r.between(0.4, 3)
	if km > 1500 {
		stay = 24 * r.between(2, 11)
	}
	a.trip.until = a.trip.arrive + payment.Time(stay*msPerHour)
	a.trip.back = a.trip.until + payment.Time(hours*msPerHour)
}
