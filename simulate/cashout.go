package simulate

import "github.com/weir-fraud/weir/payment"

// CashOut is a stolen card and its number at cash machines: withdrawals close to the machine's limit, one after the
// other, at a machine or two, sometimes in a far city. The organised form, with many cards at once, is the subject of
// the FFIEC's joint statement Cyber-attacks on Financial Institutions' ATM and Card Authorization Systems (2014). Of
// middling difficulty: some customers always withdraw the most they can, and some come back for a second sum.
type CashOut struct {
	Schedule    `yaml:",inline" doc:"withdrawals near the limit, one after the other"`
	Withdrawals Count    `yaml:"withdrawals" doc:"of one episode"`
	Fill        Interval `yaml:"fill" doc:"of each sum, relative to the account's limit"`
	Gap         Span     `yaml:"gap" doc:"between withdrawals"`
	Far         float64  `yaml:"far" doc:"share of episodes in another city"`
}

// DefaultCashOut returns the pattern with its default parameters.
func DefaultCashOut() CashOut {
	return CashOut{
		Schedule:    Schedule{Share: 0.0009},
		Withdrawals: Count{2, 7},
		Fill:        Interval{0.7, 1},
		Gap:         Span{1 * minute, 50 * minute},
		Far:         0.3,
	}
}

// Name returns "cash_out".
func (CashOut) Name() string { return "cash_out" }

func (p CashOut) validate() error {
	var e problems
	e.count("withdrawals", p.Withdrawals, 1)
	e.interval("fill", p.Fill, 0.05, 1)
	e.span("gap", p.Gap)
	e.share("far", p.Far)
	return e.err()
}

func (p CashOut) size() float64 { return p.Withdrawals.mean() }

func (p CashOut) begin(g *Generator, ep *episode, _ moment) bool {
	if !g.victim(ep) {
		return false
	}
	r := &ep.rng
	a := &g.accounts[ep.account]
	ep.planned = p.Withdrawals.draw(r)
	ep.city = int(a.city)
	if r.chance(p.Far) {
		ep.city = g.world.elsewhere(r, a.home, 200, g.world.homes)
	}
	ep.place = g.world.center(ep.city).scatter(r, 4)
	ep.merchant = g.world.cash(r, ep.place, ep.city)
	g.wait(ep, p.Gap)
	return true
}

func (p CashOut) step(g *Generator, ep *episode, tx *payment.Transaction) bool {
	r := &ep.rng
	limit := float64(g.accounts[ep.account].cashLimit)
	g.stealCash(ep, tx, ep.merchant, int64(limit*p.Fill.draw(r)+0.5))
	if r.chance(0.4) {
		ep.merchant = g.world.cash(r, ep.place, ep.city)
	}
	g.wait(ep, p.Gap)
	return ep.done+1 < ep.planned
}
