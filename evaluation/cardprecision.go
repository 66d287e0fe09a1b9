package evaluation

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/weir-fraud/weir/history"
)

// CardPrecision is the card precision@K of the Fraud Detection Handbook (Le Borgne, Siblini, Lebichot, Bontempi,
// "Reproducible Machine Learning for Credit Card Fraud Detection – Practical Handbook", 2022, section "Precision top-k
// metrics"): analysts look at K cards a day. On each day every card takes the highest score of its transactions of
// that day; a card among the K highest is a hit if any of its transactions of that day is fraud, and a card that was
// hit is blocked: it leaves the later days. A day's precision is its hits / K.
//
// The handbook leaves open what comes first among equal scores; here it is the card that reached the score first.
type CardPrecision struct {
	K       int
	Days    int     // with labelled transactions
	Mean    float64 // of the days' precisions; NaN without days
	Perfect float64 // the same for scores that are 1 for fraud and 0 otherwise: what there was to find
}

// place is where a transaction belongs: its day, and its account, which is what the handbook calls a card.
type place struct {
	day     int32 // since the epoch
	account uint32
}

// card is one card's day.
type card struct {
	account uint32
	best    float64
	first   int // the row that reached best
	fraud   int // the first row that is fraud, -1 for none
}

// cardPrecision measures the labelled rows. Row i has its score and label in keys and its place in places.
func cardPrecision(k int, keys *column[key], places *column[place]) CardPrecision {
	c := CardPrecision{K: k}
	hits, possible := 0, 0
	hit, found := make(map[uint32]bool), make(map[uint32]bool)
	for cards := range cardDays(keys, places) {
		c.Days++
		frauds := slices.DeleteFunc(slices.Clone(cards), func(c card) bool { return c.fraud < 0 })
		slices.SortFunc(frauds, func(a, b card) int { return cmp.Compare(a.fraud, b.fraud) })
		possible += look(frauds, k, found)
		slices.SortFunc(cards, func(a, b card) int {
			return cmp.Or(cmp.Compare(b.best, a.best), cmp.Compare(a.first, b.first))
		})
		hits += look(cards, k, hit)
	}
	c.Mean = ratio(int64(hits), int64(k*c.Days))
	c.Perfect = ratio(int64(possible), int64(k*c.Days))
	return c
}

// look goes through the first k cards that are not blocked, blocks the fraudulent ones, and returns how many they are.
func look(cards []card, k int, blocked map[uint32]bool) int {
	hits, looked := 0, 0
	for _, c := range cards {
		if blocked[c.account] {
			continue
		}
		if looked++; looked > k {
			break
		}
		if c.fraud >= 0 {
			blocked[c.account] = true
			hits++
		}
	}
	return hits
}

// cardDays yields the cards of each day that has labelled rows, in order of the days. The slice is used again for the
// next day.
func cardDays(keys *column[key], places *column[place]) iter.Seq[[]card] {
	return func(yield func([]card) bool) {
		var cards []card
		at := make(map[uint32]int) // where an account's card is
		for rows := range labelledDays(keys, places) {
			cards = cards[:0]
			clear(at)
			for _, row := range rows {
				k, account := keys.at(int(row)), places.at(int(row)).account
				i, ok := at[account]
				if !ok {
					i = len(cards)
					at[account] = i
					cards = append(cards, card{account: account, best: -1, fraud: -1})
				}
				c := &cards[i]
				if c.fraud < 0 && k.label() == history.Fraud {
					c.fraud = int(row)
				}
				if k.score() > c.best {
					c.best, c.first = k.score(), int(row)
				}
			}
			if !yield(cards) {
				return
			}
		}
	}
}

// labelledDays yields the labelled rows of each day that has any, in order.
func labelledDays(keys *column[key], places *column[place]) iter.Seq[[]uint32] {
	counts := make(map[int32]int)
	for i := range keys.n {
		if keys.at(i).label() != history.Unlabelled {
			counts[places.at(i).day]++
		}
	}
	days := slices.Sorted(maps.Keys(counts))
	ends, n := make(map[int32]int, len(days)), 0 // where the next row of a day goes, and in the end the day's end
	for _, day := range days {
		ends[day] = n
		n += counts[day]
	}
	rows := make([]uint32, n)
	for i := range keys.n {
		if keys.at(i).label() != history.Unlabelled {
			day := places.at(i).day
			rows[ends[day]] = uint32(i)
			ends[day]++
		}
	}
	return func(yield func([]uint32) bool) {
		for _, day := range days {
			if !yield(rows[ends[day]-counts[day] : ends[day]]) {
				return
			}
		}
	}
}
