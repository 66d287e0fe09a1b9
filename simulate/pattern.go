package simulate

import (
	"errors"
	"fmt"
	"time"

	"github.com/weir-fraud/weir/payment"
)

// Pattern is a kind of fraud. The patterns are the types of this package that have a Schedule: [CardTesting],
// [AccountTakeover], [ImpossibleTravel], [CashOut], [MuleDeposits], [CompromisedMerchant] and [LeakedCard].
type Pattern interface {
	// Name is the pattern's name on the wire, such as card_testing.
	Name() string

	schedule() Schedule
	validate() error
	// size is the mean number of transactions of an episode.
	size() float64
	// begin chooses a victim and sets when the episode's first transaction comes. It reports false if there is no
	// victim at hand, and is asked again after the next legitimate transaction.
	begin(g *Generator, ep *episode, last moment) bool
	// step writes the episode's transaction that is due at ep.at, and sets ep.at to the next one's time. It reports
	// false when this was the last.
	step(g *Generator, ep *episode, tx *payment.Transaction) bool
}

// DefaultPatterns returns every pattern with its default parameters, at shares that sum up to 0.7 % of the
// transactions.
func DefaultPatterns() []Pattern {
	return []Pattern{
		DefaultCardTesting(),
		DefaultAccountTakeover(),
	}
}

// Schedule says how much of a pattern there is, and when.
type Schedule struct {
	// Share is the pattern's share of all transactions while it runs.
	Share float64
	// From and Until bound the pattern's transactions, counted from the stream's start, Until excluded. 0 for Until
	// is no end. An episode that is under way at Until breaks off.
	From, Until time.Duration
}

func (s Schedule) schedule() Schedule { return s }

func (s Schedule) validate() error {
	switch {
	case !(s.Share >= 0 && s.Share <= maxFraud):
		return fmt.Errorf("Share is %v: it must be 0 to %v", s.Share, maxFraud)
	case s.From < 0 || s.Until < 0:
		return fmt.Errorf("From is %v, Until %v: neither may be negative", s.From, s.Until)
	case s.Until != 0 && s.Until <= s.From:
		return fmt.Errorf("Until is %v, From %v: Until must be later, or 0 for no end", s.Until, s.From)
	}
	return nil
}

// Count is a whole number drawn evenly from Min to Max, both included.
type Count struct{ Min, Max int }

// Span is a time drawn evenly between Min and Max.
type Span struct{ Min, Max time.Duration }

// Interval is a number drawn evenly between Min and Max: money in major units, a factor, or a distance.
type Interval struct{ Min, Max float64 }

func (c Count) draw(r *rng) int            { return c.Min + r.intn(c.Max-c.Min+1) }
func (c Count) mean() float64              { return float64(c.Min+c.Max) / 2 }
func (s Span) draw(r *rng) time.Duration   { return s.Min + time.Duration(r.float()*float64(s.Max-s.Min)) }
func (v Interval) draw(r *rng) float64     { return r.between(v.Min, v.Max) }
func (c Count) valid(least, most int) bool { return least <= c.Min && c.Min <= c.Max && c.Max <= most }
func (s Span) valid() bool                 { return 0 <= s.Min && s.Min <= s.Max && s.Max <= 365*24*time.Hour }
func (v Interval) valid(least, most float64) bool {
	return least <= v.Min && v.Min <= v.Max && v.Max <= most
}

// limits of money, factors and numbers of transactions in the patterns' parameters.
const (
	minMoney = 0.5
	maxMoney = 20_000
	maxSteps = 1000
)

// problems collects the errors of a pattern's parameters.
type problems []error

func (p *problems) count(name string, c Count, least int) {
	if !c.valid(least, maxSteps) {
		*p = append(*p, fmt.Errorf("%s is %d to %d: it must ascend within %d to %d", name, c.Min, c.Max, least, maxSteps))
	}
}

func (p *problems) span(name string, s Span) {
	if !s.valid() {
		*p = append(*p, fmt.Errorf("%s is %v to %v: it must ascend within 0 to a year", name, s.Min, s.Max))
	}
}

