package features_test

import (
	"math"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

func place(latitude, longitude float64) payment.Location {
	return payment.Location{LatitudeE7: int32(math.Round(latitude * 1e7)), LongitudeE7: int32(math.Round(longitude * 1e7)), Known: true}
}

func at(l payment.Location, id string, after time.Duration) payment.Transaction {
	tx := purchase(id, after, 100)
	tx.Merchant.Location = l
	return tx
}

// Distances on a sphere of 6371.0088 km: by hand where an arc of so many degrees tells, else by the angle between the
// two places' vectors.
func TestKilometres(t *testing.T) {
	set := shipped(t)
	for _, c := range []struct {
		name   string
		a, b   payment.Location
		km     float64
		within float64
	}{
		{"here", place(48.8566, 2.3522), place(48.8566, 2.3522), 0, 0},
		{"one degree of the equator", place(0, 0), place(0, 1), 111.1950802335, 1e-9},
		{"one degree of a meridian", place(45, 7), place(46, 7), 111.1950802335, 1e-9},
		{"pole to pole", place(90, 0), place(-90, 0), 20015.114442036, 1e-9},
		{"antipodes", place(0, 0), place(0, 180), 20015.114442036, 1e-9},
		{"the other side of the antipodes", place(0, -90), place(0, 90), 20015.114442036, 1e-9},
		{"over the date line", place(0, 179.9), place(0, -179.9), 22.2390160467, 1e-9},
		{"the date line's two names", place(10, 180), place(10, -180), 0, 1e-9},
		{"over the pole", place(89.9999, 0), place(89.9999, 180), 0.0222390160477, 1e-9},
		{"the smallest step", place(0, 0), place(1e-7, 0), 1.11195080e-5, 1e-13},
		{"Nashville to Los Angeles", place(36.12, -86.67), place(33.94, -118.40), 2886.4484297649, 1e-8},
		{"New York to London", place(40.639722, -73.778889), place(51.4775, -0.461389), 5539.4565899030, 1e-8},
		{"Sydney to Santiago", place(-33.946111, 151.177222), place(-33.392778, -70.785556), 11340.3800717949, 1e-8},
	} {
		t.Run(c.name, func(t *testing.T) {
			there := value(t, set, "km_since_last", at(c.a, "a", 0), at(c.b, "b", time.Hour))
			back := value(t, set, "km_since_last", at(c.b, "a", 0), at(c.a, "b", time.Hour))
			if !(math.Abs(there-c.km) <= c.within) || there != back {
				t.Errorf("%v km there, %v back; want %v", there, back, c.km)
			}
		})
	}
}

// The speed is from the last place known, and what is less than a second apart counts as a second.
func TestSpeed(t *testing.T) {
	set := shipped(t)
	const degree = 111.1950802335329
	for _, c := range []struct {
		name string
		all  []payment.Transaction
		want float64
	}{
		{"an hour", []payment.Transaction{at(place(0, 0), "a", 0), at(place(0, 1), "b", time.Hour)}, degree},
		{"at once", []payment.Transaction{at(place(0, 0), "a", 0), at(place(0, 1), "b", 0)}, degree * 3600},
		{"half a second", []payment.Transaction{at(place(0, 0), "a", 0), at(place(0, 1), "b", time.Second/2)}, degree * 3600},
		{"something without a place between", []payment.Transaction{
			at(place(0, 0), "a", 0), purchase("b", time.Hour, 1), at(place(0, 1), "c", 2*time.Hour)}, degree / 2},
		{"of two at once, the later arrival", []payment.Transaction{
			at(place(0, 0), "a", 0), at(place(0, 2), "b", 0), at(place(0, 3), "c", time.Hour)}, degree},
		{"without a place", []payment.Transaction{at(place(0, 0), "a", 0), purchase("b", time.Hour, 1)}, math.NaN()},
		{"before any place", []payment.Transaction{purchase("a", 0, 1), at(place(0, 0), "b", time.Hour)}, math.NaN()},
		{"too long ago", []payment.Transaction{at(place(0, 0), "a", 0), at(place(0, 1), "b", 30*24*time.Hour)}, math.NaN()},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := value(t, set, "kmh_since_last", c.all...)
			if math.IsNaN(c.want) != math.IsNaN(got) || math.Abs(got-c.want) > 1e-9*c.want {
				t.Errorf("%v km/h, want %v", got, c.want)
			}
		})
	}
}

