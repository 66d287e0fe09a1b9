package expression_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// The calendar functions say what package time says, at random times and around every full hour of some years.
func TestCalendar(t *testing.T) {
	zones := []string{
		"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo",
		"Pacific/Apia", "Africa/Casablanca", "America/St_Johns", "Pacific/Chatham", "Etc/GMT+5",
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, name := range zones {
		location, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		programs := make(map[string]*expression.Program)
		for _, f := range []string{"hour", "weekday", "day_of_month", "month"} {
			programs[f] = compile(t, f+`("`+name+`")`, expression.Number)
		}
		check := func(at payment.Time) {
			t.Helper()
			local := at.Std().In(location)
			env := &expression.Env{Time: at}
			for f, want := range map[string]int{
				"hour": local.Hour(), "weekday": (int(local.Weekday()) + 6) % 7,
				"day_of_month": local.Day(), "month": int(local.Month()),
			} {
				if got := programs[f].Number(env); got != float64(want) {
					t.Fatalf("%s(%q) at %v is %v, not %d", f, name, local, got, want)
				}
			}
		}
		for range 5000 {
			check(payment.Time(rng.Int64N(int64(payment.MaxTime))))
		}
		for _, year := range []int{1975, 2011, 2024, 2037, 2096} {
			from := payment.TimeOf(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
			for half := range 366 * 48 {
				at := from.Add(time.Duration(half) * 30 * time.Minute)
				check(at)
				check(at - 1)
			}
		}
		check(payment.MinTime)
		check(payment.MaxTime - 1)
		if name == "UTC" {
			check(-1)
			check(-86_400_001)
		}
	}
}
