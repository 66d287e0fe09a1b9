package features

import "time"

const day = 24 * time.Hour

// Builtin returns the shipped feature set. Amount windows are over spending (purchases and withdrawals), in the
// reporting currency; counts are over everything.
func Builtin() []Definition {
	return []Definition{
		{Name: "amount", Fact: "amount", Description: "amount in the reporting currency"},
		{Name: "is_withdrawal", Fact: "is_withdrawal", Description: "whether this is a withdrawal"},
		{Name: "is_deposit", Fact: "is_deposit", Description: "whether this is a deposit"},
		{Name: "hour_of_day", Fact: "hour_of_day", Description: "hour of the day, UTC, 0 to 23"},
		{Name: "day_of_week", Fact: "day_of_week", Description: "day of the week, UTC, Monday is 0"},

		{Name: "count_1m", Aggregate: "count", Window: time.Minute, Description: "transactions in the last minute"},
		{Name: "count_10m", Aggregate: "count", Window: 10 * time.Minute, Description: "transactions in the last 10 minutes"},
		{Name: "count_1h", Aggregate: "count", Window: time.Hour, Description: "transactions in the last hour"},
		{Name: "count_24h", Aggregate: "count", Window: day, Description: "transactions in the last 24 hours"},
		{Name: "count_7d", Aggregate: "count", Window: 7 * day, Description: "transactions in the last 7 days"},
		{Name: "count_30d", Aggregate: "count", Window: 30 * day, Description: "transactions in the last 30 days"},

		{Name: "sum_10m", Aggregate: "sum", Field: "amount", Filter: "spending", Window: 10 * time.Minute, Description: "spent in the last 10 minutes"},
		{Name: "sum_1h", Aggregate: "sum", Field: "amount", Filter: "spending", Window: time.Hour, Description: "spent in the last hour"},
		{Name: "sum_24h", Aggregate: "sum", Field: "amount", Filter: "spending", Window: day, Description: "spent in the last 24 hours"},
		{Name: "sum_7d", Aggregate: "sum", Field: "amount", Filter: "spending", Window: 7 * day, Description: "spent in the last 7 days"},
		{Name: "sum_30d", Aggregate: "sum", Field: "amount", Filter: "spending", Window: 30 * day, Description: "spent in the last 30 days"},
		{Name: "mean_7d", Aggregate: "mean", Field: "amount", Filter: "spending", Window: 7 * day, Description: "mean amount spent over 7 days"},
		{Name: "mean_30d", Aggregate: "mean", Field: "amount", Filter: "spending", Window: 30 * day, Description: "mean amount spent over 30 days"},
		{Name: "std_7d", Aggregate: "std", Field: "amount", Filter: "spending", Window: 7 * day, Description: "standard deviation of amounts spent over 7 days"},
		{Name: "std_30d", Aggregate: "std", Field: "amount", Filter: "spending", Window: 30 * day, Description: "standard deviation of amounts spent over 30 days"},
		{Name: "max_24h", Aggregate: "max", Field: "amount", Filter: "spending", Window: day, Description: "largest amount spent in 24 hours"},
		{Name: "max_7d", Aggregate: "max", Field: "amount", Filter: "spending", Window: 7 * day, Description: "largest amount spent in 7 days"},
		{Name: "max_30d", Aggregate: "max", Field: "amount", Filter: "spending", Window: 30 * day, Description: "largest amount spent in 30 days"},

		{Name: "distinct_merchants_1h", Aggregate: "distinct", Field: "merchant", Window: time.Hour, Description: "different merchants in the last hour"},
		{Name: "distinct_merchants_24h", Aggregate: "distinct", Field: "merchant", Window: day, Description: "different merchants in 24 hours"},
		{Name: "distinct_merchants_7d", Aggregate: "distinct", Field: "merchant", Window: 7 * day, Description: "different merchants in 7 days"},
		{Name: "distinct_categories_7d", Aggregate: "distinct", Field: "category", Window: 7 * day, Description: "different merchant categories in 7 days"},
		{Name: "new_merchant_30d", Aggregate: "new", Field: "merchant", Window: 30 * day, Description: "first time at this merchant within 30 days"},
		{Name: "new_category_30d", Aggregate: "new", Field: "category", Window: 30 * day, Description: "first time in this merchant category within 30 days"},

		{Name: "seconds_since_last", Aggregate: "seconds_since", Window: 30 * day, Description: "seconds since the last transaction, within 30 days"},
		{Name: "km_since_last", Aggregate: "km_since", Field: "location", Window: 30 * day, Description: "kilometres from the last located transaction, within 30 days"},
		{Name: "kmh_since_last", Aggregate: "kmh_since", Field: "location", Window: 30 * day, Description: "speed from the last located transaction, km/h"},

		{Name: "withdrawals_24h", Aggregate: "count", Filter: "withdrawals", Window: day, Description: "withdrawals in the last 24 hours"},
		{Name: "withdrawals_7d", Aggregate: "count", Filter: "withdrawals", Window: 7 * day, Description: "withdrawals in the last 7 days"},
		{Name: "deposits_7d", Aggregate: "count", Filter: "deposits", Window: 7 * day, Description: "deposits in the last 7 days"},
		{Name: "withdrawal_share_7d", Ratio: [2]string{"withdrawals_7d", "count_7d"}, Description: "share of withdrawals among the last 7 days' transactions"},
		{Name: "amount_to_mean_7d", Ratio: [2]string{"amount", "mean_7d"}, Description: "amount against the 7-day mean"},
		{Name: "amount_to_mean_30d", Ratio: [2]string{"amount", "mean_30d"}, Description: "amount against the 30-day mean"},
		{Name: "spent_24h_to_7d", Ratio: [2]string{"sum_24h", "sum_7d"}, Description: "share of 7 days' spending that fell into the last 24 hours"},
		{Name: "amount_to_max_30d", Ratio: [2]string{"amount", "max_30d"}, Description: "amount against the 30-day maximum"},
	}
}
