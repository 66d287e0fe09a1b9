package simulate

import (
	"math"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// Event is a transaction with the truth about it.
//
// Its strings and attributes are never changed afterwards, so a copy of an Event may be kept. Many events share the
// same attributes: do not write to them.
type Event struct {
	Transaction payment.Transaction
	Fraud       bool
	Pattern     string // the fraud pattern's name; "" for a legitimate transaction
}

// Generator makes the stream of a [Config]. It is not for concurrent use.
type Generator struct {
	cfg       Config
	world     *world
	accounts  []account
	queue     queue
	episodes  []episode
	free      []int32 // unused episodes
	running   []running
	residents [][]int32 // accounts by city

	start, end payment.Time // start is earlier than the configured one if a live part without history needs a run-up
	fast       payment.Time // patterns have the pace of the live part from here on, which is a run-up before live
	live       payment.Time
	previous   payment.Time // legitimate event
	leastSeen  uint32       // transactions a victim has made
	currency   payment.Currency
	scale      float64 // of the accounts' activity, for Config.Rate
	liveUnit   float64 // milliseconds between the live events of an account of weight 1
	shop       int32   // the merchant of the legitimate purchase in hand, or -1

	run uint64 // key of the transaction ids
	ids strings.Builder
}

// New returns a Generator at the start of the configuration's stream. The error says what [Config.Validate] does.
func New(cfg Config) (*Generator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	g := &Generator{
		cfg:      cfg,
		world:    newWorld(cfg.Seed, cfg.Merchants),
		accounts: make([]account, cfg.Accounts),
		start:    payment.TimeOf(cfg.Start),
		live:     payment.MaxTime,
		fast:     payment.MaxTime,
		end:      payment.MaxTime,
		scale:    1,
		shop:     -1,

		leastSeen: 3,
	}
	g.currency, _ = payment.ParseCurrency(cfg.Currency)
	g.run = derive(cfg.Seed, domainRun, uint64(g.start))
	if cfg.Duration > 0 {
		g.end = min(g.end, g.start.Add(cfg.Duration))
	}
	if cfg.LiveRate > 0 && cfg.WarmUp == 0 {
		g.leastSeen = 0
	}
	begin := g.start
	if cfg.LiveRate > 0 {
		g.live = g.start.Add(cfg.WarmUp)
		g.fast = g.live - runUp
		g.start = min(g.start, g.fast)
	}
	g.residents = make([][]int32, len(g.world.cities))
	for i := range g.accounts {
		g.accounts[i] = newAccount(g.world, cfg.Seed, i, g.start)
		city := g.accounts[i].city
		g.residents[city] = append(g.residents[city], int32(i))
	}
	g.running = newRunning(&g.cfg, begin, g.start)
	g.setRates()
	g.queue = make(queue, len(g.accounts), len(g.accounts)+1024)
	for i := range g.accounts {
		a := &g.accounts[i]
		a.habitAt = g.nextHabit(a, g.start)
		g.queue[i] = item{a.next(), uint32(i)}
	}
	g.queue.init()
	for e := (Event{}); g.queue[0].at < begin && g.Next(&e); {
		continue // the run-up is nobody's business
	}
	return g, nil
}

// runUp is how long before the live part fraud has its rate, so that it is under way when the live part begins.
const runUp payment.Time = 120_000

// setRates finds how active the accounts must be for the configured rates.
func (g *Generator) setRates() {
	const daySeconds = 86_400
	var habits, others, weights, fraud float64
	for i := range g.accounts {
		a := &g.accounts[i]
		habits += a.perDay * burstGain
		others += 24 * msPerHour / float64(a.payEvery)
		if a.traits&subscriber != 0 {
			others += 24 * msPerHour / float64(monthMs)
		}
		weights += liveWeight(a.perDay)
	}
	for i := range g.running {
		fraud += g.running[i].share
	}
	if g.cfg.Rate > 0 {
		wanted := float64(g.cfg.Rate*daySeconds*(1-fraud)) - others
		g.scale = max(wanted, 0.01*others) / habits
	}
	if g.cfg.LiveRate > 0 {
		wanted := max(g.cfg.LiveRate*(1-fraud)-others/daySeconds, g.cfg.LiveRate/2)
		g.liveUnit = 1000 * weights * liveGain / wanted
	}
}

// Next stores the next event in e and reports true, or reports false at the end of the stream. Event times never
// decrease. An endless stream ends with the year 2199.
func (g *Generator) Next(e *Event) bool {
	for {
		top := g.queue[0]
		if top.at >= g.end {
			return false
		}
		if top.who&episodeBit != 0 {
			if g.step(int(top.who&^episodeBit), e) {
				return true
			}
			continue
		}
		a := &g.accounts[top.who]
		g.act(a, int(top.who), top.at, e)
		g.queue.replaceTop(a.next())
		g.tempt(e, int(top.who))
		return true
	}
}

// fill writes a transaction in the accounts' currency; the id is the caller's work.
func (g *Generator) fill(tx *payment.Transaction, a *account, t payment.Time, kind payment.Type, minor int64,
	payee payment.Merchant, facts []payment.Attribute) {
	tx.Time = t
	tx.AccountID = a.id
	tx.Type = kind
	tx.Amount = minor
	tx.Currency = g.currency
	tx.Merchant = payee
	tx.Attributes = facts
}

// foreign currencies and what a unit of them costs in the accounts' currency, roughly as the dollar's rates were.
var foreign = [...]struct {
	code string
	rate float64
}{{"EUR", 1.08}, {"GBP", 1.27}}

// charge changes tx to the currency of the shop's city, if that is configured.
func (g *Generator) charge(tx *payment.Transaction, shop *merchant) {
	if !g.cfg.ForeignCurrencies || shop.city < 0 {
		return
	}
	for _, f := range foreign {
		if code := g.world.cities[shop.city].currency; code == f.code {
			tx.Currency, _ = payment.ParseCurrency(code)
			tx.Amount = int64(math.Round(float64(tx.Amount) / f.rate))
			if tx.Type == payment.Withdrawal {
				tx.Amount = notes(tx.Amount)
			}
			return
		}
	}
}

const (
	idLength = 16
	idChunk  = 4096 * idLength
)

// newID returns the id of an account's transaction of that serial number: a bijection of the two under a key that the
// seed and the start make. So ids never repeat within a stream, and those of an account in two streams collide with a
// probability of n² / 2^64 for n transactions each. Ids are cut from large strings, since each lives for long or not
// at all.
func (g *Generator) newID(account int, serial uint32) string {
	const digits = "0123456789abcdef"
	x := mix(g.run ^ (uint64(account)<<32 | uint64(serial)))
	var id [idLength]byte
	for i := range id {
		id[i] = digits[x>>60]
		x <<= 4
	}
	if g.ids.Cap()-g.ids.Len() < idLength {
		g.ids = strings.Builder{}
		g.ids.Grow(idChunk)
	}
	g.ids.Write(id[:])
	s := g.ids.String()
	return s[len(s)-idLength:]
}
