package simulate

import "github.com/weir-fraud/weir/payment"

// CardTesting is a stolen card number tried out by a script: many tiny online purchases in quick succession at one or
// two merchants that are easy to pay, to see whether the number is alive, then after a pause one or two large
// purchases. The criminals use the same few merchants against many cards for a while. Visa's Anti-Enumeration and
// Account Testing Best Practices for Merchants describes it, and the OWASP Automated Threat Handbook, as OAT-001
// Carding. Easy: the number of purchases within minutes gives it away after the first few, though players of online
// games make bursts too.
type CardTesting struct {
	Schedule  `yaml:",inline" doc:"many tiny online purchases by script, a pause, then one or two large ones"`
	Tries     Count    `yaml:"tries" doc:"tiny purchases"`
	TryAmount Interval `yaml:"try_amount" doc:"of each, in major units"`
	TryGap    Span     `yaml:"try_gap" doc:"between them"`
	Pause     Span     `yaml:"pause" doc:"before the large ones"`
	Large     Count    `yaml:"large" doc:"large purchases"`
	LargeSum  Interval `yaml:"large_sum" doc:"of each, in major units"`
}

// DefaultCardTesting returns the pattern with its default parameters.
func DefaultCardTesting() CardTesting {
	return CardTesting{
		Schedule:  Schedule{Share: 0.0018},
		Tries:     Count{6, 20},
		TryAmount: Interval{0.5, 4.5},
		TryGap:    Span{3 * second, 50 * second},
		Pause:     Span{3 * minute, 60 * minute},
		Large:     Count{1, 2},
		LargeSum:  Interval{180, 900},
	}
}

// Name returns "card_testing".
func (CardTesting) Name() string { return "card_testing" }

func (p CardTesting) validate() error {
	var e problems
	e.count("tries", p.Tries, 1)
	e.money("try_amount", p.TryAmount)
	e.span("try_gap", p.TryGap)
	e.span("pause", p.Pause)
	e.count("large", p.Large, 0)
	e.money("large_sum", p.LargeSum)
	return e.err()
}

func (p CardTesting) size() float64 { return p.Tries.mean() + p.Large.mean() }

func (p CardTesting) begin(g *Generator, ep *episode, _ moment) bool {
	if !g.victim(ep) {
		return false
	}
	ep.special = p.Tries.draw(&ep.rng)
	ep.planned = ep.special + p.Large.draw(&ep.rng)
	ep.merchant = g.favour(ep, catDigital, catDigital, catDelivery, catTransfer)
	ep.device = g.criminalDevice(ep)
	g.wait(ep, p.TryGap)
	return true
}

func (p CardTesting) step(g *Generator, ep *episode, tx *payment.Transaction) bool {
	r := &ep.rng
	if ep.done < ep.special {
		shop := &g.world.merchants[ep.merchant]
		minor := price(r, p.TryAmount.draw(r), endAny)
		g.steal(ep, tx, ep.account, payment.Purchase, minor, shop.payee, ep.device)
		if r.chance(0.06) {
			ep.merchant = g.running[ep.running].favourite(r)
		}
	} else {
		kinds := [...]int{catElectronics, catGiftCards, catJewelry, catMarketplace}
		m := g.world.online[kinds[r.intn(len(kinds))]].pick(r)
		g.stealAt(ep, tx, m, p.LargeSum.draw(r))
	}
	if ep.done+1 == ep.special {
		g.wait(ep, p.Pause)
	} else {
		g.wait(ep, p.TryGap)
	}
	return ep.done+1 < ep.planned
}
