package simulate

import (
	"math"
	"sort"
	"strconv"

	"github.com/weir-fraud/weir/payment"
)

// merchant is a shop, a website or a cash machine.
type merchant struct {
	payee    payment.Merchant
	at       place // where customers stand; the payee's location may differ
	level    float64
	category uint8
	city     int16 // -1 online
	watcher  int32 // 1 + the episode that notes the customers, or 0
}

// pool is a set of merchants to choose from by popularity.
type pool struct {
	ids     []int32
	through []float64 // summed weights
}

func (p *pool) add(id int32, weight float64) {
	if n := len(p.through); n > 0 {
		weight += p.through[n-1]
	}
	p.ids = append(p.ids, id)
	p.through = append(p.through, weight)
}

// pick returns a merchant, the popular ones more often, or -1 from an empty pool.
func (p *pool) pick(r *rng) int32 {
	n := len(p.ids)
	if n == 0 {
		return -1
	}
	x := r.float() * p.through[n-1]
	return p.ids[min(n-1, sort.SearchFloat64s(p.through, x))]
}

// world is what all accounts share. It depends on the seed and the number of merchants, not on the accounts.
type world struct {
	cities    []city
	homes     int // cities[:homes] are lived in
	merchants []merchant
	local     [][categoryCount]pool // by city
	online    [categoryCount]pool
	weeks     [len(rhythms)]*week

	homeShare   []float64 // summed shares of cities[:homes]
	inPersonMix [categoryCount]float64
	onlineMix   [categoryCount]float64
	travelMix   [categoryCount]float64
	usualMix    [usualLocal]float64   // summed weights of an account's usual merchants, by rank
	people      [][]payment.Attribute // senders of transfers
}

// travelTaste says how much more often a traveller buys in a category in person.
var travelTaste = [categoryCount]float64{
	catRestaurants: 2.5, catCoffee: 1.3, catTransit: 2, catEntertainment: 2.5, catClothing: 1.5, catGroceries: 0.3,
	catFuel: 0.7, catPharmacy: 0.6, catVending: 1, catJewelry: 1, catElectronics: 0.4, catGiftCards: 3,
}

func newWorld(seed uint64, merchants int) *world {
	w := &world{}
	w.homes = min(len(homeCities), max(2, merchants/40))
	w.cities = append(w.cities, homeCities[:w.homes]...)
	w.cities = append(w.cities, farCities[:min(len(farCities), merchants/300)]...)
	w.local = make([][categoryCount]pool, len(w.cities))
	for i := range rhythms {
		w.weeks[i] = newWeek(&rhythms[i])
	}
	var inPerson, online, travel float64
	for c := range categories {
		inPerson += categories[c].inPerson
		online += categories[c].online
		travel += float64(categories[c].inPerson * travelTaste[c])
		w.inPersonMix[c], w.onlineMix[c], w.travelMix[c] = inPerson, online, travel
	}
	var rank float64
	for i := range w.usualMix {
		rank += 1 / float64(i+2)
		w.usualMix[i] = rank
	}
	w.homeShare = make([]float64, w.homes)
	var sum float64
	for i := range w.homeShare {
		// The square root keeps small cities populated.
		sum += math.Sqrt(w.cities[i].weight)
		w.homeShare[i] = sum
	}
	r := rng{derive(seed, domainWorld, 0)}
	w.settle(&r, merchants)
	for i := range 1024 {
		w.people = append(w.people, []payment.Attribute{
			{Key: "channel", Value: "transfer"},
			{Key: "counterparty", Value: "P" + strconv.Itoa(40000+i*37)},
		})
	}
	return w
}

