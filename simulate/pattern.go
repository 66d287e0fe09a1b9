package simulate

import (
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
		DefaultImpossibleTravel(),
		DefaultCashOut(),
		DefaultMuleDeposits(),
		DefaultCompromisedMerchant(),
		DefaultLeakedCard(),
	}
}

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
	found    int // deposits or customers so far

	watching  bool      // the merchant's customers are noted
	customers [16]int32 // the latest of them
}

// running is a pattern in use.
type running struct {
	Pattern
	name        string
	from, until payment.Time
	share       float64 // of all transactions
	every       float64 // mean number of legitimate transactions from one episode to the next
	due         float64 // legitimate transactions until the next episode
	tried       uint64
	rng         rng
	devices     [4][]payment.Attribute // the criminals' own, used against several victims
	favourites  [3]int32               // merchants that are used against several victims
	worn        int                    // episodes that used favourites
}

// newRunning starts the patterns of a stream that begins at start; what has no From of its own runs from earliest.
func newRunning(cfg *Config, start, earliest payment.Time) []running {
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
		if s.From == 0 {
			rp.from = earliest
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
	if last.shop >= 0 {
		if w := g.world.merchants[last.shop].watcher; w != 0 {
			ep := &g.episodes[w-1]
			ep.customers[ep.found%len(ep.customers)] = int32(account)
			ep.found++
		}
	}
	passed := 1.0
	if last.at >= g.fast && last.at < g.live {
		// As if the live traffic had begun.
		passed = g.cfg.LiveRate * float64(last.at-max(g.previous, g.fast)) / 1000
	}
	g.previous = last.at
	for i := range g.running {
		rp := &g.running[i]
		if last.at < rp.from || last.at >= rp.until {
			continue
		}
		rp.due -= passed
		for rp.due <= 0 && g.begin(i, last) {
			rp.due += rp.every * rp.rng.exp()
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
	ep.rng.state = derive(g.cfg.Seed, domainEpisode, uint64(i)<<40|rp.tried)
	rp.tried++
	if !rp.begin(g, ep, last) {
		return false
	}
	g.free = g.free[:len(g.free)-1]
	if ep.account >= 0 {
		g.accounts[ep.account].busy = true
	}
	if ep.watching {
		g.world.merchants[ep.merchant].watcher = slot + 1
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
	if ep.watching {
		g.world.merchants[ep.merchant].watcher = 0
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
	minor := price(&ep.rng, min(major, mostPaid), categories[shop.category].ending)
	g.steal(ep, tx, ep.account, payment.Purchase, minor, shop.payee, facts)
	g.charge(tx, shop)
}

func (g *Generator) stealCash(ep *episode, tx *payment.Transaction, m int32, minor int64) {
	shop := &g.world.merchants[m]
	g.steal(ep, tx, ep.account, payment.Withdrawal, notes(minor), shop.payee, atmFacts)
	g.charge(tx, shop)
}

// victim chooses an account that is in no other episode, and has some history where the stream has any.
func (g *Generator) victim(ep *episode) bool {
	for range 8 {
		i := int32(ep.rng.intn(len(g.accounts)))
		if a := &g.accounts[i]; !a.busy && a.seen >= g.leastSeen {
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
	if ep.at >= g.fast && d > liveSlow {
		d = time.Duration(ep.rng.between(0.15, 1) * float64(liveSlow))
	}
	ep.at += 1 + payment.Time(d/time.Millisecond)
}

// waitForNight moves the episode on to the account's next night. The live part does not wait.
func (g *Generator) waitForNight(ep *episode) {
	if ep.at < g.fast {
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
