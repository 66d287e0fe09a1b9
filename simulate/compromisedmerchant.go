package simulate

import "github.com/weir-fraud/weir/payment"

// CompromisedMerchant is a shop or website in criminal hands for some days. Two things follow: stolen cards of others are
// charged through it, at the shop's ordinary amounts; and the cards of its own customers are later abused at a few other
// websites. The first half is the second scenario of Le Borgne, Siblini, Lebichot and Bontempi, Reproducible Machine
// Learning for Credit Card Fraud Detection - Practical Handbook (2022), compromised terminals; the second half is what
// card schemes call a common point of purchase. Hard by the account alone, whose amounts and places are ordinary; the
// merchants' own record of frauds shows both halves, once labels come in.
type CompromisedMerchant struct {
	Schedule  `yaml:",inline" doc:"strangers' cards charged at a shop for weeks, its customers' cards abused elsewhere"`
	Frauds    Count    `yaml:"frauds" doc:"of one episode, at the merchant and elsewhere"`
	Over      Span     `yaml:"over" doc:"how long an episode lasts"`
	AtShop    float64  `yaml:"at_shop" doc:"share of the frauds that are charged through the merchant"`
	Customers int      `yaml:"customers" doc:"who must have paid there before the first card is abused elsewhere"`
	Factor    Interval `yaml:"factor" doc:"of the amounts elsewhere, relative to what the customer would have paid"`
}

// DefaultCompromisedMerchant returns the pattern with its default parameters.
func DefaultCompromisedMerchant() CompromisedMerchant {
	return CompromisedMerchant{
		Schedule:  Schedule{Share: 0.0011},
		Frauds:    Count{15, 45},
		Over:      Span{7 * day, 21 * day},
		AtShop:    0.65,
		Customers: 4,
		Factor:    Interval{0.9, 3},
	}
}

// Name returns "compromised_merchant".
func (CompromisedMerchant) Name() string { return "compromised_merchant" }

func (p CompromisedMerchant) validate() error {
	var e problems
	e.count("frauds", p.Frauds, 1)
	e.span("over", p.Over)
	e.share("at_shop", p.AtShop)
	e.count("customers", Count{p.Customers, p.Customers}, 1)
	e.factor("factor", p.Factor)
	return e.err()
}

func (p CompromisedMerchant) size() float64 { return p.Frauds.mean() }

// begin takes any merchant, whatever its popularity: small shops are as easy to break into.
func (p CompromisedMerchant) begin(g *Generator, ep *episode, _ moment) bool {
	r := &ep.rng
	m := int32(r.intn(len(g.world.merchants)))
	shop := &g.world.merchants[m]
	if shop.watcher != 0 || shop.category == catATM || shop.category == catUtilities {
		return false
	}
	if shop.city >= 0 && len(g.residents[shop.city]) == 0 {
		return false // nobody lives there whose card could be charged
	}
	ep.merchant, ep.watching = m, true
	ep.planned = p.Frauds.draw(r)
	ep.period = p.Over.draw(r)
	p.pause(g, ep)
	return true
}

func (p CompromisedMerchant) pause(g *Generator, ep *episode) {
	g.wait(ep, Span{0, 2 * ep.period / duration(ep.planned)})
}

func (p CompromisedMerchant) step(g *Generator, ep *episode, tx *payment.Transaction) bool {
	r := &ep.rng
	site, factor := ep.merchant, 1.0
	if ep.found < p.Customers || r.chance(p.AtShop) {
		ep.account = int32(r.intn(len(g.accounts)))
		if city := g.world.merchants[site].city; city >= 0 {
			local := g.residents[city]
			ep.account = local[r.intn(len(local))]
		}
	} else {
		ep.account = ep.customers[r.intn(min(ep.found, len(ep.customers)))]
		site = g.favour(ep, catMarketplace, catMarketplace, catClothing, catElectronics, catHome)
		factor = p.Factor.draw(r)
	}
	ep.device = g.criminalDevice(ep)
	amount := g.amount(r, &g.accounts[ep.account], site, ep.at) * factor
	g.stealAt(ep, tx, site, amount)
	ep.account = -1 // each fraud has a victim of its own
	p.pause(g, ep)
	return ep.done+1 < ep.planned
}
