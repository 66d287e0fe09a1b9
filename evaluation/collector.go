package evaluation

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
)

// Sample is one scored transaction and what is known of it.
type Sample struct {
	Time    payment.Time
	Account uint32  // a number of the account's own
	Score   float64 // 0 to 1; with any other, Add panics

	Alerted  bool // not approved
	Declined bool // not approved, and not left to a person

	Label   history.Label
	Pattern string // the named pattern of a fraud, "" where it has none
	Amount  int64  // in minor units of one currency for all samples
	Priced  bool   // whether Amount is known
}

// Collector takes in samples. It keeps 16 bytes of each, and is used by one goroutine.
type Collector struct {
	k      int
	keys   column[key]
	places column[place]

	from, to        payment.Time
	review, decline Tally
	money           Money
	days            map[int32]*Tally
	day             int32 // the newest sample's, and
	ofDay           *Tally
	patterns        map[string]*Pattern
}

// NewCollector returns a Collector that measures card precision@k.
func NewCollector(k int) *Collector {
	return &Collector{k: k, days: make(map[int32]*Tally), patterns: make(map[string]*Pattern)}
}

const millisPerDay = 24 * 60 * 60 * 1000

// Add takes in the sample that was decided next.
func (c *Collector) Add(s *Sample) {
	day := int32(math.Floor(float64(s.Time) / millisPerDay))
	if c.keys.n == 0 {
		c.from, c.to = s.Time, s.Time
	}
	c.from, c.to = min(c.from, s.Time), max(c.to, s.Time)
	c.keys.add(keyOf(s.Score, s.Label))
	c.places.add(place{day, s.Account})
	c.review.add(s.Label, s.Alerted)
	c.decline.add(s.Label, s.Declined)
	if c.ofDay == nil || day != c.day {
		if c.day, c.ofDay = day, c.days[day]; c.ofDay == nil {
			c.ofDay = new(Tally)
			c.days[day] = c.ofDay
		}
	}
	c.ofDay.add(s.Label, s.Alerted)
	if s.Label == history.Fraud {
		c.money.add(s)
		c.pattern(s.Pattern).add(s)
	}
}

// maxPatterns bounds the memory that a file can ask for: one that gives every row a pattern of its own names none.
const maxPatterns = 1000

// OtherPatterns is the name under which the patterns beyond the first thousand count together.
const OtherPatterns = "(others)"

func (c *Collector) pattern(name string) *Pattern {
	p := c.patterns[name]
	if p == nil && len(c.patterns) >= maxPatterns {
		name = OtherPatterns
		p = c.patterns[name]
	}
	if p == nil {
		p = &Pattern{Name: strings.Clone(name)}
		c.patterns[p.Name] = p
	}
	return p
}

// Result returns the figures of all samples so far.
func (c *Collector) Result() *Result {
	r := &Result{
		From: c.from, To: c.to, Review: c.review, Decline: c.decline, Money: c.money,
		Card: cardPrecision(c.k, &c.keys, &c.places),
	}
	for _, day := range slices.Sorted(maps.Keys(c.days)) {
		r.Days = append(r.Days, Day{payment.Time(day) * millisPerDay, *c.days[day]})
	}
	if _, named := c.patterns[""]; !named || len(c.patterns) > 1 {
		for _, p := range c.patterns {
			r.Patterns = append(r.Patterns, *p)
		}
	}
	slices.SortFunc(r.Patterns, func(a, b Pattern) int {
		return cmp.Or(cmp.Compare(b.Frauds, a.Frauds), cmp.Compare(a.Name, b.Name))
	})
	ranking := newRanking(c.keys.flat())
	r.AveragePrecision, r.ROCAUC = ranking.AveragePrecision(), ranking.ROCAUC()
	r.Curve = ranking.curve()
	r.Bins = ranking.bins()
	r.Budgets = ranking.budgets(r.Span(), r.AlertsPerDay())
	return r
}
