package expression

import "time"

const (
	millisPerSecond = 1000
	secondsPerHour  = 60 * 60
	secondsPerDay   = 24 * secondsPerHour
)

// calendarFields are the functions of the time: of the seconds since 1970 that clocks in the zone have counted.
var calendarFields = map[string]func(local int64) float64{
	"hour":         hour,
	"weekday":      weekday,
	"day_of_month": dayOfMonth,
	"month":        month,
}

func hour(local int64) float64 {
	return float64((local - floorDiv(local, secondsPerDay)*secondsPerDay) / secondsPerHour)
}

// weekday returns 0 for Monday to 6 for Sunday.
func weekday(local int64) float64 {
	const epoch = 3 // 1 January 1970 was a Thursday
	days := floorDiv(local, secondsPerDay) + epoch
	return float64(days - floorDiv(days, 7)*7)
}

func dayOfMonth(local int64) float64 { return float64(time.Unix(local, 0).UTC().Day()) }

func month(local int64) float64 { return float64(time.Unix(local, 0).UTC().Month()) }

// floorDiv returns a / b rounded down, for a positive b.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
