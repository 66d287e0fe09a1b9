package alerts_test

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/payment"
)

// isTruth reports whether a reason says no more than the truth does. The sentences of comparisons go on with how much is
// usual, which truths leave out; those of the catalogue must be equal.
func isTruth(r alerts.Reason, truth string) bool {
	return r.Text == truth || strings.HasPrefix(r.Text, truth+" (") || strings.HasPrefix(r.Text, truth+": too") || isComparison[r.Code] && strings.HasPrefix(r.Text, truth)
}

var isComparison = map[alerts.Code]bool{
	alerts.ManyWithdrawals: true, alerts.NewMerchant: true, alerts.ImpossibleSpeed: true, alerts.FarFromLast: true,
	alerts.UnusualCombination: true, alerts.NotCompared: true, alerts.LittleHistory: true,
}

func (l ledger) count(is func(*payment.Transaction) bool) int {
	n := 0
	for _, tx := range l {
		if is(tx) {
			n++
		}
	}
	return n
}

// tally words a number of things.
func tally(n int, noun string) string { return fmt.Sprintf("%d %s%s", n, noun, plural(n)) }

// figureOf words a figure as descriptions do.
func figureOf(x float64) string {
	switch {
	case math.IsNaN(x):
		return "not known"
	case x == math.Trunc(x):
		return fmt.Sprintf("%.0f", x+0)
	case math.Abs(x) >= 9.95:
		return fmt.Sprintf("%.0f", x)
	case math.Abs(x) >= 0.1:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2g", x)
}

// catalogueTruths returns all sentences of the shipped catalogue with the code that are true of the transaction after the
// ledger.
func (l ledger) catalogueTruths(code alerts.Code, tx *payment.Transaction) []string {
	month := l.within(tx.Time, 30*day, 0)
	week, last24 := month.within(tx.Time, 7*day, 0), month.within(tx.Time, day, 0)
	is := func(kind payment.Type) func(*payment.Transaction) bool {
		return func(e *payment.Transaction) bool { return e.Type == kind }
	}
	var all []string
	truth := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	switch code {
	case "AMOUNT", "SMALL_AMOUNT", "AMOUNT_ABOVE_MEAN", "AMOUNT_BELOW_MEAN":
		return month.amountTruths(code, tx)
	case "TRANSACTIONS":
		if n := len(month.within(tx.Time, 10*time.Minute, 0)); n > 0 {
			truth("%s within 10 minutes, %d within 24 hours, %d within 30 days", tally(n, "earlier transaction"), len(last24), len(month))
		}
		truth("%s within 24 hours, %d within 7 days, %d within 30 days", tally(len(last24), "earlier transaction"), len(week), len(month))
	case "SPENDING":
		sum24, _ := last24.spent()
		sum7, _ := week.spent()
		sum30, _ := month.spent()
		if sum24 > 0 && sum24 == sum30 {
			truth("%.2f USD spent within 24 hours before this payment, and nothing else within 30 days", float64(sum24)/100)
		} else {
			truth("%.2f USD spent within 24 hours before this payment, %.2f USD within 7 days, %.2f USD within 30 days",
				float64(sum24)/100, float64(sum7)/100, float64(sum30)/100)
		}
	case "MERCHANTS":
		truth("%s within 24 hours before this payment, %d within 7 days", tally(len(last24.merchants()), "different merchant"), len(week.merchants()))
	case "KNOWN_MERCHANT":
		if month.merchants()[tx.Merchant.Name] {
			truth("Not the first transaction at %s within 30 days", tx.Merchant.Name)
		}
	case "NEW_CATEGORY", "CATEGORY_HISTORY", "CATEGORY_AMOUNT":
		return month.categoryTruths(code, tx)
	case "NEW_DEVICE", "DEVICE_HISTORY":
		return month.deviceTruths(code, tx, week)
	case "TIME_SINCE_LAST":
		if len(month) == 0 {
			return []string{"No earlier transaction of this account within 30 days"}
		}
		since := tx.Time.Sub(month[len(month)-1].Time)
		words := sinceOf(since)
		if since < 90*time.Second {
			n := int(math.RoundToEven(since.Seconds()))
			words = tally(n, "second")
		}
		truth("This account's last transaction was %s earlier", words)
	case "TRAVEL":
		for i := len(month) - 1; i >= 0; i-- {
			if e := month[i]; e.Merchant.Location.Known {
				km, hours := kilometres(e, tx), max(tx.Time.Sub(e.Time), time.Second).Hours()
				// The law of cosines is rough for places next to each other.
				for _, slip := range []float64{0, -1e-3, 1e-3} {
					truth("%s km from this account's last located transaction, which makes %s km/h", figureOf(max(0, km+slip)), figureOf(max(0, km+slip)/hours))
				}
				break
			}
		}
	case "WITHDRAWALS":
		switch none := week.count(is(payment.Withdrawal)) == 0; {
		case none && tx.Type == payment.Withdrawal:
			truth("A withdrawal, the first within 7 days")
		case none:
			truth("A %s; no withdrawal within 7 days before it", tx.Type)
		case tx.Type == payment.Withdrawal:
			truth("A withdrawal; %s within 24 hours, %d within 7 days", tally(last24.count(is(payment.Withdrawal)), "earlier one"), week.count(is(payment.Withdrawal)))
		default:
			truth("A %s; %s within 24 hours before it, %d within 7 days", tx.Type, tally(last24.count(is(payment.Withdrawal)), "withdrawal"), week.count(is(payment.Withdrawal)))
		}
	case "DEPOSITS":
		switch none := week.count(is(payment.Deposit)) == 0; {
		case none && tx.Type == payment.Deposit:
			truth("A deposit, the first within 7 days")
		case none:
			truth("A %s; no deposit within 7 days before it", tx.Type)
		case tx.Type == payment.Deposit:
			truth("A deposit; %s within 7 days", tally(week.count(is(payment.Deposit)), "earlier one"))
		default:
			truth("A %s; %s within 7 days before it", tx.Type, tally(week.count(is(payment.Deposit)), "deposit"))
		}
	case "ONLINE":
		channel, _ := tx.Attribute("channel")
		n := last24.count(func(e *payment.Transaction) bool { c, _ := e.Attribute("channel"); return c == "online" })
		if channel == "online" {
			truth("Made online; %s within 24 hours", tally(n, "earlier online transaction"))
		}
		truth("Made over the channel %s; %s within 24 hours before", channel, tally(n, "online transaction"))
	case "TIME_OF_DAY", "AT_NIGHT":
		at := time.UnixMilli(int64(tx.Time)).UTC()
		nights := month.count(func(e *payment.Transaction) bool { return time.UnixMilli(int64(e.Time)).UTC().Hour() < 6 })
		if at.Hour() < 6 && code == "AT_NIGHT" {
			truth("Made at %02d:%02d UTC; of this account's %s within 30 days %d fell between 0 and 6 o'clock UTC", at.Hour(), at.Minute(), tally(len(month), "transaction"), nights)
		}
		if code == "TIME_OF_DAY" {
			truth("Made on a %s at %02d:%02d UTC", at.Weekday(), at.Hour(), at.Minute())
		}
	case "EARLIER_UNUSUAL_AMOUNTS":
		n := 0
		for i, e := range l {
			if e.Time > tx.Time.Add(-7*day) && l[:i].unusual(e) {
				n++
			}
		}
		if n > 0 {
			truth("%s within 7 days of more than 2.5 times what was then the 30-day mean", tally(n, "earlier payment"))
		} else {
			truth("No payment within 7 days of more than 2.5 times what was then the 30-day mean")
		}
	case "SMALL_PURCHASES":
		n := last24.count(func(e *payment.Transaction) bool { return e.Type == payment.Purchase && cents(e) < 300 })
		if n > 0 {
			truth("%s of less than 3 USD within 24 hours before this payment", tally(n, "purchase"))
		} else {
			truth("No purchase of less than 3 USD within 24 hours before this payment")
		}
	}
	return all
}

// unusual reports whether the mark of an unusual amount is true of a transaction after the ledger.
func (l ledger) unusual(tx *payment.Transaction) bool {
	month := l.within(tx.Time, 30*day, 0)
	sum, n := month.spent()
	return len(month) >= 3 && n > 0 && float64(cents(tx)) > 2.5*float64(sum)/float64(n)
}

func ownAmount(tx *payment.Transaction) string {
	own := payment.FormatAmount(tx.Amount, tx.Currency) + " " + tx.Currency.Code()
	if tx.Currency.Code() == "EUR" {
		own += fmt.Sprintf(" (%.2f USD)", float64(cents(tx))/100)
	}
	return own
}

// amountTruths is catalogueTruths for amounts; l is the month before tx.
func (l ledger) amountTruths(code alerts.Code, tx *payment.Transaction) []string {
	sum, n := l.spent()
	mean, amount := float64(sum)/float64(n)/100, float64(cents(tx))/100
	most := math.Inf(-1)
	for _, e := range l {
		if e.Type != payment.Deposit {
			most = max(most, float64(cents(e))/100)
		}
	}
	var all []string
	for _, own := range []string{ownAmount(tx), payment.FormatAmount(tx.Amount, tx.Currency) + " " + tx.Currency.Code()} {
		spends := tx.Type != payment.Deposit
		switch {
		case code == "SMALL_AMOUNT" && tx.Type == payment.Purchase && amount >= 0 && amount < 3:
			all = append(all, "A purchase of only "+own)
		case code == "AMOUNT_ABOVE_MEAN" && spends && mean > 0 && amount > mean:
			all = append(all, fmt.Sprintf("%s is %s times this account's 30-day mean of %.2f USD", own, figureOf(amount/mean), mean))
		case code == "AMOUNT_BELOW_MEAN" && spends && amount < mean:
			all = append(all, fmt.Sprintf("%s, where this account's 30-day mean is %.2f USD", own, mean))
		case code == "AMOUNT":
			all = append(all, fmt.Sprintf("A %s of %s", tx.Type, own))
			if spends {
				all = append(all, fmt.Sprintf("%s, where this account's 30-day mean is %.2f USD and its largest amount %.2f USD", own, mean, most))
			}
		}
	}
	return all
}

// categoryTruths is catalogueTruths for merchant categories; l is the month before tx.
func (l ledger) categoryTruths(code alerts.Code, tx *payment.Transaction) []string {
	category := tx.Merchant.Category
	var same ledger
	for _, e := range l {
		if e.Merchant.Category == category {
			same = append(same, e)
		}
	}
	sum, n := same.spent()
	switch {
	case category == "":
		return nil
	case code == "NEW_CATEGORY" && len(same) == 0:
		return []string{fmt.Sprintf("First transaction in the category %s within 30 days", category)}
	case code == "CATEGORY_HISTORY":
		return []string{fmt.Sprintf("%s in the category %s within 30 days", tally(len(same), "earlier transaction"), category)}
	case code == "CATEGORY_AMOUNT" && n == 0:
		return []string{fmt.Sprintf("Nothing spent in the category %s within 30 days to compare with", category)}
	case code == "CATEGORY_AMOUNT":
		text := fmt.Sprintf("where this account's 30-day mean in the category %s is %.2f USD", category, float64(sum)/float64(n)/100)
		return []string{ownAmount(tx) + ", " + text, payment.FormatAmount(tx.Amount, tx.Currency) + " " + tx.Currency.Code() + ", " + text}
	}
	return nil
}

// deviceTruths is catalogueTruths for devices; l is the month before tx.
func (l ledger) deviceTruths(code alerts.Code, tx *payment.Transaction, week ledger) []string {
	device, _ := tx.Attribute("device_id")
	devices := make(map[string]bool)
	for _, e := range week {
		d, _ := e.Attribute("device_id")
		devices[d] = true
	}
	seen := l.count(func(e *payment.Transaction) bool { d, _ := e.Attribute("device_id"); return d == device })
	if code == "NEW_DEVICE" {
		if seen > 0 {
			return nil
		}
		return []string{fmt.Sprintf("First transaction from the device %s within 30 days", device)}
	}
	return []string{fmt.Sprintf("%s within 7 days before this payment", tally(len(devices), "different device"))}
}
