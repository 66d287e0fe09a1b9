package evaluation

import "github.com/weir-fraud/weir/history"

// Opinion is what one contender says of a transaction.
type Opinion struct {
	Score    float64 // 0 to 1
	Alerted  bool    // not approved
	Declined bool    // not approved, and not left to a person
}

// outcome numbers the actions, the mildest first.
func (o Opinion) outcome() int {
	switch {
	case o.Declined:
		return 2
	case o.Alerted:
		return 1
	}
	return 0
}

// NumOutcomes is how many actions there are: approve, review and decline.
const NumOutcomes = 3

// Comparer takes in transactions that several contenders have scored: the champion, which comes first, and its
// challengers. It keeps 16 bytes of each transaction and contender, and is used by one goroutine.
type Comparer struct {
	alone []*Collector
	pairs []Pair
}

// NewComparer returns a Comparer of so many contenders, two or more, that measures card precision@k.
func NewComparer(contenders, k int) *Comparer {
	c := &Comparer{pairs: make([]Pair, contenders-1)}
	for range contenders {
		c.alone = append(c.alone, NewCollector(k))
	}
	return c
}

// Add takes in the transaction that was decided next, with what each contender says of it in place of s's own score and
// action.
func (c *Comparer) Add(s *Sample, opinions []Opinion) {
	for i, o := range opinions {
		one := *s
		one.Score, one.Alerted, one.Declined = o.Score, o.Alerted, o.Declined
		c.alone[i].Add(&one)
		if i > 0 {
			c.pairs[i-1].add(s, opinions[0], o)
		}
	}
}

// Comparison is how contenders did on the same transactions.
type Comparison struct {
	Alone []*Result // each for itself, the champion first
	Pairs []Pair    // the champion with each challenger
}

// Result returns the figures of all transactions so far.
func (c *Comparer) Result() *Comparison {
	r := &Comparison{Pairs: make([]Pair, len(c.pairs))}
	for _, one := range c.alone {
		r.Alone = append(r.Alone, one.Result())
	}
	alerts := r.Alone[0].Review.Alerts.Total()
	champion := newRanks(&c.alone[0].keys)
	for i := range c.pairs {
		p, keys := c.pairs[i], &c.alone[i+1].keys
		p.RankCorrelation = champion.correlation(newRanks(keys))
		p.AsManyAlerts, _ = newRanking(keys.flat()).Within(alerts)
		r.Pairs[i] = p
	}
	return r
}

// Pair is how a challenger did beside the champion. What is counted for both, for one alone and for neither is what they
// did not approve.
type Pair struct {
	Actions [NumOutcomes][NumOutcomes]ByLabel // by the champion's action, then by the challenger's
	Money   Split                             // the amount of fraud in minor units, where it is known; as in [Money]

	RankCorrelation float64 // Spearman's, of the scores of all transactions
	AsManyAlerts    Level   // the challenger's lowest score that keeps within the champion's number of alerts; zero if none does
}

func (p *Pair) add(s *Sample, champion, challenger Opinion) {
	p.Actions[champion.outcome()][challenger.outcome()][s.Label]++
	if s.Label == history.Fraud && s.Priced {
		sum := p.Money.of(champion.outcome() > 0, challenger.outcome() > 0)
		*sum = addAmount(*sum, s.Amount)
	}
}

// Split divides what there was by who alerted on it.
type Split struct{ Both, Champion, Challenger, Neither int64 }

func (s *Split) of(champion, challenger bool) *int64 {
	switch {
	case champion && challenger:
		return &s.Both
	case champion:
		return &s.Champion
	case challenger:
		return &s.Challenger
	}
	return &s.Neither
}

// Alerted divides the transactions of a label.
func (p *Pair) Alerted(label history.Label) Split {
	var s Split
	for champion, row := range p.Actions {
		for challenger, rows := range row {
			*s.of(champion > 0, challenger > 0) += rows[label]
		}
	}
	return s
}

// Agreement returns the share of all transactions on which both take the same action, NaN where there are none.
func (p *Pair) Agreement() float64 {
	var same, all int64
	for champion, row := range p.Actions {
		for challenger, rows := range row {
			all += rows.Total()
			if champion == challenger {
				same += rows.Total()
			}
		}
	}
	return ratio(same, all)
}