func (p *problems) interval(name string, v Interval, least, most float64) {
	if !v.valid(least, most) {
		*p = append(*p, fmt.Errorf("%s is %v to %v: it must ascend within %v to %v", name, v.Min, v.Max, least, most))
	}
}

func (p *problems) money(name string, v Interval)  { p.interval(name, v, minMoney, maxMoney) }
func (p *problems) share(name string, f float64)   { p.interval(name, Interval{f, f}, 0, 1) }
func (p *problems) factor(name string, v Interval) { p.interval(name, v, 0.01, 100) }
func (p *problems) err() error                     { return errors.Join(*p...) }

// moment is what just happened legitimately: an account's transaction, at a merchant if it was a purchase.
type moment struct {
	at      payment.Time
	account int
	shop    int32 // or -1
}

// episode is one run of a pattern against one victim.
type episode struct {
	running  int // index of the pattern
	account  int32
	at       payment.Time
	rng      rng
	done     int // transactions made
	planned  int
	special  int // patterns' own count
	merchant int32
	city     int
	place    place
	amount   float64
	online   bool
	period   time.Duration
	device   []payment.Attribute
	victims  [16]int32
	found    int // victims seen
}

// running is a pattern in use.
type running struct {
	Pattern
	name        string
	from, until payment.Time
	share       float64 // of all transactions
	every       float64 // mean number of legitimate transactions from one episode to the next
	due         float64 // legitimate transactions until the next episode
	begun       uint64
	rng         rng
	devices     [4][]payment.Attribute // the criminals' own, used against several victims
	favourites  [3]int32               // merchants that are used against several victims
	worn        int                    // episodes that used favourites
}

func newRunning(cfg *Config, start payment.Time) []running {
	var sum float64
	for _, p := range cfg.Patterns {
		sum += p.schedule().Share
	}
	factor := 1.0
	if cfg.FraudShare > 0 {
		factor = cfg.FraudShare / sum
	}
	rs := make([]running, len(cfg.Patterns))
	for i, p := range cfg.Patterns {
		s := p.schedule()
		rp := running{
			Pattern: p,
			name:    p.Name(),
			from:    start.Add(s.From),
			until:   payment.MaxTime,
			share:   s.Share * factor,
			rng:     rng{derive(cfg.Seed, domainPattern, uint64(i))},
		}
		if s.Until > 0 {
			rp.until = start.Add(s.Until)
		}
		// Shares are of all transactions, episodes are counted in legitimate ones.
		rp.every = p.size() * (1 - min(sum*factor, maxFraud)) / rp.share
		rp.due = rp.every * rp.rng.exp()
		rs[i] = rp
	}
	return rs
}

// tempt begins the episodes that are due after a legitimate event.
func (g *Generator) tempt(e *Event, account int) {
	last := moment{e.Transaction.Time, account, g.shop}
	if !g.primed && last.at >= g.live {
		g.prime()
	}
	for i := range g.running {
		rp := &g.running[i]
		if last.at < rp.from || last.at >= rp.until {
			continue
		}
		if rp.due--; rp.due > 0 {
			continue
		}
		if g.begin(i, last) {
			rp.due += rp.every * rp.rng.exp()
		}
	}
}

// prime lets each pattern begin within the live part's first ten seconds, so that a short demonstration shows them all.
func (g *Generator) prime() {
	g.primed = true
	for i := range g.running {
		rp := &g.running[i]
		if rp.share > 0 {
			rp.due = min(rp.due, g.cfg.LiveRate*10*(float64(i)+0.5)/float64(len(g.running)))
		}
	}
}

func (g *Generator) begin(i int, last moment) bool {
	rp := &g.running[i]
	if len(g.free) == 0 {
		g.free = append(g.free, int32(len(g.episodes)))
		g.episodes = append(g.episodes, episode{})
	}
	slot := g.free[len(g.free)-1]
	ep := &g.episodes[slot]
	*ep = episode{running: i, account: -1, at: last.at + 1, merchant: -1}
	ep.rng.state = derive(g.cfg.Seed, domainEpisode, uint64(i)<<40|rp.begun)
	rp.begun++
	if !rp.begin(g, ep, last) {
		return false
	}
	g.free = g.free[:len(g.free)-1]
	if ep.account >= 0 {
		g.accounts[ep.account].busy = true
	}
	g.queue.push(item{ep.at, episodeBit | uint32(slot)})
	return true
}

