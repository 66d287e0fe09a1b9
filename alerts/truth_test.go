package alerts_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

const day = 24 * time.Hour

// ledger is an account's transactions, oldest first, kept by the test itself.
type ledger []*payment.Transaction

// within returns those that lie in (t − from, t − to].
func (l ledger) within(t payment.Time, from, to time.Duration) ledger {
	var in ledger
	for _, tx := range l {
		if tx.Time > t.Add(-from) && tx.Time <= t.Add(-to) {
			in = append(in, tx)
		}
	}
	return in
}

func cents(tx *payment.Transaction) int64 {
	if tx.Currency.Code() == "EUR" {
		return tx.Amount / 10 * 11 // the test's amounts in EUR are multiples of 10 cents
	}
	return tx.Amount
}

// spent returns the sum of what was spent, in cents, and how many amounts it is of.
func (l ledger) spent() (sum, n int64) {
	for _, tx := range l {
		if tx.Type != payment.Deposit {
			sum += cents(tx)
			n++
		}
	}
	return sum, n
}

func (l ledger) merchants() map[string]bool {
	names := make(map[string]bool)
	for _, tx := range l {
		if tx.Merchant.Name != "" {
			names[tx.Merchant.Name] = true
		}
	}
	return names
}

// kilometres is the great-circle distance by the spherical law of cosines.
func kilometres(a, b *payment.Transaction) float64 {
	lat1, lon1 := a.Merchant.Location.Degrees()
	lat2, lon2 := b.Merchant.Location.Degrees()
	p1, p2, dl := lat1*math.Pi/180, lat2*math.Pi/180, (lon2-lon1)*math.Pi/180
	return 6371.0088 * math.Acos(min(1, math.Sin(p1)*math.Sin(p2)+math.Cos(p1)*math.Cos(p2)*math.Cos(dl)))
}

// truths returns the beginnings of all sentences of the code that are true of the transaction after the ledger.
func (l ledger) truths(code alerts.Code, tx *payment.Transaction) []string {
	month := l.within(tx.Time, 30*day, 0)
	last24, last7 := month.within(tx.Time, day, 0), month.within(tx.Time, 7*day, 0)
	sum30, n30 := month.spent()
	own := payment.FormatAmount(tx.Amount, tx.Currency) + " " + tx.Currency.Code()
	if tx.Currency.Code() == "EUR" {
		own += fmt.Sprintf(" (%d.%02d USD)", cents(tx)/100, cents(tx)%100)
	}
	switch code {
	case alerts.FirstTransaction:
		if len(month) == 0 {
			return []string{"First transaction seen of this account within 30 days"}
		}
	case alerts.LittleHistory:
		return []string{
			fmt.Sprintf("Only %d earlier transaction%s of this account within 30 days: too few", len(month), plural(len(month))),
			fmt.Sprintf("Only %d earlier transaction%s of this account within 30 days, %d of them within 24 hours", len(month), plural(len(month)), len(last24)),
		}
	case alerts.AmountAboveUsual:
		mean := float64(sum30) / float64(n30) / 100
		ratio := float64(cents(tx)) / 100 / mean
		text := fmt.Sprintf("%.1f", ratio)
		if ratio >= 9.95 {
			text = fmt.Sprintf("%.0f", ratio)
		}
		return []string{fmt.Sprintf("%s is %s times this account's 30-day mean of %.2f USD", own, text, mean)}
	case alerts.RateAboveUsual:
		var all []string
		for words, w := range map[string]time.Duration{"a minute": time.Minute, "10 minutes": 10 * time.Minute, "an hour": time.Hour, "24 hours": day} {
			n := len(month.within(tx.Time, w, 0))
			all = append(all, fmt.Sprintf("%d transactions within %s, this one included; the rest of the last 30 days saw %s", n+1, words, pastOf(len(month)-n)))
		}
		return all
	case alerts.SpendingAboveUsual:
		sum24, _ := last24.spent()
		sum7, _ := last7.spent()
		return []string{fmt.Sprintf("%.2f USD spent within 24 hours, this payment included, against %.2f USD a day over the six days before",
			float64(sum24+cents(tx))/100, (float64(sum7)/100-float64(sum24)/100)/6)} // in this order, for the last bit
	case alerts.ManyMerchants:
		others := month.within(tx.Time, 7*day, day).merchants()
		for name := range last24.merchants() {
			delete(others, name)
		}
		return []string{fmt.Sprintf("%d different merchants in the last 24 hours, %d other%s in the six days before; the 29 days before saw %s",
			len(last24.merchants()), len(others), plural(len(others)), pastOf(len(month)-len(last24)))}
	case alerts.ManyWithdrawals:
		n := 0
		for _, e := range last7 {
			if e.Type == payment.Withdrawal {
				n++
			}
		}
		if tx.Type == payment.Withdrawal {
			return []string{fmt.Sprintf("%d withdrawals within 7 days, this one included; the 23 days before saw %d transaction", n+1, len(month)-len(last7))}
		}
	case alerts.NewMerchant:
		return month.newMerchantTruths(tx, own, len(last7), len(last7.merchants()))
	case alerts.ImpossibleSpeed, alerts.FarFromLast:
		for _, e := range slices.Backward(month) {
			if e.Merchant.Location.Known {
				return []string{fmt.Sprintf("%.0f km from this account's last located transaction, %s earlier", kilometres(e, tx), sinceOf(tx.Time.Sub(e.Time)))}
			}
		}
	case alerts.UnusualSilence:
		since := tx.Time.Sub(month[len(month)-1].Time)
		return []string{fmt.Sprintf("First transaction in %s; the %s before saw %s", sinceOf(since), sinceOf(30*day-since), pastOf(len(month)))}
	case alerts.UnusualCombination, alerts.NotCompared:
		return []string{"N"}
	}
	return nil
}

