package evaluation

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
)

// Candidate is a decided transaction whose fate may depend on thresholds that are to be chosen.
type Candidate struct {
	Time   payment.Time
	Score  float64 // what thresholds are compared with, 0 to 1
	Fixed  bool    // decided by something else, whatever the thresholds are, and
	Alerts bool    // by it not approved
	Now    bool    // not approved as things are
	Label  history.Label
	Amount int64 // in minor units of one currency for all
	Priced bool  // whether Amount is known
}

// Tuning takes in candidates and tells what thresholds would do. It keeps 24 bytes of each, and is used by one goroutine.
type Tuning struct {
	rows     column[tuned]
	from, to payment.Time
	now      []tuned // that are alerts as things are
}

// tuned is a candidate. A fixed one has no score that thresholds reach.
type tuned struct {
	key    key
	amount int64 // of a fraud, 0 for anything else
	day    int32
	fate   fate
}

type fate uint8

const (
	free fate = iota
	fixedAlert
	fixedApproval
)

// Add takes in the next candidate.
func (t *Tuning) Add(c *Candidate) {
	if t.rows.n == 0 {
		t.from, t.to = c.Time, c.Time
	}
	t.from, t.to = min(t.from, c.Time), max(t.to, c.Time)
	row := tuned{key: keyOf(c.Score, c.Label), day: int32(math.Floor(float64(c.Time) / millisPerDay))}
	if c.Label == history.Fraud && c.Priced {
		row.amount = max(0, c.Amount)
	}
	switch {
	case c.Fixed && c.Alerts:
		row.fate = fixedAlert
	case c.Fixed:
		row.fate = fixedApproval
	}
	t.rows.add(row)
	if c.Now {
		t.now = append(t.now, row)
	}
}

// Choice is a review threshold and what it would have done over the period, with what is decided otherwise.
type Choice struct {
	Score       float64 // the threshold; NaN for things as they are
	Alerts      ByLabel
	Saved       int64   // money of the frauds alerted on, in minor units
	PerDay      float64 // alerts
	Busiest     int64   // most alerts of a day
	Queue       int64   // most alerts left over at the end of a day, if analysts work off the budget each day
	Recall      float64 // share of all fraud
	SavedShare  float64 // of all money of fraud
	BudgetTimes float64 // how many times the budget this is for; 0 for none
}

// Precision returns the share of fraud among the labelled alerts.
func (c *Choice) Precision() float64 { return c.Alerts.FraudShare() }

// DeclineChoice is a decline threshold; Score is NaN where none is precise enough.
type DeclineChoice struct {
	Score  float64
	Rows   ByLabel // at or above it
	PerDay float64
}

// Tuned is what there is to choose from.
type Tuned struct {
	From, To payment.Time
	Rows     ByLabel
	Fraud    int64    // money of all fraud
	Fixed    int64    // transactions that no threshold decides
	Now      Choice   // as things are
	Choices  []Choice // for some multiples of the budget, ascending
	Chosen   Choice   // the one for the budget itself
	Decline  DeclineChoice
	Curve    []Choice // for a picture: from the strictest threshold down; without Busiest and Queue
}

// Span returns the length of the period in days, at least 1.
func (t *Tuned) Span() float64 { return max(1, float64(t.To-t.From+1)/millisPerDay) }

// budgetTimes are the multiples of the budget that are compared.
var budgetTimes = []float64{0.25, 0.5, 1, 2, 4}

// Choose returns the lowest review threshold whose alerts keep within the budget, in alerts a day over the period, beside
// those for smaller and larger budgets; and the lowest decline threshold, not below review, at which the share of fraud
// among the labelled is at least precision, by the lower end of its 95 % confidence interval. Thresholds lie between two
// scores that occurred, so that the last bit of a score decides nothing.
func (t *Tuning) Choose(perDay, precision float64) *Tuned {
	r := &Tuned{From: t.from, To: t.to}
	rows := t.rows.flat()
	slices.SortFunc(rows, func(a, b tuned) int { return cmp.Compare(b.key, a.key) })
	var fixed Choice
	for i := range rows {
		r.Rows[rows[i].key.label()]++
		r.Fraud += rows[i].amount
		if rows[i].fate != free {
			r.Fixed++
		}
		if rows[i].fate == fixedAlert {
			fixed.add(&rows[i])
		}
	}
	r.Now = Choice{Score: math.NaN()}
	for i := range t.now {
		r.Now.add(&t.now[i])
	}
	r.finish(&r.Now)
	r.Now.work(t.now, perDay, func(*tuned) bool { return true })
	r.pick(rows, fixed, perDay)
	for i := range r.Choices {
		c := &r.Choices[i]
		c.work(rows, perDay, func(row *tuned) bool { return row.alerts(c.Score) })
		if c.BudgetTimes == 1 {
			r.Chosen = *c
		}
	}
	r.Decline = declineFrom(rows, r.Chosen.Score, precision, r.Span())
	return r
}