// settle founds the merchants: first one of each ordinary kind per city and online, then by chance.
func (w *world) settle(r *rng, n int) {
	w.merchants = make([]merchant, 0, n)
	taken := make(map[string]int, n)
	cityMix := make([]float64, len(w.cities))
	var sum float64
	for i := range w.cities {
		sum += math.Sqrt(w.cities[i].weight)
		cityMix[i] = sum
	}
	for c := range categoryCount {
		if categories[c].online > 0 {
			w.found(r, taken, c, -1)
			w.found(r, taken, c, -1)
		}
	}
	for _, c := range [...]int{catGroceries, catATM, catRestaurants, catFuel, catCoffee} {
		for city := range w.cities {
			w.found(r, taken, c, city)
		}
	}
	for len(w.merchants) < n {
		switch u := r.float(); {
		case u < 0.05:
			w.found(r, taken, catATM, choose(r, cityMix))
		case u < 0.3:
			w.found(r, taken, choose(r, w.onlineMix[:]), -1)
		default:
			w.found(r, taken, choose(r, w.inPersonMix[:]), choose(r, cityMix))
		}
	}
}

// found adds a merchant. In a category and city the first are the most popular, by Zipf's law.
func (w *world) found(r *rng, taken map[string]int, category, city int) {
	id := int32(len(w.merchants))
	c := &categories[category]
	name := nameHeads[r.intn(len(nameHeads))] + " " + c.nouns[r.intn(len(c.nouns))]
	taken[name]++
	if k := taken[name]; k > 1 {
		name += " No. " + strconv.Itoa(k)
	}
	m := merchant{
		payee:    payment.Merchant{Name: name, Category: c.name},
		level:    r.logNormal(0.25),
		category: uint8(category),
		city:     int16(city),
	}
	p := &w.online[category]
	if city >= 0 {
		p = &w.local[city][category]
		m.at = w.center(city).scatter(r, 5)
		m.payee.Location = location(m.at)
		switch u := r.float(); {
		case category == catATM: // a cash machine is where it says
		case u < 0.01: // reports its head office
			m.payee.Location = location(w.center(r.intn(w.homes)).scatter(r, 5))
		case u < 0.03: // reports nothing
			m.payee.Location = payment.Location{}
		}
	}
	p.add(id, 1/math.Pow(float64(len(p.ids)+1), 0.9))
	w.merchants = append(w.merchants, m)
}

func (w *world) center(city int) place {
	c := &w.cities[city]
	return place{float32(c.latitude), float32(c.longitude)}
}

// location returns p to 1e-5 degree, about a metre.
func location(p place) payment.Location {
	return payment.Location{
		LatitudeE7:  int32(math.Round(float64(p.lat)*1e5)) * 100,
		LongitudeE7: int32(math.Round(float64(p.lon)*1e5)) * 100,
		Known:       true,
	}
}

// choose returns an index by its weight, from the summed weights.
func choose(r *rng, through []float64) int {
	x := r.float() * through[len(through)-1]
	for i, t := range through {
		if x < t {
			return i
		}
	}
	return len(through) - 1
}

// shop returns a merchant of the city for purchases in person, by the given summed taste. Small cities lack some kinds.
func (w *world) shop(r *rng, city int, taste []float64) int32 {
	for range 8 {
		if m := w.local[city][choose(r, taste)].pick(r); m >= 0 {
			return m
		}
	}
	return w.local[city][catGroceries].pick(r)
}

// site returns a merchant for online purchases.
func (w *world) site(r *rng) int32 { return w.online[choose(r, w.onlineMix[:])].pick(r) }

// near returns the one closest to p of three merchants of a city.
func (w *world) near(r *rng, p place, city int, taste []float64) int32 {
	best, km := int32(-1), math.Inf(1)
	for range 3 {
		m := w.shop(r, city, taste)
		if d := p.kmTo(w.merchants[m].at); d < km {
			best, km = m, d
		}
	}
	return best
}

// cash returns the one closest to p of three cash machines of a city.
func (w *world) cash(r *rng, p place, city int) int32 {
	best, km := int32(-1), math.Inf(1)
	for range 3 {
		m := w.local[city][catATM].pick(r)
		if d := p.kmTo(w.merchants[m].at); d < km {
			best, km = m, d
		}
	}
	return best
}

// elsewhere returns a city at least so many kilometres from p, or the farthest of those tried.
func (w *world) elsewhere(r *rng, p place, km float64, cities int) int {
	best, far := 0, -1.0
	for range 12 {
		c := r.intn(cities)
		d := p.kmTo(w.center(c))
		if d >= km {
			return c
		}
		if d > far {
			best, far = c, d
		}
	}
	return best
}
