package simulate

import "github.com/weir-fraud/weir/payment"

// MuleDeposits is an account that passes on stolen money: transfers arrive from several senders the account has never
// heard of, and most of each is withdrawn within an hour or two, in sums as large as the machine gives. Deposits and
// withdrawals are both labelled. The typology is that of professional money laundering networks in the FATF report
// Professional Money Laundering (2018), and of Europol's European Money Mule Action. Of middling difficulty: pay days,
// online sellers and people who withdraw their pay make the same moves, singly.
type MuleDeposits struct {
	Schedule    `yaml:",inline" doc:"transfers from strangers, most of each withdrawn within hours"`
	Deposits    Count    `yaml:"deposits" doc:"of one episode"`
	Amount      Interval `yaml:"amount" doc:"of a deposit, in major units"`
	Gap         Span     `yaml:"gap" doc:"from one deposit to the next, beside the time that withdrawing takes"`
	Delay       Span     `yaml:"delay" doc:"from a deposit to the first withdrawal, and between withdrawals"`
	PassedOn    Interval `yaml:"passed_on" doc:"share of each deposit that is withdrawn"`
	Withdrawals int      `yaml:"withdrawals" doc:"after one deposit at most"`
}

// DefaultMuleDeposits returns the pattern with its default parameters.
func DefaultMuleDeposits() MuleDeposits {
	return MuleDeposits{
		Schedule:    Schedule{Share: 0.0012},
		Deposits:    Count{2, 6},
		Amount:      Interval{150, 1400},
		Gap:         Span{20 * minute, 16 * hour},
		Delay:       Span{5 * minute, 110 * minute},
		PassedOn:    Interval{0.75, 0.98},
		Withdrawals: 3,
	}
}

// Name returns "mule_deposits".
func (MuleDeposits) Name() string { return "mule_deposits" }

func (p MuleDeposits) validate() error {
	var e problems
	e.count("deposits", p.Deposits, 1)
	e.money("amount", p.Amount)
	e.span("gap", p.Gap)
	e.span("delay", p.Delay)
	e.interval("passed_on", p.PassedOn, 0, 1)
	e.count("withdrawals", Count{p.Withdrawals, p.Withdrawals}, 1)
	return e.err()
}

// size assumes the accounts' usual limits at cash machines.
func (p MuleDeposits) size() float64 {
	const steps = 64
	var withdrawals float64
	for i := range steps {
		sum := p.Amount.Min + (p.Amount.Max-p.Amount.Min)*(float64(i)+0.5)/steps
		sum *= (p.PassedOn.Min + p.PassedOn.Max) / 2
		for _, limit := range cashLimits {
			n := 1
			for left := sum - float64(limit)/100; left >= 20 && n < p.Withdrawals; left -= float64(limit) / 100 {
				n++
			}
			withdrawals += float64(n) / float64(steps*len(cashLimits))
		}
	}
	return p.Deposits.mean() * (1 + withdrawals)
}

func (p MuleDeposits) begin(g *Generator, ep *episode, _ moment) bool {
	if !g.victim(ep) {
		return false
	}
	ep.planned = p.Deposits.draw(&ep.rng)
	ep.merchant = g.accounts[ep.account].homeATM
	ep.at += 1 + payment.Time(ep.rng.float()*msPerHour/60)
	return true
}

// step keeps in amount what is still to be withdrawn, in special how many withdrawals are left for it, and in found
// how many deposits have come.
func (p MuleDeposits) step(g *Generator, ep *episode, tx *payment.Transaction) bool {
	r := &ep.rng
	a := &g.accounts[ep.account]
	if ep.special == 0 {
		sender := g.world.people[r.intn(len(g.world.people))]
		end := endTens
		if r.chance(0.4) {
			end = endAny
		}
		minor := price(r, p.Amount.draw(r), end)
		g.steal(ep, tx, ep.account, payment.Deposit, minor, payment.Merchant{}, sender)
		ep.amount = float64(minor) * p.PassedOn.draw(r)
		ep.special = p.Withdrawals
		ep.found++
		g.wait(ep, p.Delay)
		return true
	}
	minor := notes(int64(min(ep.amount, float64(a.cashLimit))))
	if r.chance(0.3) {
		ep.merchant = g.world.cash(r, a.home, int(a.city))
	}
	g.stealCash(ep, tx, ep.merchant, minor)
	ep.amount -= float64(minor)
	ep.special--
	if ep.amount < 2000 {
		ep.special = 0
	}
	if ep.special > 0 {
		g.wait(ep, p.Delay)
		return true
	}
	g.wait(ep, p.Gap)
	return ep.found < ep.planned
}
