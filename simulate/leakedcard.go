package simulate

import "github.com/weir-fraud/weir/payment"

// LeakedCard is a card number used with patience: a few online purchases over two weeks, at merchants and hours the
// customer could have chosen, each somewhat larger than usual. It is the third scenario of Le Borgne, Siblini,
// Lebichot and Bontempi, Reproducible Machine Learning for Credit Card Fraud Detection - Practical Handbook (2022):
// card-not-present leaks, where for 14 days a third of a card's transactions have their amount multiplied by 5. Hard:
// nothing happens quickly, and a purchase two or three times the usual is nothing rare. A device that the account has
// not used before helps, where the merchant tells it.
type LeakedCard struct {
	Schedule  `yaml:",inline" doc:"a few online purchases over two weeks, larger than usual"`
	Purchases Count    `yaml:"purchases" doc:"of one episode"`
	Over      Span     `yaml:"over" doc:"from the first purchase to about the last"`
	Factor    Interval `yaml:"factor" doc:"of the amounts, relative to what this customer would have paid"`
	NoDevice  float64  `yaml:"no_device" doc:"share of purchases without a device id"`
}

// DefaultLeakedCard returns the pattern with its default parameters.
func DefaultLeakedCard() LeakedCard {
	return LeakedCard{
		Schedule:  Schedule{Share: 0.0008},
		Purchases: Count{3, 6},
		Over:      Span{8 * day, 14 * day},
		Factor:    Interval{1.7, 4},
		NoDevice:  0.4,
	}
}

// Name returns "leaked_card".
func (LeakedCard) Name() string { return "leaked_card" }

func (p LeakedCard) validate() error {
	var e problems
	e.count("purchases", p.Purchases, 1)
	e.span("over", p.Over)
	e.factor("factor", p.Factor)
	e.share("no_device", p.NoDevice)
	return e.err()
}

func (p LeakedCard) size() float64 { return p.Purchases.mean() }

func (p LeakedCard) begin(g *Generator, ep *episode, _ moment) bool {
	if !g.victim(ep) {
		return false
	}
	r := &ep.rng
	ep.planned = p.Purchases.draw(r)
	ep.period = p.Over.draw(r)
	ep.device = g.criminalDevice(ep)
	p.pause(g, ep)
	return true
}

// pause waits for a share of the whole time, and then for an hour at which the customer shops.
func (p LeakedCard) pause(g *Generator, ep *episode) {
	mean := ep.period / duration(ep.planned)
	g.wait(ep, Span{mean / 3, mean * 5 / 3})
	if ep.at < g.fast {
		a := &g.accounts[ep.account]
		hours := g.world.weeks[a.rhythm].advance(localHour(ep.at, a.zone), ep.rng.exp()*2)
		ep.at += payment.Time(hours * msPerHour)
	}
}

func (p LeakedCard) step(g *Generator, ep *episode, tx *payment.Transaction) bool {
	r := &ep.rng
	a := &g.accounts[ep.account]
	m := g.world.site(r)
	if r.chance(0.15) {
		m = a.online[r.intn(usualOnline)]
	}
	device := ep.device
	if r.chance(p.NoDevice) {
		ep.device = a.devices[noDevice]
	}
	amount := g.amount(r, a, m, ep.at) * p.Factor.draw(r)
	g.stealAt(ep, tx, m, amount)
	ep.device = device
	p.pause(g, ep)
	return ep.done+1 < ep.planned
}
