package simulate

import (
	"math"

	"github.com/weir-fraud/weir/payment"
)

const (
	msPerHour    = 3_600_000
	hoursPerWeek = 168
	// epochHour is the hour of the week, from Monday, at which the Unix epoch began: a Thursday.
	epochHour = 72
)

// bump is a busy time of the day.
type bump struct{ hour, width, height float64 }

// rhythm is a way to spend the week: busy hours of workdays and of weekends, and what is left at night.
type rhythm struct {
	share    float64 // of the accounts
	floor    float64 // activity at the quietest hours, where a busy hour is about 1
	workday  [3]bump
	weekend  [3]bump
	weekendX float64 // how much busier a weekend day is than a workday
}

var rhythms = [...]rhythm{
	{0.42, 0.008, [3]bump{{8, 0.9, 0.6}, {12.5, 1.1, 0.9}, {18.3, 1.9, 1.2}}, [3]bump{{11, 1.8, 0.9}, {15, 2.4, 0.9}, {20, 1.6, 0.7}}, 1.35}, // office
	{0.20, 0.006, [3]bump{{6.5, 1, 0.8}, {10, 2.2, 0.7}, {16, 2, 1}}, [3]bump{{8, 1.5, 0.8}, {12, 2.5, 1}, {17, 2, 0.6}}, 1.15},              // early
	{0.16, 0.006, [3]bump{{10, 1.8, 1}, {14.5, 2.2, 0.8}, {18, 1.2, 0.3}}, [3]bump{{10.5, 2, 1}, {14, 2, 0.7}, {18, 1.2, 0.3}}, 0.8},         // retired
	{0.14, 0.03, [3]bump{{13, 2, 0.7}, {19, 2, 1}, {22.7, 1.5, 0.9}}, [3]bump{{14, 2.2, 0.8}, {20, 2, 1}, {23.3, 1.6, 1}}, 1.5},              // late
	{0.08, 0.12, [3]bump{{2.5, 2, 0.7}, {8, 1.5, 0.9}, {18, 2, 0.8}}, [3]bump{{3, 2, 0.5}, {13, 3, 1}, {19, 2, 0.8}}, 1},                     // night shift
}

func (rh *rhythm) at(hourOfWeek int) float64 {
	day, bumps, weight := hourOfWeek/24, &rh.workday, 1.0
	if day >= 5 {
		bumps, weight = &rh.weekend, rh.weekendX
	}
	sum := rh.floor
	for _, b := range bumps {
		// The day is a circle: a bump at 23:00 reaches over midnight.
		off := math.Abs(float64(hourOfWeek%24) + 0.5 - b.hour)
		off = min(off, 24-off)
		sum += b.height * math.Exp(-off*off/(2*b.width*b.width))
	}
	return sum * weight
}

// week is a rhythm summed up: through[h] is the activity from Monday 00:00 to hour h, scaled to a mean of 1 an hour.
type week struct{ through [hoursPerWeek + 1]float64 }

func newWeek(rh *rhythm) *week {
	w := &week{}
	for h := range hoursPerWeek {
		w.through[h+1] = w.through[h] + rh.at(h)
	}
	scale := hoursPerWeek / w.through[hoursPerWeek]
	for h := range w.through {
		w.through[h] *= scale
	}
	return w
}

// advance returns how many hours after the given hour of the week the given amount of activity has passed. With an
// exponential amount that is the next event of a Poisson process with this rhythm.
func (w *week) advance(hour, amount float64) float64 {
	h := int(hour)
	target := w.through[h] + float64((hour-float64(h))*(w.through[h+1]-w.through[h])) + amount
	weeks := math.Floor(target / hoursPerWeek)
	target -= float64(weeks * hoursPerWeek)
	lo, hi := 0, hoursPerWeek // through[lo] <= target < through[hi]
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if w.through[mid] <= target {
			lo = mid
		} else {
			hi = mid
		}
	}
	frac := (target - w.through[lo]) / (w.through[lo+1] - w.through[lo])
	return max(0, float64(weeks*hoursPerWeek)+float64(lo)+min(frac, 1)-hour)
}

// localHour returns the hour of the week, from Monday 00:00, in a zone so many hours from UTC.
func localHour(t payment.Time, zone float64) float64 {
	return min(modulo(float64(t)/msPerHour+zone+epochHour, hoursPerWeek), hoursPerWeek-1e-9)
}

// modulo returns x modulo n, not negative. It takes a quarter of the time of math.Mod, which is exact for huge x.
func modulo(x, n float64) float64 { return max(0, x-float64(n*math.Floor(x/n))) }

// nightAfter returns a time in the first night at or after t, between 00:30 and 04:30 in the zone.
func nightAfter(r *rng, t payment.Time, zone float64) payment.Time {
	hour := modulo(localHour(t, zone), 24)
	wait := r.between(0.5, 4.5) - hour
	if wait < 0 {
		wait += 24
	}
	return t + payment.Time(wait*msPerHour)
}

// dayOfYear returns t's day of the year from 1, right to within one: it counts in mean years.
func dayOfYear(t payment.Time) int { return int(modulo(float64(t)/(24*msPerHour), 365.2425)) + 1 }

// peakSeason is the largest value of season.
const peakSeason = 1.6

// season returns how busy a day is compared with an ordinary one.
func season(t payment.Time) float64 {
	day := dayOfYear(t)
	switch {
	case day < 20: // January
		return 0.85
	case day >= 182 && day < 232: // July to mid-August
		return 1.08
	case day >= 328 && day < 333: // Black Friday and Cyber Monday
		return peakSeason
	case day >= 333 && day < 358: // up to 23 December
		return 1.35
	case day == 359: // 25 December
		return 0.5
	case day >= 360:
		return 1.15
	}
	return 1
}

// giftSeason reports whether people buy presents.
func giftSeason(t payment.Time) bool {
	day := dayOfYear(t)
	return day >= 328 && day < 359
}