// A window is (t − W, t]: open at the far end, closed at the near one, the transaction itself left out.
func TestWindowBounds(t *testing.T) {
	set := shipped(t)
	now := purchase("now", time.Hour, 1)
	for _, c := range []struct {
		name  string
		after time.Duration // of the other event
		want  float64
	}{
		{"at the far end", time.Hour - time.Minute, 0},
		{"just inside", time.Hour - time.Minute + time.Millisecond, 1},
		{"at once", time.Hour, 1},
		{"just after, yet here before", time.Hour + time.Millisecond, 0},
	} {
		if got := value(t, set, "count_1m", purchase("other", c.after, 1), now); got != c.want {
			t.Errorf("%s: the count is %v, want %v", c.name, got, c.want)
		}
	}
	if got := value(t, set, "count_30d", now); got != 0 {
		t.Errorf("the transaction counts itself: %v", got)
	}
}

// Textbook values, and those that a floating-point accumulator gets wrong.
func TestMoney(t *testing.T) {
	set := shipped(t)
	spend := func(cents ...int64) []payment.Transaction {
		var all []payment.Transaction
		for i, c := range cents {
			all = append(all, purchase(string(rune('a'+i)), time.Duration(i)*time.Second, c))
		}
		return append(all, purchase("now", time.Minute, 1))
	}
	huge := payment.MaxAmount
	for _, c := range []struct {
		name           string
		all            []payment.Transaction
		sum, mean, std float64
		largest        float64
	}{
		{"textbook", spend(200, 400, 400, 400, 500, 500, 700, 900), 40, 5, 2, 9},
		{"one", spend(1234), 12.34, 12.34, 0, 12.34},
		{"equal and huge", spend(huge, huge, huge), 3e13, 1e13, 0, 1e13},
		{"a cent apart", spend(huge-2, huge), 2e13 - 0.02, 1e13 - 0.01, 0.01, 1e13},
		{"huge and back", spend(huge, -huge, 10), 0.1, 0.1 / 3, math.Sqrt(6e30+200) / 3 / 100, 1e13},
		{"refunds only", spend(-500, -300), -8, -4, 1, -3},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, want := range map[string]float64{"sum_24h": c.sum, "mean_30d": c.mean, "std_30d": c.std, "max_30d": c.largest} {
				if got := value(t, set, name, c.all...); math.Abs(got-want) > 1e-14*math.Abs(want) {
					t.Errorf("%s is %v, want %v", name, got, want)
				}
			}
		})
	}
}

// A currency without a rate hides every amount statistic that it would be part of, and only as long.
func TestUnknownCurrencyPasses(t *testing.T) {
	set := shipped(t)
	unknown := purchase("b", time.Minute, 1e6)
	unknown.Currency = currency("EUR")
	known := purchase("a", 0, 700)
	for _, c := range []struct {
		after time.Duration
		want  float64
	}{
		{24 * time.Hour, math.NaN()},
		{24*time.Hour + time.Minute - time.Millisecond, math.NaN()},
		{24*time.Hour + time.Minute, 0},
	} {
		got := value(t, set, "sum_24h", known, unknown, purchase("now", c.after, 1))
		if math.IsNaN(got) != math.IsNaN(c.want) || !math.IsNaN(got) && got != c.want {
			t.Errorf("after %v the day's sum is %v, want %v", c.after, got, c.want)
		}
	}
	if got := value(t, set, "count_24h", known, unknown, purchase("now", time.Hour, 1)); got != 2 {
		t.Errorf("the day's count is %v, want 2", got)
	}
}

