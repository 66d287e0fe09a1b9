package simulate

import "github.com/weir-fraud/weir/payment"

// ImpossibleTravel is a copy of a card used in person in a far city, soon after the customer has paid at home: a
// skimmed magnetic stripe, sold and encoded elsewhere. Amounts are ordinary or somewhat above. It is the counterfeit card
// fraud of the European Central Bank's Report on Card Fraud, and geographical velocity checks are the usual answer. Easy
// by the speed between the two places, except that some merchants report their head office as their place, which
// looks the same, and that after the first purchase the criminal stays where they are.
type ImpossibleTravel struct {
	Schedule   `yaml:",inline" doc:"a copied card in a far city, soon after the customer paid at home"`
	Delay      Span     `yaml:"delay" doc:"from the customer's purchase"`
	Purchases  Count    `yaml:"purchases" doc:"of one episode"`
	Gap        Span     `yaml:"gap" doc:"between purchases"`
	Kilometres float64  `yaml:"kilometres" doc:"least distance from the customer"`
	Factor     Interval `yaml:"factor" doc:"of the amounts, relative to what this customer would have paid"`
}

// DefaultImpossibleTravel returns the pattern with its default parameters.
func DefaultImpossibleTravel() ImpossibleTravel {
	return ImpossibleTravel{
		Schedule:   Schedule{Share: 0.0007},
		Delay:      Span{8 * minute, 100 * minute},
		Purchases:  Count{1, 4},
		Gap:        Span{6 * minute, 60 * minute},
		Kilometres: 700,
		Factor:     Interval{0.9, 3.5},
	}
}

// Name returns "impossible_travel".
func (ImpossibleTravel) Name() string { return "impossible_travel" }

func (p ImpossibleTravel) validate() error {
	var e problems
	e.span("delay", p.Delay)
	e.count("purchases", p.Purchases, 1)
	e.span("gap", p.Gap)
	e.interval("kilometres", Interval{p.Kilometres, p.Kilometres}, 0, 20_000)
	e.factor("factor", p.Factor)
	return e.err()
}

func (p ImpossibleTravel) size() float64 { return p.Purchases.mean() }

func (p ImpossibleTravel) begin(g *Generator, ep *episode, last moment) bool {
	a := &g.accounts[last.account]
	if last.shop < 0 || a.busy || g.world.merchants[last.shop].city < 0 {
		return false
	}
	r := &ep.rng
	ep.account = int32(last.account)
	ep.planned = p.Purchases.draw(r)
	ep.amount = p.Factor.draw(r)
	ep.city = g.world.elsewhere(r, g.world.merchants[last.shop].at, p.Kilometres, g.world.homes)
	ep.place = g.world.center(ep.city).scatter(r, 3)
	g.wait(ep, p.Delay)
	return true
}

func (p ImpossibleTravel) step(g *Generator, ep *episode, tx *payment.Transaction) bool {
	m := g.world.near(&ep.rng, ep.place, ep.city, g.world.inPersonMix[:])
	amount := g.amount(&ep.rng, &g.accounts[ep.account], m, ep.at)
	g.stealAt(ep, tx, m, amount*ep.amount)
	g.wait(ep, p.Gap)
	return ep.done+1 < ep.planned
}