// newMerchantTruths is truths for NEW_MERCHANT; l is the month before tx.
func (l ledger) newMerchantTruths(tx *payment.Transaction, own string, count7, merchants7 int) []string {
	if tx.Merchant.Name == "" || l.merchants()[tx.Merchant.Name] {
		return nil
	}
	most := int64(math.MinInt64)
	for _, e := range l {
		if e.Type != payment.Deposit {
			most = max(most, cents(e))
		}
	}
	all := []string{fmt.Sprintf("First transaction at %s within 30 days", tx.Merchant.Name), fmt.Sprintf("First transaction at %s within 30 days; the %d transaction%s of the last 7 days name %d merchant",
		tx.Merchant.Name, count7, plural(count7), merchants7)}
	if cents(tx) > most {
		all = append(all, fmt.Sprintf("First transaction at %s within 30 days, and at %s above the most spent at once in that time, %.2f USD",
			tx.Merchant.Name, own, float64(most)/100))
	}
	return all
}

func pastOf(n int) string {
	if n == 0 {
		return "no transactions"
	}
	return fmt.Sprintf("%d transaction%s", n, plural(n))
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func sinceOf(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if d >= unit.length*3/2 || unit.length == time.Second && d > time.Second {
			n := int(math.RoundToEven(float64(d) / float64(unit.length)))
			return fmt.Sprintf("%d %s%s", n, unit.name, plural(n))
		}
	}
	return "at most a second"
}

// life makes up an account's transactions: habits, bursts, journeys and silences.
func life(r *rand.Rand, usd, eur payment.Currency) ledger {
	var l ledger
	at := payment.TimeOf(time.Date(2023, 8, 1, 0, 0, 0, 0, time.UTC))
	pace := time.Duration(1+r.IntN(48)) * time.Hour
	shops := 1 + r.IntN(8)
	for i := range 150 {
		wait := time.Duration(r.ExpFloat64() * float64(pace))
		switch r.IntN(25) {
		case 0:
			wait = 10 * pace
		case 1, 2, 3, 4, 5:
			wait = time.Duration(r.IntN(int(3 * time.Minute)))
		case 6:
			wait = 0
		}
		at = at.Add(wait)
		tx := &payment.Transaction{
			ID: fmt.Sprint(i), AccountID: "A", Time: at, Type: payment.Purchase, Currency: usd,
			Amount: 10 * int64(100*math.Exp(2+r.NormFloat64())),
		}
		switch r.IntN(10) {
		case 0:
			tx.Type = payment.Withdrawal
		case 1:
			tx.Type = payment.Deposit
		case 2:
			tx.Amount *= 50
		case 3:
			tx.Amount = -tx.Amount / 20 * 10
		}
		if r.IntN(5) == 0 {
			tx.Currency = eur
		}
		if tx.Type == payment.Purchase {
			shop := r.IntN(shops)
			if r.IntN(10) == 0 {
				shop = r.IntN(1000)
			}
			tx.Merchant.Name, tx.Merchant.Category = fmt.Sprint("Shop ", shop), fmt.Sprint("Kind ", shop%5)
			tx.Merchant.Location = payment.Location{LatitudeE7: 407e6, LongitudeE7: -739e6 + int32(r.IntN(1e6)), Known: r.IntN(3) > 0}
			if tx.Merchant.Location.Known && r.IntN(8) == 0 {
				tx.Merchant.Location.LatitudeE7 += int32(r.IntN(4e8))
			}
			if !tx.Merchant.Location.Known {
				tx.Merchant.Location = payment.Location{}
			}
		}
		if tx.Type == payment.Withdrawal || r.IntN(40) == 0 {
			tx.Type, tx.Merchant, tx.Amount = payment.Withdrawal, payment.Merchant{}, max(tx.Amount, 1000)
		}
		tx.Attributes = []payment.Attribute{{Key: "device_id", Value: fmt.Sprint("d-", i/20+i%2)}, {Key: "channel", Value: "pos"}}
		if i%3 == 0 {
			tx.Attributes[1].Value = "online"
		}
		l = append(l, tx)
	}
	return l
}