// Merchants and categories are told apart even where they are called the same, and a window forgets them.
func TestNames(t *testing.T) {
	const hour = time.Hour
	set := compile(t, file("",
		"name: merchants, aggregate: distinct, of: merchant, windows: [1h]", "name: categories, aggregate: distinct, of: category, windows: [1h]",
		"name: new_merchant, aggregate: new, of: merchant, windows: [1h]", "name: new_category, aggregate: new, of: category, windows: [1h]",
	), features.DefaultLayout())
	visit := func(id string, after time.Duration, merchant, category string) payment.Transaction {
		tx := purchase(id, after, 100)
		tx.Merchant.Name, tx.Merchant.Category = merchant, category
		return tx
	}
	a, b, missing := visit("a", 0, "x", "y"), visit("b", hour/2, "y", ""), math.NaN()
	for _, c := range []struct {
		name string
		all  []payment.Transaction
		want [4]float64
	}{
		{"first", []payment.Transaction{a}, [4]float64{0, 0, 1, 1}},
		{"second", []payment.Transaction{a, b}, [4]float64{1, 1, 1, missing}},
		{"known", []payment.Transaction{a, b, visit("c", hour-1*time.Millisecond, "x", "y")}, [4]float64{2, 1, 0, 0}},
		{"forgotten", []payment.Transaction{a, b, visit("c", hour, "x", "y")}, [4]float64{1, 0, 1, 1}},
		{"crossed", []payment.Transaction{a, b, visit("c", hour/2, "", "x")}, [4]float64{2, 1, missing, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i, name := range set.Schema().Names {
				got := value(t, set, name, c.all...)
				if math.Float64bits(got) != math.Float64bits(c.want[i]) {
					t.Errorf("%s is %v, want %v", name, got, c.want[i])
				}
			}
		})
	}
}

func TestTimeOfDay(t *testing.T) {
	set := shipped(t)
	for _, c := range []struct {
		when      string
		hour, day float64
	}{
		{"1970-01-01T00:00:00Z", 0, 3},
		{"2024-02-29T23:59:59.999Z", 23, 3},
		{"2026-01-04T23:00:00Z", 23, 6},
		{"2026-01-05T00:00:00Z", 0, 0},
		{"2026-01-05T01:30:00+02:00", 23, 6},
	} {
		when, err := payment.ParseTime(c.when)
		if err != nil {
			t.Fatal(err)
		}
		tx := purchase("a", 0, 1)
		tx.Time = when
		if hour, weekday := value(t, set, "hour_of_day", tx), value(t, set, "day_of_week", tx); hour != c.hour || weekday != c.day {
			t.Errorf("%s: hour %v of day %v, want %v of %v", c.when, hour, weekday, c.hour, c.day)
		}
	}
}

