package alerts

import (
	"fmt"
	"slices"
	"time"

	"github.com/weir-fraud/weir/payment"
)

// rules returns all comparisons. Of equal deviations the one that stands first here is given first.
func rules() []rule {
	return []rule{
		{ImpossibleSpeed, []string{"kmh_since_last", "km_since_last"}, compareSpeed},
		{AmountAboveUsual, []string{"amount_to_mean_30d", "amount", "mean_30d", "std_30d", "count_30d"}, compareAmount},
		{RateAboveUsual, []string{"count_1m", "count_30d"}, compareRate(time.Minute, "a minute")},
		{RateAboveUsual, []string{"count_10m", "count_30d"}, compareRate(10*time.Minute, "10 minutes")},
		{RateAboveUsual, []string{"count_1h", "count_30d"}, compareRate(time.Hour, "an hour")},
		{RateAboveUsual, []string{"count_24h", "count_30d"}, compareRate(24*time.Hour, "24 hours")},
		{SpendingAboveUsual, []string{"sum_24h", "sum_7d", "amount", "mean_30d", "std_30d", "count_24h", "count_30d"}, compareSpending},
		{ManyMerchants, []string{"distinct_merchants_24h", "distinct_merchants_7d", "count_24h", "count_30d"}, compareMerchants},
		{ManyWithdrawals, []string{"withdrawals_7d", "count_7d", "count_30d"}, compareWithdrawals},
		{NewMerchant, []string{"new_merchant_30d", "distinct_merchants_7d", "count_7d"}, compareMerchant},
		{NewMerchant, []string{"new_merchant_30d", "distinct_merchants_7d", "count_7d", "count_30d", "amount", "max_30d"}, compareMerchantAndAmount},
		{FarFromLast, []string{"km_since_last", "kmh_since_last"}, compareDistance},
		{UnusualSilence, []string{"seconds_since_last", "count_30d"}, compareSilence},
	}
}

// compares reports whether there is a comparison of the code.
func compares(code Code) bool { return slices.Contains(comparisonCodes(), string(code)) }

// comparisonCodes returns the codes of all comparisons, each once.
func comparisonCodes() []string {
	var codes []string
	for _, r := range rules() {
		if !slices.Contains(codes, string(r.code)) {
			codes = append(codes, string(r.code))
		}
	}
	return codes
}

// compareAmount compares the amount with those spent in the last 30 days. A deposit is no spending, so it has none.
func compareAmount(s *subject, x []float64) (float64, string) {
	ratio, amount, mean, std, count := x[0], x[1], x[2], x[3], x[4]
	if !s.spends() || count < enough || mean < s.smallest() {
		return incomparable, ""
	}
	return (amount - mean) / max(std, mean/4),
		fmt.Sprintf("%s is %s times this account's 30-day mean of %s", s.own(amount), rough(ratio), s.money(mean))
}

// compareSpending compares what is spent within 24 hours with the six days before. Where this payment is the larger
// part of it, compareAmount has said so, and this stays silent.
func compareSpending(s *subject, x []float64) (float64, string) {
	day, week, amount, mean, std, countDay, count := x[0], x[1], x[2], x[3], x[4], x[5], x[6]
	if !s.spends() || amount <= 0 || count-countDay < enough || mean < s.smallest() {
		return incomparable, ""
	}
	usual := (week - day) / 6
	switch {
	case usual < 0: // more was refunded than spent
		return incomparable, ""
	case day < amount:
		return inside, ""
	}
	// One payment is certain, being the one that is looked at; the others are expected at the usual rate.
	deviations := (day + amount - usual - mean) / spread(max(usual, mean), mean, std)
	return deviations, fmt.Sprintf("%s spent within 24 hours, this payment included, against %s a day over the six days before",
		s.money(day+amount), s.money(usual))
}

// compareRate returns the comparison of the transactions in a window with those in the rest of the 30 days. Of a
// Poisson process, the events within a window before any one event are as many as within any other window, so this
// transaction itself does not count.
func compareRate(window time.Duration, words string) func(*subject, []float64) (float64, string) {
	days := window.Hours() / 24
	return func(_ *subject, x []float64) (float64, string) {
		count, rest := x[0], x[1]-x[0]
		if rest < 0 {
			return incomparable, ""
		}
		if count < 2 {
			return inside, ""
		}
		return excess(count, perDay(rest, 30-days)*days),
			fmt.Sprintf("%s within %s, this one included; the rest of the last 30 days saw %s",
				counted(count+1, "transaction"), words, past(rest, 30-days))
	}
}

// past words the transactions that the account made in the given days, and their rate where they are enough for one.
func past(n, days float64) string {
	switch {
	case n == 0:
		return "no transactions"
	case n < enough:
		return counted(n, "transaction")
	}
	return fmt.Sprintf("%s (%s a day)", counted(n, "transaction"), rough(n/days))
}