// alerts reports whether a review threshold makes an alert of the row.
func (r *tuned) alerts(threshold float64) bool {
	return r.fate == fixedAlert || r.fate == free && r.key.score() >= threshold
}

func (c *Choice) add(row *tuned) {
	c.Alerts[row.key.label()]++
	c.Saved += row.amount
}

// finish computes the rates of what was counted.
func (t *Tuned) finish(c *Choice) {
	c.PerDay = float64(c.Alerts.Total()) / t.Span()
	c.Recall = ratio(c.Alerts[history.Fraud], t.Rows[history.Fraud])
	c.SavedShare = ratio(c.Saved, t.Fraud)
}

// levels yields what the threshold below each distinct score of the free rows would do, from no alert of them down.
// rows are in order of score, greatest first.
func levels(rows []tuned, fixed Choice) iter.Seq[Choice] {
	return func(yield func(Choice) bool) {
		c := fixed
		c.Score = math.Inf(1)
		if !yield(c) {
			return
		}
		for i := 0; i < len(rows); {
			score, some := rows[i].key.score(), false
			for ; i < len(rows) && rows[i].key.score() == score; i++ {
				if rows[i].fate == free {
					c.add(&rows[i])
					some = true
				}
			}
			next := 0.0
			if i < len(rows) {
				next = rows[i].key.score()
			}
			c.Score = between(next, score)
			if some && !yield(c) {
				return
			}
		}
	}
}

// pick fills in the curve, which keeps some hundred levels, evenly apart by the logarithm of their alerts, and for each
// budget the lowest threshold that keeps within it; the highest, if none does.
func (t *Tuned) pick(rows []tuned, fixed Choice, perDay float64) {
	const step = 1.03
	t.Choices = make([]Choice, len(budgetTimes))
	first := true
	var last Choice
	for c := range levels(rows, fixed) {
		t.finish(&c)
		for i, times := range budgetTimes {
			if first || c.PerDay <= times*perDay {
				t.Choices[i] = c
				t.Choices[i].BudgetTimes = times
			}
		}
		if n := len(t.Curve); n == 0 || float64(c.Alerts.Total()) >= step*float64(t.Curve[n-1].Alerts.Total()) {
			t.Curve = append(t.Curve, c)
		}
		first, last = false, c
	}
	if n := len(t.Curve); t.Curve[n-1].Score != last.Score {
		t.Curve = append(t.Curve, last)
	}
}

// between returns a short number above low and at most high.
func between(low, high float64) float64 {
	middle := low + (high-low)/2
	for digits := 10.0; digits < 1e15; digits *= 10 {
		if x := math.Round(middle*digits) / digits; x > low && x <= high {
			return x
		}
	}
	return high
}

// work fills in what the alerts ask of analysts who work off so many a day.
func (c *Choice) work(rows []tuned, perDay float64, alerts func(*tuned) bool) {
	counts := make(map[int32]int64)
	for i := range rows {
		if alerts(&rows[i]) {
			counts[rows[i].day]++
		}
	}
	days := make([]int32, 0, len(counts))
	for day, n := range counts {
		days = append(days, day)
		c.Busiest = max(c.Busiest, n)
	}
	slices.Sort(days)
	queue := 0.0
	for i, day := range days {
		if i > 0 {
			queue = max(0, queue-perDay*float64(day-days[i-1]-1)) // days without alerts
		}
		queue = max(0, queue+float64(counts[day])-perDay)
		c.Queue = max(c.Queue, int64(math.Ceil(queue)))
	}
}

func declineFrom(rows []tuned, review, precision, span float64) DeclineChoice {
	found := DeclineChoice{Score: math.NaN()}
	var seen ByLabel
	for i := 0; i < len(rows); {
		score := rows[i].key.score()
		if score < review {
			break
		}
		for ; i < len(rows) && rows[i].key.score() == score; i++ {
			if rows[i].fate == free {
				seen[rows[i].key.label()]++
			}
		}
		low, _ := Wilson(seen[history.Fraud], seen.Labelled())
		if seen.Labelled() == 0 || low < precision {
			continue
		}
		next := review
		if i < len(rows) {
			next = max(review, rows[i].key.score())
		}
		found = DeclineChoice{Score: max(review, between(next, score)), Rows: seen, PerDay: float64(seen.Total()) / span}
	}
	return found
}