// TestSentencesAreTrue compares every sentence on made-up accounts with the account's own transactions: with the whole
// vector, and with values missing from it.
func TestSentencesAreTrue(t *testing.T) {
	set := builtin(t)
	schema := set.Schema()
	usd, eur := currency(t, "USD"), currency(t, "EUR")
	explainer := explainerOf(t, set)
	r := rand.New(rand.NewPCG(1, 2))
	holes := rand.New(rand.NewPCG(3, 4)) // of their own, so that the accounts do not depend on how many features there are
	given := make(map[alerts.Code]int)
	pushes := make([]float64, schema.Len())
	describedBy := make(map[string]string)
	for _, d := range set.Definitions() {
		describedBy[d.Name] = strings.ToUpper(d.Description[:1]) + d.Description[1:]
	}
	for range 50 {
		transactions := life(r, usd, eur)
		account := set.NewAccount()
		v := make(features.Vector, schema.Len())
		for i, tx := range transactions {
			var o features.Observation
			account.Observe(tx, &o)
			account.Compute(&o, v)
			holed := slices.Clone(v)
			for at := range holed {
				if holes.IntN(4) == 0 {
					holed[at] = math.NaN()
				}
			}
			for p := range pushes {
				pushes[p] = holes.ExpFloat64()
			}
			for _, vector := range []features.Vector{v, holed} {
				for _, reasons := range [][]alerts.Reason{explainer.Reasons(tx, vector), explainer.Attributed(tx, vector, pushes)} {
					checkSound(t, schema, vector, reasons)
					for _, reason := range reasons {
						given[reason.Code]++
						truths := append(transactions[:i].truths(reason.Code, tx), transactions[:i].catalogueTruths(reason.Code, tx)...)
						if description, ok := describedBy[reason.Feature]; ok {
							truths = append(truths, fmt.Sprintf("%s: %s", description, figureOf(vector[schema.Index(reason.Feature)])))
						}
						if !slices.ContainsFunc(truths, func(truth string) bool { return isTruth(reason, truth) }) {
							t.Fatalf("transaction %d: %s says %q, but true is %q", i, reason.Code, reason.Text, truths)
						}
					}
				}
			}
			account.Fold(&o)
		}
	}
	for _, code := range []alerts.Code{
		alerts.AmountAboveUsual, alerts.SpendingAboveUsual, alerts.RateAboveUsual, alerts.ManyMerchants, alerts.ManyWithdrawals,
		alerts.NewMerchant, alerts.ImpossibleSpeed, alerts.FarFromLast, alerts.UnusualSilence,
		alerts.FirstTransaction, alerts.LittleHistory, alerts.UnusualCombination,
		"AMOUNT", "SMALL_AMOUNT", "AMOUNT_ABOVE_MEAN", "AMOUNT_BELOW_MEAN", "TRANSACTIONS", "SPENDING", "MERCHANTS", "KNOWN_MERCHANT",
		"CATEGORY_HISTORY", "NEW_CATEGORY", "CATEGORY_AMOUNT", "DEVICE_HISTORY", "NEW_DEVICE", "TIME_SINCE_LAST", "TRAVEL", "WITHDRAWALS",
		"DEPOSITS", "ONLINE", "TIME_OF_DAY", "AT_NIGHT", "EARLIER_UNUSUAL_AMOUNTS", "SMALL_PURCHASES",
	} {
		if given[code] == 0 {
			t.Errorf("%s was never given, so it was not tested", code)
		}
	}
	t.Log(given)
}