// compareMerchants compares the different merchants of 24 hours with the transactions that the account makes in a day
// of the 29 before. Merchants are fewer than transactions, so this errs on the quiet side; from the merchants of 7 days
// no usual number for a day follows, since the same ones may come every day.
func compareMerchants(_ *subject, x []float64) (float64, string) {
	day, week, rest := x[0], x[1], x[3]-x[2]
	if rest < 0 || week < day {
		return incomparable, ""
	}
	if day < 3 {
		return inside, ""
	}
	return excess(day, perDay(rest, 29)),
		fmt.Sprintf("%s in the last 24 hours, %s in the six days before; the 29 days before saw %s",
			counted(day, "different merchant"), counted(week-day, "other"), past(rest, 29))
}

// compareWithdrawals compares the withdrawals of 7 days with the transactions of any kind that the account makes in as
// long: no usual number of withdrawals is kept, and it cannot be higher.
func compareWithdrawals(s *subject, x []float64) (float64, string) {
	withdrawals, rest := x[0], x[2]-x[1]
	if s.tx.Type != payment.Withdrawal || rest < 0 {
		return incomparable, ""
	}
	return excess(withdrawals, 7*perDay(rest, 23)),
		fmt.Sprintf("%s within 7 days, this one included; the 23 days before saw %s of any kind",
			counted(withdrawals+1, "withdrawal"), counted(rest, "transaction"))
}

// newMerchantChance returns the chance that a transaction is the first at its merchant: of the transactions of 7 days,
// at most one per different merchant was (one of each kind is added, after Laplace).
func newMerchantChance(merchants, transactions float64) float64 {
	return min(1, (max(merchants, 1)+1)/(transactions+2))
}

// compareMerchant tells of a new merchant where the account keeps to few.
func compareMerchant(s *subject, x []float64) (float64, string) {
	isNew, merchants, transactions := x[0], x[1], x[2]
	if s.tx.Merchant.Name == "" || merchants < 1 || transactions < enough {
		return incomparable, ""
	}
	if isNew != 1 {
		return inside, ""
	}
	return surprise(newMerchantChance(merchants, transactions)),
		fmt.Sprintf("First transaction at %s within 30 days; the %s of the last 7 days name %s",
			s.tx.Merchant.Name, counted(transactions, "transaction"), counted(merchants, "merchant"))
}

// compareMerchantAndAmount tells of a new merchant that gets more than any other did. Among n+1 amounts of one kind
// each is equally likely the largest, however they are distributed.
func compareMerchantAndAmount(s *subject, x []float64) (float64, string) {
	isNew, merchants, transactions, count, amount, most := x[0], x[1], x[2], x[3], x[4], x[5]
	if s.tx.Merchant.Name == "" || !s.spends() || most < s.smallest() || transactions < 0 || count < enough {
		return incomparable, ""
	}
	if isNew != 1 || amount <= most {
		return inside, ""
	}
	return surprise(newMerchantChance(merchants, transactions) / (count + 1)),
		fmt.Sprintf("First transaction at %s within 30 days, and at %s above the most spent at once in that time, %s",
			s.tx.Merchant.Name, s.own(amount), s.money(most))
}

// Limits of travel. Below farKm the coordinates of merchants are too rough to tell a speed from them.
const (
	farKm      = 100
	airlineKmh = 900
	dayTripKm  = 500
)

// compareSpeed compares the speed from the last located transaction with that of an airliner.
func compareSpeed(_ *subject, x []float64) (float64, string) {
	kmh, km := x[0], x[1]
	if km < farKm || kmh <= airlineKmh {
		return inside, ""
	}
	return beyond(kmh, airlineKmh),
		fmt.Sprintf("%s km from this account's last located transaction, %s earlier: %s km/h, where an airliner makes %d",
			rough(km), travelTime(km/kmh), rough(kmh), airlineKmh)
}

// compareDistance compares the distance from the last located transaction with that of a day's journey, if it was
// covered in a day at a possible speed.
func compareDistance(_ *subject, x []float64) (float64, string) {
	km, kmh := x[0], x[1]
	if km <= dayTripKm || kmh > airlineKmh || kmh < km/24 {
		return inside, ""
	}
	return beyond(km, dayTripKm),
		fmt.Sprintf("%s km from this account's last located transaction, %s earlier", rough(km), travelTime(km/kmh))
}

// travelTime words the hours behind a speed. Less than a second was taken as one when the speed was computed.
func travelTime(hours float64) string {
	if seconds := hours * 3600; seconds > 1.001 {
		return elapsed(seconds)
	}
	return "at most a second"
}

// compareSilence compares the time since the last transaction with the account's rate before it.
func compareSilence(_ *subject, x []float64) (float64, string) {
	const secondsPerDay = 24 * 60 * 60
	days, count := x[0]/secondsPerDay, x[1]
	before := 30 - days // all transactions of the 30 days lie in it
	if days < 0 || before < 1 || count < enough {
		return incomparable, ""
	}
	return shortfall(count / before * days),
		fmt.Sprintf("First transaction in %s; the %s before saw %s",
			elapsed(x[0]), elapsed(before*secondsPerDay), past(count, before))
}