// Numbers among the attributes are decimals, kept to 6 digits behind the point, of two neighbours the even one. What is
// no decimal, or too large, is not there.
func TestNumberAttributes(t *testing.T) {
	set := compile(t, file("attributes: {x: number}", "name: x, value: x", "name: sum, aggregate: sum, of: x, windows: [1h]",
		"name: mean, aggregate: mean, of: x, windows: [1h]"), features.DefaultLayout())
	missing := math.NaN()
	for text, want := range map[string]float64{
		"0": 0, "-0": 0, "12.5": 12.5, "+12.5": 12.5, ".5": 0.5, "5.": 5, "0.1": 0.1, "1e3": 1000, "12.5E-1": 1.25,
		"0.1234564": 0.123456, "0.1234566": 0.123457,
		"0.0000005": 0, "0.0000015": 0.000002, "0.0000025": 0.000002, "-0.0000015": -0.000002, "0.00000050000000000000000001": 0.000001,
		"2.0000015": 2.000002, "1.0000005": 1, "8.5000025": 8.500002, // as float64 these are not in the middle
		"9000000000": 9e9, "-9000000000.0000005": -9e9, "9000000000.0000006": missing, "9000000000.000001": missing, "1e10": missing,
		"0e9999": 0, "1e-9999": 0, "1e9999": missing, "1e99999999999": missing, "123456789012345678901234567890": missing,
		"": missing, "-": missing, ".": missing, "e3": missing, "1e": missing, "1e+": missing, "1.2.3": missing, "--1": missing,
		"1_000": missing, "0x10": missing, "NaN": missing, "Infinity": missing, "true": missing, " 1": missing, "1 ": missing, "١": missing,
	} {
		tx := purchase("a", 0, 1)
		if text != "" {
			tx.Attributes = []payment.Attribute{{Key: "x", Value: text}}
		}
		if got := value(t, set, "x", tx); math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
		// In sums, a number that is not there does not count, and spoils nothing.
		mean, sum := want, want
		if math.IsNaN(want) {
			sum = 0
		}
		now := purchase("now", time.Minute, 1)
		if got := value(t, set, "sum", tx, now); got != sum {
			t.Errorf("%q sums up to %v, want %v", text, got, sum)
		}
		if got := value(t, set, "mean", tx, now); math.Float64bits(got) != math.Float64bits(mean) {
			t.Errorf("%q has the mean %v, want %v", text, got, mean)
		}
	}
}

// What a state holds of a number is what was sent, to the last digit, however often it is stored.
func TestLargeNumberAttributeIsKept(t *testing.T) {
	set := compile(t, file("attributes: {x: number}", "name: n, aggregate: count, filter: 'x == 8999999999.123457', windows: [1h]"), features.DefaultLayout())
	tx := purchase("a", 0, 1)
	tx.Attributes = []payment.Attribute{{Key: "x", Value: "8999999999.123457"}}
	a, o := observe(set, tx)
	a.Fold(o)
	for range 3 {
		v := make(features.Vector, 1)
		next := purchase("b", time.Minute, 1)
		a.Observe(&next, o)
		a.Compute(o, v)
		if v[0] != 1 {
			t.Fatalf("the number has become another: %v", v[0])
		}
		var err error
		if a, err = set.Decode(a.Append(nil)); err != nil {
			t.Fatal(err)
		}
	}
}

// What is remembered of an event is what held when it arrived, not what would hold now.
func TestMarks(t *testing.T) {
	set := compile(t, file("marks: {large: {when: amount > 2 * mean_1h}}",
		"name: mean_1h, aggregate: mean, of: amount, windows: [1h]", "name: larges, aggregate: count, filter: large, windows: [2h]",
		"name: is_large, value: large"), features.DefaultLayout())
	small, large := purchase("a", 0, 100), purchase("b", time.Minute, 300)
	before := purchase("c", 30*time.Second, 900) // arrives late, and would have made the mean higher
	for _, c := range []struct {
		name            string
		all             []payment.Transaction
		isLarge, larges float64
	}{
		{"the first", []payment.Transaction{small}, 0, 0},
		{"three times the mean", []payment.Transaction{small, large}, 1, 0},
		{"and later", []payment.Transaction{small, large, purchase("now", time.Hour, 100)}, 0, 1},
		{"whatever comes late", []payment.Transaction{small, large, before, purchase("now", time.Hour, 100)}, 0, 2},
		{"once the window is past", []payment.Transaction{small, large, purchase("now", 2*time.Hour+time.Minute, 100)}, 0, 0},
	} {
		if got := value(t, set, "is_large", c.all...); got != c.isLarge {
			t.Errorf("%s: is_large is %v, want %v", c.name, got, c.isLarge)
		}
		if got := value(t, set, "larges", c.all...); got != c.larges {
			t.Errorf("%s: larges is %v, want %v", c.name, got, c.larges)
		}
	}
}