// step makes the transaction of the first actor, an episode, and reports whether there was one.
func (g *Generator) step(slot int, e *Event) bool {
	ep := &g.episodes[slot]
	rp := &g.running[ep.running]
	due := ep.at
	owner := ep.account
	made := due < rp.until
	more := made && rp.step(g, ep, &e.Transaction)
	if made {
		ep.done++
		e.Fraud, e.Pattern = true, rp.name
	}
	if more {
		g.queue.replaceTop(max(ep.at, due+1))
		return true
	}
	g.queue.dropTop()
	g.free = append(g.free, int32(slot))
	if owner >= 0 {
		g.accounts[owner].busy = false
	}
	return made
}

// steal writes a fraudulent transaction on the account, at the episode's time.
func (g *Generator) steal(ep *episode, tx *payment.Transaction, account int32, kind payment.Type, minor int64,
	payee payment.Merchant, facts []payment.Attribute) {
	a := &g.accounts[account]
	g.fill(tx, a, ep.at, kind, minor, payee, facts)
	tx.ID = g.newID(int(account), 1<<31|a.foul)
	a.foul++
}

// steal's forms: a purchase at a merchant, and cash.
func (g *Generator) stealAt(ep *episode, tx *payment.Transaction, m int32, major float64) {
	shop := &g.world.merchants[m]
	facts := ep.device
	if shop.city >= 0 {
		facts = inPersonFacts
	}
	minor := price(&ep.rng, major, categories[shop.category].ending)
	g.steal(ep, tx, ep.account, payment.Purchase, minor, shop.payee, facts)
	g.charge(tx, shop)
}

func (g *Generator) stealCash(ep *episode, tx *payment.Transaction, m int32, minor int64) {
	shop := &g.world.merchants[m]
	g.steal(ep, tx, ep.account, payment.Withdrawal, notes(minor), shop.payee, atmFacts)
	g.charge(tx, shop)
}

// victim chooses an account that has some history and is in no other episode.
func (g *Generator) victim(ep *episode) bool {
	for range 8 {
		i := int32(ep.rng.intn(len(g.accounts)))
		if a := &g.accounts[i]; !a.busy && a.seen >= 3 {
			ep.account = i
			return true
		}
	}
	return false
}

// liveSlow is the longest wait that the live part leaves as it is.
const liveSlow = 30 * time.Second

// wait moves the episode on by a time drawn from the span. The live part shortens what would take too long to watch.
func (g *Generator) wait(ep *episode, s Span) {
	d := s.draw(&ep.rng)
	if ep.at >= g.live && d > liveSlow {
		d = time.Duration(ep.rng.between(0.15, 1) * float64(liveSlow))
	}
	ep.at += 1 + payment.Time(d/time.Millisecond)
}

// waitForNight moves the episode on to the account's next night. The live part does not wait.
func (g *Generator) waitForNight(ep *episode) {
	if ep.at < g.live {
		ep.at = nightAfter(&ep.rng, ep.at, g.accounts[ep.account].zone)
	}
}

// criminalDevice returns a device that is new to the account, though often used against others before.
func (g *Generator) criminalDevice(ep *episode) []payment.Attribute {
	rp := &g.running[ep.running]
	slot := ep.rng.intn(len(rp.devices))
	if rp.devices[slot] == nil || !ep.rng.chance(0.4) {
		rp.devices[slot] = newDevice(derive(g.cfg.Seed, domainDevice, 1<<63|ep.rng.next()>>1))
	}
	return rp.devices[slot]
}

// favour chooses, every 25 episodes, the websites of the given categories that the pattern's criminals use, and
// returns one of them.
func (g *Generator) favour(ep *episode, kinds ...int) int32 {
	rp := &g.running[ep.running]
	if rp.worn%25 == 0 {
		for i := range rp.favourites {
			rp.favourites[i] = g.world.online[kinds[rp.rng.intn(len(kinds))]].pick(&rp.rng)
		}
	}
	rp.worn++
	return rp.favourite(&ep.rng)
}

func (rp *running) favourite(r *rng) int32 { return rp.favourites[r.intn(len(rp.favourites))] }
