package simulate

import "github.com/weir-fraud/weir/payment"

// AccountTakeover is a criminal logged in as the customer: a device the account has never used, merchants it has
// never been to, amounts that escalate from the ordinary upwards until the account is empty or closed, most often in
// the customer's night. Some shop in person, far from the customer's home. FinCEN's advisory FIN-2011-A016, Account
// Takeover Activity (2011), looks for the same: activity inconsistent with the customer's own. Of middling
// difficulty: each sign (new device, new merchant, night, high amount) is common alone, and their coming together is
// not.
type AccountTakeover struct {
	Schedule   `yaml:",inline" doc:"a strange device, strange merchants, amounts that escalate"`
	Purchases  Count    `yaml:"purchases" doc:"of one episode"`
	First      Interval `yaml:"first" doc:"the first amount, relative to the account's ordinary purchase"`
	Escalation Interval `yaml:"escalation" doc:"factor from one amount to the next"`
	Gap        Span     `yaml:"gap" doc:"between purchases"`
	Night      float64  `yaml:"night" doc:"share of episodes that wait for the customer's night"`
	InPerson   float64  `yaml:"in_person" doc:"share of episodes that shop in a far city"`
	Limit      float64  `yaml:"limit" doc:"no amount exceeds this, in major units"`
}

// DefaultAccountTakeover returns the pattern with its default parameters.
func DefaultAccountTakeover() AccountTakeover {
	return AccountTakeover{
		Schedule:   Schedule{Share: 0.0011},
		Purchases:  Count{3, 8},
		First:      Interval{0.9, 3},
		Escalation: Interval{1.15, 1.7},
		Gap:        Span{4 * minute, 70 * minute},
		Night:      0.6,
		InPerson:   0.2,
		Limit:      3500,
	}
}

// Name returns "account_takeover".
func (AccountTakeover) Name() string { return "account_takeover" }

func (p AccountTakeover) validate() error {
	var e problems
	e.count("purchases", p.Purchases, 1)
	e.factor("first", p.First)
	e.factor("escalation", p.Escalation)
	e.span("gap", p.Gap)
	e.share("night", p.Night)
	e.share("in_person", p.InPerson)
	e.money("limit", Interval{p.Limit, p.Limit})
	return e.err()
}

func (p AccountTakeover) size() float64 { return p.Purchases.mean() }

func (p AccountTakeover) begin(g *Generator, ep *episode, _ moment) bool {
	if !g.victim(ep) {
		return false
	}
	r := &ep.rng
	a := &g.accounts[ep.account]
	ep.planned = p.Purchases.draw(r)
	ep.device = g.criminalDevice(ep)
	ep.amount = ordinary * a.spend * p.First.draw(r)
	ep.online = !r.chance(p.InPerson)
	if !ep.online {
		ep.city = g.world.elsewhere(r, a.home, 400, g.world.homes)
	}
	g.wait(ep, p.Gap)
	if ep.online && r.chance(p.Night) {
		g.waitForNight(ep)
	}
	return true
}

// ordinary is a usual purchase of an account whose spend is 1, in major units.
const ordinary = 45

func (p AccountTakeover) step(g *Generator, ep *episode, tx *payment.Transaction) bool {
	r := &ep.rng
	kinds := [...]int{catElectronics, catMarketplace, catGiftCards, catTransfer, catJewelry, catClothing}
	kind := kinds[r.intn(len(kinds))]
	m := int32(-1)
	if !ep.online {
		m = g.world.local[ep.city][kind].pick(r)
	}
	if m < 0 {
		m = g.world.online[kind].pick(r)
	}
	g.stealAt(ep, tx, m, min(p.Limit, ep.amount*r.logNormal(0.2)))
	ep.amount *= p.Escalation.draw(r)
	g.wait(ep, p.Gap)
	return ep.done+1 < ep.planned
}
